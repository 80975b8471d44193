"""Words that messages share."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    candidates = [str(item) for item in known]
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    found = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`Did you mean "loans"?`, or what there is to choose from."""
    known = sorted(known)
    guess = nearest(word, known)
    if guess is not None:
        return f'Did you mean "{guess}"?'
    return f"Known: {listed(known)}." if known else ""


def listed(words: Iterable[str], most: int = 20) -> str:
    """`a, b and c`, cut short where there are many."""
    items = list(words)
    if len(items) > most:
        return ", ".join(items[:most]) + f" and {len(items) - most} more"
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
