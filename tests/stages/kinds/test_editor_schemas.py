"""The form of the schemas that editors get."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from mlc import data, kinds
from mlc.kinds import _editor_schemas, _schemas
from mlc.kinds._estimators import Place, offered
from mlc.load import read

SCHEMAS = _editor_schemas.generate()
LENDING = data.path("examples", "lending")
FILES: Registry[Any] = Registry().with_resources(
    (f"file:///{name}.json", DRAFT7.create_resource({**schema, "$id": f"file:///{name}.json"}))
    for name, schema in SCHEMAS.items()
)
VALIDATORS = {
    name: Draft7Validator({"$ref": f"file:///{name}.json"}, registry=FILES)
    for name in SCHEMAS
    if name != "estimators"
}


def valid(name: str, text: str) -> bool:
    from mlc.ir.node import plain

    loaded = read(text, "file.yaml")
    assert loaded.node is not None, loaded.diagnostics
    return VALIDATORS[name].is_valid(plain(loaded.node))


def schemas_within(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from schemas_within(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from schemas_within(value)


def test_generating_leaves_no_diff() -> None:
    folder = data.path("schemas", "editor")
    assert {file.stem for file in folder.glob("*")} == {
        *kinds.names(),
        "project",
        "env",
        "mlctest",
        "backend",
        "estimators",
    }
    for name, schema in SCHEMAS.items():
        assert (folder / f"{name}.json").read_text(encoding="utf-8") == _schemas.as_text(schema), name


@pytest.mark.parametrize("name", SCHEMAS)
def test_is_a_schema_that_every_editor_reads_alike(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])
    for schema in schemas_within(SCHEMAS[name]):
        if isinstance(schema.get("$ref"), str):
            assert set(schema) == {"$ref"}, "draft 7 ignores what stands beside $ref"


@pytest.mark.parametrize("file", sorted(LENDING.rglob("*.yaml")), ids=lambda file: file.name)
def test_has_nothing_to_say_about_the_example(file: Path) -> None:
    """Layers and environments among them, one file at a time."""
    name = file.parent.name if file.parent != LENDING else "project"
    if file.name.endswith(".mlctest.yaml"):
        name = "mlctest"
    assert valid(name, file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model", "train: {seed: '${vars.seed}', params: {C: '${vars.c}'}}"),
        ("model", "train: '${model.other.train}'\ngates: ${vars.gates}"),
        ("model", "task: ${vars.task}\nenabled: ${input:on}\nlabel: null"),
        ("model", "train: {estimator: '${vars.estimator}', params: {anything: 1}}"),
        ("model", "train: {estimator: code.scoring.Nearest, params: {sharpness: 0.5}}"),
        ("model", "candidates: {own: {estimator: code.scoring.train, params: {sharpness: 0.5}}}"),
        ("model", "dataset: data_${env.name}"),
        ("model", "dataset: ???"),
        ("target", "type: ${vars.type}\nhttp_port: 1"),
        ("target", "http_port: 9000"),
        ("dataset", "split: {seed: '${vars.seed}'}"),
        ("deployment", "autoscaling: null\nresources: {memory: '${vars.memory}'}"),
        ("env", "presets: {deployment: {replicas: '${vars.replicas}'}}"),
        ("project", "presets: {model: {train: {params: {C: 1.0}}}}"),
        ("gate", "metrics: {latency_p99: {max: 20ms}, roc_auc: {min: 0.5}}"),
    ],
)
def test_takes_layers_and_interpolations(name: str, text: str) -> None:
    assert valid(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("model", "train: {seed: often}"),
        ("model", "train: {seed: -1}"),
        ("model", "train: 3"),
        ("model", "task: regresion"),
        ("model", "enabled: 'no'"),
        ("model", "trian: {}"),
        ("model", "dataset: Loans!"),
        ("model", "train: {estimator: sklearn.svm.SVC}"),
        ("model", "train: {estimator: code.scoring}"),
        ("model", "train: {estimator: code.Scoring.Nearest}"),
        ("model", "train: {estimator: my.code.scoring.Nearest}"),
        ("model", "train: {estimator: code.scoring.Nearest, params: 3}"),
        ("features", "groups: {a: {transforms: {one: {estimator: code.scoring.Nearest}}}}"),
        ("model", "train: {estimator: sklearn.linear_model.LogisticRegression, params: {max_itr: 1}}"),
        ("model", "train: {estimator: sklearn.linear_model.LogisticRegression, params: {C: -1}}"),
        ("model", "train: {estimator: sklearn.linear_model.LogisticRegression, params: {solver: best}}"),
        ("target", "type: docker\nhttp_port: 1"),
        ("target", "type: dokcer"),
        ("deployment", "resources: {memory: much}"),
        ("env", "patch: {model: {churn: {train: {seed: often}}}}"),
        ("env", "presets: {modle: {}}"),
        ("project", "presets: {deployment: {replicas: many}}"),
        ("gate", "metrics: {rocauc: {min: 0.5}}"),
        ("gate", "metrics: {roc_auc: {min: 0.5, bound: middle}}"),
    ],
)
def test_refuses_what_is_wrong_in_one_file(name: str, text: str) -> None:
    assert not valid(name, text)


@pytest.mark.parametrize(
    ("place", "name", "text"),
    [
        ("train", "model", "train: {estimator: %s, params: %s}"),
        ("transforms", "features", "groups: {a: {transforms: {b: {estimator: %s, params: %s}}}}"),
        ("train", "env", "presets: {model: {train: {estimator: %s, params: %s}}}"),
        (
            "transforms",
            "project",
            "presets: {features: {groups: {a: {transforms: {b: {estimator: %s, params: %s}}}}}}",
        ),
    ],
)
def test_knows_every_estimator_by_its_parameters(place: Place, name: str, text: str) -> None:
    for estimator in offered(place):
        assert valid(name, text % (estimator, "{}"))
        assert not valid(name, text % (estimator, "{not_a_parameter: 1}"))


def test_tells_of_estimators_once() -> None:
    """They are many; an editor that reads a file for each key that is typed has to be quick."""
    for name, schema in SCHEMAS.items():
        text = _schemas.as_text(schema)
        assert ("min_impurity_decrease" in text) == (name == "estimators"), name
    assert len(_schemas.as_text(SCHEMAS["estimators"])) < 450_000


def test_every_field_says_what_it_is() -> None:
    shared = SCHEMAS["estimators"]["definitions"]
    properties = {**SCHEMAS["model"]["properties"], "train": shared["train"]}
    assert properties["dataset"]["description"] == (
        "What it learns from. Names a resource: a file in `dataset/`. A change costs: retrain."
    )
    assert "Default: `true`." in properties["enabled"]["description"]
    fields = {**properties, **shared, **shared["sklearn.linear_model.LogisticRegression"]["properties"]}
    missing = [name for name, field in fields.items() if "description" not in field]
    assert missing == []
