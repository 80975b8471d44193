"""A text that a resource names is read with it: by the whole, by its parts, in an editor, and never outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import pipeline, workspace
from mlc.ir.diagnostic import has_errors
from mlc.request import Request
from mlc.rules import packages_unlocked
from rules.project import lay
from stages.parts.sameness import compare
from stages.parts.test_cache import cached, check, settle

HASH = "--hash=sha256:" + "1" * 64


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return lay(tmp_path / "project", packages_unlocked.GOOD)


def requirements(root: Path) -> str:
    _, (compiled,) = pipeline.compile_project(Request(root))
    return next(one.content.decode() for one in compiled.artifacts if one.path.endswith("/requirements.txt"))


def test_what_the_lock_says_is_what_is_installed(project: Path) -> None:
    assert "numpy==2.4.6 \\\n    --hash=sha256:" + "0" * 64 in requirements(project)
    (project / "requirements.lock").write_text(f"numpy==2.4.6 {HASH}\n")
    assert "--hash=sha256:" + "1" * 64 in requirements(project)


def test_parts_read_it_as_the_whole_does(project: Path) -> None:
    assert compare(project, 1, 3)
    settle()
    assert cached(project) is not None
    (project / "requirements.lock").write_text(f"numpy==2.4.6 {HASH}\n")
    found = check(project)
    assert found is not None
    assert any("requirements.lock" in part.files for part in found.parts)
    (project / "requirements.lock").write_text("numpy==2.4.6\n")
    settle()
    assert cached(project) is None, "a mistake in the lock went unnoticed"


def test_an_editor_sees_what_is_not_saved_yet(project: Path) -> None:
    opened = pipeline.open_project(project)
    edited = pipeline.with_files(opened, {"requirements.lock": f"numpy==2.4.5 {HASH}\n"})
    (found,) = pipeline.validate(Request(project), edited).diagnostics
    assert (found.rule, found.primary and found.primary.span.file) == ("lock-unfit", "requirements.lock")
    assert pipeline.validate(Request(project), opened).diagnostics == ()


@pytest.mark.parametrize("how", ["../outside.lock", "absolute", "link", "a/../requirements.lock", "", "data"])
def test_nothing_outside_is_read(how: str, project: Path) -> None:
    outside = project.parent / "outside.lock"
    outside.write_text(f"numpy==2.4.6 {HASH}  # outside\n")
    (project / "data").mkdir()
    named = how
    if how == "absolute":
        named = str(outside)
    elif how == "link":
        (project / "linked.lock").symlink_to(outside)
        named = "linked.lock"
    runtime = project / "runtime" / "python.yaml"
    runtime.write_text(runtime.read_text().replace("lock: requirements.lock", f"lock: '{named}'"))
    validated = pipeline.validate(Request(project))
    assert has_errors(validated.diagnostics)
    assert {one.rule for one in validated.diagnostics} <= {"lock-unfit", "path-outside-project"}
    assert not any("# outside" in text for text in validated.composed.sources.values())


def test_a_saved_plan_is_stale_where_the_lock_changed(project: Path) -> None:
    sources = pipeline.validate(Request(project)).composed.sources
    assert "requirements.lock" in sources
    made = workspace.made_from(project, [name for name in sources if not name.startswith("<")])
    assert made.files["requirements.lock"]
