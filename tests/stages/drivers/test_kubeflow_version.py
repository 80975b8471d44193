"""A version is told to Kubeflow's Model Registry once, and corrected where it says something else: against a server
that holds each request and each answer to the official OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from mlc.drivers import kubeflow_version
from mlc.drivers.registry import open_registry, register
from mlc.emit.verify import official
from mlc.ir.operation import Operation, Outcome, Work
from mlc.ir.registry import Entry, LearnedFrom, Metric, Signature
from stages.drivers.kubeflow_services import Answer, Requests, serving

REGISTRY = {"type": "filesystem", "path": ".mlc/registry"}
DOCUMENT = official("kubeflow_model_registry.openapi.yaml")

pytestmark = pytest.mark.skipif(not DOCUMENT.is_file(), reason=f"{DOCUMENT} is not there")


@cache
def schemas() -> Any:
    read = yaml.load(DOCUMENT.read_bytes(), Loader=yaml.CSafeLoader)
    return read["components"]


def held(name: str, value: Any) -> None:
    """Refuse what does not fit a schema of the document, or has a field that it does not know."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": schemas()}
    jsonschema.Draft202012Validator(schema).validate(value)
    unknown = value.keys() - _fields(schemas()["schemas"][name])
    assert not unknown, f"{name} has no field {unknown}"


