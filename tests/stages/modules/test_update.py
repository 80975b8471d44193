"""`mlc modules update`: what a source gives is fetched, placed and locked, or nothing is."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.module import LOCK
from mlc.ir.operation import StepFailed
from mlc.modules import install, listed, placing, update
from stages.modules import places
from stages.modules.places import Repository, content, declared, lock, project, rules_of, value, write

LAYER = {"model/_tabular.yaml": "train: {seed: 5}\n"}
OTHER = {"model/_tabular.yaml": "train: {seed: 6}\n"}


def refused(root: Path, *names: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(StepFailed) as failure:
        update(root, declared(root), names)
    return failure.value.diagnostics


def seed(root: Path) -> object:
    return value(root, "model", "churn", "train", "seed")


# ── folders ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_beside_the_project(tmp_path: Path) -> None:
    write(tmp_path / "layers", {**LAYER, "README.md": "x", "notes/_x.yaml": "a: 1\n", "model/run.py": "x"})
    root = project(tmp_path / "project", "source: ../layers")
    assert rules_of(root) == ["module-not-locked"]
    (one,) = update(root, declared(root), ())
    assert one.before is None
    assert seed(root) == 5
    assert list(lock(root).modules["acme"].files) == ["model/_tabular.yaml"]
    placed = [path for path in (root / ".mlc" / "modules").rglob("*") if path.is_file() and path.suffix]
    assert [path.stat().st_mode & 0o777 for path in placed] == [0o444]

    write(tmp_path / "layers", OTHER)
    assert seed(root) == 5  # until somebody asks for it
    (one,) = update(root, declared(root), ())
    assert one.before is not None
    assert seed(root) == 6


def test_a_folder_of_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "project" / "shared" / "deep", LAYER)
    root = project(tmp_path / "project", "source: shared, path: deep")
    update(root, declared(root), ())
    assert seed(root) == 5


def test_updating_again_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    before = (root / LOCK).stat().st_mtime_ns, (root / LOCK).read_bytes()
    update(root, declared(root), ())
    assert ((root / LOCK).stat().st_mtime_ns, (root / LOCK).read_bytes()) == before


def test_a_module_that_is_declared_no_more_leaves_the_lock(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers}, old: {source: ../layers")
    update(root, declared(root), ())
    project(root, "source: ../layers")
    assert [(one.name, one.after is None) for one in update(root, declared(root), ["acme"])] == [
        ("acme", False),
        ("old", True),
    ]
    assert list(lock(root).modules) == ["acme"]


@pytest.mark.parametrize("given", ["version: ^2", "revision: main"])
def test_a_folder_has_no_versions(tmp_path: Path, given: str) -> None:
    root = project(tmp_path, f"source: ../layers, {given}")
    assert rules_of(root) == ["bad-module-source"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    root = project(tmp_path / "project", "source: ../layers")
    (one,) = refused(root)
    assert (one.rule, "there is no folder ../layers" in one.detail) == ("module-unreachable", True)
    assert not (root / LOCK).exists()


# ── git ─────────────────────────────────────────────────────────────────────────────────────────────


def team(folder: Path) -> Repository:
    made = Repository(folder)
    made.commit(LAYER, "v1.0")
    made.commit(OTHER, "v1.2")
    made.commit({"model/_tabular.yaml": "train: {seed: 7}\n"}, "v2.0")
    made.commit({"model/_tabular.yaml": "train: {seed: 8}\n"})
    return made


@pytest.mark.parametrize(
    ("asked", "ref", "expected"),
    [
        ("version: ~1.0", "refs/tags/v1.0", 5),
        ("version: ^1", "refs/tags/v1.2", 6),
        ("version: '>=1,!=1.2,<3'", "refs/tags/v2.0", 7),
        ("version: 1.2", "refs/tags/v1.2", 6),
        ("revision: v2.0", "refs/tags/v2.0", 7),
        ("revision: main", "refs/heads/main", 8),
        ("version: null", "refs/heads/main", 8),
    ],
)
def test_a_repository(tmp_path: Path, asked: str, ref: str, expected: int) -> None:
    made = team(tmp_path / "team")
    asked = asked.replace("version: 1.2", "version: '1.2'")
    root = project(tmp_path / "project", f"source: git+../team, {asked}")
    update(root, declared(root), ())
    resolved = lock(root).modules["acme"].resolved
    assert resolved.ref == ref
    assert resolved.commit == made.git("rev-parse", f"{ref}^{{commit}}")
    assert seed(root) == expected


def test_a_commit(tmp_path: Path) -> None:
    made = team(tmp_path / "team")
    commit = made.git("rev-parse", "main~2")
    root = project(tmp_path / "project", f"source: 'git+file://{tmp_path}/team', revision: {commit}")
    update(root, declared(root), ())
    assert lock(root).modules["acme"].resolved.commit == commit
    assert seed(root) == 6


def test_a_server_that_gives_only_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first version of git's protocol, where single commits are refused: all is fetched then."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.version")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "0")
    made = team(tmp_path / "team")
    commit = made.git("rev-parse", "main~2~1")
    root = project(tmp_path / "project", f"source: git+../team, revision: {commit}")
    update(root, declared(root), ())
    assert lock(root).modules["acme"].resolved.commit == commit


def test_a_revision_or_version_that_is_not_there(tmp_path: Path) -> None:
    team(tmp_path / "team")
    root = project(tmp_path / "project", "source: git+../team, revision: v9")
    (one,) = refused(root)
    assert one.rule == "module-version-missing"
    assert one.detail == 'No version of the module acme is "v9": there are v2.0, v1.2, v1.0 and main.'
    project(root, "source: git+../team, version: ^3")
    (one,) = refused(root)
    assert one.detail == "No version of the module acme is ^3: there are v2.0, v1.2 and v1.0."
    project(root, "source: git+../team, version: '^'")
    (one,) = refused(root)
    assert one.detail == '"^" says no version that the module acme could have.'


def test_a_repository_that_is_none(tmp_path: Path) -> None:
    root = project(tmp_path / "project", "source: git+../team")
    (one,) = refused(root)
    assert one.rule == "module-unreachable"
    assert 'git says "' in one.detail
    assert "does not appear to be a git repository" in one.detail


def test_all_that_is_wrong_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    before = (root / LOCK).read_bytes()
    write(tmp_path / "layers", OTHER)
    project(root, "source: ../layers}, one: {source: ../none}, two: {source: 'pkg://no_such_package'")
    assert [one.rule for one in refused(root)] == ["module-unreachable", "module-unreachable"]
    assert (root / LOCK).read_bytes() == before
    assert len(list((root / ".mlc" / "modules").glob("acme-*"))) == 1


# ── packages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_a_package(tmp_path: Path, site: Path) -> None:
    places.package(site, "2.1.0", LAYER)
    importlib.invalidate_caches()
    root = project(tmp_path / "project", "source: 'pkg://acme_mlc_layers', version: ^2")
    update(root, declared(root), ())
    resolved = lock(root).modules["acme"].resolved
    assert (resolved.package, resolved.version) == ("acme-mlc-layers", "2.1.0")
    assert seed(root) == 5
    assert "acme_mlc_layers" not in sys.modules


def test_a_package_in_a_wrong_version(tmp_path: Path, site: Path) -> None:
    places.package(site, "1.9", LAYER)
    root = project(tmp_path / "project", "source: 'pkg://acme_mlc_layers', version: ^2")
    (one,) = refused(root)
    assert one.rule == "module-version-missing"
    assert one.help.startswith("Install one that fits: pip install 'acme-mlc-layers")


def test_a_package_that_was_upgraded_is_not_what_is_locked(tmp_path: Path, site: Path) -> None:
    places.package(site, "2.1.0", LAYER)
    root = project(tmp_path / "project", "source: 'pkg://acme_mlc_layers', version: ^2")
    update(root, declared(root), ())
    places.package(site, "2.2.0", OTHER)
    assert [row.available for row in listed(root, declared(root), content(root), look=True)] == ["2.2.0"]
    for path in (root / ".mlc" / "modules").glob("acme-*"):
        path.rename(tmp_path / "away")
    assert rules_of(root) == ["module-not-installed"]
    with pytest.raises(StepFailed) as failure:
        install(root, declared(root), (), content(root))
    (one,) = failure.value.diagnostics
    assert one.rule == "module-differs"
    assert one.help == "Install what is locked: pip install 'acme-mlc-layers==2.1.0'."


def test_a_wheel_that_pip_installed(tmp_path: Path) -> None:
    """A real package, built and installed by the real tools, found by the real command."""
    source = write(
        tmp_path / "source",
        {
            "pyproject.toml": "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
            "[project]\nname = 'acme-layers'\nversion = '3.0.1'\n"
            "[tool.hatch.build.targets.wheel]\npackages = ['acme_layers']\n",
            "acme_layers/__init__.py": "raise SystemExit('the package was imported')\n",
            "acme_layers/model/_tabular.yaml": LAYER["model/_tabular.yaml"],
        },
    )
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path / "dist")]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), str(wheel)], check=True, capture_output=True)
    root = project(tmp_path / "project", "source: 'pkg://acme_layers', version: ~3.0")
    subprocess.run(
        [sys.executable, "-m", "mlc.cli.main", "modules", "update"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        check=True,
        capture_output=True,
    )
    assert lock(root).modules["acme"].resolved.version == "3.0.1"
    assert seed(root) == 5


@pytest.mark.parametrize("name", ["no_such_package", "yaml.nothing", "__main__", "sys"])
def test_a_package_that_is_none(tmp_path: Path, name: str) -> None:
    root = project(tmp_path / "project", f"source: 'pkg://{name}'")
    if "." in name:
        assert rules_of(root) == ["bad-module-source"]
    else:
        assert [one.rule for one in refused(root)] == ["module-unreachable"]


# ── install and list ────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_checkout_gets_what_is_locked(tmp_path: Path) -> None:
    made = team(tmp_path / "team")
    root = project(tmp_path / "project", "source: git+../team, version: ^1")
    update(root, declared(root), ())
    made.commit({"model/_tabular.yaml": "train: {seed: 9}\n"}, "v1.3")
    shutil.rmtree(root / ".mlc")
    assert rules_of(root) == ["module-not-installed"]
    assert [one.is_new for one in install(root, declared(root), (), content(root))] == [True]
    assert seed(root) == 6
    assert [one.is_new for one in install(root, declared(root), (), content(root))] == [False]
    (row,) = listed(root, declared(root), content(root), look=True)
    assert (row.state, row.available) == ("installed", f"v1.3 ({made.git('rev-parse', 'HEAD')[:12]})")
    (row,) = listed(root, declared(root), content(root), look=False)
    assert row.available is None


def test_a_tag_that_was_moved_does_not_change_what_is_installed(tmp_path: Path) -> None:
    made = team(tmp_path / "team")
    root = project(tmp_path / "project", "source: git+../team, revision: v1.0")
    update(root, declared(root), ())
    made.git("tag", "--force", "v1.0", "main")
    shutil.rmtree(root / ".mlc")
    install(root, declared(root), (), content(root))
    assert seed(root) == 5
    (row,) = listed(root, declared(root), content(root), look=True)
    assert row.available is not None
    assert row.available.startswith("v1.0 (")


def test_a_commit_that_is_gone(tmp_path: Path) -> None:
    made = team(tmp_path / "team")
    root = project(tmp_path / "project", "source: git+../team")
    update(root, declared(root), ())
    made.git("reset", "--quiet", "--hard", "v2.0")
    made.git("reflog", "expire", "--expire=now", "--all")
    made.git("gc", "--quiet", "--prune=now")
    shutil.rmtree(root / ".mlc")
    with pytest.raises(StepFailed) as failure:
        install(root, declared(root), (), content(root))
    assert failure.value.diagnostics[0].rule == "module-unreachable"


def test_a_changed_file_is_noticed_and_brought_back(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    (file,) = (root / ".mlc" / "modules").glob("acme-*/model/_tabular.yaml")
    file.chmod(0o644)
    file.write_text("train: {seed: 99}\n")
    assert rules_of(root) == ["module-changed"]
    assert [row.state for row in listed(root, declared(root), content(root), look=False)] == ["changed"]
    install(root, declared(root), (), content(root))
    assert seed(root) == 5
    file.unlink()
    file.symlink_to(tmp_path / "layers" / "model" / "_tabular.yaml")  # the same bytes, but elsewhere
    assert rules_of(root) == ["module-changed"]
    install(root, declared(root), (), content(root))
    assert seed(root) == 5


def test_a_folder_that_has_changed_is_not_what_is_locked(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    write(tmp_path / "layers", OTHER)
    shutil.rmtree(root / ".mlc")
    with pytest.raises(StepFailed) as failure:
        install(root, declared(root), (), content(root))
    assert [one.rule for one in failure.value.diagnostics] == ["module-differs"]
    assert not list((root).glob(".mlc/modules/acme-*"))


def test_a_lock_that_does_not_fit_installs_nothing(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    project(root, "source: ../layers/}, new: {source: ../layers")
    with pytest.raises(StepFailed) as failure:
        install(root, declared(root), (), content(root))
    assert [one.rule for one in failure.value.diagnostics] == ["module-outdated", "module-not-locked"]


def test_a_lock_that_is_none(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    for text in (
        "",
        "{}",
        "[1]",
        '{"version": 2}',
        "<<<<<<< HEAD\n",
        '{"version": 1, "modules": {"acme": {}}}',
    ):
        (root / LOCK).write_text(text)
        if text == "{}":
            assert rules_of(root) == ["module-not-locked"]
            continue
        assert rules_of(root) == ["bad-lock"]
        assert [one.rule for one in refused(root, "acme")] == ["bad-lock"]
        update(root, declared(root), ())  # all of them: nothing of the old one is wanted
        assert seed(root) == 5


def test_a_lock_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    text = (root / LOCK).read_text()
    for path in ("../../secret.yaml", "/etc/passwd", "model/../../../secret.yaml", "model/.hidden.yaml"):
        (root / LOCK).write_text(text.replace("model/_tabular.yaml", path))
        assert rules_of(root) == ["bad-lock"], path
    (root / LOCK).write_text(text.replace('"files"', '"more": 1, "files"'))
    assert rules_of(root) == ["bad-lock"]


# ── together, and interrupted ───────────────────────────────────────────────────────────────────────


def test_updates_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(4)]
    write(tmp_path / "layers", LAYER)
    inner = "}, ".join(f"{name}: {{source: ../layers" for name in names)
    root = project(tmp_path / "project", f"source: ../layers}}, {inner}")
    threads = [
        threading.Thread(target=update, args=(root, declared(root), [name])) for name in ("acme", *names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lock(root).modules) == ["acme", *names]
    assert rules_of(root) == []


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    write(root / ".mlc" / "modules" / ".mlc-tmp-dead" / "new", LAYER)
    update(root, declared(root), ())
    assert sorted(path.name[:5] for path in (root / ".mlc" / "modules").iterdir()) == [".lock", "acme-"]


def test_a_disk_that_says_no_leaves_the_old_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "layers", LAYER)
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    before = (root / LOCK).read_bytes()
    write(tmp_path / "layers", OTHER)

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing, "_write", full)
    with pytest.raises(OSError, match="No space"):
        update(root, declared(root), ())
    assert (root / LOCK).read_bytes() == before
    assert seed(root) == 5
    assert not list((root / ".mlc" / "modules").glob(".mlc-tmp-*"))


def test_mlc_folder_that_leads_out_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    (tmp_path / "elsewhere").mkdir()
    root = project(tmp_path / "project", "source: ../layers")
    (root / ".mlc").symlink_to(tmp_path / "elsewhere")
    assert [one.rule for one in refused(root)] == ["path-outside-project"]
    assert list((tmp_path / "elsewhere").iterdir()) == []
