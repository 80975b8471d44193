"""What a pull request does to the project's own code: nothing runs it, and whoever reviews it is told to read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mlc.cli.main import run
from reviews import repository
from stages.git.real import commit

Said = tuple[int, str, str]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """One that trains a model with a module of its own, whose import would show."""
    top = repository.made(tmp_path / "repository")
    project = top / repository.FOLDER
    with (project / "mlc.yaml").open("a", encoding="utf-8") as file:
        file.write("\ncode: {scoring: {path: code/scoring}}\n")
    tabular = project / "model" / "_tabular.yaml"
    text = tabular.read_text(encoding="utf-8")
    tabular.write_text(re.sub("estimator: .*", "estimator: code.scoring.train", text), encoding="utf-8")
    module = project / "code" / "scoring"
    module.mkdir(parents=True)
    (module / "__init__.py").write_text("open('imported', 'w')\n")
    (module / "words.py").write_text("WORDS = 1\n")
    commit(top)
    return top


@pytest.fixture
def diff(shop: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def called(*words: str) -> Said:
        code = run(["-C", str(shop / repository.FOLDER), "diff", *words])
        return code, *capsys.readouterr()

    return called


def test_an_edited_module_retrains_the_models_that_it_trains(shop: Path, diff: Callable[..., Said]) -> None:
    module = shop / repository.FOLDER / "code" / "scoring"
    assert "nothing differs" in diff("HEAD")[1]
    (module / "words.py").write_text("WORDS = 2\n")

    _, text, _ = diff("HEAD")
    found = json.loads(diff("HEAD", "--format", "json")[1])
    comment = diff("HEAD", "--format", "markdown")[1]

    assert "~ code code/scoring  its code changed, run by model." in text
    (code,) = found["code"]
    assert (code["action"], code["files"]) == ("changed", ["code/scoring/words.py"])
    assert code["models"]
    retrained = {one["address"] for one in found["resources"] if one["change_class"] == "retrain"}
    assert retrained == set(code["models"])
    assert "**code changed** `code/scoring`" in comment
    assert "read it before you merge" in comment
    assert not list(shop.rglob("imported"))


def test_two_commits_compare_as_the_working_tree_does(shop: Path, diff: Callable[..., Said]) -> None:
    module = shop / repository.FOLDER / "code" / "scoring"
    (module / "new.py").write_text("MORE = 1\n")
    (module / "words.py").unlink()
    working = json.loads(diff("HEAD", "--format", "json")[1])["code"]
    commit(shop)
    assert json.loads(diff("HEAD~1", "HEAD", "--format", "json")[1])["code"] == working
    assert working[0]["files"] == ["code/scoring/new.py", "code/scoring/words.py"]


def test_a_module_that_is_gone_is_told(shop: Path, diff: Callable[..., Said]) -> None:
    module = shop / repository.FOLDER / "code" / "scoring"
    for file in module.iterdir():
        file.unlink()
    module.rmdir()
    assert "- code code/scoring  its code is gone" in diff("HEAD")[1]
