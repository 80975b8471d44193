"""Which versions a constraint lets through, and which of them is the highest.

The door of `packaging`: versions and specifiers are those of PEP 440. `^2.1` is `>=2.1,<3`, `^0.3` is `>=0.3,<0.4`,
`~1.4` is `>=1.4,<1.5`, `~1` is `>=1,<2`, and a version alone is that version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

_SHORT = re.compile(r"([\^~])\s*([0-9]+(?:\.[0-9]+)*)")


def specifiers(text: str) -> SpecifierSet | None:
    """What a constraint stands for; None where it is none."""
    text = text.strip()
    short = _SHORT.fullmatch(text)
    try:
        if short is not None:
            return SpecifierSet(f">={short[2]},<{_bound(short[1], short[2])}")
        if _version(text) is not None:
            return SpecifierSet(f"=={text}")
        return SpecifierSet(text) if text else None
    except InvalidSpecifier:
        return None


def fits(version: str, wanted: SpecifierSet) -> bool:
    """Whether a version is let through. Versions before a release are, where the constraint names one."""
    found = _version(version)
    return found is not None and wanted.contains(found)


def highest(names: Iterable[str], wanted: SpecifierSet) -> str | None:
    """The name of the highest version that fits, as in the tags `v1.2` and `1.3`; None where none does."""
    fitting = [name for name in names if fits(name, wanted)]
    return max(fitting, key=lambda name: (_version(name), name), default=None)


def newest_first(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that are versions."""
    known = [(version, name) for name in names if (version := _version(name)) is not None]
    return tuple(name for _, name in sorted(known, reverse=True))


def _bound(sign: str, text: str) -> str:
    """The first version that is let through no more."""
    parts = [int(part) for part in text.split(".")]
    if sign == "^":
        place = next((index for index, part in enumerate(parts) if part), len(parts) - 1)
    else:
        place = min(1, len(parts) - 1)
    return ".".join(map(str, [*parts[:place], parts[place] + 1]))


def _version(text: str) -> Version | None:
    try:
        return Version(text)  # a `v` in front is part of the form
    except InvalidVersion:
        return None
