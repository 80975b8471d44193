"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.rules._words import LONGEST, comparable


def closest(word: str, options: Iterable[str]) -> tuple[str, ...]:
    """At most three options that are written much like `word`, the best first."""
    from difflib import get_close_matches

    candidates = [option for option in options if isinstance(option, str)]
    lower: dict[str, str] = {}
    for option in candidates:
        lower.setdefault(option.lower(), option)
    word = word.lower()
    if len(word) > LONGEST:
        return ()
    return tuple(lower[match] for match in get_close_matches(word, comparable(word, lower), 3, 0.6))


def did_you_mean(word: str, options: Iterable[str], *, noun: str = "Known here") -> str:
    """A sentence of help: the closest options, or all of a short list, or nothing."""
    options = sorted({option for option in options if isinstance(option, str)})
    near = closest(word, options)
    if near:
        return "Did you mean " + _either(near) + "?"
    if options and len(options) <= 12:
        return f"{noun}: " + ", ".join(f"`{option}`" for option in options) + "."
    return ""


def _either(options: tuple[str, ...]) -> str:
    quoted = [f"`{option}`" for option in options]
    if len(quoted) == 1:
        return quoted[0]
    return ", ".join(quoted[:-1]) + " or " + quoted[-1]
