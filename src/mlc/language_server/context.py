"""Where the cursor stands while the file is being written, and so often is no YAML.

A marker is put in the place of the word under the cursor, as a value and as a key, in the whole text and in what
stands before it with its brackets closed. The first of these that parses says where the marker came to stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from mlc import load
from mlc.ir.node import Node, plain
from mlc.language_server.places import Path

_MARK = "mlc-cursor-mark"
_WORD = re.compile(r"[\w.\-/]*\Z")
_WORD_AFTER = re.compile(r"[\w.\-/]*")
_CLOSING = {"{": "}", "[": "]"}


class Context(Struct, frozen=True):
    """The path to the value or map that is being written; `start` to `end` is the word under the cursor.

    With `is_key` a key of the map at `path` is being written, else the value at `path`. `siblings` are the keys
    that the map has; `bare` is the file without the word, as plain data.
    """

    path: Path
    is_key: bool
    start: int
    end: int
    siblings: frozenset[str]
    has_colon: bool
    bare: object


def context_at(text: str, file: str, offset: int) -> Context | None:
    """What is being written at an offset; None within a comment or where nothing can be made of the text."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    if re.match(r"([^'\"#]|'[^']*'|\"[^\"]*\")*(?:^|(?<=\s))#", line):
        return None
    before = _WORD.search(text[:offset])
    after = _WORD_AFTER.match(text, offset)
    assert before is not None
    assert after is not None
    start, end = before.start(), after.end()
    has_colon = re.match(r"[\"']?\s*:(\s|\Z)", text[end:]) is not None
    for attempt in _attempts(text, start, end):
        node = load.read(attempt, file).node
        found = _marked(node) if node is not None else None
        if node is not None and found is not None:
            path, is_key, siblings = found
            return Context(path, is_key, start, end, siblings, has_colon, _without_mark(plain(node)))
    return None


def _attempts(text: str, start: int, end: int) -> Iterator[str]:
    before, after = text[:start], text[end:]
    closing = _closing(before)
    for mark in (_MARK, f"{_MARK}: 0"):
        yield before + mark + after
    for mark in (_MARK, f"{_MARK}: 0"):
        yield before + mark + closing + "\n"


def _closing(text: str) -> str:
    """The brackets that are open at the end of a text. A quote or comment before may deceive it."""
    found: list[str] = []
    for character in text:
        if character in _CLOSING:
            found.append(_CLOSING[character])
        elif found and character == found[-1]:
            found.pop()
    return "".join(reversed(found))


def _marked(node: Node) -> tuple[Path, bool, frozenset[str]] | None:
    for path, child in node.walk():
        if child.value == _MARK:
            parent = node.at(path[:-1]) if path else None
            keys = parent.value if parent is not None and parent.is_map else {}
            return path, False, frozenset(keys)
        if child.is_map and _MARK in child.value:
            return path, True, frozenset(key for key in child.value if key != _MARK)
    return None


def _without_mark(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_mark(child) for key, child in value.items() if key != _MARK}
    if isinstance(value, list):
        return [_without_mark(child) for child in value]
    return None if value == _MARK else value
