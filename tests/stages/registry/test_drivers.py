"""The drivers that register and promote, as apply runs them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlc.drivers import promotion, registration
from mlc.drivers.registry import aliases, log, open_registry, show, verify
from mlc.ir.evaluation import Confusion, Estimate, Evaluation
from mlc.ir.operation import Operation, Product, StepFailed, Work

REGISTRY = {"type": "hybrid", "database": "sqlite:///.mlc/registry.db", "files": ".mlc/files"}
SPEC: dict[str, Any] = {
    "name": "churn",
    "project": "lending",
    "description": "Who leaves.",
    "owner": "risk-ml",
    "tags": ["retention"],
    "card": {"intended_use": "Offers.", "limits": "", "risk_class": "limited", "licence": "Apache-2.0"},
    "dataset": {"name": "customers", "description": "", "licence": {"name": "CC0-1.0", "origin": "Made up."}},
    "features": "basics",
    "estimator": "sklearn.linear_model.LogisticRegression",
    "params": {"C": 0.5},
    "task": "binary_classification",
    "signature": {
        "inputs": [{"name": "age", "datatype": "FP32", "shape": [-1, 1]}],
        "outputs": [{"name": "label", "datatype": "INT64", "shape": [-1]}],
    },
    "registry": REGISTRY,
}


def evaluation(accuracy: float | None) -> bytes:
    estimate = Estimate(
        metric="accuracy",
        value=accuracy,
        low=None if accuracy is None else accuracy - 0.05,
        high=None if accuracy is None else accuracy + 0.05,
        confidence=0.95,
        method="wilson",
        n=200,
    )
    return msgspec.json.encode(
        Evaluation(
            task="binary_classification",
            rows=200,
            positives=80,
            label="left",
            positive=1,
            estimates={"accuracy": estimate},
            confusion=Confusion(70, 10, 10, 110),
        )
    )


def work(root: Path, driver: str, spec: dict[str, Any], files: dict[str, bytes]) -> Work:
    folder = root / "work" / driver
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Work(
        operation=Operation(id=f"x.y/{driver}", driver=driver, spec=spec),
        environment="prod",
        root=root,
        folder=folder,
        inputs={name: folder / name for name in files},
        digests={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        files={},
        tell=lambda _: None,
        render=lambda *_: b"",
    )


def register(
    root: Path, onnx: bytes = b"onnx", accuracy: float | None = 0.875, *, gated: bool = True, **spec: Any
) -> Product:
    files = {
        "onnx": onnx,
        "model": b"skops",
        "train": b"train",
        "test": b"test",
        "evaluation": evaluation(accuracy),
        "parity": b"{}",
        "latency": b"{}",
        "report": b"<html>",
        "card": b"# card",
    }
    if gated:
        files["verdict"] = b"{}"
    return registration.run(work(root, "register", {**SPEC, **spec}, files))


def promote(root: Path, version: Product) -> Product:
    spec = {"alias": "production", "registry": REGISTRY, "deployment": "web"}
    return promotion.run(work(root, "promote", spec, {"version": version.outputs["version"].read_bytes()}))


def test_a_model_becomes_a_version_with_all_its_facts(tmp_path: Path) -> None:
    product = register(tmp_path)
    digest = hashlib.sha256(b"onnx").hexdigest()
    assert msgspec.json.decode(product.outputs["version"].read_bytes()) == {
        "name": "churn",
        "version": 1,
        "digest": digest,
        "metrics": {"accuracy": {"value": 0.875, "low": 0.825, "high": 0.925}},
    }
    assert product.summary == {"version": 1, "already": False, "revised": True}
    entry = show(tmp_path, REGISTRY, "churn").entry
    assert (entry.digest, entry.owner, entry.licence, entry.gated) == (digest, "risk-ml", "Apache-2.0", True)
    assert (entry.estimator, entry.params) == (SPEC["estimator"], {"C": 0.5})
    assert entry.metrics["accuracy"].method == "wilson"
    assert entry.data.parts == {part: hashlib.sha256(part.encode()).hexdigest() for part in ("train", "test")}
    unasked = {"selection", "bom", "provenance", "lineage", "annex", "sagemaker"}
    assert set(entry.files) == set(registration.KEPT) - unasked  # nothing was selected, or asked for
    files = open_registry(tmp_path, REGISTRY).files
    assert files.read(entry.files["card"]) == b"# card"
    assert not files.has(entry.data.parts["train"]), "data are registered by digest only"
    assert verify(tmp_path, REGISTRY) == ()


def test_the_same_again_gives_the_same_bytes(tmp_path: Path) -> None:
    first = register(tmp_path)
    content = first.outputs["version"].read_bytes()
    again = register(tmp_path)
    assert again.outputs["version"].read_bytes() == content
    assert again.summary == {"version": 1, "already": True, "revised": False}
    other = register(tmp_path / "elsewhere")
    assert other.outputs["version"].read_bytes() == content
    assert (
        show(tmp_path, REGISTRY, "churn").revisions
        == show(tmp_path / "elsewhere", REGISTRY, "churn").revisions
    )


def test_a_change_is_a_version_or_a_revision(tmp_path: Path) -> None:
    register(tmp_path)
    assert register(tmp_path, accuracy=0.5).summary == {"version": 1, "already": True, "revised": True}
    assert register(tmp_path, owner="other").summary == {"version": 1, "already": True, "revised": True}
    assert register(tmp_path, onnx=b"other").summary == {"version": 2, "already": False, "revised": True}
    assert show(tmp_path, REGISTRY, "churn:1").entry.owner == "other"


def test_an_ungated_model_and_a_metric_without_a_value_are_said_to_be_so(tmp_path: Path) -> None:
    product = register(tmp_path, accuracy=None, gated=False)
    told = msgspec.json.decode(product.outputs["version"].read_bytes())
    assert told["metrics"] == {"accuracy": {"value": None, "low": None, "high": None}}
    assert not show(tmp_path, REGISTRY, "churn").entry.gated


def test_promoting_moves_the_alias_once(tmp_path: Path) -> None:
    first = register(tmp_path)
    product = promote(tmp_path, first)
    assert msgspec.json.decode(product.outputs["promotion"].read_bytes()) == {
        "name": "churn",
        "version": 1,
        "alias": "production",
    }
    assert product.summary == {
        "name": "churn",
        "version": 1,
        "alias": "production",
        "former": None,
        "moved": True,
    }
    assert not promote(tmp_path, first).summary["moved"]
    assert promote(tmp_path, register(tmp_path, onnx=b"b")).summary["former"] == 1
    assert promote(tmp_path, register(tmp_path)).summary["former"] == 2
    registry = open_registry(tmp_path, REGISTRY)
    assert aliases(registry, "churn") == {"production": 1}
    lines = log(registry)
    assert [(line.former, line.number) for line in lines] == [(None, 1), (1, 2), (2, 1)]
    assert {(line.environment, line.deployment) for line in lines} == {("prod", "web")}
    assert verify(tmp_path, REGISTRY) == ()


def test_promoting_what_is_not_registered_is_refused(tmp_path: Path) -> None:
    first = register(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(StepFailed) as failed:
        promote(elsewhere, first)
    assert failed.value.diagnostics[0].rule == "unknown-version"
    register(elsewhere)
    with pytest.raises(StepFailed) as failed:
        promote(elsewhere, register(tmp_path, onnx=b"b"))
    assert "no version 2" in failed.value.diagnostics[0].detail
