"""What a plain scalar means: YAML 1.1 as PyYAML reads it, with the floats that OmegaConf adds.

The patterns are PyYAML's resolver table (yaml/resolver.py) without timestamps, and the float pattern of
`omegaconf._utils.get_yaml_loader`. A test compares every answer with OmegaConf's own loader.
"""

from __future__ import annotations

import re

from mlc.ir.node import Scalar

_BOOL = re.compile(r"(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)\Z")
_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_INT = re.compile(
    r"""(?:[-+]?0b[0-1_]+
    |[-+]?0[0-7_]+
    |[-+]?(?:0|[1-9][0-9_]*)
    |[-+]?0x[0-9a-fA-F_]+
    |[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)\Z""",
    re.VERBOSE,
)
_FLOAT = re.compile(
    r"""(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?
    |\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?
    |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    |[-+]?\.(?:inf|Inf|INF)
    |\.(?:nan|NaN|NAN))\Z""",
    re.VERBOSE,
)
_OMEGACONF_FLOAT = re.compile(
    r"""(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)
    |\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?
    |[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*)\Z""",
    re.VERBOSE,
)
_LONGEST = 4_300  # digits: what Python converts; beyond it the time grows with the square
_MOST_BITS = 14_000  # of a whole number, so that it can be written in as many digits

_NUMERIC = frozenset("-+0123456789.")
_WORDS = frozenset("yYnNtTfFoO~")

_TRUE = frozenset({"yes", "true", "on"})
_FALSE = frozenset({"no", "false", "off"})


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar. Raises ValueError where it looks like a number and is none."""
    if not text:
        return None
    first = text[0]
    if first in _NUMERIC:
        if _FLOAT.match(text):
            return as_float(text)
        if first != "." and _INT.match(text):
            return as_int(text)
        if _OMEGACONF_FLOAT.match(text):
            return as_float(text)
        return text
    if first in _WORDS:
        if _BOOL.match(text):
            return text.lower() in _TRUE
        if _NULL.match(text):
            return None
    return text


def as_bool(text: str) -> bool:
    """The value of a scalar tagged `!!bool`. Raises ValueError."""
    lower = text.lower()
    if lower in _TRUE:
        return True
    if lower in _FALSE:
        return False
    raise ValueError(text)


def as_int(text: str) -> int:
    """Decimal, binary, octal, hexadecimal and sexagesimal integers of YAML 1.1. Raises ValueError."""
    value = _whole(text.replace("_", ""))
    if value.bit_length() > _MOST_BITS:
        raise ValueError("too many digits")
    return value


def _whole(text: str) -> int:
    if len(text) > _LONGEST and ":" in text:
        raise ValueError("too many digits")
    sign = -1 if text[:1] == "-" else 1
    text = text[1:] if text[:1] in ("-", "+") else text
    if text == "0":
        return 0
    if text.startswith("0b"):
        return sign * int(text[2:], 2)
    if text.startswith("0x"):
        return sign * int(text[2:], 16)
    if text.startswith("0"):
        return sign * int(text, 8)
    if ":" in text:
        total = 0
        for part in text.split(":"):
            total = total * 60 + int(part)
        return sign * total
    return sign * int(text)


def as_float(text: str) -> float:
    """Decimal and sexagesimal floats of YAML 1.1. Raises ValueError."""
    text = text.replace("_", "").lower()
    if len(text) > _LONGEST and ":" in text:
        raise ValueError("too many digits")
    sign = -1.0 if text[:1] == "-" else 1.0
    text = text[1:] if text[:1] in ("-", "+") else text
    if text == ".inf":
        return sign * float("inf")
    if text == ".nan":
        return float("nan")
    if ":" in text:
        # From the last part to the first: another order would round differently from PyYAML.
        total, base = 0.0, 1
        for part in reversed(text.split(":")):
            try:
                total += float(part) * base
            except OverflowError:
                raise ValueError("too many digits") from None
            base *= 60
        return sign * total
    return sign * float(text)


def trap(text: str, value: Scalar) -> tuple[str, str] | None:
    """How an unquoted scalar may surprise: (how it was read, the same value written plainly), or None."""
    if type(value) is bool:
        if text.lower() not in ("true", "false"):
            word = "true" if value else "false"
            return f"as the boolean {word}", word
        return None
    if type(value) is int:
        if ":" in text:
            return f"as a number in base 60, {value}", str(value)
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits[1] not in "bx":
            return f"as a number in base 8, {value}", str(value)
        return None
    if type(value) is float and ":" in text:
        return f"as a number in base 60, {value!r}", repr(value)
    if text in ("y", "Y", "n", "N"):
        return f'as the text "{text}", where other YAML readers see a boolean', f'"{text}"'
    return None
