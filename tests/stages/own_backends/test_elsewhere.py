"""Backends of a project's own in large projects, in reviews, and from modules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlc import modules, pipeline, review
from mlc.ir.module import folder_of
from mlc.request import Request
from mlc.review import Reviewed
from stages.git.real import commit, git
from stages.modules import places
from stages.own_backends.shop import FILES, MANIFEST, UNIT, WRITTEN, artifacts, shop, told
from stages.parts import sameness
from stages.parts.test_cache import cached, settle

UNITS = {
    "backends/units/backend.yaml": "backend: units\ndescription: For a test.\nemits:\n"
    "  - {kind: model, template: a.j2, path: 'units/{{ name }}/a'}\n"
    "  - {kind: deployment, template: a.j2, path: 'units/{{ name }}/b'}\n",
    "backends/units/a.j2": "# {{ header | comment }}\n{{ resource.description | yaml }}\n",
}


def large(root: Path, manifest: str = "") -> Path:
    sameness.generated(root, 4)
    with (root / "mlc.yaml").open("a") as file:
        file.write("backends: {units: {}}\n")
    for name, text in {**UNITS, **({"backends/units/backend.yaml": manifest} if manifest else {})}.items():
        places.write(root, {name: text})
    return root


def test_parts_say_what_the_whole_says(tmp_path: Path) -> None:
    root = large(tmp_path)
    assert sameness.compare(root, 3, 8)
    found = sameness.in_parts(root, 3)
    assert found is not None
    assert any("/units/" in path for path in found.artifacts["dev"])


@pytest.mark.parametrize(
    "manifest",
    [
        UNITS["backends/units/backend.yaml"].replace("{{ name }}/a", "all"),  # two parts may write one file
        UNITS["backends/units/backend.yaml"].replace("{{ name }}/a", "{{ name }}"),  # or a file and a folder
        UNITS["backends/units/backend.yaml"].replace("units/{{ name }}/a", "models/{{ name }}/a"),
        UNITS["backends/units/backend.yaml"].replace("kind: model", "kind: modle"),
    ],
)
def test_parts_leave_to_the_whole_what_they_cannot_tell(manifest: str, tmp_path: Path) -> None:
    assert sameness.in_parts(large(tmp_path, manifest), 3) is None


def test_no_part_is_taken_from_the_cache_once_a_template_has_changed(tmp_path: Path) -> None:
    root = large(tmp_path)
    settle()
    assert cached(root) is not None
    settle()
    again = cached(root)
    assert again is not None
    assert again.taken == len(again.parts)
    for name, text in (("a.j2", "changed\n"), ("b.j2", "new\n"), ("backend.yaml", None)):
        file = root / "backends" / "units" / name
        file.write_text(file.read_text() + "# more\n" if text is None else text)
        settle()
        changed = cached(root)
        assert changed is not None
        assert changed.taken == 0, name
        settle()
        assert cached(root) is not None


def reviewed(root: Path) -> Reviewed:
    return review.run(root, "HEAD", environments=("dev",))


def changes(found: Reviewed) -> dict[str, str]:
    assert found.review is not None, found.found
    return {one.path: one.action for one in found.review.artifacts}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = shop(tmp_path)
    git(root, "init", "--quiet")
    commit(root)
    return root


def test_both_sides_of_a_review_have_their_own(repository: Path) -> None:
    assert changes(reviewed(repository)) == {}
    template = repository / "backends" / "systemd" / "unit.service.j2"
    template.write_text(UNIT + "# more\n")
    found = reviewed(repository)
    assert changes(found) == {WRITTEN: "changed"}
    assert found.review is not None
    assert "+# more" in found.review.artifacts[0].diff
    commit(repository)
    git(repository, "checkout", "--quiet", "-b", "without")
    shutil.rmtree(repository / "backends")
    (repository / "mlc.yaml").write_text(FILES["mlc.yaml"].replace("backends: {systemd: {}}\n", ""))
    assert changes(reviewed(repository)) == {WRITTEN: "removed"}
    commit(repository)
    shop(repository)
    assert changes(reviewed(repository)) == {WRITTEN: "added"}


def test_a_mistake_of_the_head_is_told(repository: Path) -> None:
    (repository / "backends" / "systemd" / "unit.service.j2").write_text("{{ name }}\n")
    found = reviewed(repository)
    assert [one.rule for one in found.found] == ["bad-template"]
    assert found.review is not None
    assert [one.rule for one in found.review.new] == ["bad-template"]
    assert found.review.artifacts == ()


def test_a_link_in_a_commit_leads_nowhere(repository: Path) -> None:
    template = repository / "backends" / "systemd" / "unit.service.j2"
    template.unlink()
    template.symlink_to("/etc/passwd")
    commit(repository)
    found = review.run(repository, "HEAD~1", "HEAD", environments=("dev",))
    assert [one.rule for one in found.found] == ["backend-missing"]


FROM_MODULE = {
    "mlc.yaml": FILES["mlc.yaml"].replace(
        "backends: {systemd: {}}",
        "backends: {systemd: {module: acme}}\nmodules: {acme: {source: 'pkg://acme_mlc'}}",
    )
}


def test_a_package_brings_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is installed in an environment of its own by pip, from its source, and is never imported."""
    source, site = tmp_path / "source", tmp_path / "site"
    places.write(
        source,
        {
            "pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
            '[project]\nname = "acme-mlc"\nversion = "2.1.0"\n',
            "acme_mlc/__init__.py": "raise SystemExit('the package was imported')\n",
            "acme_mlc/backends/systemd/backend.yaml": MANIFEST,
            "acme_mlc/backends/systemd/unit.service.j2": UNIT,
        },
    )
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([*install, "--target", str(site), str(source)], check=True, env=environment)
    monkeypatch.syspath_prepend(str(site))
    root = shop(tmp_path / "project", FROM_MODULE)
    shutil.rmtree(root / "backends")
    assert any("module-not-locked" in one for one in told(root))
    modules.update(root, places.declared(root), ())
    assert artifacts(root)[WRITTEN].endswith("# a\n# b\n")
    (validated,) = {one.own.place for one in pipeline.validate(Request(root)).backends if one.own}
    assert validated == f"{folder_of('acme', places.lock(root).modules['acme'].digest)}/backends/systemd"

    installed = root / validated / "unit.service.j2"
    installed.chmod(0o644)
    installed.write_text(UNIT + "# mine\n")
    (one,) = told(root)
    assert "is not the file that mlc.lock has. Run `mlc modules install`." in one
    installed.unlink()
    assert "is not the file that mlc.lock has" in told(root)[0]


