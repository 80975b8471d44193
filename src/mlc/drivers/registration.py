"""Registers a model: its files, its proofs and its facts become a version that never changes.

An effect: the registry lies outside the store, so an earlier outcome does not stand in for looking there.
Repeating it is harmless, because the ONNX file's digest says whether the version exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from mlc.drivers import _chosen
from mlc.drivers._inside import members
from mlc.drivers.registry import is_out_of_reach, open_registry, register
from mlc.drivers.registry.standing import Standing, standing
from mlc.ir.drift import ABSENT, Seen
from mlc.ir.evaluation import Estimate
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work, digest_of
from mlc.ir.registry import Entry, LearnedFrom, Member, Metric, Signature
from mlc.rules._words import listed
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True

KEPT = (
    "onnx", "model", "evaluation", "parity", "latency", "verdict", "report", "card", "selection",
    "bom", "provenance", "lineage", "annex", "sagemaker",
)  # fmt: skip
"""The inputs whose files go into the registry. Of the data only the digests do."""

_DATA = ("train", "validation", "test")
_STEPS = ("train", "join", "export")
"""The steps that cost most, whose results can be taken over from a version (`mlc import`)."""


class _Estimates(Struct, frozen=True):
    """The part of an evaluation that is registered."""

    estimates: dict[str, Estimate] = {}


def run(work: Work) -> Product:
    """`version` is version.json: name, version, digest of the ONNX file, metrics with their intervals.

    Raises StepFailed (registry-unreadable, path-outside-project).
    """
    spec = _chosen.told(work)
    registry = open_registry(work.root, spec["registry"])
    files = {role: work.inputs[role] for role in KEPT if role in work.inputs}
    metrics = _metrics(work)

    def describe(number: int, digests: dict[str, str]) -> Entry:
        parts = {part: work.digests[part] for part in _DATA if part in work.digests}
        made_from = {name: dict(work.made_from[name]) for name in _STEPS if name in work.made_from}
        return _entry(spec, number, digests, metrics, parts, made_from, members(work))

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


def observe(
    root: Path,
    environment: str,  # noqa: ARG001 - a registry is one for all of them
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Versions that the registry no longer has, or whose files are gone or were edited."""
    found: dict[str, Seen] = {}
    for place in {digest_of(operation.spec["registry"]): operation for operation, _ in done}.values():
        here = [each for each in done if each[0].spec["registry"] == place.spec["registry"]]
        wanted = {
            operation.id: (operation.spec["name"], outcome.summary["version"]) for operation, outcome in here
        }
        try:
            held = standing(open_registry(root, place.spec["registry"]), wanted.values())
        except StepFailed as failure:
            if is_out_of_reach(failure):
                continue
            unreadable = Seen(f"the registry cannot be read: {failure}", "a registry", "none", "unreadable")
            found |= dict.fromkeys(wanted, unreadable)
            continue
        for operation, outcome in here:
            seen = _seen(
                *wanted[operation.id], held[wanted[operation.id]], outcome.made_from.get("input onnx", "")
            )
            if seen is not None:
                found[operation.id] = seen
    return found


def _seen(name: str, number: int, held: Standing, digest: str) -> Seen | None:
    """What is wrong with a version; None where it stands as it was registered."""
    if not held.digest:
        return Seen(
            f"version {number} of {name} is not in the registry",
            f"version {number}",
            "no such version",
            ABSENT,
        )
    if held.digest != digest:
        return Seen(f"version {number} of {name} is another model", digest, held.digest, held.digest)
    if not held.gone and not held.changed and not held.edited:
        return None
    words = [
        f"{listed(roles)} of {name}:{number} {'were' if len(roles) > 1 else 'was'} {how}"
        for roles, how in ((held.gone, "removed from the registry"), (held.changed, "edited in the registry"))
        if roles
    ]
    if held.edited:
        many = len(held.edited) > 1
        words.append(
            f"{listed(held.edited)} of {name}:{number} {'were' if many else 'was'} changed in the registry"
        )
    found = "; ".join(words)
    return Seen(
        found,
        "every file as registered",
        found,
        digest_of([held.gone, held.changed, *([held.edited] if held.edited else [])]),
    )


def _entry(
    spec: Mapping[str, Any],
    number: int,
    files: dict[str, str],
    metrics: dict[str, Metric],
    parts: dict[str, str],
    made_from: dict[str, dict[str, str]],
    inside: dict[str, Member],
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
        made_from=made_from,
        members=inside or UNSET,
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
