"""`mlc lsp` in a project with a module: its layers are completed, gone to and explained, and never edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from language_client import LanguageClient
from mlc.modules import update
from stages.language_server.test_server import client_of, place, text
from stages.modules.places import declared, project, write

MODEL = "model/churn.yaml"


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[LanguageClient]:
    layers = {
        "model/_tabular.yaml": "defaults: [_base, _self_]\ntrain: {seed: 5}\ngates: [quality]\n",
        "model/_base.yaml": "description: yes\n",
        "model/deep/_more.yaml": "tags: [a]\n",
        "env/_cloud.yaml": "vars: {region: north}\n",
    }
    write(tmp_path / "layers", layers)
    root = project(
        tmp_path / "project", "source: ../layers", {"gate/quality.yaml": "metrics: {roc_auc: {min: 0.7}}\n"}
    )
    update(root, declared(root), ())
    with client_of(root) as client:
        for file in ("mlc.yaml", MODEL, "env/dev.yaml", "gate/quality.yaml"):
            client.open(file)
        yield client


def module_file(editor: LanguageClient, path: str) -> str:
    (found,) = (editor.root / ".mlc" / "modules").glob(f"acme-*/{path}")
    return found.relative_to(editor.root).as_posix()


def test_completes_layers_of_modules(editor: LanguageClient) -> None:
    line, character = place(text(editor, MODEL), "acme/_tabular", 4)
    assert {"_self_", "acme/_tabular", "acme/_base", "acme/deep/_more"} <= set(
        editor.labels(MODEL, line, character)
    )
    content = "defaults: []\n"
    editor.change("env/dev.yaml", content)
    assert set(editor.labels("env/dev.yaml", 0, 11)) == {"_self_", "acme/_cloud"}


def test_goes_to_the_layer_of_a_module_and_on_from_there(editor: LanguageClient) -> None:
    (found,) = editor.at("definition", MODEL, *place(text(editor, MODEL), "acme/_tabular", 2))
    file = module_file(editor, "model/_tabular.yaml")
    assert found["uri"] == editor.uri(file)
    editor.open(file)
    (found,) = editor.at("definition", file, *place(text(editor, file), "_base", 1))
    assert found["uri"] == editor.uri(module_file(editor, "model/_base.yaml"))
    (found,) = editor.at("definition", file, *place(text(editor, file), "quality", 1))
    assert found["uri"] == editor.uri("gate/quality.yaml")


def test_explains_what_stands_in_a_module(editor: LanguageClient) -> None:
    file = module_file(editor, "model/_tabular.yaml")
    editor.open(file)
    assert "Seed of everything random" in editor.hover(file, *place(text(editor, file), "seed"))
    assert set(editor.labels(file, *place(text(editor, file), "_base", 1))) == {"_self_", "_base"}


def test_a_mistake_in_a_module_is_shown_there_and_no_edit_is_offered(editor: LanguageClient) -> None:
    file = module_file(editor, "model/_base.yaml")
    editor.open(file)
    found = editor.found(file, bool)
    assert {one["code"] for one in found} == {"ambiguous-scalar", "wrong-type"}
    uri = {"textDocument": {"uri": editor.uri(file)}}
    everything = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 0}}
    asked = {**uri, "range": everything, "context": {"diagnostics": []}}
    assert editor.request("textDocument/codeAction", asked) in (None, [])


def test_a_file_of_a_module_that_is_edited_is_not_the_locked_one(editor: LanguageClient) -> None:
    file = module_file(editor, "model/_base.yaml")
    editor.open(file)
    editor.change(file, "description: Mine\n")
    (found,) = editor.found(file, lambda found: any(one["code"] == "module-changed" for one in found))
    assert found["code"] == "module-changed"


def test_a_resource_that_a_module_names_is_not_renamed(editor: LanguageClient) -> None:
    (editor.root / MODEL).write_text(
        text(editor, MODEL) + "description: x\n"
    )  # over the mistake in the module
    editor.change(MODEL, text(editor, MODEL))
    file = module_file(editor, "model/_tabular.yaml")
    editor.open(file)
    with pytest.raises(RuntimeError, match="a module is not changed by those who use it"):
        editor.at("rename", file, *place(text(editor, file), "quality", 1), newName="good")
