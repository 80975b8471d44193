"""bad-search: a search of the registry that cannot be understood.

Why it matters: a search that was guessed at would find the wrong versions, or none.
How to mend it: write facts of a version, compared with values and joined by and, or, not: metrics.roc_auc.low > 0.9 and
owner = "risk-ml".
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "A search of the registry cannot be understood.")

_EXAMPLE = "As in: mlc registry search 'metrics.roc_auc.low > 0.9 and owner = \"risk-ml\"'"


def found(asked: str, why: str) -> Diagnostic:
    return RULE.at(None, f"The search `{asked}` cannot be understood: {why}.", help=f"{_EXAMPLE}.")


def unknown(word: str, known: Iterable[str]) -> Diagnostic:
    known = tuple(known)
    return RULE.at(
        None,
        f'A version has no fact called "{word}". It has {listed(known)}.',
        help=f"{did_you_mean(word, known)} A text stands in quotation marks.".strip(),
    )


def too_long(length: int, most: int) -> Diagnostic:
    return RULE.at(
        None,
        f"The search has {length:,} characters, and {most:,} are the most.",
        help="Ask for less at once.",
    )


def missing() -> Diagnostic:
    return RULE.at(None, "Nothing was searched for.", help=f"{_EXAMPLE}.")
