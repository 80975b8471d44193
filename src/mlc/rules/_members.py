"""The models that a model feeds on: what several rules look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.rules._subject import Subject


class Member(Struct, frozen=True):
    """A model that another feeds on: what it is called there, where that is written, and its address."""

    name: str
    path: tuple[str, ...]
    address: Address


def members(model: dict[str, Any]) -> list[Member]:
    """Those of an ensemble, and those of `predictions`."""
    named = (model["ensemble"] or {}).get("members") or {}
    found = [
        Member(name, ("ensemble", "members", name), Address("model", one))
        for name, one in (named.items() if isinstance(named, dict) else ())
    ]
    return found + [
        Member(name, ("predictions", name), Address("model", one))
        for name, one in model["predictions"].items()
    ]


def is_of_models(model: dict[str, Any]) -> bool:
    """Whether the model is an ensemble of other models."""
    return bool(model["ensemble"]) and isinstance(model["ensemble"]["members"], dict)


def behind(subject: Subject, model: dict[str, Any]) -> Iterator[tuple[Address, dict[str, Any]]]:
    """The models that a model feeds on, and those that these feed on, each once; also where they feed in a circle."""
    seen: set[Address] = set()
    pending = [one.address for one in members(model)]
    while pending:
        address = pending.pop(0)
        spec = subject.specs.get(address)
        if address in seen or spec is None:
            continue
        seen.add(address)
        yield address, spec
        pending += [one.address for one in members(spec)]


def columns_seen(subject: Subject, model: dict[str, Any]) -> list[str]:
    """The columns of its dataset that a model and those inside it need, each once."""
    found: list[str] = []
    for spec in (model, *(one for _, one in behind(subject, model))):
        features = subject.named("features", spec["features"])
        if features is not None:
            found += [column for group in features["groups"].values() for column in group["columns"]]
        if spec["reuse"] is not None:
            found += spec["reuse"].get("columns", [])
    return list(dict.fromkeys(found))
