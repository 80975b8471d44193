"""Registers a version of a dataset: its profile and its facts, known by the digest of its content.

An effect, and harmless to repeat, like the registration of a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mlc.drivers.registry import datasets, is_out_of_reach, open_registry
from mlc.ir.drift import ABSENT, Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.ir.profile import DataProfile, DatasetEntry
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True


def run(work: Work) -> Product:
    """`version` is version.json: name, version, digest of the content.

    Raises StepFailed (registry-unreadable, path-outside-project).
    """
    spec = work.spec
    profile = msgspec.json.decode(work.inputs["profile"].read_bytes(), type=DataProfile)

    def describe(number: int, digests: dict[str, str]) -> DatasetEntry:
        return DatasetEntry(
            project=spec["project"],
            name=spec["name"],
            number=number,
            digest=profile.digest,
            description=spec["description"],
            owner=spec["owner"],
            licence=(spec["licence"] or {}).get("name", ""),
            parts=profile.parts,
            rows=profile.rows,
            files=digests,
        )

    work.tell(f"registering {spec['name']}")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    registry = open_registry(work.root, spec["registry"])
    entry, already = datasets.register(registry, spec["name"], profile.digest, work.inputs, describe, now)
    path = work.folder / "version.json"
    outcome = {"name": entry.name, "version": entry.number, "digest": entry.digest}
    write_atomically(path, msgspec.json.encode(outcome, order="deterministic"))
    return Product({"version": path}, {"version": entry.number, "already": already})


def observe(
    root: Path,
    environment: str,  # noqa: ARG001 - a registry is one for all of them
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Versions that the registry no longer has."""
    found: dict[str, Seen] = {}
    for operation, outcome in done:
        name, number = operation.spec["name"], outcome.summary["version"]
        try:
            held = datasets.versions(open_registry(root, operation.spec["registry"]), name)
        except StepFailed as failure:
            if is_out_of_reach(failure):
                continue
            held = ()
        if number not in [one.entry.number for one in held]:
            words = f"version {number} of the dataset {name} is not in the registry"
            found[operation.id] = Seen(words, f"version {number}", "no such version", ABSENT)
    return found
