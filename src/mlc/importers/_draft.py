"""The resources that an import describes, with where each value comes from and what was told on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlc.importers import Asked
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node
from mlc.ir.span import Span, start_of
from mlc.rules import import_assumed, import_left_out

Path = tuple[str | int, ...]

_NOT_IN_A_NAME = re.compile(r"[^a-z0-9_-]+")


class Reference(str):
    """A text that is an interpolation of this language on purpose: `${secret:NAME}`."""


class Drafted(Struct):
    """A resource: `spec` is plain data, `origins` say where values of it stand in a source, by path."""

    kind: str
    name: str
    spec: dict[str, Any]
    span: Span
    origins: dict[Path, Span]
    head: list[str]
    notes: dict[Path, list[str]]

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.name}"

    @property
    def file(self) -> str:
        return f"{self.kind}/{self.name}.yaml"

    def origin(self, path: Path) -> Span:
        """Where the value at a path comes from, or what holds it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origins:
                return self.origins[path[:length]]
        return self.span


class Draft:
    """What is to be written. `project` are fields that mlc.yaml gets where it does not have them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.resources: dict[str, Drafted] = {}
        self.project: dict[str, Any] = {}
        self.environment = ""
        self.told: list[Diagnostic] = []

    def resource(
        self, kind: str, name: str, spec: Mapping[str, Any], span: Span, *, exact: bool = False
    ) -> Drafted:
        """Describe a resource. Values may be nodes of the source, plain data, or both; None and empty ones within the
        map itself are left out, unless the spec is `exact`, as mlc wrote it: `{}` may say more than nothing."""
        origins: dict[Path, Span] = {}
        given = {key: value for key, value in spec.items() if exact or not _is_nothing(value)}
        bare = _plain(given, (), origins)
        made = Drafted(kind, name, bare, span, origins, [], {})
        self.resources[made.address] = made
        for path in [*_interpolations(bare, ())]:
            self.left_out(made.origin(path), ".".join(map(str, path)), _INTERPOLATION, on=made)
            _remove(bare, path)
        return made

    def is_known(self, kind: str, name: str) -> bool:
        """Whether there is such a resource, in the project or in this draft."""
        return name in self.asked.known.get(kind, ()) or f"{kind}.{name}" in self.resources

    def left_out(
        self,
        span: Span,
        what: str,
        why: str,
        help: str = "",  # noqa: A002
        *,
        on: Drafted | None = None,
    ) -> None:
        """Tell that something of the source is not in what is written."""
        self.told.append(import_left_out.found(span, what, why, help, address=on.address if on else ""))
        if on is not None:
            on.head.append(f"Not taken over ({span.file}:{span.line}): {what}. {why}")

    def assumed(self, on: Drafted, path: Path, why: str, help: str = "") -> None:  # noqa: A002
        """Tell that a value stands there which the source does not say."""
        place = ".".join(map(str, path))
        self.told.append(import_assumed.found(on.span, place, why, help, address=on.address))
        self.noted(on, path, f"Assumed: {why}")

    def noted(self, on: Drafted, path: Path, remark: str) -> None:
        """Write a remark above a value, or above all where the path is empty."""
        if path:
            on.notes.setdefault(path, []).append(remark)
        else:
            on.head.append(remark)


def name_of(text: str, fallback: str) -> str:
    """A text as a name of the language: lower-case letters, digits, _ and -."""
    made = _NOT_IN_A_NAME.sub("_", text.lower()).strip("_-")
    return made or fallback


def whole(file: str) -> Span:
    """A source as a whole."""
    return start_of(file)


_INTERPOLATION = "It holds `${`, which is an interpolation in this language and none in the source's."


def _interpolations(value: Any, path: Path) -> Iterator[Path]:
    """Where a text stands that the language would read as more than a text; the last of a list first."""
    if isinstance(value, str) and "${" in value and not isinstance(value, Reference):
        yield path
    entries = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for key, child in reversed(entries):
        if isinstance(key, str) and "${" in key:
            yield (*path, key)
        else:
            yield from _interpolations(child, (*path, key))


def _remove(value: Any, path: Path) -> None:
    for part in path[:-1]:
        value = value[part]
    del value[path[-1]]


def _is_nothing(value: Any) -> bool:
    bare = value.value if isinstance(value, Node) else value
    return bare is None or (isinstance(bare, dict | list | tuple | str) and not bare)


def _plain(value: Any, path: Path, origins: dict[Path, Span]) -> Any:
    if isinstance(value, Node):
        origins[path] = value.span
        value = value.value
    if isinstance(value, dict):
        return {str(key): _plain(child, (*path, str(key)), origins) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(child, (*path, index), origins) for index, child in enumerate(value)]
    return value
