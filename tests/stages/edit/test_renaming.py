"""Every way to name a resource, and nothing that only looks like its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import data, load, pipeline
from mlc.cli import _files
from mlc.cli.main import run
from mlc.edit import apply_edits
from mlc.edit.renaming import add_move
from mlc.request import Request

PROJECT = Path(__file__).parents[2] / "acceptance" / "projects" / "small"


def lay(folder: Path, files: dict[str, str]) -> Path:
    """The small project with files over it."""
    for file in _files.yaml_files(PROJECT, PROJECT):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes((PROJECT / file).read_bytes())
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    return folder


DESCRIPTIONS = {
    '"${model.churn.dataset}"': '"${model.gone.dataset}"',
    "'${ model.churn.dataset }'": "'${ model.gone.dataset }'",
    "${model[churn].dataset}": "${model[gone].dataset}",
    "${model['churn'].dataset}": None,  # quotes cannot stand in brackets: no interpolation
    "${..churn}": "${..churn}",  # a deployment of that name
    "${...model.churn.dataset}": "${...model.gone.dataset}",
    "churn and ${model.churn.train.params.C} churn": "churn and ${model.gone.train.params.C} churn",
    "${model.churn.dataset}${model.churn.features}": "${model.gone.dataset}${model.gone.features}",
    '"é → \\" ${model.churn.dataset}"': '"é → \\" ${model.gone.dataset}"',
    "model.churn": "model.churn",
    "${model.${vars.which}.dataset}": None,
    "|\n  a text ${model.churn.dataset}\n  of lines": "|\n  a text ${model.gone.dataset}\n  of lines",
}


@pytest.mark.parametrize("before", DESCRIPTIONS)
def test_interpolations(before: str, tmp_path: Path) -> None:
    """Where the rename is refused (None), every file stays as it was."""
    files = {
        "deployment/churn.yaml": "model: churn\ntarget: here\nport: 0\n",
        "env/dev.yaml": "vars: {which: churn}\n",
    }
    text = "description: {}\nmodel: churn\ntarget: here\nport: 0\n"
    root = lay(tmp_path, {**files, "deployment/local.yaml": text.format(before)})
    contents = _files.contents(root)
    code = run(["-C", str(root), "rename", "model.churn", "gone", "-q"])
    after = DESCRIPTIONS[before]
    if after is None:
        assert code == 1
        assert _files.contents(root) == contents
    else:
        assert code == 0
        written = (root / "deployment/local.yaml").read_text(encoding="utf-8")
        assert written == text.format(after).replace("model: churn", "model: gone")


DEFAULTS = {
    "[churn, _self_]": "[gone, _self_]",
    "[churn.yaml, _self_]": "[gone.yaml, _self_]",
    '["/model/churn@_here_", _self_]': '["/model/gone@_here_", _self_]',
    "[{/model@_here_: churn}, _self_]": "[{/model@_here_: gone}, _self_]",
    "[{optional /model@_here_: [churn]}, _self_]": "[{optional /model@_here_: [gone]}, _self_]",
}


@pytest.mark.parametrize("before", DEFAULTS)
def test_defaults_lists(before: str, tmp_path: Path) -> None:
    root = lay(tmp_path, {"model/other.yaml": f"defaults: {before}\ndescription: Another.\n"})
    assert run(["-C", str(root), "rename", "model.churn", "gone", "-q"]) == 0
    written = (root / "model/other.yaml").read_text(encoding="utf-8")
    assert written == f"defaults: {DEFAULTS[before]}\ndescription: Another.\n"


@pytest.mark.parametrize("name", ["1e3", "no", "123"])
def test_a_name_that_looks_like_a_number_gets_quotes(name: str, tmp_path: Path) -> None:
    root = lay(tmp_path, {})
    assert run(["-C", str(root), "rename", "dataset.people", name, "-q"]) == 0
    assert f'dataset: "{name}"\n' in (root / "model/churn.yaml").read_text(encoding="utf-8")
    assert pipeline.validate(Request(root, ("all",))).diagnostics == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1", "a: 1\nmoved:\n  m.a: m.b\n"),
        ("a: 1\n", "a: 1\nmoved:\n  m.a: m.b\n"),
        ("moved: {}\na: 1\n", "moved: {m.a: m.b}\na: 1\n"),
        ("moved: {x: y}\n", "moved: {x: y, m.a: m.b}\n"),
        ("moved:\n    # c\n    x: y\n", "moved:\n    # c\n    m.a: m.b\n    x: y\n"),
        ("moved: {m.b: m.a, m.c: m.b}\n", "moved: {m.a: m.b, m.c: m.a}\n"),
        ("{a: 1}\n", "{a: 1}\n"),
        ("moved:\n", "moved:\n"),
    ],
)
def test_moves(before: str, after: str) -> None:
    node = load.read(before, "mlc.yaml").node
    assert node is not None
    assert apply_edits(before, add_move(node, before, "m.a", "m.b")) == after


def test_inputs_without_a_default_are_given(tmp_path: Path) -> None:
    text = (PROJECT / "mlc.yaml").read_text(encoding="utf-8") + "inputs: {who: {type: string}}\n"
    root = lay(tmp_path, {"mlc.yaml": text})
    assert run(["-C", str(root), "rename", "model.churn", "gone", "-q"]) == 1
    assert run(["-C", str(root), "rename", "model.churn", "gone", "-q", "--input", "who=me"]) == 0


def test_there_and_back_leaves_no_difference_but_the_move(tmp_path: Path) -> None:
    example = data.path("examples", "lending")
    for file in _files.config_files(example):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((example / file).read_bytes())
    before = _files.contents(tmp_path)
    for resource in (
        "model.default_risk",
        "dataset.loans",
        "gate.quality",
        "policy.production",
        "registry.main",
    ):
        kind, _, name = resource.partition(".")
        assert run(["-C", str(tmp_path), "rename", resource, "other", "-q"]) == 0
        assert run(["-C", str(tmp_path), "rename", f"{kind}.other", name, "-q"]) == 0
    after = _files.contents(tmp_path)
    assert before.pop("mlc.yaml") in after.pop("mlc.yaml")
    assert before == after
