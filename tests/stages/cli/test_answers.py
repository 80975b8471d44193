"""`mlc plan` says the same again while nothing it read has changed, and never what is no longer so.

Each step of a random edit is followed by a plan with the cache and one without: both say the same.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc.store import answers

PROJECT = {
    "mlc.yaml": "mlc: 1\nproject: small\nenvironments: [dev, prod]\nvars: {place: west}\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
    "env/prod.yaml": "vars: {place: north}\n",
    "dataset/_base.yaml": "description: Rows of ${vars.place}.\n",
    "dataset/loans.yaml": "defaults: [_base, _self_]\n"
    "source: {type: file, path: data/loans.csv, format: csv}\nlicence: {name: MIT, origin: made up}\n"
    "columns:\n  age: {type: integer}\n  repaid: {type: integer, role: label, values: [0, 1]}\n",
    "target/seldon.yaml": "type: mlserver\n",
    "data/loans.csv": "age,repaid\n1,0\n",
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def plan(root: Path, *words: str) -> tuple[int, str, str]:
    """In a process of its own, as people run it: the code, what it said, and what it said beside it."""
    command = [sys.executable, "-m", "mlc.cli.main", "-C", str(root), "plan", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def fresh(root: Path, *words: str) -> tuple[int, str, str]:
    """The same without what was kept. The project's state stays."""
    cache = root / ".mlc" / "cache"
    aside = root.with_name(f"{root.name}-cache")
    cache.rename(aside)
    try:
        return plan(root, *words)
    finally:
        shutil.rmtree(cache, ignore_errors=True)
        aside.rename(cache)


def kept(root: Path) -> list[Path]:
    return sorted((root / ".mlc" / "cache").glob("*.answer"))


def settle() -> None:
    """Until what was changed last is older than a tick of the kernel's clock."""
    time.sleep(0.05)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    write(root, PROJECT)
    settle()
    plan(root)  # whatever Python has to compile is compiled
    plan(root)
    assert len(kept(root)) == 1
    return root


def forged(root: Path) -> None:
    """Make what is kept say something else, so that whoever believes it is found out."""
    (path,) = kept(root)
    content = path.read_bytes().replace(b"dataset.loans", b"dataset.forgd")
    assert b"forgd" in content
    path.write_bytes(content)


def test_what_has_not_changed_is_said_again_without_looking(project: Path) -> None:
    before = kept(project)[0].stat().st_mtime_ns
    assert plan(project) == fresh(project)
    assert kept(project)[0].stat().st_mtime_ns == before


def test_a_damaged_answer_is_made_anew(project: Path) -> None:
    expected = fresh(project)
    forged(project)
    assert plan(project) == expected
    kept(project)[0].write_bytes(b"")
    assert plan(project) == expected
    kept(project)[0].with_suffix(".seal").write_text("{}")
    assert plan(project) == expected


def test_an_answer_that_came_with_a_checkout_is_not_believed(project: Path) -> None:
    """With its seal, whose digest is right: only the file that it names is not this one."""
    import hashlib

    import msgspec

    expected = fresh(project)
    forged(project)
    (path,) = kept(project)
    seal = msgspec.json.decode(path.with_suffix(".seal").read_bytes())
    seal["digest"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".seal").write_bytes(msgspec.json.encode(seal))
    assert plan(project) == expected
    copy = project.with_name("clone")
    shutil.copytree(project, copy, copy_function=shutil.copy2)
    assert plan(copy) == fresh(copy)


def test_validate_takes_no_answer(project: Path) -> None:
    """Whoever validates what a stranger wrote looks at what is there."""
    shutil.rmtree(project / ".mlc")
    command = [sys.executable, "-m", "mlc.cli.main", "-C", str(project), "validate"]
    subprocess.run(command, check=True, capture_output=True)
    assert not (project / ".mlc").exists()


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    root = tmp_path / "project"
    write(root, PROJECT)
    (root / ".mlc").write_text("in the way\n")
    code, said, _ = plan(root)
    assert code == 0
    assert "dataset.loans" in said
    assert plan(root)[1] == said


