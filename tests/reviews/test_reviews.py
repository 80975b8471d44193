"""Ten pull requests, and the comment that each gets. `MLC_UPDATE=1 pytest tests/reviews` writes them down anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mlc.cli.main import run
from reviews import repository
from stages.git.real import git

REQUESTS = sorted(path.parent for path in (Path(__file__).parent / "requests").glob("*/script"))
LINKS = "https://git.example/acme/models/blob"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository.made(tmp_path_factory.mktemp("reviews") / "repository")


def said(copy: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `mlc diff` says of a proposal, with the commits' ids by their names."""
    run(["-C", str(copy / repository.FOLDER), "diff", "main...proposal", *words])
    out, err = capsys.readouterr()
    assert err == ""
    for name in ("main", "proposal"):
        full = git(copy, "rev-parse", name)
        out = out.replace(full, f"<{name}>").replace(full[:8], f"<{name}>")
    return out


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda path: path.name)
def test_gets_the_comment_that_is_expected(
    request_: Path, shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = repository.proposed(shop, request_ / "script", tmp_path / "copy")
    before = git(copy, "status", "--porcelain")
    found = {
        "comment.md": said(copy, capsys, "--format", "markdown", "--links", LINKS),
        "terminal.txt": said(copy, capsys),
    }
    assert git(copy, "status", "--porcelain") == before
    for name, text in found.items():
        expected = request_ / name
        if os.environ.get("MLC_UPDATE") == "1":
            expected.write_text(text, encoding="utf-8")
        assert text.splitlines() == expected.read_text(encoding="utf-8").splitlines()


def test_every_comment_can_be_found_again_and_is_short_enough() -> None:
    comments = [path / "comment.md" for path in REQUESTS]
    assert len(comments) == 10
    for path in comments:
        text = path.read_text(encoding="utf-8")
        assert text.startswith("<!-- mlc review: ml/shop -->\n")
        assert len(text) < 65_536
        assert not re.search("ghp_[a-z]", text)
