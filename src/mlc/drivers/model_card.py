"""card: writes the model card, a README with Hugging Face metadata, from what was measured and said.

Inputs: `evaluation`, `parity`, `latency` and, where the model has gates, `verdict`. Output: `card`.
Nothing is filled in that was not said: where the author is silent, the card says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers import _chosen
from mlc.drivers._canonical import rounded
from mlc.drivers._gate_words import sentence, subject
from mlc.ir.choice import Selection
from mlc.ir.evaluation import METRICS, Check, Estimate, Evaluation, Verdict
from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("jinja2",)
EFFECT = False

_PIPELINES = {"regression": "tabular-regression"}
"""The Hub's name of a task, where it is not classification of a table."""

_HUB_METRICS = {"brier": "brier_score"}
_HUB_LICENCES = (
    "apache-2.0 mit bsd-2-clause bsd-3-clause bsl-1.0 cc0-1.0 cc-by-4.0 cc-by-sa-4.0 cc-by-nc-4.0 "
    "cc-by-nc-sa-4.0 gpl-2.0 gpl-3.0 lgpl-2.1 lgpl-3.0 agpl-3.0 mpl-2.0 epl-2.0 eupl-1.1 isc ncsa "
    "postgresql unlicense wtfpl zlib odbl pddl"
)
_RISKS = {
    "minimal": "Minimal risk after the EU AI Act, by the author's own classification.",
    "limited": "Limited risk after the EU AI Act, by the author's own classification: people who deal with "
    "the model have to be told so.",
    "high": "High risk after the EU AI Act, by the author's own classification: the Act's Articles 8 to 15 "
    "apply, among them human oversight, record keeping and technical documentation.",
}
_EXAMPLES: dict[str, Any] = {"FP32": 0.0, "BYTES": "text", "BOOL": True, "INT64": 1_293_840_000}
_TYPES = {
    "FP32": "number (FP32)",
    "BYTES": "text (BYTES)",
    "BOOL": "true or false (BOOL)",
    "INT64": "time, in whole seconds since 1970, UTC (INT64)",
}


def run(work: Work) -> Product:
    """Write the card. Raises msgspec.ValidationError where an input is not what its driver writes."""
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=Evaluation)
    verdict = None
    if "verdict" in work.inputs:
        verdict = msgspec.json.decode(work.inputs["verdict"].read_bytes(), type=Verdict)
    parity = msgspec.json.decode(work.inputs["parity"].read_bytes(), type=dict[str, Any])
    latency = msgspec.json.decode(work.inputs["latency"].read_bytes(), type=dict[str, Any])
    data = content(_chosen.told(work), evaluation, verdict, parity, latency)
    if "selection" in work.inputs:
        selection = msgspec.json.decode(work.inputs["selection"].read_bytes(), type=Selection)
        data["made"] += _facts(*_selected(selection))
    written = work.folder / "README.md"
    written.write_bytes(_tidy(work.render("model_card", "card.md.j2", data)))
    return Product(
        {"card": written}, {"metrics": len(data["metrics"]), "outcome": data["verdict"]["outcome"]}
    )


def content(
    spec: Mapping[str, Any],
    evaluation: Evaluation,
    verdict: Verdict | None,
    parity: Mapping[str, Any],
    latency: Mapping[str, Any],
) -> dict[str, Any]:
    """The data of `card.md.j2`: plain text and numbers, which the template's filters quote."""
    dataset, card, inputs = spec["dataset"], spec["card"], spec["signature"]["inputs"]
    return {
        "front_matter": front_matter(spec, evaluation),
        "name": spec["name"],
        "description": _paragraphs(spec["description"]) or ["The author gives no description."],
        "facts": _facts(
            ("Project", spec["project"]),
            ("Owner", spec["owner"] or "not stated"),
            ("Task", spec["task"].replace("_", " ")),
            ("Licence", card["licence"] or "not stated"),
            ("Risk class", card["risk_class"] or "not stated"),
        ),
        "sections": _sections(card, dataset),
        "evaluated": _evaluated(evaluation, dataset["name"]),
        "confidence": f"{next(iter(evaluation.estimates.values())).confidence:.0%}",
        "metrics": [_metric(evaluation.estimates[name]) for name in METRICS if name in evaluation.estimates],
        "warnings": list(evaluation.warnings),
        "verdict": _verdict(verdict),
        "served": _served(parity, latency),
        "url": f"http://localhost:8080/v2/models/{spec['name']}/infer",
        "positive": f"{evaluation.label} is {evaluation.positive}",
        "task": spec["task"],
        "classes": ", ".join(map(str, spec.get("classes", ()))),
        "inputs": [
            {
                "name": one["name"],
                "type": _TYPES[one["datatype"]],
                "tensor": {
                    "name": one["name"],
                    "datatype": one["datatype"],
                    "shape": [1, 1],
                    "data": [_EXAMPLES[one["datatype"]]],
                },
            }
            for one in inputs
        ],
        "made": _facts(
            ("Estimator", spec["estimator"]),
            ("Parameters", json.dumps(spec["params"], sort_keys=True, ensure_ascii=False)),
            ("Features", spec["features"]),
            ("Dataset", dataset["name"]),
            ("Served as", "ONNX"),
        ),
    }


