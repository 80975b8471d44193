"""Cards of models that have no official checker to be had: held to shapes that mlc writes down itself.

The shape of SageMaker's card follows "Model card JSON schema" of the Amazon SageMaker Developer Guide; that of the
technical documentation is the list of sections and points of Annex IV of Regulation (EU) 2024/1689.
"""

from __future__ import annotations

import json
import re
from typing import Any

from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

NAMES = ("annex-iv", "sagemaker-card")

POINTS = {
    1: ("1 (a)", "1 (b)", "1 (c)", "1 (d)", "1 (e)", "1 (g)", "1 (h)"),
    2: ("2 (a)", "2 (b)", "2 (c)", "2 (d)", "2 (e)", "2 (f)", "2 (g)", "2 (h)"),
    **{number: (str(number),) for number in range(3, 10)},
}
"""The points of the Annex by its sections; 1 (f), of photographs, is of products that have a system built in."""

_SECTION = re.compile(r"^## ([0-9]+)\. (.+)$")
_POINT = re.compile(r"^\*Annex IV, (.+)\*$")


def verify(name: str, artifact: Artifact) -> Verification:
    """What one of the checks `NAMES` says of an artifact."""
    if name == "annex-iv":
        findings = annex_findings(artifact.content.decode())
    else:
        findings = sagemaker_findings(json.loads(artifact.content))
    return Verification("rejected" if findings else "ok", "", findings)


def annex_findings(text: str) -> tuple[str, ...]:
    """Sections and points of Annex IV that a file lacks or has elsewhere, parts that say nothing at all."""
    sections: dict[int, list[str]] = {}
    findings: list[str] = []
    current, heading, silent = 0, "", False
    for line in [*text.split("\n"), "### the end"]:
        if found := _SECTION.match(line):
            current = int(found[1])
            sections.setdefault(current, [])
        elif found := _POINT.match(line):
            sections.setdefault(current, []).append(found[1].replace("\\", ""))
            continue
        if line.startswith("#"):
            if silent and heading.startswith("### "):
                findings.append(
                    f"{heading.removeprefix('### ')}: it says nothing, and not that anything is missing"
                )
            heading, silent = line, True
        elif line.strip():
            silent = False
    if list(sections) != list(POINTS):
        findings.append(f"the sections are {', '.join(map(str, sections)) or 'none'}, and have to be 1 to 9")
    for number, points in POINTS.items():
        missing = [point for point in points if point not in sections.get(number, ())]
        findings += [f"section {number}: there is nothing of point {point}" for point in missing]
        strange = [point for point in sections.get(number, ()) if point not in points]
        findings += [f"section {number}: point {point} is of no part of it" for point in strange]
    return tuple(findings)


def sagemaker_findings(document: Any) -> tuple[str, ...]:
    """What is wrong with the content of a card, each with the path of the field."""
    from jsonschema import Draft202012Validator

    errors = Draft202012Validator(SAGEMAKER).iter_errors(document)
    return tuple(
        sorted(f"{'.'.join(map(str, one.absolute_path)) or '(the card)'}: {one.message}" for one in errors)
    )


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most}


def _named(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _map(required: tuple[str, ...] = (), /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _list(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


_IMAGES = _map(container_image=_list(_text(1024), 15))
_PARAMETER = _map(("name", "value"), name=_named(255), value=_named(255))
_TRAINED = _map(("name", "value"), name=_named(255), notes=_text(1024), value={"type": "number"})
_SIMPLE = _map(
    ("name", "type", "value"),
    name=_named(255),
    notes=_text(1024),
    type={"enum": ["number", "string", "boolean"]},
    value={"type": ["number", "string", "boolean"], "maxLength": 63},
)
_SIMPLE["allOf"] = [
    {
        "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
        "then": {"properties": {"value": {"type": kind}}},
    }
    for kind in ("number", "string", "boolean")
]
SAGEMAKER: dict[str, Any] = _map(
    model_overview=_map(
        model_name=_text(1024),
        model_id=_text(1024),
        model_description=_text(1024),
        model_version={"type": "number", "minimum": 1},
        problem_type=_text(1024),
        algorithm_type=_text(1024),
        model_creator=_text(1024),
        model_owner=_text(1024),
        model_artifact=_list(_text(1024), 15),
        inference_environment=_IMAGES,
    ),
    intended_uses=_map(
        purpose_of_model=_text(2048),
        intended_uses=_text(2048),
        factors_affecting_model_efficiency=_text(2048),
        risk_rating={"enum": ["High", "Medium", "Low", "Unknown"]},
        explanations_for_risk_rating=_text(2048),
    ),
    business_details=_map(
        business_problem=_text(2048), business_stakeholders=_text(2048), line_of_business=_text(2048)
    ),
    training_details=_map(
        objective_function=_map(
            function=_map(function={"enum": ["Maximize", "Minimize"]}, facet=_text(63), condition=_text(63)),
            notes=_text(1024),
        ),
        training_observations=_text(1024),
        training_job_details=_map(
            training_arn=_text(1024),
            training_datasets=_list(_text(1024), 15),
            training_environment=_IMAGES,
            training_metrics=_list(_TRAINED, 50),
            user_provided_training_metrics=_list(_TRAINED, 50),
            hyper_parameters=_list(_PARAMETER, 100),
            user_provided_hyper_parameters=_list(_PARAMETER, 100),
        ),
    ),
    evaluation_details={
        "type": "array",
        "items": _map(
            ("name",),
            name=_named(63),
            evaluation_observation=_text(2096),
            evaluation_job_arn=_text(256),
            datasets=_list(_text(1024), 10),
            metadata={"type": "object", "additionalProperties": _text(1024)},
            metric_groups={
                "type": "array",
                "items": _map(
                    ("name", "metric_data"), name=_named(63), metric_data={"type": "array", "items": _SIMPLE}
                ),
            },
        ),
    },
    additional_information=_map(
        ethical_considerations=_text(2048),
        caveats_and_recommendations=_text(2048),
        custom_details={"type": "object", "additionalProperties": _text(1024)},
    ),
)
"""SageMaker takes charts among the metrics, too; mlc writes none."""
