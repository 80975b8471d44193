"""The migrations between versions of the language, one file each: `from_0_to_1.py` brings `mlc: 0` to `mlc: 1`.

A module declares `MIGRATION`, and with it `BEFORE` and `AFTER`: the files of a small project as they were written in
the one version and as they are in the other (the tests try it). Its docstring says what is written in another way,
and why.

A migration edits text, so comments, order and quotes stay. `meaning` says what a composed document of the version
before means in the version after: whoever migrates composes the project before and after, and writes nothing where
the two do not agree. Edits reach every place that the schema of a kind describes: resource files and layers, presets,
patches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic, Edit
from mlc.ir.node import Node


class Part(Struct, frozen=True):
    """A piece of a file that the schema of a kind describes: all of a resource, or what a preset or a patch says of it.

    The name is None where it may be any: of a layer, of a preset.
    """

    node: Node
    kind: str
    name: str | None

    def at(self, *path: str) -> Node | None:
        """What stands at a path of the kind, if this piece says something there."""
        return self.node.at(path)


class Files(Struct, frozen=True):
    """A project as its author wrote it: the root of each file, and the pieces that are of some kind."""

    nodes: Mapping[str, Node]
    parts: tuple[Part, ...]

    def of(self, kind: str) -> Iterator[Part]:
        """The pieces of a kind, wherever they stand."""
        return (part for part in self.parts if part.kind == kind)


def unchanged(_: str, value: Any) -> Any:
    return value


def nothing(_: Files) -> Iterable[Diagnostic]:
    return ()


class Migration(Struct, frozen=True):
    """`edits` are the places to write otherwise, but for the version itself, which whoever migrates sets. `meaning`
    takes a kind and a composed resource of it as plain data (of mlc.yaml, the kind `project`), and gives it as the
    version after says it. `by_hand` tells what no edit can do."""

    before: int
    after: int
    edits: Callable[[Files], Iterable[Edit]]
    meaning: Callable[[str, Any], Any] = unchanged
    by_hand: Callable[[Files], Iterable[Diagnostic]] = nothing


def renamed(found: Iterable[Node | None], name: str) -> Iterator[Edit]:
    """The edits that give the keys of some entries another name."""
    for node in found:
        if node is not None and node.key_span is not None:
            yield Edit(node.key_span, name)


def replaced(found: Iterable[Node | None], texts: Mapping[Any, str]) -> Iterator[Edit]:
    """The edits that write another scalar where one of `texts` stands. The new text is YAML."""
    for node in found:
        if node is not None and not node.is_map and not node.is_list and node.value in texts:
            yield Edit(node.span, texts[node.value])


@cache
def all_migrations() -> tuple[Migration, ...]:
    """Every migration, the oldest first."""
    files = sorted(Path(__file__).parent.glob("from_*.py"))
    found = [import_module(f"mlc.migrations.{file.stem}").MIGRATION for file in files]
    return tuple(sorted(found, key=lambda one: one.before))


def chain(version: int, latest: int, known: Sequence[Migration]) -> tuple[Migration, ...] | None:
    """The migrations that lead from a version to the latest, in order; None where there is no such way."""
    by_version = {one.before: one for one in known}
    steps: list[Migration] = []
    while version != latest:
        step = by_version.get(version)
        if step is None:
            return None
        steps.append(step)
        version = step.after
    return tuple(steps)
