"""A card as SageMaker takes it, held to the shape that its guide describes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from mlc import data
from mlc.drivers import sagemaker_card
from mlc.drivers._canonical import canonical
from mlc.emit import load_backends
from mlc.emit.cards import sagemaker_findings
from mlc.emit.verify import verify
from mlc.ir.address import Address
from mlc.ir.artifact import artifact
from mlc.ir.evaluation import Evaluation
from mlc.ir.operation import Work
from stages.evaluation.test_model_bom import DIGESTS, steps_of
from stages.evaluation.test_model_card import SPEC

BACKEND = next(one for one in load_backends((data.path("templates"),)) if one.name == "sagemaker_card")


def card(evaluation: Evaluation, **changed: Any) -> dict[str, Any]:
    return sagemaker_card.content({**SPEC, **changed}, evaluation, None, DIGESTS)


def test_the_step_writes_a_card(
    work: Callable[..., Work],
    evaluation: Evaluation,
    tmp_path: Path,
    snapshot_file: Callable[[str], SnapshotAssertion],
) -> None:
    path = tmp_path / "evaluation.json"
    path.write_bytes(canonical(evaluation))
    asked = msgspec.structs.replace(work("sagemaker_card", SPEC, {"evaluation": path}), digests=DIGESTS)
    product = sagemaker_card.run(asked)
    written = product.outputs["sagemaker"].read_bytes()
    assert written == snapshot_file("json")
    assert product.summary == {"rating": "High"}
    path_there = "generated/dev/models/default_risk/sagemaker_card.json"
    found = verify(artifact(path_there, written, "sagemaker_card", Address("model", "default_risk")), BACKEND)
    assert (found.outcome, found.checker) == ("ok", "sagemaker-card")


@pytest.mark.parametrize(
    ("risk", "rating"), [("minimal", "Low"), ("limited", "Medium"), ("high", "High"), (None, "Unknown")]
)
def test_the_rating_follows_from_the_risk_class(
    risk: str | None, rating: str, evaluation: Evaluation
) -> None:
    found = card(evaluation, card={**SPEC["card"], "risk_class": risk})
    assert found["intended_uses"]["risk_rating"] == rating
    assert sagemaker_findings(found) == ()


def test_every_metric_stands_with_its_interval(evaluation: Evaluation) -> None:
    ((group,),) = (one["metric_groups"] for one in card(evaluation)["evaluation_details"])
    told = {one["name"]: one for one in group["metric_data"]}
    assert set(told) == {name for name, one in evaluation.estimates.items() if one.value is not None}
    assert told["roc_auc"]["value"] == pytest.approx(evaluation.estimates["roc_auc"].value)
    assert "95% interval 0." in told["roc_auc"]["notes"]


def test_what_is_too_long_is_cut_and_said_to_be(evaluation: Evaluation) -> None:
    long = {**SPEC["card"], "intended_use": "é" * 3000, "limits": "y" * 2048}
    found = card(evaluation, card=long, description="x" * 1025, params={f"p{n}": n for n in range(120)})
    assert sagemaker_findings(found) == ()
    uses = found["intended_uses"]
    assert len(uses["purpose_of_model"]) == 2048
    assert uses["purpose_of_model"].endswith("é…")
    assert uses["factors_affecting_model_efficiency"] == "y" * 2048
    shortened = found["additional_information"]["custom_details"]["shortened"]
    assert set(shortened.split(", ")) == {"model_description", "purpose_of_model", "hyper_parameters"}
    assert "shortened" not in card(evaluation)["additional_information"]["custom_details"]


def test_what_was_not_said_is_left_out(evaluation: Evaluation) -> None:
    silent = {"intended_use": "", "limits": "", "risk_class": None, "licence": ""}
    found = card(evaluation, description="", owner="", card=silent)
    assert not {"model_description", "model_owner"} & set(found["model_overview"])
    assert set(found["intended_uses"]) == {"risk_rating", "explanations_for_risk_rating"}
    assert sagemaker_findings(found) == ()


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("no such rating", "'Severe' is not one of"),
        ("an unknown field", "'model_name' was unexpected"),
        ("no name", "'name' is a required property"),
        ("too long", "is too long"),
        ("a number as text", "is not of type 'number'"),
        ("a list of parameters", "is not of type 'string'"),
    ],
)
def test_what_is_broken_is_rejected(how: str, finding: str, evaluation: Evaluation) -> None:
    broken = copy.deepcopy(card(evaluation))
    match how:
        case "no such rating":
            broken["intended_uses"]["risk_rating"] = "Severe"
        case "an unknown field":
            broken["model_name"] = "x"
        case "no name":
            del broken["evaluation_details"][0]["name"]
        case "too long":
            broken["model_overview"]["model_description"] = "x" * 1025
        case "a number as text":
            broken["evaluation_details"][0]["metric_groups"][0]["metric_data"][0]["value"] = "0.9"
        case "a list of parameters":
            broken["training_details"]["training_job_details"]["user_provided_hyper_parameters"][0][
                "value"
            ] = 1
    assert finding in "\n".join(sagemaker_findings(broken))


def test_a_model_that_asks_has_the_step() -> None:
    steps = steps_of("tumours")
    step = steps["model.malignancy/sagemaker"]
    assert step.publishes == {"sagemaker": "generated/dev/models/malignancy/sagemaker_card.json"}
    assert steps["model.malignancy/register"].inputs["sagemaker"] == f"{step.id}#sagemaker"
    assert json.dumps(step.spec)
