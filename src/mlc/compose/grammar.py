"""OmegaConf's interpolation grammar: text to a small tree, by recursive descent.

    text      := (characters | interpolation)*
    reference := "${" "."* (key | "[" key "]") ("." key | "[" key "]")* "}"
    call      := "${" name ("." name)* ":" arguments? "}"

A key or a part of a name may itself be an interpolation. Arguments are plain words, numbers, quoted texts,
lists, maps and interpolations. OmegaConf is the oracle in the tests; it is not imported here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct

DEEPEST = 40  # levels of nesting inside one text
LONGEST = 100_000  # characters of one text


class Reference(Struct, frozen=True):
    """`${..a.b[c]}`: `dots` counts the leading dots; parts are (in brackets?, key)."""

    dots: int
    parts: tuple[tuple[bool, str | Reference | Call], ...]
    start: int
    end: int

    @property
    def keys(self) -> tuple[str | None, ...]:
        """The parts' keys; None for one that is itself an interpolation."""
        return tuple(key if isinstance(key, str) else None for _, key in self.parts)


class Call(Struct, frozen=True):
    """`${name:arguments}`."""

    name: tuple[str | Reference | Call, ...]
    arguments: tuple[Any, ...]
    start: int
    end: int


class Text(Struct, frozen=True):
    """A text with interpolations in it. A text of one interpolation alone gives its value as it is."""

    parts: tuple[str | Reference | Call, ...]
    quoted: bool = False


class ListOf(Struct, frozen=True):
    items: tuple[Any, ...]


class MapOf(Struct, frozen=True):
    entries: tuple[tuple[Any, Any], ...]


class GrammarError(ValueError):
    """The text is not an interpolation OmegaConf accepts. `offset` is where reading stopped."""

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(problem)
        self.problem = problem
        self.offset = offset


@lru_cache(maxsize=8192)
def parse(text: str) -> Text:
    """The tree of a text that contains `${`. Raises GrammarError."""
    if len(text) > LONGEST:
        raise GrammarError(f"a text with interpolations may have {LONGEST:,} characters", 0)
    parts, _ = _text(text, 0, None, 0)
    return Text(tuple(parts))


_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"[^\\{}()\[\]:. \t'\"]+")
_ID = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*")
_INT = r"(?:0|[1-9](?:_?[0-9])*)"
_POINT = rf"(?:{_INT}?\.[0-9](?:_?[0-9])*|{_INT}\.)"
_FLOAT = re.compile(
    rf"[+-]?(?:(?:{_POINT}|{_INT})[eE][+-]?[0-9](?:_?[0-9])*|{_POINT}|[Ii][Nn][Ff]|[Nn][Aa][Nn])"
)
_INTEGER = re.compile(rf"[+-]?{_INT}")
_WORD = re.compile(r"[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Nn][Uu][Ll][Ll]")
_ESCAPES = re.compile(r"(?:\\[\\()\[\]{}:=, \t])+")
_OTHER = frozenset("/-\\+.$%*@?|")
_BACKSLASHES = re.compile(r"\\+")


