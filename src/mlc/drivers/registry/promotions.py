"""Aliases, and the log of where they pointed.

The log only grows. Each line holds the digest of the one before, so a line that was changed, removed from
the middle or slipped in shows. Lines cut off its end show too, because the aliases must stand where the
log's last lines put them; to notice somebody who changes both, keep `head` elsewhere and compare.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from mlc.drivers.registry import versions
from mlc.drivers.registry.catalogue import Changes
from mlc.drivers.registry.places import Registry
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import alias_moved, promotion_log_broken, unknown_version

_START = "0" * 64
"""Stands for the line before the first."""


class Cause(Struct, frozen=True):
    """On whose behalf an alias moves, and when (UTC, ISO 8601)."""

    environment: str
    deployment: str
    at: str


def set_alias(
    registry: Registry, name: str, alias: str, number: int, *, expected: int | None, cause: Cause
) -> bool:
    """Point an alias at a version if it points to `expected` (None: it is not there). Says whether it moved.

    An alias that points there already is left alone, and nothing is logged. Raises StepFailed
    (unknown-version; alias-moved where another process moved it meanwhile).
    """

    def move(changes: Changes) -> bool:
        if not changes.latest(name):
            raise StepFailed(
                unknown_version.no_model(name, [one for one in changes.names() if "/" not in one])
            )
        if changes.held(name, number) is None:
            raise StepFailed(unknown_version.no_number(name, number, changes.numbers(name)))
        current = changes.aliases(name).get(alias)
        if current == number:
            return False
        if current != expected:
            raise StepFailed(alias_moved.found(name, alias, expected, current))
        changes.point(_line(changes, name, alias, number, current, cause))
        return True

    return registry.catalogue.change(move)


def remove_alias(registry: Registry, name: str, alias: str, *, expected: int, cause: Cause) -> bool:
    """Remove an alias if it points to `expected`. Says whether it was there.

    Raises StepFailed (alias-moved).
    """
    if alias not in versions.aliases(registry, name):
        return False

    def remove(changes: Changes) -> bool:
        current = changes.aliases(name).get(alias)
        if current is None:
            return False
        if current != expected:
            raise StepFailed(alias_moved.found(name, alias, expected, current))
        changes.point(_line(changes, name, alias, None, current, cause))
        return True

    return registry.catalogue.change(remove)


def log(registry: Registry, name: str | None = None) -> tuple[Promotion, ...]:
    """The promotion log, oldest first: all of it, or one model's lines."""
    with registry.catalogue.look() as view:
        lines = () if view is None else view.log()
    return tuple(line for line in lines if name is None or line.name == name)


def head(registry: Registry) -> tuple[int, str]:
    """How many lines the log has, and the digest of the last (of nothing: 64 zeros)."""
    lines = log(registry)
    return (len(lines), lines[-1].digest) if lines else (0, _START)


def stood_at(registry: Registry, name: str, alias: str, when: str) -> int | None:
    """The version an alias pointed to at a time (UTC, ISO 8601): "who was in production on this day"."""
    moves = [line for line in log(registry, name) if line.alias == alias and line.at <= when]
    return moves[-1].number if moves else None


def stood_before(registry: Registry, name: str, alias: str) -> int | None:
    """The version an alias pointed to before this one, to roll back to; None where there is none."""
    moves = [line for line in log(registry, name) if line.alias == alias]
    return moves[-1].former if moves else None


def verify_log(registry: Registry) -> tuple[Diagnostic, ...]:
    """Whether the log is whole and the aliases stand where it says: nothing, or promotion-log-broken."""
    with registry.catalogue.look() as view:
        if view is None:
            return ()
        lines, standing = view.log(), view.standing()
    return (*_breaks(lines), *_strays(lines, standing))


def _breaks(lines: tuple[Promotion, ...]) -> list[Diagnostic]:
    previous = _START
    for place, line in enumerate(lines, start=1):
        if line.sequence != place:
            return [promotion_log_broken.missing(place)]
        if line.previous != previous:
            return [promotion_log_broken.unchained(place)]
        if line.digest != _digest(line):
            return [promotion_log_broken.changed(place)]
        previous = line.digest
    return []


def _strays(lines: tuple[Promotion, ...], standing: dict[tuple[str, str], int]) -> list[Diagnostic]:
    logged: dict[tuple[str, str], int | None] = {(line.name, line.alias): line.number for line in lines}
    return [
        promotion_log_broken.stray(name, alias, standing.get((name, alias)), logged.get((name, alias)))
        for name, alias in sorted(logged.keys() | standing.keys())
        if standing.get((name, alias)) != logged.get((name, alias))
    ]


def _line(
    changes: Changes, name: str, alias: str, number: int | None, former: int | None, cause: Cause
) -> Promotion:
    last = changes.last_line()
    line = Promotion(
        sequence=1 if last is None else last.sequence + 1,
        name=name,
        alias=alias,
        number=number,
        former=former,
        environment=cause.environment,
        deployment=cause.deployment,
        at=cause.at,
        previous=_START if last is None else last.digest,
        digest="",
    )
    return msgspec.structs.replace(line, digest=_digest(line))


def _digest(line: Promotion) -> str:
    """Over all of a line but its digest; the time is part of it, since it is what a forger would change."""
    plain = msgspec.structs.replace(line, digest="")
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()