def _evaluated(evaluation: Evaluation, dataset: str) -> str:
    measured = (
        f"Measured on {evaluation.rows:,} test rows of the dataset {dataset} that the model has not seen"
    )
    if evaluation.positives is not None and evaluation.positive is not None:
        return (
            f"{measured}, {evaluation.positives:,} of them positive. The label is {evaluation.label}, positive "
            f"where it is {evaluation.positive}."
        )
    return f"{measured}. The label is {evaluation.label}." if evaluation.label else f"{measured}."


def front_matter(spec: Mapping[str, Any], evaluation: Evaluation) -> dict[str, Any]:
    """The metadata that the Hugging Face Hub reads, with the model index and its intervals."""
    metrics = [
        _indexed(estimate)
        for estimate in (evaluation.estimates[name] for name in METRICS if name in evaluation.estimates)
        if estimate.value is not None
    ]
    dataset, pipeline = spec["dataset"]["name"], _PIPELINES.get(spec["task"], "tabular-classification")
    return {
        **_licence(spec["card"]["licence"]),
        "library_name": "onnx",
        "pipeline_tag": pipeline,
        "tags": sorted({pipeline, "onnx", "scikit-learn", *spec["tags"]}),
        "metrics": [metric["type"] for metric in metrics],
        "model-index": [
            {
                "name": spec["name"],
                "results": [
                    {
                        "task": {"type": pipeline, "name": spec["task"].replace("_", " ")},
                        "dataset": {"name": dataset, "type": dataset, "split": "test"},
                        "metrics": metrics,
                    }
                ],
            }
        ],
    }


def _indexed(estimate: Estimate) -> dict[str, Any]:
    interval: dict[str, Any] = {}
    if estimate.low is not None and estimate.high is not None:
        interval = {
            "confidence": estimate.confidence,
            "low": rounded(estimate.low),
            "high": rounded(estimate.high),
            "method": estimate.method,
        }
    drawn = {"resamples": estimate.resamples, "seed": estimate.seed} if estimate.resamples else {}
    return {
        "type": _HUB_METRICS.get(estimate.metric, estimate.metric),
        "name": METRICS[estimate.metric].title,
        "value": rounded(estimate.value or 0.0),
        "args": {**interval, "rows": estimate.n, **drawn},
    }


def _licence(name: str) -> dict[str, str]:
    if not name:
        return {}
    known = re.sub(r"-(only|or-later)$", "", name.lower())
    return (
        {"license": known} if known in _HUB_LICENCES.split() else {"license": "other", "license_name": name}
    )


