"""What the command line says, word for word. `MLC_UPDATE=1 pytest tests/acceptance` writes it down anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acceptance import people
from acceptance.script import place, play, prepare

CASES = sorted((Path(__file__).parent / "cases").glob("*/script"))


@pytest.mark.parametrize("case", [script.parent for script in CASES], ids=[s.parent.name for s in CASES])
def test_says_what_is_expected(case: Path, project: Path | None) -> None:
    with place() as folder:
        prepare(case, project, folder)
        said = play((case / "script").read_text(encoding="utf-8"), folder)
    expected = case / "expected"
    if os.environ.get("MLC_UPDATE") == "1":
        expected.write_text(said, encoding="utf-8")
    assert said.splitlines() == expected.read_text(encoding="utf-8").splitlines()


def test_the_data_are_those_that_the_generator_makes() -> None:
    assert people.FILE.read_text(encoding="utf-8") == people.rows()
