"""An explanation as YAML in which every line ends in its origin.

What it prints is YAML that reads back as the value: origins are comments. A map's own line has an origin only
where an interpolation or the kind's defaults gave the whole map; else its entries say where they are from.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.explanation import Explanation, Layered, Part
from mlc.ir.span import FIELD_DEFAULT
from mlc.report.terminal import Paint, display_width, harmless

_WIDEST = 60  # columns before the origins; a longer line pushes its own to the right
_SHORT = 40
_PLAIN = re.compile(r"[^\W\d][\w ./?!,;()'%+=@:-]*|[0-9]+(ms|[smhdw]|[KMGT]i?B?)")
_PLAIN_IN_LIST = re.compile(r"[^\W\d][\w ./-]*")  # no comma, which ends an item
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"}


class _Line(Struct, frozen=True):
    text: str
    origin: str = ""
    is_default: bool = False


def is_shown_so(one: Explanation) -> bool:
    """Whether it is a map, or a list of more than single values: nothing that fits one line."""
    return isinstance(one.winner.value, dict) or any(part.parts for part in one.parts)


def explanation(one: Explanation, paint: Paint, *, first: bool = True) -> str:
    """A document of YAML; those after the first begin with `---`."""
    head = f"# {_one_line(one.path)} · {one.environment}"
    lines = [] if first else ["---"]
    lines.append(paint(head, "bold"))
    if one.description:
        lines.append(paint(f"# {_one_line(one.description)}", "dim"))
    whole = Part("", one.winner, one.overwrote, one.parts)
    shown = list(_value("", 0, whole))
    column = min(_WIDEST, max((display_width(line.text) for line in shown if line.origin), default=0))
    lines += [_painted(line, column, paint) for line in shown if line.text or line.origin]
    if one.change_class not in ("", "none"):
        lines.append(paint(f"# A change to it costs: {one.change_class}", "dim"))
    return "\n".join(lines) + "\n"


def scalar(value: Any, plain: re.Pattern[str] = _PLAIN) -> str:
    """A single value, or an empty map or list, on one line; text in quotes wherever a reader might doubt it."""
    if isinstance(value, str):
        doubtful = value.lower() in _WORDS or value.endswith((" ", ":")) or ": " in value
        return value if plain.fullmatch(value) and not doubtful else _quoted(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
        mantissa, e, exponent = repr(value).partition("e")
        # YAML 1.1 takes a number without a point for text
        return mantissa if not e else f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}"
    return json.dumps(value)


def _value(head: str, indent: int, part: Part) -> Iterator[_Line]:
    """The lines of a value behind its key or dash; without either, of the value itself."""
    value = part.winner.value
    space = " " * indent
    if not part.parts or _fits_a_line(part):
        text = _flow(value) if isinstance(value, list) else scalar(value)
        yield _Line(f"{space}{head} {text}" if head else text, _origin(part), _is_default(part.winner))
        return
    below = indent
    if head:
        is_default = _is_default(part.winner)
        has_origin = is_default or part.winner.written is not None or _lost(part)
        yield _Line(f"{space}{head}", _origin(part) if has_origin else "", is_default)
        below += 2
    elif part.winner.written is not None:
        yield _Line("", _origin(part))
    for inner in part.parts:
        yield from _value("-" if isinstance(inner.key, int) else f"{scalar(inner.key)}:", below, inner)


def _fits_a_line(part: Part) -> bool:
    """Whether it is a list of single values without a story of their own: a list is one value."""
    return (
        isinstance(part.winner.value, list)
        and not any(inner.parts or inner.winner.written for inner in part.parts)
        and not any(isinstance(inner.winner.value, dict | list) for inner in part.parts)
        and len(_flow(part.winner.value)) <= _WIDEST
    )


def _flow(value: list[Any]) -> str:
    return f"[{', '.join(scalar(item, _PLAIN_IN_LIST) for item in value)}]"


def _origin(part: Part) -> str:
    """`env/prod.yaml:9:34 from ${vars.rounds} (over 100 model/_tabular.yaml:7:15)`"""
    text = _place(part.winner)
    if part.winner.written is not None:
        text += f" from {part.winner.written}"
    over = ", ".join(f"{_short(lost.value)} {_place(lost)}" for lost in _lost(part))
    return _one_line(f"{text} (over {over})" if over else text)


def _lost(part: Part) -> list[Layered]:
    """What was overwritten, without the kind's default, over which everything stands."""
    return [lost for lost in part.overwrote if not _is_default(lost)]


def _place(layer: Layered) -> str:
    return "default" if _is_default(layer) else str(layer.span)


def _is_default(layer: Layered) -> bool:
    return layer.span.file == FIELD_DEFAULT


def _short(value: Any) -> str:
    text = scalar(value) if not isinstance(value, dict | list) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _painted(line: _Line, column: int, paint: Paint) -> str:
    if not line.origin:
        return line.text
    pad = " " * max(2, column - display_width(line.text) + 2) if line.text else ""
    if line.is_default:
        return paint(f"{line.text}{pad}# {line.origin}", "dim")
    return f"{line.text}{pad}{paint(f'# {line.origin}', 'blue')}"


def _quoted(text: str) -> str:
    """Text in double quotes, with the escapes of YAML 1.1."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return named.get(character) or (
        f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    )


def _one_line(text: str) -> str:
    """Text that ends no comment and steers no terminal."""
    return harmless(text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t"))
