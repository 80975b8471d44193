"""Registers a model: its files, its proofs and its facts become a version that never changes.

An effect: the registry lies outside the store, so an earlier outcome does not stand in for looking there.
Repeating it is harmless, because the ONNX file's digest says whether the version exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers.registry import open_registry, register
from mlc.ir.evaluation import Estimate
from mlc.ir.operation import Product, Work
from mlc.ir.registry import Entry, LearnedFrom, Metric, Signature
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True

KEPT = ("onnx", "model", "evaluation", "parity", "latency", "verdict", "report", "card")
"""The inputs whose files go into the registry. Of the data only the digests do."""

_DATA = ("train", "test")


class _Estimates(Struct, frozen=True):
    """The part of an evaluation that is registered."""

    estimates: dict[str, Estimate] = {}


def run(work: Work) -> Product:
    """`version` is version.json: name, version, digest of the ONNX file, metrics with their intervals.

    Raises StepFailed (registry-unreadable, path-outside-project).
    """
    spec = work.spec
    registry = open_registry(work.root, spec["registry"])
    files = {role: work.inputs[role] for role in KEPT if role in work.inputs}
    metrics = _metrics(work)

    def describe(number: int, digests: dict[str, str]) -> Entry:
        return _entry(spec, number, digests, metrics, {part: work.digests[part] for part in _DATA})

    work.tell(f"registering {spec['name']}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    done = register(registry, spec["name"], files, describe, now)
    outcome = {
        "name": done.entry.name,
        "version": done.entry.number,
        "digest": done.entry.digest,
        "metrics": {
            name: {"value": metric.value, "low": metric.low, "high": metric.high}
            for name, metric in done.entry.metrics.items()
        },
    }
    path = work.folder / "version.json"
    write_atomically(path, _canonical(outcome))
    summary = {"version": done.entry.number, "already": done.already, "revised": done.revised}
    return Product({"version": path}, summary)


def _entry(
    spec: Mapping[str, Any],
    number: int,
    files: dict[str, str],
    metrics: dict[str, Metric],
    parts: dict[str, str],
) -> Entry:
    asked = {key: value for key, value in spec.items() if key != "registry"}
    return Entry(
        project=spec["project"],
        name=spec["name"],
        number=number,
        digest=files["onnx"],
        description=spec["description"],
        owner=spec["owner"],
        tags=list(spec["tags"]),
        licence=spec["card"]["licence"],
        task=spec["task"],
        estimator=spec["estimator"],
        params=dict(spec["params"]),
        features=spec["features"],
        data=LearnedFrom(
            dataset=spec["dataset"]["name"],
            description=spec["dataset"]["description"],
            licence=(spec["dataset"]["licence"] or {}).get("name", ""),
            parts=parts,
        ),
        signature=msgspec.convert(spec["signature"], Signature),
        metrics=metrics,
        gated="verdict" in files,
        card=dict(spec["card"]),
        config=hashlib.sha256(_canonical(asked)).hexdigest(),
        files=files,
    )


def _metrics(work: Work) -> dict[str, Metric]:
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=_Estimates)
    return {
        name: Metric(
            value=estimate.value,
            low=estimate.low,
            high=estimate.high,
            confidence=estimate.confidence,
            method=estimate.method,
            n=estimate.n,
        )
        for name, estimate in sorted(evaluation.estimates.items())
    }


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")