def _fields(schema: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        return _fields(schemas()["schemas"][schema["$ref"].rpartition("/")[2]])
    return set(schema.get("properties", {})).union(*map(_fields, schema.get("allOf", ())))


class ModelRegistry:
    """`/api/model_registry/v1alpha3`: what is posted is kept under a number, and found by its name."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def __call__(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        what, *rest = path.removeprefix(f"{kubeflow_version.API}/").split("/")
        if method == "PATCH":
            kind = {
                "registered_models": "RegisteredModel",
                "model_versions": "ModelVersion",
                "model_artifacts": "ModelArtifact",
            }[what]
            held(f"{kind}Update", body)
            self.kept[rest[0]]["told"] |= body
            return self._answer(rest[0])
        if method == "POST":
            kind = {"registered_models": "RegisteredModel", "model_versions": "ModelVersion"}.get(what, "")
            if rest:
                held("Artifact", body) if "artifactType" not in body else held("ModelArtifact", body)
                return self._keep("ModelArtifact", body, rest[0])
            held(f"{kind}Create", body)
            return self._keep(kind, body, body.get("registeredModelId", ""))
        if what in ("registered_model", "model_version"):
            kind = {"registered_model": "RegisteredModel", "model_version": "ModelVersion"}[what]
            found = self._find(kind, query["name"], query.get("parentResourceId", ""))
            return self._answer(found[0]) if found else (404, {"code": "404", "message": "no such"})
        found = self._find("ModelArtifact", query["name"], rest[0])
        listed = [self._answer(one)[1] for one in found]
        return 200, {"items": listed, "nextPageToken": "", "pageSize": 1, "size": len(listed)}

    def _keep(self, kind: str, body: Any, around: str) -> Answer:
        if self._find(kind, body["name"], around):
            return 409, {"code": "409", "message": "there is one already"}
        number = str(len(self.kept) + 1)
        self.kept[number] = {"kind": kind, "around": around, "told": {**body, "id": number}}
        return 201, self._answer(number)[1]

    def _find(self, kind: str, name: str, around: str) -> list[str]:
        return [
            number
            for number, one in self.kept.items()
            if (one["kind"], one["told"]["name"], one["around"]) == (kind, name, around)
        ]

    def _answer(self, number: str) -> Answer:
        one = self.kept[number]
        held(one["kind"], one["told"])
        return 200, one["told"]


@pytest.fixture
def server() -> Iterator[tuple[str, Requests, ModelRegistry]]:
    there = ModelRegistry()
    with serving(there) as (url, requests):
        yield url, requests, there


def registered(root: Path, content: bytes = b"onnx", auc: float = 0.8) -> Work:
    """A project with a registered version, and the work of telling of it."""
    (root / "model.onnx").write_bytes(content)

    def describe(number: int, digests: dict[str, str]) -> Entry:
        return Entry(
            project="shop",
            name="churn",
            number=number,
            digest=digests["onnx"],
            description='Will "they" leave? {{x}}',
            owner="growth",
            tags=["people"],
            licence="CC0-1.0",
            task="binary_classification",
            estimator="sklearn.linear_model.LogisticRegression",
            data=LearnedFrom(dataset="people"),
            signature=Signature(inputs=[], outputs=[]),
            metrics={
                "roc_auc": Metric(value=auc, low=0.7, high=0.9),
                "mean_error": Metric(value=None, low=None, high=None),
            },
            gated=True,
            config="0" * 64,
            files=digests,
        )

    now = "2026-11-26T00:00:00+00:00"
    done = register(open_registry(root, REGISTRY), "churn", {"onnx": root / "model.onnx"}, describe, now)
    version = root / "version.json"
    version.write_text(json.dumps({"name": "churn", "version": done.entry.number}))
    spec = {
        "url": "",
        "token": None,
        "claim": "mlc",
        "folder": "ml/shop",
        "alias": "dev",
        "registry": REGISTRY,
    }
    return Work(
        operation=Operation("deployment.churn/tell", "kubeflow_version", spec),
        environment="dev",
        root=root,
        folder=root,
        inputs={"version": version},
        digests={},
        files={},
        tell=lambda _: None,
        render=lambda *_: b"",
    )


def told(work: Work, url: str) -> Any:
    spec = {**work.spec, "url": url}
    operation = msgspec.structs.replace(work.operation, spec=spec)
    product = kubeflow_version.run(msgspec.structs.replace(work, operation=operation))
    return json.loads(product.outputs["told"].read_bytes())


def test_a_version_is_told_of_once(tmp_path: Path, server: tuple[str, Requests, ModelRegistry]) -> None:
    url, requests, there = server
    work = registered(tmp_path)
    first = told(work, url)
    assert [one["kind"] for one in there.kept.values()] == [
        "RegisteredModel",
        "ModelVersion",
        "ModelArtifact",
    ]
    version, artifact = there.kept["2"]["told"], there.kept["3"]["told"]
    properties = version["customProperties"]
    assert properties["roc_auc_low"] == {"metadataType": "MetadataDoubleValue", "double_value": 0.7}
    assert "mean_error" not in properties
    assert version["registeredModelId"] == "1"
    assert artifact["uri"].startswith("pvc://mlc/ml/shop/.mlc/registry/")
    held_file = tmp_path / artifact["uri"].removeprefix("pvc://mlc/ml/shop/")
    assert held_file.read_bytes() == b"onnx"

    before = len(requests.changes)
    assert told(work, url) == first
    assert requests.changes[before:] == []


def test_what_says_something_else_is_corrected_and_what_others_added_stays(
    tmp_path: Path, server: tuple[str, Requests, ModelRegistry]
) -> None:
    url, requests, there = server
    work = registered(tmp_path)
    told(work, url)
    there.kept["1"]["told"]["owner"] = "somebody"
    added = {"metadataType": "MetadataStringValue", "string_value": "theirs"}
    there.kept["2"]["told"]["customProperties"]["reviewed"] = added
    there.kept["2"]["told"]["customProperties"]["mlc_digest"] = added
    there.kept["3"]["told"]["uri"] = "s3://elsewhere"
    before = len(requests.changes)
    told(work, url)
    assert [method for method, _ in requests.changes[before:]] == ["PATCH"] * 3
    assert there.kept["1"]["told"]["owner"] == "growth"
    assert there.kept["2"]["told"]["customProperties"]["reviewed"] == added
    assert there.kept["2"]["told"]["customProperties"]["mlc_digest"] != added
    assert there.kept["3"]["told"]["uri"].startswith("pvc://")


def test_another_model_is_another_version_of_the_same(
    tmp_path: Path, server: tuple[str, Requests, ModelRegistry]
) -> None:
    url, _, there = server
    told(registered(tmp_path), url)
    told(registered(tmp_path, b"another"), url)
    kinds = [one["kind"] for one in there.kept.values()]
    assert (kinds.count("RegisteredModel"), kinds.count("ModelVersion")) == (1, 2)


def test_the_document_refuses_what_it_does_not_know() -> None:
    with pytest.raises(jsonschema.ValidationError):
        held("ModelVersionCreate", {"name": "1"})  # of no model
    with pytest.raises(AssertionError):
        held("RegisteredModelCreate", {"name": "churn", "colour": "red"})
    with pytest.raises(jsonschema.ValidationError):
        held("RegisteredModelCreate", {"name": "churn", "customProperties": {"a": {"double_value": 1}}})


def test_what_was_changed_in_the_model_registry_is_seen(
    tmp_path: Path, server: tuple[str, Requests, ModelRegistry]
) -> None:
    url, requests, there = server
    work = registered(tmp_path)
    operation = msgspec.structs.replace(work.operation, spec={**work.spec, "url": url})
    work = msgspec.structs.replace(work, operation=operation)
    product = kubeflow_version.run(work)
    before = len(requests.changes)

    def seen() -> str:
        outcome = Outcome("k", "kubeflow_version", {}, {}, product.summary)
        found = kubeflow_version.observe(tmp_path, "dev", [(operation, outcome)])
        return "".join(one.what for one in found.values())

    assert seen() == ""
    added = {"metadataType": "MetadataStringValue", "string_value": "theirs"}
    there.kept["2"]["told"]["customProperties"]["reviewed"] = added
    assert seen() == ""
    there.kept["1"]["told"]["owner"] = "somebody"
    there.kept["3"]["told"]["uri"] = "s3://elsewhere"
    assert seen() == "owner, uri of churn:1 was changed there, not as churn:1 is described"
    kubeflow_version.run(work)
    assert seen() == ""
    del there.kept["3"]
    assert "does not have churn:1 whole" in seen()
    assert len(requests.changes) == before + 2
