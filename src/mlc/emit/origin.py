"""The files that the values of a resource stand in: what the header of an artifact names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlc.ir.graph import Resource
from mlc.ir.node import Node
from mlc.ir.plan import Read

Reads = Callable[[tuple[str | int, ...], Node], tuple[Read, ...]]
"""The values that the interpolation at a path of the graph read."""


def header(resource: Resource, reads: Reads | None) -> str:
    """What a person who opens an artifact should know. Lines are not named: decision 0080."""
    files = supplying(resource, reads)
    named = " and ".join([", ".join(files[:-1]), files[-1]]) if len(files) > 1 else "".join(files)
    return (
        f"Written by mlc from {named or resource.address}; changes here are overwritten. "
        "`mlc explain` of this path says where each line comes from."
    )


def supplying(resource: Resource, reads: Reads | None = None) -> tuple[str, ...]:
    """The files with a value of the resource that no layer above overwrote, or that an interpolation in it read.

    Its own file first, then the layers that it builds on, the environment's and mlc.yaml. What no file holds (a
    field's default, the command line) is not among them.
    """
    found = {resource.node.span.file, *_files(resource, reads)}
    return tuple(sorted((file for file in found if not file.startswith("<")), key=_ranked(resource)))


def _files(resource: Resource, reads: Reads | None) -> Iterator[str]:
    address = (resource.address.kind, resource.address.name)
    pending: list[tuple[tuple[str | int, ...], Node]] = [(address, resource.node)]
    while pending:
        path, node = pending.pop()
        if node.written is not None:
            yield node.span.file
            if reads is not None:
                for read in reads(path, node):
                    yield read.span.file
        inner: Any = node.value
        if inner and type(inner) is dict:
            pending += [((*path, key), child) for key, child in inner.items()]
        elif inner and type(inner) is tuple:
            pending += [((*path, key), child) for key, child in enumerate(inner)]
        else:
            yield node.span.file


def _ranked(resource: Resource) -> Callable[[str], tuple[int, str]]:
    own = f"{resource.address.kind}/{resource.address.name}.yaml"

    def rank(file: str) -> tuple[int, str]:
        nearness = 0 if file == own else 3 if file == "mlc.yaml" else 2 if file.startswith("env/") else 1
        return nearness, file

    return rank
