"""Text → tokens with exact places: the only door of ruamel.yaml."""

from __future__ import annotations

from typing import Any

from mlc.edit.scalars import Scalar, block_scalar, flow_scalar


class Token:
    """A token with offsets that are exact also for block scalars."""

    __slots__ = ("column", "end", "kind", "line", "scalar", "start", "value")

    def __init__(self, kind: str, start: int, end: int, line: int, column: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.line = line
        self.column = column
        self.value: Any = None
        self.scalar: Scalar | None = None


def tokens(text: str) -> list[Token]:
    """The tokens of a text. Raises ValueError for what is not YAML."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    while True:
        try:
            return _scanned(text)
        except MarkedYAMLError as error:
            # ruamel.yaml refuses a tab between a bracket and a comment, where YAML allows it.
            mark = error.problem_mark
            if mark is None or text[mark.index : mark.index + 1] != "\t":
                raise ValueError(str(error)) from None
            text = text[: mark.index] + " " + text[mark.index + 1 :]
        except YAMLError as error:
            raise ValueError(str(error)) from None


def _scanned(text: str) -> list[Token]:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)  # as libyaml reads
    found: list[Token] = []
    blocks: list[int] = []  # columns of the block collections that are open
    for raw in yaml.scan(text):
        kind = type(raw).__name__.removesuffix("Token")
        start, end = raw.start_mark, raw.end_mark
        token = Token(kind, start.index, end.index, start.line, start.column)
        if kind in ("BlockMappingStart", "BlockSequenceStart"):
            blocks.append(start.column)
        elif kind == "BlockEnd":
            blocks.pop()
        elif kind == "Scalar":
            if raw.style in ("|", ">"):
                token.scalar, token.end = block_scalar(text, token.start, blocks[-1:], raw.value)
            else:
                token.scalar = flow_scalar(text[token.start : token.end], raw.style or "", raw.value)
        elif kind in ("Anchor", "Alias", "Tag", "Directive"):
            token.value = raw.value
        found.append(token)
    return found


def tag(token: Token) -> str:
    """A tag as it is written."""
    value = token.value
    handle, suffix = (value.handle, value.suffix) if hasattr(value, "handle") else value
    if handle is None:
        return "!" if suffix == "!" else f"!<{suffix}>"
    return f"{handle}{suffix}"
