"""`mlc apply` with nothing to do says so at once while nothing it read has changed, and never longer than that."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

NOTHING = "Nothing to do"
PROJECT = {
    "mlc.yaml": "mlc: 1\nproject: small\nenvironments: [dev]\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
    "dataset/loans.yaml": "source: {type: file, path: data/loans.csv, format: csv}\n"
    "licence: {name: MIT, origin: made up}\n"
    "columns:\n  age: {type: integer}\n  repaid: {type: integer, role: label, values: [0, 1]}\n"
    "split: {method: stratified, by: repaid, test: 0.5, seed: 7}\n",
    "data/loans.csv": "age,repaid\n" + "".join(f"{20 + number},{number % 2}\n" for number in range(40)),
}


def apply(root: Path, *words: str) -> tuple[int, str]:
    """In a process of its own, as people run it."""
    time.sleep(0.05)  # until what was changed last is older than a tick of the kernel's clock
    command = [sys.executable, "-m", "mlc.cli.main", "-C", str(root), "apply", *(words or ("--yes",))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def kept(root: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (root / ".mlc" / "cache").glob("*.answer")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in PROJECT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert apply(root)[0] == 0
    assert not kept(root)
    assert NOTHING in apply(root)[1]
    assert NOTHING in apply(root)[1]  # whatever Python had to compile is compiled
    assert len(kept(root)) == 1
    return root


def test_it_is_said_again_without_looking(project: Path) -> None:
    before = kept(project)
    code, said = apply(project)
    assert code == 0
    assert NOTHING in said
    assert kept(project) == before


def test_what_changed_is_applied(project: Path) -> None:
    data = project / "data" / "loans.csv"
    data.write_text(data.read_text() + "99,1\n")
    assert NOTHING not in apply(project)[1]
    assert NOTHING in apply(project)[1]
    (project / "target").mkdir()
    (project / "target" / "seldon.yaml").write_text("type: mlserver\n")
    assert "target.seldon" in apply(project)[1]
    assert NOTHING in apply(project)[1]


def test_a_result_or_a_state_that_is_gone_is_noticed(project: Path) -> None:
    shutil.rmtree(project / ".mlc" / "content")
    assert NOTHING not in apply(project)[1]
    assert NOTHING in apply(project)[1]
    shutil.rmtree(project / ".mlc" / "state")
    assert NOTHING not in apply(project)[1]


def test_other_words_are_another_question(project: Path) -> None:
    code, said = apply(project, "--yes", "dataset.loans.description=Other")
    assert code == 0
    assert NOTHING not in said
    code, said = apply(project, "no-such-plan.json")
    assert code == 1
