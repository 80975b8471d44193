"""One resource against the schema of its kind.

msgspec gives the fast yes. Only where it says no does python-jsonschema look again, to find every mistake
and the place of each; of a union it reports the branch that the author chose.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import msgspec

from mlc import kinds
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node
from mlc.kinds import _schemas
from mlc.kinds._walk import choose, field_schema
from mlc.rules import (
    bad_format,
    language_version,
    missing_key,
    not_supported_yet,
    too_large,
    unknown_key,
    value_not_allowed,
    value_out_of_range,
    wrong_type,
)
from mlc.rules._words import nearest

Path = tuple[str | int, ...]
ValidationError = Any  # jsonschema's own; its type stubs make every attribute "something or unset"


def check_schema(
    node: Node, bare: dict[str, Any], kind: str, address: str
) -> tuple[dict[str, Any] | None, tuple[Diagnostic, ...]]:
    """The resource as plain data with its defaults, or what is wrong with it.

    `bare` is `node` as plain data; the caller has it already.
    """
    try:
        spec = msgspec.convert(bare, kinds.kind(kind).spec)
    except msgspec.ValidationError:
        # each once: jsonschema tells of every missing key, and each time we name them all
        found = tuple(dict.fromkeys(_findings(node, bare, kind, address)))
        if not found:  # the two must agree; a test compares them
            raise
        return None, found
    plain: dict[str, Any] = msgspec.to_builtins(spec)
    return plain, ()


def _findings(node: Node, bare: dict[str, Any], kind: str, address: str) -> Iterator[Diagnostic]:
    schema = _schemas.read(kind)
    told = 0
    for error in _validator(kind).iter_errors(bare):
        for chosen in _chosen(error, schema):
            for each in _translated(chosen, node, schema, kind, address):
                yield each
                told += 1
                if told > too_large.MOST_MISTAKES:
                    yield too_large.mistakes(each.primary.span if each.primary else node.span)
                    return


@cache  # making one costs a millisecond, and a project may have a mistake in every file
def _validator(kind: str) -> Any:
    with _without_grammar_of_iris():
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend
    from referencing import Registry

    # as msgspec has it: 1.0 is a number but not a whole one, and true is no number
    checker = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    )
    validator_class = extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]
    return validator_class(_schemas.read(kind), registry=Registry())


@contextmanager
def _without_grammar_of_iris() -> Iterator[None]:
    """Where a package for the format of IRIs is installed, jsonschema reads its grammar as it is imported, which takes
    most of a second. No schema of a kind has that format."""
    package = "rfc3987_syntax"
    is_loaded = package in sys.modules
    if not is_loaded:
        sys.modules[package] = None  # type: ignore[assignment]  # an import of it fails, which jsonschema allows for
    try:
        yield
    finally:
        if not is_loaded:
            del sys.modules[package]


def _chosen(error: ValidationError, root: dict[str, Any]) -> Iterator[ValidationError]:
    """A union's errors are those of the branch that the author chose; the rest is noise."""
    if error.validator != "anyOf":
        yield error
        return
    branches = error.schema["anyOf"]
    chosen = choose(error.schema, root, error.instance)
    index = next(
        (i for i, branch in enumerate(branches) if choose(branch, root, error.instance) is chosen), None
    )
    if index is None or ("anyOf" in chosen and "discriminator" not in chosen):
        yield error
        return
    for inner in error.context or ():
        if inner.relative_schema_path and inner.relative_schema_path[0] == index:
            yield from _chosen(inner, root)


def _translated(
    error: ValidationError, node: Node, root: dict[str, Any], kind: str, address: str
) -> Iterator[Diagnostic]:
    """One of jsonschema's errors in our words."""
    path: Path = tuple(error.absolute_path)
    at = node.nearest(path)
    place: dict[str, Any] = {"where": _where(path, kind), "address": address, "path": dotted(path)}
    schema, value = error.schema, error.instance
    if "propertyNames" in list(error.absolute_schema_path)[-2:-1]:
        if (
            error.validator == "enum" or "enum" not in schema
        ):  # one that is none of the words fits no pattern either
            yield _bad_name(value, path, at, schema, kind, address)
    elif error.validator == "additionalProperties":
        for key in value:
            if field_schema(schema, key) is None:
                yield _unknown_key(key, path, at, schema, kind, address)
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in value and _mistyped(key, value, schema["properties"]) is None:
                field = schema["properties"][key]
                yield missing_key.found(key, at.key_span or at.span, field, **_inside(place, key))
    elif error.validator == "anyOf":
        yield _no_branch(error, at, path, root, kind, place)
    elif error.validator in ("enum", "const"):
        choices = error.validator_value if error.validator == "enum" else [error.validator_value]
        planned = _planned(kind, path, value)
        if (kind, path) == ("project", ("mlc",)) and type(value) is int:
            yield language_version.found(value, at.span)
        elif planned:
            yield not_supported_yet.found(planned, at.span, choices, **place)
        else:
            yield value_not_allowed.found(value, choices, at.span, **place)
    elif error.validator == "type":
        expected = error.validator_value
        expected = [expected] if isinstance(expected, str) else expected
        yield wrong_type.found(value, expected, at.span, **place)
    elif error.validator == "pattern":
        yield bad_format.found(value, schema, at.span, **place)
    elif error.validator in value_out_of_range.KEYWORDS:
        yield value_out_of_range.found(value, error.validator, error.validator_value, at.span, **place)
    else:
        raise AssertionError(f"no message for the JSON Schema keyword {error.validator}")


