"""A pull request that wants to cost time or memory, or to break the comment: it is told of, and nothing more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fuzz.hostile import CASES, PROJECT
from mlc.cli.main import run
from stages.git.real import commit, git

# `mlc validate` is held to all of them (tests/fuzz); here each sixth is enough
SAMPLE = [name for name in CASES if not name.startswith("files-")][::6]  # thousands of files take git long


def lay(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("name", SAMPLE)
def test_a_hostile_change_is_told_of(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(tmp_path, "init", "--quiet")
    lay(tmp_path, {**PROJECT})
    commit(tmp_path)
    lay(tmp_path, {**CASES[name]()})
    commit(tmp_path)
    for form in ("markdown", "json"):
        code = run(["-C", str(tmp_path), "diff", "HEAD~1", "HEAD", "--format", form])
        out, err = capsys.readouterr()
        assert (code in (0, 1), err) == (True, "")
        if form == "markdown":
            assert len(out.encode("utf-16-le")) // 2 < 65_536
            assert re.match(r"<!-- mlc review: \. -->\n### mlc: ", out)
            assert out.count("<details>") == out.count("</details>")
