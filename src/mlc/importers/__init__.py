"""What people have already → resources that plan to the same thing. One file per kind of source.

A module declares `WHAT` (a few words), `files(path)` (what of a path that was named is read) and `take(files,
draft)`, which describes in the draft what it finds. It reads nothing but what it is given, runs nothing, and drops
nothing: whatever has no place in the language is told with its line (`Draft.left_out`), and whatever the language
needs and the source does not say is told too (`Draft.assumed`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from mlc.ir.node import Node


class File(Struct, frozen=True):
    """A file of the source. `name` is how its author would call it, `documents` what its YAML holds, `told` what was
    told of a file that is no text (of a skops file, by `drivers._skops_told`)."""

    name: str
    path: Path
    text: str = ""
    documents: tuple[Node, ...] = ()
    told: Any = None


class Asked(Struct, frozen=True):
    """What the command line says beside the sources: names of resources that are there already, or to be given.

    `known` are the project's resources by kind and name, as their files say them.
    """

    name: str = ""
    dataset: str = ""
    model: str = ""
    features: str = ""
    task: str = ""
    project: str = ""
    image: str = ""
    known: Mapping[str, Mapping[str, Any]] = {}


Files = Callable[[Path], list[Path]]


@cache
def names() -> tuple[str, ...]:
    """Every kind of source by name, sorted."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py")))


def module(name: str) -> ModuleType:
    """The module of a kind of source."""
    return import_module(f"mlc.importers.{name}")
