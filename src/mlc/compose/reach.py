"""Which other resources the interpolations of a resource may read: known from their texts alone.

With those beside it, a resource comes out as it does in the whole project.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mlc.compose.grammar import Reference
from mlc.compose.mentions import readings
from mlc.ir.address import Address
from mlc.ir.node import Node

_AROUND = ("vars", "env", "project")  # what stands beside the resources

Path = tuple[str | int, ...]


class Unbounded(Exception):
    """What an interpolation reads cannot be told from its text."""


def reached(node: Node, path: Path, kinds: Collection[str]) -> frozenset[Address]:
    """The resources that the texts of a tree read, which stands at a path of the document.

    Raises Unbounded where that cannot be told: a name is itself an interpolation, or all resources of a kind are read.
    """
    return frozenset(
        target
        for where, text in _texts(node, path)
        for reference in readings(text)
        for target in _target(reference, where, kinds)
    )


def _texts(node: Node, path: Path) -> Iterator[tuple[Path, str]]:
    value = node.value
    if type(value) is str:
        if "${" in value:
            yield path, value
    elif type(value) is dict:
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif type(value) is tuple:
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))


def _target(reference: Reference, path: Path, kinds: Collection[str]) -> Iterator[Address]:
    if reference.dots > len(path):
        raise Unbounded
    base: Path = path[: len(path) - reference.dots] if reference.dots else ()
    if len(base) >= 2:
        return  # within the resource itself
    keys = [*base, *reference.keys]
    first, second = [*keys, None, None][:2]
    if first in _AROUND:
        return
    if first not in kinds or not isinstance(second, str) or any("." in str(key) for key in (first, second)):
        raise Unbounded
    yield Address(str(first), second)
