"""Variants of a model that has to hold its own against a champion are compared with it too, each of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlc import lower, pipeline
from mlc.drivers import contested_variants
from mlc.drivers.registry import Cause, open_registry, set_alias
from mlc.ir.operation import Operation, Outcome, Product
from mlc.ir.variant import Variants
from mlc.request import Request
from mlc.store.content import digest_of
from rules.project import lay
from stages.drivers import measured
from stages.evaluation.test_champion import NOON, REGISTRY, put
from stages.selection import steps

TASK = "regression"
BOUND = {
    "alias": "production",
    "metric": "rmse",
    "test": None,
    "require": "non_inferior",
    "margin": 0.0,
    "confidence": 0.95,
}
ANY = {"max_value_difference": 1.0, "min_value_agreement": 0.0}


def work(step: Any, folder: Path) -> Any:
    """A forest that was exported, with its whole form and a twentieth of its trees to choose from."""
    paths, learned = measured.parts(TASK, folder), measured.learned(TASK)
    asked = measured.train(
        TASK, "sklearn.ensemble.RandomForestRegressor", "none", {"n_estimators": 40, "max_depth": 6}
    )
    model = step("sklearn_train", asked, train=paths["train"]).outputs["model"]
    onnx = step("onnx_export", measured.export(TASK), model=model, test=paths["test"]).outputs["onnx"]
    duel = {"alias": "production", "metric": "rmse", "test": "paired_bootstrap", "confidence": 0.95}
    spec = {
        **learned,
        "opset": 21,
        "variants": [{"name": "fp32", **measured.BOUNDS[TASK]}, {"name": "few", "prune": 0.05, **ANY}],
        "choose": {"smallest": "size"},
        "metric": "rmse",
        "evaluate": {**learned, "name": "default_risk", "seed": 0, "confidences": [0.95]},
        "measure": {"columns": learned["columns"]},
        "compare": {
            **learned,
            "seed": 0,
            "name": "default_risk",
            "registry": REGISTRY,
            "duels": {"better": duel},
        },
        "gates": {"better": {}},
        "more": {"better": {"champion": BOUND}},
    }
    inputs: Any = {"onnx": onnx, "model": model, "train": paths["train"], "test": paths["test"]}
    return steps.work(folder, "contested_variants", spec, **inputs)


def refused(product: Product) -> dict[str, list[str]]:
    found = msgspec.json.decode(product.outputs["variants"].read_bytes(), type=Variants)
    return {one.name: one.refused for one in found.variants}


def seen(asked: Any, product: Product, root: Path, digest: str) -> dict[str, Any]:
    """What `observe` says of the step as it was recorded."""
    operation = Operation(id="model.risk/optimize", driver="contested_variants", spec=asked.spec)
    outcome = Outcome("k", "contested_variants", {}, {"onnx": digest}, product.summary)
    return contested_variants.observe(root, "dev", [(operation, outcome)])


def test_a_variant_that_is_worse_than_the_champion_is_not_served(step: Any, tmp_path: Path) -> None:
    asked = work(step, tmp_path)
    put(tmp_path, asked.inputs["onnx"])
    product = contested_variants.run(asked)
    assert product.summary["chosen"] == "fp32"
    assert refused(product)["fp32"] == []  # it is the champion itself
    assert any("rmse" in reason for reason in refused(product)["few"])
    # nothing has moved: the alias points to what they were compared with
    assert seen(asked, product, tmp_path, "sha256:other") == {}


def test_variants_are_compared_again_when_the_alias_points_to_another(step: Any, tmp_path: Path) -> None:
    asked = work(step, tmp_path)
    product = contested_variants.run(asked)
    assert product.summary["chosen"] == "few"  # without a champion there is nothing to be worse than
    assert product.summary["champions"] == {"production": None}
    number = put(tmp_path, asked.inputs["onnx"], "staging")
    cause = Cause(environment="prod", deployment="web", at=NOON)
    registry = open_registry(tmp_path, REGISTRY)
    set_alias(registry, "default_risk", "production", number, expected=None, cause=cause)
    (moved,) = seen(asked, product, tmp_path, "sha256:other").values()
    assert "production of default_risk points to version 1" in moved.what
    # its own promotion is none: what it had to beat stands
    assert seen(asked, product, tmp_path, digest_of(asked.inputs["onnx"])) == {}


@pytest.mark.parametrize("champion", [True, False])
def test_a_gate_with_a_champion_is_what_makes_it_so(tmp_path: Path, champion: bool) -> None:
    bound = "champion: {alias: production, metric: roc_auc, require: superior}\n" if champion else ""
    files = {
        "gate/good.yaml": f"metrics: {{roc_auc: {{min: 0.5}}}}\n{bound}",
        "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [good]\n"
        "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
        "optimize: {variants: {fp32: {}, graph: {graph: basic}}, choose: {smallest: size}}\n",
    }
    validated = pipeline.validate(Request(lay(tmp_path, files)))
    assert not [one for one in validated.diagnostics if one.severity == "error"]
    (churn,) = [
        one for one in lower.lower(validated.checked["dev"]).resources if str(one.address) == "model.churn"
    ]
    made = {operation.name: operation for operation in churn.operations}
    optimize = made["optimize"]
    assert optimize.driver == ("contested_variants" if champion else "variants")
    assert optimize.spec.get("compare") == (made["compare"].spec if champion else None)
    assert ("champion" in optimize.spec.get("more", {}).get("good", {})) == champion
