"""Edit JSON with comments as editors keep their settings in: all that is there stays as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_ATOM = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null")
_DEEPEST = 200


class Value(Struct, frozen=True):
    """A value and where it stands: `text[start:end]`. An object also has its members, a list its items."""

    start: int
    end: int
    bare: Any
    members: tuple[tuple[str, Value], ...] | None = None


def parse(text: str) -> Value:
    """The value of a text: JSON with comments and trailing commas. Raises ValueError where it is none."""
    value = _value(text, _skip(text, 0), 0)
    rest = _skip(text, value.end)
    if rest != len(text):
        raise ValueError(f"line {_line(text, rest)}: nothing may follow the value")
    return value


def with_lists(text: str, key: str, lists: Mapping[str, Sequence[str]]) -> str:
    """The settings with every text of `lists` in the list of its name below `key`.

    Raises ValueError where the settings cannot be read or hold something else there.
    """
    if not text.strip("\ufeff \t\r\n"):
        text = "{}\n"
    bom = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(bom)
    root = parse(text)
    if root.members is None:
        raise ValueError("it is not an object")
    newline = "\r\n" if "\r\n" in text else "\n"
    unit = _indentation(text, root) or "  "
    found = dict(root.members).get(key)
    if found is None:
        inner = f",{newline}".join(f"{unit * 2}{_member(name, list(texts))}" for name, texts in lists.items())
        member = f"{unit}{json.dumps(key)}: {{{newline}{inner}{newline}{unit}}}"
        edited = _insert(text, root, [member], newline, "")
    elif found.members is None:
        raise ValueError(f'"{key}" is not an object')
    else:
        edited = _merged(text, found, lists, newline, unit)
    parse(edited)
    return bom + edited


def _merged(text: str, found: Value, lists: Mapping[str, Sequence[str]], newline: str, unit: str) -> str:
    there = dict(found.members or ())
    indentation = _indentation(text, found) or unit * 2
    missing = [
        f"{indentation}{_member(name, list(texts))}" for name, texts in lists.items() if name not in there
    ]
    edited = _insert(text, found, missing, newline, unit) if missing else text
    # from the end, so that the places before stay where they are
    for name, value in sorted(there.items(), key=lambda entry: -entry[1].start):
        held = [value.bare] if isinstance(value.bare, str) else value.bare
        wanted = lists.get(name, ())
        if not isinstance(held, list):
            if wanted:
                raise ValueError(f'"{name}" is neither a text nor a list')
            continue
        more = [one for one in wanted if one not in held]
        if more:
            edited = edited[: value.start] + json.dumps([*held, *more]) + edited[value.end :]
    return edited


def _insert(text: str, into: Value, members: Sequence[str], newline: str, closing: str) -> str:
    """New members behind the last one; `closing` indents the bracket where it stands on a line of members."""
    brace = into.end - 1
    before = text[: into.start + 1]
    between = text[into.start + 1 : brace]
    if into.members:
        last = into.members[-1][1].end
        comma = _skip(text, last)
        if text[comma] != ",":
            before, between = text[:last] + ",", text[last:brace]
        else:
            before, between = text[: comma + 1], text[comma + 1 : brace]
    body = between.rstrip(" \t\r\n")
    tail = between[len(body) :]
    tail = tail[tail.rfind("\n") + 1 :] if "\n" in tail else closing
    return before + body + newline + f",{newline}".join(members) + newline + tail + text[brace:]


def _member(name: str, texts: list[str]) -> str:
    return f"{json.dumps(name)}: {json.dumps(texts)}"


def _indentation(text: str, value: Value) -> str:
    """What stands before the first member of an object on its line; nothing where that is not white space."""
    if not value.members:
        return ""
    first = text.rfind("\n", value.start, value.members[0][1].start) + 1
    if first <= 0:
        return ""
    return re.match(r"[ \t]*", text[first:]).group()  # type: ignore[union-attr]


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _value(text: str, at: int, depth: int) -> Value:
    if depth > _DEEPEST:
        raise ValueError(f"line {_line(text, at)}: it is nested too deeply")
    if text[at : at + 1] in ("{", "["):
        return _collection(text, at, depth)
    for pattern in (_STRING, _ATOM):
        match = pattern.match(text, at)
        if match is not None:
            try:
                return Value(at, match.end(), json.loads(match.group()))
            except ValueError as error:
                raise ValueError(f"line {_line(text, at)}: {error}") from error
    raise ValueError(f"line {_line(text, at)}: a value was expected")


def _collection(text: str, start: int, depth: int) -> Value:
    is_object = text[start] == "{"
    close = "}" if is_object else "]"
    members: list[tuple[str, Value]] = []
    items: list[Any] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != close:
        key = ""
        if is_object:
            name = _STRING.match(text, at)
            if name is None:
                raise ValueError(f"line {_line(text, at)}: a name in double quotes or {close} was expected")
            key = json.loads(name.group())
            at = _skip(text, name.end())
            if text[at : at + 1] != ":":
                raise ValueError(f"line {_line(text, at)}: a colon was expected")
            at = _skip(text, at + 1)
        value = _value(text, at, depth + 1)
        members.append((key, value))
        items.append(value.bare)
        at = _skip(text, value.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != close:
            raise ValueError(f"line {_line(text, at)}: a comma or {close} was expected")
    if is_object:
        return Value(start, at + 1, {name: value.bare for name, value in members}, tuple(members))
    return Value(start, at + 1, items)