def _sections(card: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[dict[str, Any]]:
    risk = _RISKS.get(card["risk_class"], "The author has not said what risk class the model belongs to.")
    licence = dataset["licence"]
    terms = (
        f"Licence: {licence['name']}. Origin: {licence['origin']}"
        if licence
        else "The author has not said under what licence the data may be used."
    )
    texts = {
        "Intended use": _paragraphs(card["intended_use"])
        or ["The author has not said what the model is for. Ask before you use it."],
        "Limits": _paragraphs(card["limits"])
        or ["The author has not said where the model is weak. That does not mean that it has no limits."],
        "Risk class": [risk],
        "Data and licence": [
            f"The model learned from the dataset {dataset['name']}.",
            *_paragraphs(dataset["description"]),
            terms,
        ],
    }
    return [{"title": title, "paragraphs": paragraphs} for title, paragraphs in texts.items()]


def _metric(estimate: Estimate) -> dict[str, str]:
    metric = METRICS[estimate.metric]
    interval = "none"
    if estimate.low is not None and estimate.high is not None:
        interval = f"{estimate.low:.4f} – {estimate.high:.4f}"
    return {
        "title": metric.title,
        "better": metric.better,
        "value": "not defined" if estimate.value is None else f"{estimate.value:.4f}",
        "interval": interval,
        "method": estimate.method,
        "n": f"{estimate.n:,}",
    }


def _verdict(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"outcome": "no gates", "text": "The author has set no gates for this model.", "checks": []}
    texts = {
        "pass": "Every bound below was cleared before the model was registered.",
        "fail": "The model was refused: at least one bound below was not cleared.",
        "inconclusive": "The model was refused: the test data are too few to prove every bound below.",
    }
    checks = []
    for check in verdict.checks:
        measured, _, asked = sentence(check).rpartition(", ")
        if check.value is None:
            measured, asked = "nothing to test", check.note or check.reason
        checks.append(
            {
                "gate": check.gate,
                "metric": _what(check),
                "asked": asked,
                "measured": measured,
                "outcome": check.outcome,
            }
        )
    return {"outcome": verdict.outcome, "text": texts[verdict.outcome], "checks": checks}


def _what(check: Check) -> str:
    if check.kind == "metric" and check.metric in METRICS:
        return METRICS[check.metric].title
    said = subject(check)
    return said[0].upper() + said[1:]


def _served(parity: Mapping[str, Any], latency: Mapping[str, Any]) -> list[dict[str, str]]:
    facts = [(METRICS[f"latency_{name}"].title, _duration(latency[name])) for name in ("p50", "p95", "p99")]
    return _facts(
        *facts,
        ("Size", f"{int(latency['size_bytes']):,} bytes"),
        *_faithful(parity),
    )


def _selected(selection: Selection) -> list[tuple[str, str]]:
    """What is said of how the estimator was chosen."""
    title = METRICS[selection.metric].title
    means = ", ".join(f"{one.name} {one.mean:.4f} (± {one.error:.4f})" for one in selection.standings)
    facts = [("Selected by", f"{title}, {selection.method}, of the training part: {means}")]
    facts += [("Why this one", selection.why)]
    tuned = [one.name for one in selection.standings if one.tuned]
    if tuned:
        facts.append(("Tuned", f"{', '.join(tuned)}; the scores are of nested cross-validation"))
    if selection.calibrated:
        facts.append(("Calibrated", selection.calibrated))
    return facts


def _faithful(parity: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """How far the served form may differ from the trained model, as far as the task has it."""
    for name, title in (
        ("label_agreement", "Labels as the trained model's"),
        ("value_agreement", "Values as the trained model's"),
    ):
        if name in parity:
            yield title, f"{parity[name]:.4%} of {parity['rows']:,} test rows"
    for name, title in (
        ("max_probability_difference", "Largest probability difference"),
        ("max_relative_difference", "Largest relative difference"),
    ):
        if name in parity:
            yield title, f"{parity[name]:.3g}"


def _duration(part: Mapping[str, float | None]) -> str:
    value, low, high = (
        "not bounded" if end is None else f"{1000 * end:.3g} ms"
        for end in (part["value"], part["low"], part["high"])
    )
    return f"{value} ({low} – {high})"


def _facts(*facts: tuple[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "text": str(text)} for name, text in facts]


def _paragraphs(text: str) -> list[str]:
    """The parts of a text between blank lines; Markdown would else take a line for structure."""
    return [part for part in (part.strip() for part in re.split(r"\n\s*\n", text)) if part]


def _tidy(card: bytes) -> bytes:
    """At most one blank line in a row, and one line end at the end."""
    return re.sub(rb"\n{3,}", b"\n\n", card).rstrip() + b"\n"
