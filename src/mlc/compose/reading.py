"""Which variables and inputs texts read: what is certain, and where a name is made up, everything it may be."""

from __future__ import annotations

import re
from typing import Any

from mlc.compose.mentions import references, split_key

Path = tuple[str | int, ...]

_INPUT = re.compile(r"\$\{\s*input\s*:\s*(['\"]?)([^}'\"]*)")


class Reading:
    """Collects what is read. A name that is itself an interpolation may be any name."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.inputs: set[str] = set()
        self.every_variable = False
        self.every_input = False

    def add(self, text: Any, path: Path) -> None:
        """The interpolations of a text that stands at a path of the document."""
        if not isinstance(text, str) or "${" not in text:
            return
        for key in references(text):
            self._add_key(key, path)
        for found in _INPUT.finditer(text):
            name = found[2].strip()
            self.every_input = self.every_input or "${" in name
            self.inputs.add(name)

    def join(self, other: Reading) -> None:
        self.variables |= other.variables
        self.inputs |= other.inputs
        self.every_variable = self.every_variable or other.every_variable
        self.every_input = self.every_input or other.every_input

    def has_variable(self, name: str) -> bool:
        return self.every_variable or name in self.variables

    def has_input(self, name: str) -> bool:
        return self.every_input or name in self.inputs

    def size(self) -> tuple[int, int, bool, bool]:
        """Grows with whatever is added."""
        return len(self.variables), len(self.inputs), self.every_variable, self.every_input

    def _add_key(self, key: str, path: Path) -> None:
        dots = len(key) - len(key.lstrip("."))
        certain, dynamic, _ = key.partition("${")
        parts = [part for part in split_key(certain.lstrip(".").rstrip("[")) if part]
        if dynamic and not certain.endswith((".", "[")) and parts:
            parts.pop()  # `vars.a${x}` may be any name that begins so
        base = tuple(map(str, path[: len(path) - dots])) if dots else ()
        whole = (*base, *parts)
        if not whole or whole == ("vars",):
            self.every_variable = True
        elif whole[0] == "vars":
            self.variables.add(whole[1])