def test_a_project_in_shared_memory_is_no_device() -> None:
    """/dev/shm holds files like any other folder, and what else is in /dev counts for nothing."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        root = Path(name) / "project"
        write(root, PROJECT)
        settle()
        before = plan(root)
        assert plan(root) == before
        assert len(kept(root)) == 1
        write(
            root, {"dataset/_base.yaml": "description: Columns of ${vars.place}.\n", "mlc.yaml": "mlc: 2\n"}
        )
        settle()
        assert plan(root) != before


def test_what_changed_a_moment_ago_is_not_kept(project: Path) -> None:
    """A change after it could have the same time: whoever reads a file that new cannot know."""
    watch = answers.Watch(project)
    (project / "env" / "dev.yaml").read_text()
    os.utime(project / "env" / "dev.yaml")
    watch.keep("new", answers.Answer("", "", 0))
    assert answers.recall(project, "new") is None


@pytest.mark.parametrize(
    "name", ["env/dev.yaml", "dataset/_base.yaml", "dataset/loans.yaml", "data/loans.csv", "mlc.yaml"]
)
def test_every_file_that_was_read_counts(project: Path, name: str) -> None:
    settle()
    path = project / name
    stamp = path.stat().st_mtime_ns
    text = path.read_text()
    path.write_text(text.replace("a", "A", 1))
    os.utime(path, ns=(stamp, stamp))  # as an editor or an archive that keeps times
    assert plan(project) == fresh(project)


edits = st.sampled_from(
    [
        ("write", "dataset/loans.yaml", "description: Other.\n" + PROJECT["dataset/loans.yaml"]),
        ("write", "dataset/loans.yaml", PROJECT["dataset/loans.yaml"]),
        ("write", "dataset/more.yaml", PROJECT["dataset/loans.yaml"]),
        ("write", "dataset/_base.yaml", "description: ${vars.plaec}\n"),
        ("write", "dataset/_base.yaml", PROJECT["dataset/_base.yaml"]),
        ("write", "env/dev.yaml", "vars: {place: east}\n"),
        ("write", "env/prod.yaml", "patch: {dataset: {loans: {tags: [x]}}}\n"),
        ("write", "data/loans.csv", "age,repaid\n2,1\n"),
        ("write", "datset/loans.yaml", "description: x\n"),
        ("write", "generated/dev/x.yaml", "x\n"),
        ("remove", "dataset/more.yaml", ""),
        ("remove", "data/loans.csv", ""),
        ("remove", "env/prod.yaml", ""),
        ("rename", "dataset/loans.yaml", "dataset/claims.yaml"),
        ("rename", "dataset/claims.yaml", "dataset/loans.yaml"),
        ("link", "dataset/linked.yaml", "loans.yaml"),
    ]
)
requests = st.sampled_from(
    [(), ("env=all",), ("env=prod",), ("vars.place=south",), ("--format", "json"), ("-v",)]
)


@settings(
    max_examples=int(os.environ.get("MLC_CASES", "5")),
    deadline=None,
    database=None,
    derandomize="MLC_CASES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(edits, requests), min_size=1, max_size=3))
def test_with_the_cache_and_without_it_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[tuple[str, str, str], tuple[str, ...]]]
) -> None:
    root = tmp_path_factory.mktemp("projects") / "project"
    write(root, PROJECT)
    plan(root)
    for (action, name, text), words in steps:
        path = root / name
        if action == "write":
            write(root, {name: text})
        elif action == "remove":
            path.unlink(missing_ok=True)
        elif action == "rename" and path.exists():
            path.rename(root / text)
        elif action == "link" and not path.is_symlink():
            path.symlink_to(text)
        with_cache = plan(root, *words)
        assert with_cache == fresh(root, *words)
        settle()
        assert plan(root, *words) == with_cache  # kept by now, perhaps
        assert plan(root, *words) == with_cache
