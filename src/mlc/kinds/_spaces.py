"""The values of a search space as words, for platforms and command lines that know nothing but text."""

import json
from typing import Any


def spelled(choice: Any) -> str:
    """A value of `choice` as a word: a text as it is, all else as JSON."""
    return choice if isinstance(choice, str) else json.dumps(choice, ensure_ascii=False, sort_keys=True)


def value_of(one: dict[str, Any], word: str) -> Any:
    """The value that a word stands for, within the space of a parameter as a step is told it (`log`, `int`, `float` or
    `choice`). Raises ValueError, in words, for a word that stands for none."""
    if "choice" in one:
        found = [choice for choice in one["choice"] if spelled(choice) == word]
        if len(found) != 1:
            known = ", ".join(spelled(choice) for choice in one["choice"])
            raise ValueError(f"it is one of {known}")
        return found[0]
    low, high = next(one[kind] for kind in ("log", "int", "float") if kind in one)
    is_whole = "int" in one or one.get("whole", False)
    try:
        value = int(word) if is_whole else float(word)
    except ValueError:
        raise ValueError("it is a whole number" if is_whole else "it is a number") from None
    if not low <= value <= high:
        raise ValueError(f"it lies between {low:g} and {high:g}")
    return value