def _unknown_key(
    key: str, path: Path, at: Node, schema: dict[str, Any], kind: str, address: str
) -> Diagnostic:
    child = at.get(key)
    span = (child.key_span or child.span) if child is not None else at.span
    place = {"where": _where(path, kind), "address": address, "path": dotted((*path, key))}
    planned = _planned(kind, (*path, key))
    if planned:
        return not_supported_yet.found(planned, span, **place)
    return unknown_key.found(key, span, schema.get("properties", {}), **place)


def _no_branch(
    error: ValidationError, at: Node, path: Path, root: dict[str, Any], kind: str, place: dict[str, str]
) -> Diagnostic:
    """A union none of whose branches the author chose."""
    discriminator = error.schema.get("discriminator")
    value = error.instance
    if discriminator is None or not isinstance(value, dict):
        branches = [choose(branch, root, value) for branch in error.schema["anyOf"]]
        expected = list(dict.fromkeys(branch.get("type", "object") for branch in branches))
        return wrong_type.found(value, expected, at.span, **place)
    tag, choices = discriminator["propertyName"], list(discriminator["mapping"])
    inside = _inside(place, tag)
    if tag not in value:
        written = _mistyped(tag, value, {tag, *_known_to(error.schema["anyOf"], root)})
        if written is not None:
            child = at.value[written]
            inside = {**_inside(place, written), "where": place["where"]}
            return unknown_key.found(written, child.key_span or child.span, [tag], **inside)
        field = {"description": "Which of " + ", ".join(choices) + " it is.", "examples": choices[:1]}
        return missing_key.found(tag, at.key_span or at.span, field, **inside)
    span = at.nearest((tag,)).span
    planned = _planned(kind, (*path, tag), value[tag])
    inside["where"] = _where((*path, tag), kind)
    if planned:
        return not_supported_yet.found(planned, span, choices, **inside)
    return value_not_allowed.found(value[tag], choices, span, **inside)


def _mistyped(key: str, value: dict[str, Any], known: Iterable[str]) -> str | None:
    """The key that its author wrote where `key` was meant: it is not known, and `key` is the nearest that is.

    It is reported as unknown; that `key` is missing would be the same mistake told twice.
    """
    known = set(known)
    missing = known - value.keys()
    return next((word for word in value if word not in known and nearest(word, missing) == key), None)


def _known_to(branches: list[dict[str, Any]], root: dict[str, Any]) -> set[str]:
    """The keys that some branch of a union has."""
    return {key for branch in branches for key in choose(branch, root, {}).get("properties", {})}


def _bad_name(key: str, path: Path, at: Node, schema: dict[str, Any], kind: str, address: str) -> Diagnostic:
    child = at.get(key)
    span = (child.key_span or child.span) if child is not None else at.span
    place = {"where": f"A key of {_where(path, kind)}", "address": address, "path": dotted((*path, key))}
    if "enum" in schema:
        return value_not_allowed.found(key, schema["enum"], span, **place)
    return bad_format.found(key, schema, span, **place)


def _planned(kind: str, path: Path, value: Any = None) -> str:
    """The part of the language that is not done yet and that this is, or nothing."""
    field = dotted(path)
    text = field if value is None else f"{field}={value}"
    if any(fnmatchcase(text, pattern) for pattern in kinds.kind(kind).planned):
        return text.replace("=", ": ") if value is not None else str(path[-1])
    return ""


def _inside(place: dict[str, str], key: str) -> dict[str, str]:
    return {**place, "path": f"{place['path']}.{key}" if place["path"] else key}


def _where(path: Path, kind: str) -> str:
    return (
        f'"{dotted(path)}"'
        if path
        else {"project": "The project", "env": "An environment", "mlctest": "A file of tests"}.get(
            kind, f"A {kind}"
        )
    )


def dotted(path: Path) -> str:
    """`("columns", "age", "values", 0)` is `columns.age.values[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
