"""The fields of a resource whose effective values differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlc.ir.review import Cause, FieldChange
from mlc.kinds._walk import change_class, references

Path = tuple[str | int, ...]
ABSENT = object()


def differing(before: Any, after: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Every path at which two values differ, the deepest that says it all; `ABSENT` where one has no value there."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**after, **before}:
            yield from differing(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif not same(before, after):
        yield path, before, after


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same: True is not 1, and 1 is 1.0, as a specification has them."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def changes(
    kind: str, before: dict[str, Any], after: dict[str, Any], cause: Callable[[Path], Cause | None]
) -> tuple[FieldChange, ...]:
    """The fields that differ, in the order in which the head has them."""
    return tuple(
        FieldChange(
            path=".".join(map(str, path)),
            action="added" if old is ABSENT else "removed" if new is ABSENT else "changed",
            before=None if old is ABSENT else old,
            after=None if new is ABSENT else new,
            change_class=change_class(kind, path, after, before),
            cause=cause(path),
        )
        for path, old, new in differing(before, after)
    )


def with_new_names(spec: dict[str, Any], kind: str, names: dict[tuple[str, str], str]) -> dict[str, Any]:
    """A resource that refers to renamed ones by the names they have now."""
    paths = {
        reference.path: names[reference.kind, reference.name]
        for reference in references(spec, kind)
        if (reference.kind, reference.name) in names
    }
    return _replaced(spec, paths, ()) if paths else spec


def _replaced(value: Any, paths: dict[Path, str], path: Path) -> Any:
    if path in paths:
        return paths[path]
    if isinstance(value, dict):
        return {key: _replaced(child, paths, (*path, key)) for key, child in value.items()}
    if isinstance(value, list):
        return [_replaced(child, paths, (*path, index)) for index, child in enumerate(value)]
    return value
