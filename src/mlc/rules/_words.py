"""Words that messages share."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 200  # characters: comparing takes time with the square of the length
MOST = 500


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    from difflib import get_close_matches  # only a mistake needs it

    word = word.lower()
    if len(word) > LONGEST:
        return None
    by_lower: dict[str, str] = {}
    for candidate in comparable(word, map(str, known)):
        by_lower.setdefault(candidate.lower(), candidate)
    found = get_close_matches(word, by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def comparable(word: str, options: Iterable[str]) -> list[str]:
    """The options worth comparing with a word: of very many, some of those that begin or end alike."""
    listed = [option for option in options if len(option) <= LONGEST]
    if len(listed) <= MOST or not word:
        return listed[:MOST]
    ends = {word[0], word[0].upper()}, {word[-1], word[-1].upper()}
    near = (option for option in listed if option[:1] in ends[0] or option[-1:] in ends[1])
    return [option for option in near if abs(len(option) - len(word)) <= 3][:MOST]


def did_you_mean(word: str, known: Iterable[str], *, noun: str = "Known") -> str:
    """`Did you mean "loans"?`, or what there is to choose from: `Known: claims and loans.`"""
    known = [str(item) for item in known]
    guess = nearest(word, known)
    if guess is not None:
        return f'Did you mean "{guess}"?'
    return f"{noun}: {listed(sorted(set(known)))}." if known else ""


def listed(words: Iterable[str], most: int = 20) -> str:
    """`a, b and c`, cut short where there are many."""
    items = list(words)
    if len(items) > most:
        return ", ".join(items[:most]) + f" and {len(items) - most} more"
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
