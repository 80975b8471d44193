"""Sources that mean harm: what mlc.yaml of a stranger may name, and what a repository of a stranger may hold."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mlc import inquiry, load, pipeline
from mlc.compose.source import Source
from mlc.ir import module as modules
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.module import LOCK, Refused, origin_of
from mlc.ir.operation import StepFailed
from mlc.load import text as loading
from mlc.modules import repositories, trees, update
from mlc.report import text
from mlc.request import Request
from stages.modules.places import Repository, declared, diagnostics, project, write

LAYER = {"model/_tabular.yaml": "train: {seed: 5}\n"}


def refused(root: Path) -> Diagnostic:
    with pytest.raises(StepFailed) as failure:
        update(root, declared(root), ())
    assert not (root / LOCK).exists()
    assert not list((root / ".mlc").glob("modules/acme*"))
    (one,) = failure.value.diagnostics
    return one


@pytest.mark.parametrize(
    "source",
    [
        *("ext::sh -c id", "git+ext::sh", "git+ext::sh%20-c%20id", "ext::sh", "fd::3", "git+fd::3"),
        *(
            "git+http://host/x.git",
            "git+git://host/x.git",
            "git://host/x.git",
            "http://host/x",
            "file:///etc",
        ),
        *("git+ftp://host/x", "git+ssh://-oProxyCommand=id/x", "git+https://-x/y", "git+ssh://-oX=y@host/x"),
        *(
            "--upload-pack=id",
            "git+--upload-pack=id",
            "git+-u",
            "git+https:///x",
            "git+ssh://",
            "git+file://host/x",
        ),
        *(
            "git+git@host:repo.git",
            "git+C:/x",
            "C:/x",
            "/etc",
            "~/x",
            "~root/x",
            "git+/etc",
            "a b",
            "a\tb",
            "a\nb",
        ),
        *(
            "pkg://",
            "pkg://a.b",
            "pkg://../x",
            "pkg://a/b",
            "pkg://-r",
            "${vars.x}",
            "git+https://h/${secret:X}",
        ),
        *("..\\x", "git+https://[::1/x", "s3://bucket/x", "a::b", "\u202egpj.x", ""),
    ],
)
def test_a_source_of_another_form_is_none(tmp_path: Path, source: str) -> None:
    made = origin_of(source)
    assert isinstance(made, Refused)
    assert not made.is_secret


@pytest.mark.parametrize(
    "source",
    [
        "git+https://user:hunter2hunter2@host/x.git",
        "git+https://ghp_0123456789@host/x.git",
        "git+ssh://git:hunter2hunter2@host/x.git",
        "git+https://host/x.git?token=hunter2hunter2",
        "git+https://host/x.git#hunter2hunter2",
        "git+file://hunter2hunter2@/x",
    ],
)
def test_credentials_are_refused_and_repeated_nowhere(tmp_path: Path, source: str) -> None:
    root = project(tmp_path, f"source: '{source}'")
    validated = pipeline.validate(Request(root, ("all",)))
    assert "module-with-credentials" in [one.rule for one in validated.diagnostics]
    said = text.diagnostics(validated.diagnostics, validated.composed.sources)
    assert "hunter2" not in said
    assert "ghp_" not in said


@pytest.mark.parametrize(
    "revision",
    [
        "--upload-pack=id",
        "-x",
        "a b",
        "a..b",
        "a:b",
        "+main",
        "main^",
        "main~1",
        "@{-1}",
        "a//b",
        "x.lock",
        "/x",
        "x/",
    ],
)
def test_a_revision_of_another_form_is_none(tmp_path: Path, revision: str) -> None:
    root = project(tmp_path, f"source: git+../team, revision: '{revision}'")
    assert [one.rule for one in diagnostics(root)] == ["bad-module-source"]


@pytest.mark.parametrize("path", ["..", "../x", "/etc", "a/../b", "-x", ".git", "a//b", "a/"])
def test_a_path_of_another_form_is_none(tmp_path: Path, path: str) -> None:
    root = project(tmp_path, f"source: ../layers, path: '{path}'")
    assert "bad-format" in [one.rule for one in diagnostics(root)]
    assert inquiry.declared_modules(Source(load.read, root)).diagnostics != ()


# ── what a repository holds ─────────────────────────────────────────────────────────────────────────


def test_a_symbolic_link(tmp_path: Path) -> None:
    made = Repository(tmp_path / "team")
    made.commit(LAYER)
    (made.folder / "model" / "_link.yaml").symlink_to("/etc/passwd")
    made.commit({})
    one = refused(project(tmp_path / "project", "source: git+../team"))
    assert one.rule == "module-refused"
    assert "model/_link.yaml is a symbolic link" in one.detail


def test_a_folder_that_is_a_symbolic_link(tmp_path: Path) -> None:
    made = Repository(tmp_path / "team")
    (made.folder / "model").symlink_to("/etc")
    made.commit({})
    assert "model is a symbolic link" in refused(project(tmp_path / "project", "source: git+../team")).detail
    assert "model is a symbolic link" in refused(project(tmp_path / "project", "source: ../team")).detail


def test_a_submodule(tmp_path: Path) -> None:
    made = Repository(tmp_path / "team")
    other = Repository(tmp_path / "other").commit(LAYER)
    model = made.git("mktree", given=f"160000 commit {other}\tsub\n".encode())
    made.commit_tree([("040000", model, "model")])
    assert "model/sub is a submodule" in refused(project(tmp_path / "project", "source: git+../team")).detail


@pytest.mark.parametrize("name", ["..", ".", ".git", "a b", "-x", "\x1b[31m", "a\\b", "\u202e"])
def test_names_that_no_layer_may_have(tmp_path: Path, name: str) -> None:
    made = Repository(tmp_path / "team")
    inner = made.git("mktree", "-z", given=f"100644 blob {made.blob('a: 1')}\t_x.yaml\0".encode())
    model = made.git("mktree", "-z", given=f"040000 tree {inner}\t{name}\0".encode())
    made.commit_tree([("040000", model, "model")])
    one = refused(project(tmp_path / "project", "source: git+../team"))
    assert one.rule in ("module-refused", "module-unreachable")  # git itself may refuse to hand it over
    assert "\x1b" not in one.detail


def test_a_huge_file(tmp_path: Path) -> None:
    made = Repository(tmp_path / "team")
    made.commit({"model/_tabular.yaml": "# " + "x" * trees.LARGEST_FILE})
    for source in ("git+../team", "../team"):
        one = refused(project(tmp_path / "project", f"source: {source}"))
        assert "model/_tabular.yaml has 1,000,002 bytes, and a layer at most 1,000,000" in one.detail


def test_files_without_end(tmp_path: Path) -> None:
    made = Repository(tmp_path / "team")
    blob = made.blob("a: 1\n")
    lines = "".join(f"100644 blob {blob}\t_{number}.yaml\n" for number in range(modules.MOST_FILES + 1))
    made.commit_tree([("040000", made.git("mktree", given=lines.encode()), "model")])
    assert "more than 1,000 layers" in refused(project(tmp_path / "project", "source: git+../team")).detail


def test_trees_that_multiply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten entries in each of ten trees: ten thousand million files in a repository of two kilobytes."""
    monkeypatch.setattr(repositories, "LARGEST_WRITTEN", 2_000_000)
    made = Repository(tmp_path / "team")
    tree = made.git("mktree", given=f"100644 blob {made.blob('a: 1')}\t_x.yaml\n".encode())
    for _ in range(10):
        lines = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
        tree = made.git("mktree", given=lines.encode())
    made.commit_tree([("040000", tree, "model")])
    one = refused(project(tmp_path / "project", "source: git+../team"))
    assert one.rule == "module-unreachable"


