"""sagemaker: writes a model card as SageMaker takes it, the content of a card in JSON, from what was said and measured.

Inputs: `evaluation` and, where the model has gates, `verdict`; `onnx`, `train` and `test` for their digests. Output:
`sagemaker`. SageMaker bounds the length of each text: what is longer is cut at its end, and the card says which.

Source of the shape: Amazon SageMaker Developer Guide, "Model card JSON schema".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers import _chosen
from mlc.drivers._canonical import rounded
from mlc.ir.evaluation import METRICS, Evaluation, Verdict
from mlc.ir.operation import Product, Work, digest_of

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = False

RATINGS = {"minimal": "Low", "limited": "Medium", "high": "High", None: "Unknown"}
_EXPLAINED = {
    "minimal": "Minimal risk after the EU AI Act, by the author's own classification.",
    "limited": "Limited risk after the EU AI Act, by the author's own classification.",
    "high": "High risk after the EU AI Act, by the author's own classification.",
    None: "The author has not said what risk class the model belongs to.",
}
_LONGEST = {
    "model_description": 1024,
    "model_owner": 1024,
    "algorithm_type": 1024,
    "purpose_of_model": 2048,
    "factors_affecting_model_efficiency": 2048,
    "caveats_and_recommendations": 2048,
    "evaluation_observation": 2096,
    "training_observations": 1024,
}
_MOST_PARAMETERS = 100


def run(work: Work) -> Product:
    """Write the card. Raises msgspec.ValidationError where an input is not what its driver writes."""
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=Evaluation)
    verdict = None
    if "verdict" in work.inputs:
        verdict = msgspec.json.decode(work.inputs["verdict"].read_bytes(), type=Verdict)
    card = content(_chosen.told(work), evaluation, verdict, work.digests)
    written = work.folder / "sagemaker_card.json"
    written.write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    return Product({"sagemaker": written}, {"rating": card["intended_uses"]["risk_rating"]})


def content(
    spec: Mapping[str, Any], evaluation: Evaluation, verdict: Verdict | None, digests: Mapping[str, str]
) -> dict[str, Any]:
    """The content of the card as plain data. `digests` are SHA-256 of the inputs."""
    card, cut = spec["card"], _Cut()
    digest = digests["onnx"].removeprefix("sha256:")
    overview = {
        "model_name": cut.within("model_name", spec["name"], 1024),
        **cut.given("model_description", spec["description"]),
        "problem_type": spec["task"],
        **cut.given("algorithm_type", spec["estimator"]),
        **cut.given("model_owner", spec["owner"]),
        "model_artifact": [f"sha256:{digest}"],
    }
    uses = {
        **cut.given("purpose_of_model", card["intended_use"]),
        **cut.given("factors_affecting_model_efficiency", card["limits"]),
        "risk_rating": RATINGS[card["risk_class"]],
        "explanations_for_risk_rating": _EXPLAINED[card["risk_class"]],
    }
    observed = " ".join(evaluation.warnings)
    groups = [{"name": "test", "metric_data": list(_metrics(evaluation))}]
    # SageMaker takes no name of more than 63 characters, and mlc none of so many
    evaluated = {
        "name": "test",
        **cut.given("evaluation_observation", observed),
        "datasets": [_part(spec, "test", digests, cut)],
        "metadata": {"gates": verdict.outcome if verdict else "none", "test_rows": str(evaluation.rows)},
        "metric_groups": groups,
    }
    training = _training(spec, digests, cut)
    details = {"project": cut.within("project", spec["project"], 1024), "config_sha256": digest_of(spec)}
    if card["licence"]:
        details["licence"] = cut.within("licence", card["licence"], 1024)
    additional: dict[str, Any] = {
        **cut.given("caveats_and_recommendations", card["limits"]),
        "custom_details": details,
    }
    if cut.shortened:
        details["shortened"] = ", ".join(cut.shortened)
    return {
        "model_overview": overview,
        "intended_uses": uses,
        "training_details": training,
        "evaluation_details": [evaluated],
        "additional_information": additional,
    }


class _Cut:
    """Texts within their bounds, and the names of those that had to be cut."""

    def __init__(self) -> None:
        self.shortened: list[str] = []

    def given(self, field: str, text: str) -> dict[str, str]:
        """The field with its text, where there is one."""
        return {field: self.within(field, text, _LONGEST[field])} if text else {}

    def within(self, field: str, text: str, most: int) -> str:
        if len(text) <= most:
            return text
        self.shortened.append(field)
        return text[: most - 1] + "…"


def _part(spec: Mapping[str, Any], part: str, digests: Mapping[str, str], cut: _Cut) -> str:
    """A part of the dataset, by its digest."""
    digest = digests[part].removeprefix("sha256:")
    return cut.within("datasets", spec["dataset"]["name"], 900) + f"#{part}@sha256:{digest}"


def _training(spec: Mapping[str, Any], digests: Mapping[str, str], cut: _Cut) -> dict[str, Any]:
    parameters = [
        {
            "name": cut.within("hyper_parameters", key, 255) or "(empty)",
            "value": cut.within("hyper_parameters", _text(value), 255) or "(empty)",
        }
        for key, value in sorted(spec["params"].items())
    ]
    if len(parameters) > _MOST_PARAMETERS:
        cut.shortened.append("hyper_parameters")
    return {
        **cut.given("training_observations", spec["dataset"]["description"]),
        "training_job_details": {
            "training_datasets": [
                _part(spec, part, digests, cut) for part in ("train", "validation") if part in digests
            ],
            "user_provided_hyper_parameters": parameters[:_MOST_PARAMETERS],
        },
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _metrics(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Each metric that is defined, with its interval in the notes: SageMaker has no place of its own for one."""
    for name in METRICS:
        estimate = evaluation.estimates.get(name)
        if estimate is None or estimate.value is None:
            continue
        interval = ""
        if estimate.low is not None and estimate.high is not None:
            interval = (
                f"{estimate.confidence:.0%} interval {rounded(estimate.low)} to {rounded(estimate.high)}, "
            )
        yield {
            "name": name,
            "type": "number",
            "value": rounded(estimate.value),
            "notes": f"{interval}{estimate.method}, {estimate.n} rows",
        }
