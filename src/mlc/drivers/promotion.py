"""Promotes a version: its alias moves to it, once, and the promotion log says so.

There is no undoing: other deployments may go by the same alias, and history is not taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from mlc.drivers.registry import Cause, aliases, is_out_of_reach, open_registry, set_alias
from mlc.drivers.registry.standing import pointing
from mlc.ir.address import Address
from mlc.ir.drift import ABSENT, Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work, digest_of
from mlc.ir.registry import Promotion
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True


def run(work: Work) -> Product:
    """`promotion` is promotion.json: name, version, alias.

    Raises StepFailed (unknown-version, registry-unreadable; alias-moved where another process promoted
    between our looking and our moving).
    """
    version: dict[str, Any] = msgspec.json.decode(work.inputs["version"].read_bytes())
    name, number, alias = version["name"], version["version"], work.spec["alias"]
    registry = open_registry(work.root, work.spec["registry"])
    former = aliases(registry, name).get(alias)
    work.tell(f"{name}@{alias} → version {number}")
    cause = Cause(
        environment=work.environment,
        deployment=work.spec["deployment"],
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    moved = set_alias(registry, name, alias, number, expected=former, cause=cause)
    path = work.folder / "promotion.json"
    content = {"name": name, "version": number, "alias": alias}
    write_atomically(path, msgspec.json.encode(content, order="deterministic"))
    summary = {"name": name, "version": number, "alias": alias, "former": former, "moved": moved}
    return Product({"promotion": path}, summary)


def observe(
    root: Path,
    environment: str,  # noqa: ARG001 - a registry is one for all of them
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Aliases that somebody else moved or removed since."""
    found: dict[str, Seen] = {}
    for spec in {
        digest_of(operation.spec["registry"]): operation.spec["registry"] for operation, _ in done
    }.values():
        here = [each for each in done if each[0].spec["registry"] == spec]
        wanted = {
            operation.id: (_name(operation, outcome), operation.spec["alias"]) for operation, outcome in here
        }
        try:
            standing = pointing(open_registry(root, spec), wanted.values())
        except StepFailed as failure:
            if is_out_of_reach(failure):
                continue
            seen = Seen(f"the registry cannot be read: {failure}", "a registry", "none", "unreadable")
            found |= dict.fromkeys(wanted, seen)
            continue
        for operation, outcome in here:
            number, (now, last) = outcome.summary["version"], standing[wanted[operation.id]]
            if now != number:
                found[operation.id] = _seen(*wanted[operation.id], number, now, last)
    return found


def _name(operation: Operation, outcome: Outcome) -> str:
    """The model's name. Outcomes of earlier versions of mlc do not say it."""
    model = operation.inputs["version"].partition("/")[0]
    name: str = outcome.summary.get("name", Address.parse(model).name)
    return name


def _seen(name: str, alias: str, number: int, now: int | None, last: Promotion | None) -> Seen:
    points = "nowhere" if now is None else f"to version {now}"
    logged = last is not None and last.number == now
    return Seen(
        what=f"the alias {alias} of {name} points {points}, not to version {number}",
        recorded=f"version {number}",
        found="no alias" if now is None else f"version {now}",
        token=ABSENT if now is None else str(now),
        since=last.at if logged and last is not None else "",
        by=f"{last.deployment} in {last.environment}" if logged and last is not None else "",
    )