def test_capitals(tmp_path: Path) -> None:
    made = Repository(tmp_path / "team")
    blob = made.blob("a: 1\n")
    model = made.git("mktree", given=f"100644 blob {blob}\t_A.yaml\n100644 blob {blob}\t_a.yaml\n".encode())
    made.commit_tree([("040000", model, "model")])
    assert "differ in capitals only" in refused(project(tmp_path / "project", "source: git+../team")).detail


@pytest.mark.parametrize(
    "files", [{"README.md": "x"}, {"layers/_x.yaml": "a: 1"}, {"model/x.mlctest.yaml": "cases: {}"}]
)
def test_nothing_that_is_a_layer(tmp_path: Path, files: dict[str, str]) -> None:
    Repository(tmp_path / "team").commit(files)
    for source in ("git+../team", "../team"):
        assert "holds no layer" in refused(project(tmp_path / "project", f"source: {source}")).detail


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    os.mkfifo(tmp_path / "layers" / "model" / "_pipe.yaml")
    root = project(tmp_path / "project", "source: ../layers")
    update(root, declared(root), ())
    (folder,) = (root / ".mlc" / "modules").glob("acme-*/model")
    assert [path.name for path in folder.iterdir()] == ["_tabular.yaml"]


def test_a_link_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "layers", LAYER)
    (tmp_path / "layers" / "model" / "_link.yaml").symlink_to("/etc/passwd")
    one = refused(project(tmp_path / "project", "source: ../layers"))
    assert "model/_link.yaml is a symbolic link" in one.detail


