"""The Python and the packages that a source wants → a runtime: exact versions, and a base image that somebody names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.importers import File
from mlc.importers._draft import Draft, Drafted
from mlc.ir.node import Node
from mlc.ir.span import Span

_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*={2,3}\s*(?P<version>[0-9][0-9A-Za-z.!+_-]*)"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONDA = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)=(?P<version>[0-9][0-9A-Za-z.!+_]*)(=[^=]*)?")
_PYTHON = re.compile(r"3\.[0-9]+(\.[0-9]+)?")
_NO_PACKAGES = ("pip", "setuptools", "wheel", "python")


class Wanted(Struct, frozen=True):
    """A line that asks for a package, and what it names: a version is empty where none is exact."""

    span: Span
    text: str
    name: str = ""
    version: str = ""


def of_requirements(file: File) -> Iterator[Wanted]:
    """The lines of a requirements.txt."""
    for number, line in enumerate(file.text.splitlines(), start=1):
        text = line.partition(" #")[0].strip() if not line.lstrip().startswith("#") else ""
        if text:
            yield _wanted(
                Span(file.name, number, 1, number, len(line) + 1), text.split(" --hash")[0].rstrip(" \\")
            )


def of_nodes(node: Node | None) -> Iterator[Wanted]:
    """The entries of a list, those of `pip:` among them."""
    for one in node.value if node is not None and node.is_list else ():
        if one.is_map:
            yield from of_nodes(one.get("pip"))
        elif isinstance(one.value, str):
            found = _wanted(one.span, one.value.strip())
            conda = _CONDA.fullmatch(one.value.strip())
            if not found.version and conda is not None:
                found = Wanted(one.span, one.value.strip(), conda["name"], conda["version"])
            yield found


def python_of(wanted: list[Wanted]) -> str:
    """The version of Python among what is wanted."""
    return next(
        (one.version for one in wanted if one.name == "python" and _PYTHON.fullmatch(one.version)), ""
    )


def runtime_of(
    draft: Draft, name: str, span: Span, python: str, wanted: list[Wanted], image: str, says: str
) -> Drafted | None:
    """A runtime; none where nobody names a base image by its digest, which is told."""
    image = draft.asked.image or (image if "@sha256:" in image else "")
    if not image:
        why = f"A runtime has a base image that is pinned by its digest, and {says} names none."
        draft.left_out(span, "The environment (Python and packages)", why, "--image NAME@sha256:… names one.")
        return None
    packages: dict[str, Any] = {}
    lost = []
    for one in wanted:
        if (one.name or one.text) in _NO_PACKAGES:
            continue
        if one.version:
            packages[one.name] = Node(one.version, one.span)
        else:
            lost.append(one)
    made = draft.resource(
        "runtime", name, {"python": python or "3.11", "image": Node(image, span), "packages": packages}, span
    )
    if not python:
        draft.assumed(made, ("python",), f"{says} does not say which Python it is.")
    for one in lost:
        draft.left_out(one.span, one.text, "A runtime has each package at one exact version.", on=made)
    return made


def _wanted(span: Span, text: str) -> Wanted:
    found = _PINNED.fullmatch(text.partition(";")[0].strip())
    if found is None or ";" in text:
        name = _NAME.match(text)
        return Wanted(span, text, name[0] if name is not None else "")
    return Wanted(span, text, found["name"], found["version"])
