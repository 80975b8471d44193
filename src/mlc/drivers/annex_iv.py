"""annex: writes the technical documentation of a model by Annex IV of the EU AI Act, from what was said and measured.

Inputs: `evaluation` and, where there are such, `verdict` and `selection`; `onnx`, `train`, `test` and `validation` for
their digests. Output: `annex`. What nobody said is shown as missing, and nothing is made up. It holds no time and no
speed, so the same version has the same bytes.

Source: Regulation (EU) 2024/1689, Annex IV.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers import _chosen
from mlc.drivers.model_bom import libraries
from mlc.drivers.model_card import _metric, _paragraphs, _tidy, _verdict
from mlc.ir.choice import Selection
from mlc.ir.evaluation import METRICS, Evaluation, Verdict
from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("jinja2",)
EFFECT = False

_RISKS = {
    "minimal": "Minimal risk, by the provider's own classification.",
    "limited": "Limited risk, by the provider's own classification.",
    "high": "High risk, by the provider's own classification.",
}
_PARTS = ("train", "validation", "test")


def run(work: Work) -> Product:
    """Write the file. Raises msgspec.ValidationError where an input is not what its driver writes."""
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=Evaluation)
    verdict, selection = None, None
    if "verdict" in work.inputs:
        verdict = msgspec.json.decode(work.inputs["verdict"].read_bytes(), type=Verdict)
    if "selection" in work.inputs:
        selection = msgspec.json.decode(work.inputs["selection"].read_bytes(), type=Selection)
    packages = libraries(work.made_from)
    data = content(_chosen.told(work), evaluation, verdict, selection, work.digests, packages)
    written = work.folder / "technical_documentation.md"
    written.write_bytes(_tidy(work.render("annex_iv", "annex.md.j2", data)))
    return Product({"annex": written}, {"missing": data["missing"]})


def content(
    spec: Mapping[str, Any],
    evaluation: Evaluation,
    verdict: Verdict | None,
    selection: Selection | None,
    digests: Mapping[str, str],
    packages: Mapping[str, str],
) -> dict[str, Any]:
    """The data of `annex.md.j2`: nine sections, each of parts with a point of the Annex, a title, texts and tables."""
    sections = [
        ("General description", list(_general(spec, digests, packages))),
        ("Elements and development", list(_development(spec, evaluation, verdict, selection, digests))),
        ("Monitoring, functioning and control", list(_control(spec, evaluation))),
        ("Appropriateness of the performance metrics", [_metrics_chosen(spec, verdict)]),
        (
            "Risk management system",
            [_said(spec, "risk_management", "How risks are managed (Article 9)", "5")],
        ),
        ("Changes in the lifetime", [_changes(spec)]),
        ("Standards applied", [_standards(spec)]),
        (
            "EU declaration of conformity",
            [_said(spec, "declaration", "Where the declaration is (Article 47)", "8")],
        ),
        (
            "Post-market monitoring",
            [_said(spec, "post_market_monitoring", "How it is watched in use (Article 72)", "9")],
        ),
    ]
    told: list[dict[str, Any]] = [{"title": title, "parts": parts} for title, parts in sections]
    return {
        "name": spec["name"],
        "risk": _RISKS.get(spec["card"]["risk_class"], "The risk class is missing (`card.risk_class`)."),
        "sections": told,
        "missing": sum(part["missing"] != "" for section in told for part in section["parts"]),
        "parts": sum(len(section["parts"]) for section in told),
    }


def _part(point: str, title: str, *texts: str, missing: str = "", **tables: Any) -> dict[str, Any]:
    """`missing` names the field that nobody filled. `facts` is a table of two columns, `rows` one below `head`."""
    found = {"facts": [], "head": [], "rows": [], **tables}
    told = [text for text in texts if text]
    if not (told or missing or found["facts"] or found["rows"]):
        told = ["Nothing is known of this."]
    return {"point": point, "title": title, "texts": told, "missing": missing, **found}


def _said(
    spec: Mapping[str, Any], field: str, title: str, point: str, *texts: str, **tables: Any
) -> dict[str, Any]:
    """What only a person can say, and beside it what is known anyway."""
    said = _paragraphs(spec["documentation"][field])
    missing = "" if said else f"documentation.{field}"
    return _part(point, title, *said, *texts, missing=missing, **tables)


def _facts(*facts: tuple[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "text": text} for name, text in facts]


def _hash(digest: str) -> str:
    return "sha256:" + digest.removeprefix("sha256:")


def _general(
    spec: Mapping[str, Any], digests: Mapping[str, str], packages: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    purpose = _paragraphs(spec["card"]["intended_use"])
    yield _part("1 (a)", "Intended purpose", *purpose, missing="" if purpose else "card.intended_use")
    identity = _facts(
        ("System", f"{spec['project']}, model {spec['name']}"),
        ("Version", _hash(digests["onnx"])),
        ("Description", spec["description"] or "none"),
        ("Owner", spec["owner"] or "none"),
    )
    yield _said(spec, "provider", "Provider and version", "1 (a)", facts=identity)
    yield _said(spec, "interaction", "Interaction with hardware and software", "1 (b)")
    software = [[name, version] for name, version in sorted(packages.items())]
    yield _part("1 (c)", "Versions of software", head=["Package", "Version"], rows=software)
    yield _said(
        spec, "forms", "Forms in which it is put into service", "1 (d)", "The model is served as ONNX."
    )
    yield _said(spec, "hardware", "Hardware", "1 (e)")
    yield _said(spec, "user_interface", "User interface for the deployer", "1 (g)")
    yield _said(spec, "instructions", "Instructions for use", "1 (h)")


def _development(
    spec: Mapping[str, Any],
    evaluation: Evaluation,
    verdict: Verdict | None,
    selection: Selection | None,
    digests: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    params = json.dumps(spec["params"], sort_keys=True, ensure_ascii=False)
    made = [("Estimator", spec["estimator"]), ("Parameters", params)]
    if spec["features"]:
        made.append(("Features", spec["features"]))
    if selection is not None:
        made.append(
            ("Selected by", f"{METRICS[selection.metric].title}, {selection.method}: {selection.why}")
        )
    if "members" in spec:
        made.append(("Made of the models", ", ".join(spec["members"].values())))
    if "reuse" in spec:
        made.append(("Takes up the registered model", spec["reuse"]["model"]))
    yield _part("2 (a)", "Methods and steps of the development", facts=_facts(*made))
    yield _said(spec, "design", "Design choices, rationale and assumptions", "2 (b)")
    tensors = [
        [side, one["name"], one["datatype"]]
        for side in ("input", "output")
        for one in spec["signature"][f"{side}s"]
    ]
    yield _part(
        "2 (c)", "Architecture: what goes in and what comes out", head=["", "Name", "Type"], rows=tensors
    )
    yield from _data(spec, digests)
    yield _said(spec, "human_oversight", "Human oversight (Article 14)", "2 (e)")
    yield _said(spec, "predetermined_changes", "Changes foreseen", "2 (f)")
    yield from _tested(evaluation, verdict)
    yield _said(spec, "cybersecurity", "Cybersecurity", "2 (h)")


def _data(spec: Mapping[str, Any], digests: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    dataset, data = spec["dataset"], spec["data"]
    licence = dataset["licence"]
    facts = [("Dataset", dataset["name"]), ("Description", dataset["description"] or "none")]
    facts += (
        [("Licence", licence["name"]), ("Origin", licence["origin"])]
        if licence
        else [("Licence", "none said")]
    )
    facts += [(f"Part {part}", _hash(digests[part])) for part in _PARTS if part in digests]
    facts += [
        ("Parts are made by", data["split"]),
        ("Rows that the contract asks for", f"{data['checks']['min_rows']:,} at least"),
        ("Rows that may be quarantined", f"{data['checks']['max_quarantined']:.2%} at most"),
        ("Has to hold for each row", "; ".join(data["checks"]["expressions"].values()) or "nothing further"),
        ("Preparation", "; ".join(data["prepare"]) or "none"),
        ("Privacy", ", ".join(data["private"]).replace("_", " ") or "nothing is done"),
    ]
    yield _said(
        spec, "data_collection", "Data and its governance (Article 10)", "2 (d)", facts=_facts(*facts)
    )
    rows = [
        [
            name,
            one["type"] + (f" ({one['unit']})" if one["unit"] else ""),
            one["role"],
            "may be missing" if one["nullable"] else "always there",
            "personal data" if one["pii"] else "",
            one["description"],
        ]
        for name, one in data["columns"].items()
    ]
    yield _part(
        "2 (d)",
        "Columns of the data",
        head=["Column", "Type", "Role", "Presence", "Person", "What it is"],
        rows=rows,
    )


def _tested(evaluation: Evaluation, verdict: Verdict | None) -> Iterator[dict[str, Any]]:
    metrics = [_metric(evaluation.estimates[name]) for name in METRICS if name in evaluation.estimates]
    level = f"{next(iter(evaluation.estimates.values())).confidence:.0%}" if evaluation.estimates else ""
    yield _part(
        "2 (g)",
        "Validation and testing",
        f"Measured on {evaluation.rows:,} test rows that the model has not learned from, with {level} intervals.",
        *evaluation.warnings,
        head=["Metric", "Better", "Value", "Interval", "Method", "Rows"],
        rows=[
            [one[key] for key in ("title", "better", "value", "interval", "method", "n")] for one in metrics
        ],
    )
    told = _verdict(verdict)
    yield _part(
        "2 (g)",
        "Bounds that had to be kept",
        told["text"],
        head=["Gate", "Metric", "Asked", "Measured", "Outcome"],
        rows=[
            [one[key] for key in ("gate", "metric", "asked", "measured", "outcome")] for one in told["checks"]
        ],
    )


def _control(spec: Mapping[str, Any], evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    limits = _paragraphs(spec["card"]["limits"])
    yield _part("3", "Capabilities and limitations", *limits, missing="" if limits else "card.limits")
    yield _part(
        "3",
        "Performance for groups of persons and other parts of the data",
        ""
        if evaluation.slices or evaluation.fairness
        else "No gate looks at groups, so nothing is known of them.",
        head=["Where", "Metric", "Estimate", "Interval", "Rows"],
        rows=list(_groups(evaluation)),
    )
    yield _said(spec, "unintended_outcomes", "Foreseeable unintended outcomes and sources of risk", "3")
    drops = [
        [f"{one.kind} {one.amount:g}", one.metric, *_bounded(one.drop)[:2], ", ".join(one.columns)]
        for one in evaluation.robustness
    ]
    yield _part(
        "3",
        "Robustness",
        "" if drops else "No gate disturbs the inputs, so nothing is known of it.",
        head=["Disturbance", "Metric", "Drop", "Interval", "Columns"],
        rows=drops,
    )


def _groups(evaluation: Evaluation) -> Iterator[list[str]]:
    for one in evaluation.slices:
        estimate = one.estimate
        told = ["too few rows", "none"] if estimate is None else _bounded(estimate)
        yield [f"{one.column} = {one.value}", one.metric, *told, f"{one.rows:,}"]
    for fair in evaluation.fairness:
        where = f"{fair.column}: {' and '.join(fair.between)}" if fair.between else fair.column
        yield [where, f"gap of {fair.criterion.replace('_', ' ')}", *_bounded(fair.gap), f"{fair.gap.n:,}"]


def _bounded(estimate: Any) -> list[str]:
    told = _metric_numbers(estimate.value, estimate.low, estimate.high)
    return [told[0], told[1]]


def _metric_numbers(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    known = low is not None and high is not None
    return "not defined" if value is None else f"{value:.4f}", f"{low:.4f} – {high:.4f}" if known else "none"


def _metrics_chosen(spec: Mapping[str, Any], verdict: Verdict | None) -> dict[str, Any]:
    asked = list(dict.fromkeys(one.metric for one in verdict.checks)) if verdict else []
    titles = [METRICS[name].title if name in METRICS else name.replace("_", " ") for name in asked]
    rest = [
        {"name": METRICS[name].title, "text": METRICS[name].description} for name in asked if name in METRICS
    ]
    text = f"Bounds are set on {', '.join(titles)}." if titles else "No bound is set on any metric."
    return _said(spec, "metrics", "Why these metrics", "4", text, facts=rest)


def _changes(spec: Mapping[str, Any]) -> dict[str, Any]:
    text = (
        f"Every version with its digests, and which one stood behind an alias when, is in the registry: "
        f"mlc registry show {spec['name']}, mlc registry log {spec['name']}."
    )
    return _said(spec, "changes", "Relevant changes", "6", text)


def _standards(spec: Mapping[str, Any]) -> dict[str, Any]:
    applied = spec["documentation"]["standards"]
    missing = "" if applied else "documentation.standards"
    return _part(
        "7",
        "Harmonised standards, or other solutions",
        missing=missing,
        head=["Standard"],
        rows=[[one] for one in applied],
    )
