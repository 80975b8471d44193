"""`mlc registry promote|rollback|log`: aliases moved by hand, and where they have pointed."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from mlc.cli._console import Unfit, write_json
from mlc.ir.operation import StepFailed
from mlc.rules import unknown_version

_ALIAS = re.compile(r"[a-z0-9][a-z0-9_-]*")
BY_HAND = "(by hand)"
"""Stands in the log where the deployment does that an alias was moved for."""


def promote(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Point an alias at a version: `promote churn:3 production`."""
    from mlc.drivers import registry

    reference, alias = _named(arguments), _alias(arguments)
    wanted = registry.show(root, spec, reference).entry
    return _moved(root, spec, arguments, wanted.name, alias, wanted.number)


def rollback(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Point an alias at the version where it pointed before: `rollback churn production`."""
    from mlc.drivers import registry

    name, alias = _named(arguments).partition("@")[0].partition(":")[0], _alias(arguments)
    place = registry.open_registry(root, spec)
    now = registry.aliases(place, name)
    if alias not in now:
        registry.show(root, spec, f"{name}@{alias}")  # says what there is
    before = registry.stood_before(place, name, alias)
    if before is None:
        raise Unfit(unknown_version.nothing_before(name, alias, now[alias]))
    return _moved(root, spec, arguments, name, alias, before)


def log(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """The promotion log, oldest first: of all models or of one."""
    from mlc.drivers import registry

    lines = registry.promotion_log(root, spec, arguments.name)
    if arguments.format == "json":
        write_json(promotions=msgspec.to_builtins(lines))
        return 0
    for line in lines:
        to = "removed" if line.number is None else f"v{line.number}"
        where = f"{line.deployment} in {line.environment}" if line.environment else line.deployment
        came = "" if line.former is None else f" (was v{line.former})"
        print(f"{line.at}  {line.name}@{line.alias} → {to}{came}  {where}")
    if not lines and not arguments.quiet:
        print("No alias has been moved yet.", file=sys.stderr)
    return 0


def stood_at(root: Path, spec: dict[str, Any], reference: str, day: str) -> str:
    """`NAME:3`, which was what `NAME@ALIAS` stood for at a time. Raises Unfit for a day that is none."""
    from mlc.drivers import registry

    name, mark, alias = reference.partition("@")
    if not mark:
        raise Unfit(unknown_version.no_alias_at(reference))
    try:
        moment = datetime.fromisoformat(day)
    except ValueError:
        raise Unfit(unknown_version.no_moment(day)) from None
    if len(day) == len("2026-01-15"):  # a day is over at its end
        moment = moment.replace(hour=23, minute=59, second=59)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    number = registry.stood_at(
        registry.open_registry(root, spec), name, alias, moment.isoformat(timespec="seconds")
    )
    if number is None:
        raise StepFailed(unknown_version.nothing_then(name, alias, day))
    return f"{name}:{number}"


def _moved(
    root: Path, spec: dict[str, Any], arguments: argparse.Namespace, name: str, alias: str, number: int
) -> int:
    from mlc.drivers import registry

    place = registry.open_registry(root, spec)
    former = registry.aliases(place, name).get(alias)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    cause = registry.Cause(environment="", deployment=f"{getpass.getuser()} {BY_HAND}", at=now)
    moved = registry.set_alias(place, name, alias, number, expected=former, cause=cause)
    if arguments.format == "json":
        write_json(name=name, alias=alias, version=number, former=former, moved=moved)
        return 0
    was = "" if former is None else f" (was v{former})"
    print(f"{name}@{alias} → v{number}{was}" if moved else f"{name}@{alias} is v{number} already")
    if moved and not arguments.quiet:
        print(
            "A deployment that goes by this alias takes it up with `mlc apply`, which moves it to the version that "
            "the project describes: `mlc plan` says so.",
            file=sys.stderr,
        )
    return 0


def _named(arguments: argparse.Namespace) -> str:
    if arguments.name is None:
        raise Unfit(unknown_version.unnamed(()))
    return str(arguments.name)


def _alias(arguments: argparse.Namespace) -> str:
    if arguments.other is None or not _ALIAS.fullmatch(arguments.other):
        raise Unfit(unknown_version.no_alias_named(arguments.action, arguments.other or ""))
    return str(arguments.other)