def test_a_folder_brings_one_and_what_it_lacks_is_told(tmp_path: Path) -> None:
    places.write(
        tmp_path / "shared",
        {
            "backends/systemd/backend.yaml": MANIFEST,
            "backends/systemd/unit.service.j2": UNIT,
            "backends/systemd/sub/ignored.j2": "x",
            "backends/systemd/.hidden": "x",
            "backends/README": "x",
        },
    )
    declared = FROM_MODULE["mlc.yaml"].replace("pkg://acme_mlc", "../shared")
    root = shop(tmp_path / "project", {"mlc.yaml": declared})
    modules.update(root, places.declared(root), ())
    assert WRITTEN in artifacts(root)
    assert set(places.lock(root).modules["acme"].files) == {
        "backends/systemd/backend.yaml",
        "backends/systemd/unit.service.j2",
    }
    (root / "mlc.yaml").write_text(declared.replace("{systemd: {module", "{sytemd: {module"))
    (one,) = told(root)
    assert 'Did you mean "systemd"?' in one


def test_nothing_changes_in_an_answer_that_is_said_again(tmp_path: Path) -> None:
    """The plan of a project that has not changed is said again; not after a template was edited."""
    root = shop(tmp_path)
    mlc = [sys.executable, "-m", "mlc.cli.main", "-C", str(root), "plan"]

    def said() -> str:
        time.sleep(0.1)
        return subprocess.run(mlc, capture_output=True, text=True, check=True).stdout

    first = said()
    assert said() == first
    (root / "backends" / "systemd" / "unit.service.j2").write_text(UNIT + "# 1\n# 2\n")
    assert f"{WRITTEN}  +7" in said()
    (root / "backends" / "systemd" / "unit.service.j2").write_text(UNIT)
    assert f"{WRITTEN}  +5" in said()