# ── programs that a repository would like to start ──────────────────────────────────────────────────


def test_no_program_of_a_repository_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks, filters, attributes, and settings of the repository itself that name programs."""
    made = Repository(tmp_path / "team")
    trap = tmp_path / "trap"
    script = tmp_path / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch '{trap}'\ncat\n")
    script.chmod(0o755)
    made.commit({**LAYER, ".gitattributes": "* filter=evil diff=evil export-subst\n"})
    for hook in ("post-checkout", "post-merge", "reference-transaction", "pre-auto-gc", "post-index-change"):
        shutil.copy(script, made.folder / ".git" / "hooks" / hook)
    for name in ("filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "core.fsmonitor", "core.sshCommand",
                 "uploadpack.packObjectsHook", "core.gitProxy", "core.askPass", "credential.helper"):  # fmt: skip
        made.git("config", name, str(script))
    trap.unlink(missing_ok=True)
    # nor what the process around has set up for the project's own repository
    monkeypatch.setenv("GIT_DIR", str(made.folder / ".git"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(script))
    monkeypatch.setenv("GIT_ASKPASS", str(script))
    monkeypatch.setenv("GIT_UPLOAD_PACK", str(script))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    root = project(tmp_path / "project", "source: git+../team")
    update(root, declared(root), ())
    assert not trap.exists()


def test_a_repository_that_leads_to_another_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the user's own configuration cannot turn an address into one that starts a program."""
    trap = tmp_path / "trap"
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "ext::sh -c \\"touch% {trap}\\" # "]\n\tinsteadOf = https://host.invalid/\n'
        '[protocol "ext"]\n\tallow = always\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    one = refused(project(tmp_path / "project", "source: 'git+https://host.invalid/x.git'"))
    assert one.rule == "module-unreachable"
    assert "transport 'ext' not allowed" in one.detail
    assert not trap.exists()


def test_credentials_of_the_configuration_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://hunter2@{tmp_path}/none/"]\n\tinsteadOf = https://host.invalid/\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    one = refused(project(tmp_path / "project", "source: 'git+https://host.invalid/x.git'"))
    assert "hunter2" not in one.detail


def test_a_host_that_does_not_answer_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repositories, "SECONDS", 0)
    Repository(tmp_path / "team").commit(LAYER)
    one = refused(project(tmp_path / "project", "source: git+../team"))
    assert "git took more than 0 seconds" in one.detail


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in refused(project(tmp_path / "project", "source: git+../team")).detail


def test_the_limits_are_those_of_the_loader() -> None:
    assert trees.LARGEST_FILE == loading.LARGEST_FILE
