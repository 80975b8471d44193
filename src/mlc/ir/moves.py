"""What mlc.yaml says of renamed resources: each address before the one it has now."""

from __future__ import annotations

from collections.abc import Mapping


def followed(moved: Mapping[str, str], address: str) -> tuple[str, ...]:
    """The names that a resource had after this one, oldest first: `a: b, b: c` leads from a to (b, c).

    In a circle the names end where it closes.
    """
    names: list[str] = []
    while address in moved and moved[address] not in names:
        address = moved[address]
        names.append(address)
    return tuple(names)


def former(moved: Mapping[str, str], address: str) -> tuple[str, ...]:
    """The names that a resource had before this one, the latest first."""
    chains = {was: followed(moved, was) for was in moved if was != address}
    leading = [(chain.index(address), was) for was, chain in chains.items() if address in chain]
    return tuple(was for _, was in sorted(leading))
