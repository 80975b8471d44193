"""What searches and lineage ask of descriptions, as it is kept in an index beside a catalogue.

A fact is a path and a text or a number: `owner` is "risk-ml", `metrics.roc_auc.low` is 0.91. An index may find too much
and never too little: whoever asks it looks at what was found. So texts are cut to a length that every database takes
as a key, and whatever has no exact counterpart in all of them is not asked of an index at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

LONGEST = 190
"""Characters of a path or a text that are kept."""

TEXTS = ("project", "owner", "licence", "task", "estimator", "features", "digest", "config")
"""The fields of a description whose text is a fact."""

MEMBER, PART, CONFIG = "member", "part", "config"
"""The facts that lineage goes by: versions that one was made of, and data that it was made from, by their digests."""

_BOUNDS = ("value", "low", "high")
_EXACT = 2**53  # integers beyond it are not all numbers of a database


class Fact(NamedTuple):
    """A number has the text "", and a text no value."""

    path: str
    text: str = ""
    value: float | None = None


class Is(Struct, frozen=True):
    """What a fact at a path is: equal to a text or a number, or a number less or more than it."""

    path: str
    operator: str
    value: str | float


class Both(Struct, frozen=True):
    """All of these."""

    each: tuple[Wanted, ...]


class Either(Struct, frozen=True):
    """Any of these."""

    each: tuple[Wanted, ...]


Wanted = Is | Both | Either


def facts_of(content: bytes) -> tuple[Fact, ...]:
    """The facts of a description (`entry.json` of a model or a dataset), each once.

    Raises msgspec.DecodeError where it is none.
    """
    return tuple(dict.fromkeys(_facts(msgspec.json.decode(content))))


def kept(text: str) -> str:
    """A text as an index keeps it, and as it is asked for it. PostgreSQL has no text with a zero in it."""
    return text.replace("\0", "")[:LONGEST]


def is_exact(number: float) -> bool:
    """Whether every database has this very number."""
    return abs(number) <= _EXACT  # neither infinite nor none at all


def is_kept(path: tuple[str, ...]) -> bool:
    """Whether an index knows all facts at a path that a search names."""
    if len(path) == 1:
        return path[0] in (*TEXTS, "tags", "gated", "name", "number")
    return path == ("data", "dataset") or (len(path) == 3 and path[0] == "metrics" and path[2] in _BOUNDS)


def member(model: str, number: int) -> str:
    """The text of the fact that a version was made of another."""
    return f"{model}:{number}"


def part(name: str, digest: str) -> str:
    """The text of the fact that a version was made from a part of a dataset, or that a dataset has it."""
    return f"{name}:{digest}"


def _facts(entry: Mapping[str, Any]) -> Iterator[Fact]:
    for name in TEXTS:
        if isinstance(entry.get(name), str):
            yield Fact(name, kept(entry[name]))
    if isinstance(entry.get("gated"), bool):
        yield Fact("gated", "true" if entry["gated"] else "false")
    for tag in entry.get("tags") or ():
        yield Fact("tags", kept(tag))
    for name, metric in (entry.get("metrics") or {}).items():
        for bound in _BOUNDS:
            if isinstance(metric.get(bound), int | float):
                yield Fact(kept(f"metrics.{name}.{bound}"), value=float(metric[bound]))
    data = entry.get("data") or {}
    if isinstance(data.get("dataset"), str):
        yield Fact("data.dataset", kept(data["dataset"]))
    for name, digest in (data.get("parts") or entry.get("parts") or {}).items():
        yield Fact(PART, kept(part(name, digest)))
    for one in (entry.get("members") or {}).values():
        yield Fact(MEMBER, kept(member(one["model"], one["number"])))
