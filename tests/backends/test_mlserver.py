"""What can be held of MLServer's files without MLServer; `platforms/` runs MLServer itself."""

from __future__ import annotations

import ast
import json

import pytest

from backends.project import SPECS, emitted, graph_of
from mlc.emit import emit
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

# The fields of MLServer 1.7.1 that are written, and the datatypes of the Open Inference Protocol v2.
SETTINGS = {
    "debug", "host", "http_port", "grpc_port", "parallel_workers", "load_models_at_startup", "server_name",
}  # fmt: skip
MODEL_SETTINGS = {"name", "implementation", "platform", "inputs", "outputs", "parameters"}
DATATYPES = {"BOOL", "BYTES", "FP32", "FP64", "INT64"}


def test_settings_hold_fields_of_mlserver(artifacts: tuple[Artifact, ...]) -> None:
    settings = json.loads(emitted(artifacts, "risk_server/settings.json").content)
    assert settings.keys() == SETTINGS
    assert (settings["http_port"], settings["grpc_port"], settings["debug"]) == (8080, 8081, False)


def test_model_settings_hold_the_signature(artifacts: tuple[Artifact, ...]) -> None:
    settings = json.loads(emitted(artifacts, "model-settings.json").content)
    assert settings.keys() == MODEL_SETTINGS
    assert [tensor["name"] for tensor in settings["inputs"]] == ["income", "purpose", "member"]
    assert settings["parameters"]["extra"]["nullable"] == ["income"]
    assert "deployment/risk_server.yaml" in settings["parameters"]["extra"]["written"]
    for tensor in settings["inputs"] + settings["outputs"]:
        assert tensor.keys() == {"name", "datatype", "shape"}
        assert tensor["datatype"] in DATATYPES


def test_the_implementation_is_in_the_file_beside_it(artifacts: tuple[Artifact, ...]) -> None:
    settings = json.loads(emitted(artifacts, "model-settings.json").content)
    module, _, name = settings["implementation"].partition(".")
    tree = ast.parse(emitted(artifacts, f"risk_server/{module}.py").content)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    methods = {node.name for node in classes[name].body if isinstance(node, ast.AsyncFunctionDef)}
    assert methods == {"load", "predict"}


@pytest.mark.parametrize("hostile", ['a", "b": "', "\u2028", "</script>", "a\\"])
def test_hostile_column_names_stay_names(hostile: str, backends: tuple[Backend, ...]) -> None:
    loans, applicant = SPECS["dataset.loans"], SPECS["features.applicant"]
    columns = {(hostile if name == "income" else name): column for name, column in loans["columns"].items()}
    groups = {**applicant["groups"], "amounts": {"columns": [hostile]}}
    specs = {
        **SPECS,
        "dataset.loans": {**loans, "columns": columns},
        "features.applicant": {"groups": groups},
    }
    settings = json.loads(emitted(emit(graph_of(specs), backends, True), "model-settings.json").content)
    assert [tensor["name"] for tensor in settings["inputs"]] == [hostile, "purpose", "member"]