def _text(text: str, position: int, quote: str | None, depth: int) -> tuple[list[Any], int]:
    """Characters and interpolations up to the closing quote, or to the end of the text."""
    parts: list[Any] = []
    chunk: list[str] = []
    length = len(text)

    def flush() -> None:
        if chunk:
            parts.append("".join(chunk))
            chunk.clear()

    special = "\\$" if quote is None else "\\$" + quote
    while position < length:
        character = text[position]
        if character == "\\":
            match = _BACKSLASHES.match(text, position)
            count = match.end() - position  # type: ignore[union-attr]
            after = position + count
            if text.startswith("${", after):
                chunk.append("\\" * (count // 2))
                if count % 2:
                    chunk.append("${")
                    after += 2
            elif quote is not None and text.startswith(quote, after):
                chunk.append("\\" * (count // 2))
                if count % 2:
                    chunk.append(quote)
                    after += 1
            else:
                chunk.append("\\" * count)
            position = after
        elif character == quote:
            flush()
            return parts, position + 1
        elif text.startswith("${", position):
            flush()
            found, position = _interpolation(text, position, depth)
            parts.append(found)
        elif character == "$":
            chunk.append("$")
            position += 1
        else:
            end = position + 1
            while end < length and text[end] not in special:
                end += 1
            chunk.append(text[position:end])
            position = end
    if quote is not None:
        raise GrammarError(f"the quote {quote} is not closed", length)
    flush()
    return parts, position


def _skip(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _interpolation(text: str, start: int, depth: int) -> tuple[Reference | Call, int]:
    if depth >= DEEPEST:
        raise GrammarError(f"interpolations are nested more than {DEEPEST} levels deep", start)
    position = _skip(text, start + 2)
    dots = position
    while text.startswith(".", position):
        position += 1
    dots = position - dots
    parts: list[tuple[bool, Any]] = []
    # A name of a resolver is made of identifiers, which cannot be told from keys before the colon comes.
    could_be_call = dots == 0
    while True:
        if text.startswith("[", position):
            key, position = _key(text, position + 1, depth)
            if not text.startswith("]", position):
                raise GrammarError("`]` is missing", position)
            position += 1
            parts.append((True, key))
            could_be_call = False
        else:
            if parts:
                if not text.startswith(".", position):
                    raise GrammarError(_expected(text, position), position)
                position += 1
            key, position = _key(text, position, depth)
            if type(key) is str and not _ID.fullmatch(key):
                could_be_call = False
            parts.append((False, key))
        after = _skip(text, position)
        if text.startswith("}", after):
            return Reference(dots, tuple(parts), start, after + 1), after + 1
        if text.startswith(":", after):
            if not could_be_call:
                raise GrammarError(
                    "a resolver's name is made of letters, digits, `_`, `-` and dots", position
                )
            arguments, end = _arguments(text, _skip(text, after + 1), depth + 1)
            return Call(tuple(key for _, key in parts), arguments, start, end), end


def _expected(text: str, position: int) -> str:
    if position >= len(text):
        return "`}` is missing"
    return f"`{text[position]}` cannot stand here"


def _key(text: str, position: int, depth: int) -> tuple[Any, int]:
    if text.startswith("${", position):
        return _interpolation(text, position, depth + 1)
    match = _KEY.match(text, position)
    if match is None:
        if position >= len(text):
            raise GrammarError("`}` is missing", position)
        raise GrammarError(f"a key was expected, not `{text[position]}`", position)
    return match.group(), match.end()


def _arguments(text: str, position: int, depth: int) -> tuple[tuple[Any, ...], int]:
    """The arguments of a call, and the position behind its closing brace."""
    if text.startswith("}", position):
        return (), position + 1
    items, position = _sequence(text, position, "}", depth)
    return tuple(items), position


def _sequence(text: str, position: int, close: str, depth: int) -> tuple[list[Any], int]:
    """Elements between commas up to the closing bracket; an element left out is an empty text."""
    items: list[Any] = []
    while True:
        position = _skip(text, position)
        if text.startswith(",", position):
            items.append("")
            position += 1
            continue
        if text.startswith(close, position):
            items.append("")
            return items, position + 1
        element, position = _element(text, position, depth)
        items.append(element)
        position = _skip(text, position)
        if text.startswith(close, position):
            return items, position + 1
        if not text.startswith(",", position):
            raise GrammarError(_expected(text, position), position)
        position += 1


def _element(text: str, position: int, depth: int) -> tuple[Any, int]:
    if depth >= DEEPEST:
        raise GrammarError(f"values are nested more than {DEEPEST} levels deep", position)
    character = text[position : position + 1]
    if character in ("'", '"'):
        parts, position = _text(text, position + 1, character, depth)
        return Text(tuple(parts), quoted=True), position
    if character == "[":
        position = _skip(text, position + 1)
        if text.startswith("]", position):
            return ListOf(()), position + 1
        items, position = _sequence(text, position, "]", depth + 1)
        return ListOf(tuple(items)), position
    if character == "{":
        return _map(text, _skip(text, position + 1), depth + 1)
    return _primitive(text, position, depth, in_key=False)


def _map(text: str, position: int, depth: int) -> tuple[MapOf, int]:
    entries: list[tuple[Any, Any]] = []
    if text.startswith("}", position):
        return MapOf(()), position + 1
    while True:
        key, position = _primitive(text, _skip(text, position), depth, in_key=True)
        position = _skip(text, position)
        if not text.startswith(":", position):
            raise GrammarError("`:` is missing after a key", position)
        value, position = _element(text, _skip(text, position + 1), depth)
        entries.append((key, value))
        position = _skip(text, position)
        if text.startswith("}", position):
            return MapOf(tuple(entries)), position + 1
        if not text.startswith(",", position):
            raise GrammarError(_expected(text, position), position)
        position += 1


def _primitive(text: str, position: int, depth: int, *, in_key: bool) -> tuple[Any, int]:
    """Words, numbers, signs, escapes and interpolations written without a space of separation.

    One token alone has its own type; several make a text.
    """
    tokens: list[Any] = []
    begin = position
    while position < len(text):
        character = text[position]
        if text.startswith("${", position):
            if in_key:
                raise GrammarError("a key of a map cannot be an interpolation", position)
            found, position = _interpolation(text, position, depth)
            tokens.append(found)
            continue
        if character in " \t":
            end = _skip(text, position)
            # Space before a bracket, comma or colon belongs to that sign.
            if end >= len(text) or text[end] in ",]}" or (text[end] == ":" and in_key):
                break
            if text[end] == ":":
                end = _skip(text, end + 1)
            tokens.append(_Raw(text[position:end]))
            position = end
            continue
        if character == ":" and not in_key:
            # A colon takes the space around it along.
            end = _skip(text, position + 1)
            tokens.append(_Raw(text[position:end]))
            position = end
            continue
        try:
            token = _token(text, position)
        except ValueError:
            raise GrammarError("this number has more digits than can be read", position) from None
        if token is None:
            break
        tokens.append(token)
        position += len(token.text)
    if not tokens:
        raise GrammarError(_expected(text, begin), begin)
    if len(tokens) == 1:
        only = tokens[0]
        return (only.value if isinstance(only, _Raw) else only), position
    if all(isinstance(token, _Raw) for token in tokens):
        return "".join(token.shown for token in tokens), position
    return Text(tuple(token.shown if isinstance(token, _Raw) else token for token in tokens), True), position


class _Raw:
    """A token of a primitive: its text, what it shows within a longer text, and its value alone."""

    __slots__ = ("shown", "text", "value")

    def __init__(
        self, text: str, shown: str | None = None, value: Any = None, *, typed: bool = False
    ) -> None:
        self.text = text
        self.shown = text if shown is None else shown
        self.value = value if typed else self.shown


def _token(text: str, position: int) -> _Raw | None:
    """The longest token here; of two equally long ones a number or keyword comes before a word."""
    escape = _ESCAPES.match(text, position)
    if escape is not None:
        return _Raw(escape.group(), escape.group()[1::2])
    best: _Raw | None = None
    for pattern, read in (
        (_FLOAT, _float),
        (_INTEGER, _integer),
        (_WORD, _word),
        (_ID, None),
    ):
        match = pattern.match(text, position)
        if match is not None and (best is None or len(match.group()) > len(best.text)):
            found = match.group()
            best = _Raw(found) if read is None else _Raw(found, None, read(found), typed=True)
    if best is None and text[position] in _OTHER:
        return _Raw(text[position])
    return best


def _float(text: str) -> float:
    return float(text.replace("_", ""))


def _integer(text: str) -> int:
    return int(text.replace("_", ""))


def _word(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())
