"""Which resources are compiled together: those that share what they build on, in parts of about the same size.

Whatever the division, the parts give the same together; a good one only does less twice. So it is guessed from the
texts of the files, without reading them as YAML.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from mlc.ir.address import Address

_ENTRY = re.compile(rb"^[ \t-]*([a-z_]+):[ \t]*\[?([A-Za-z0-9_, -]+)\]?[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_HUB = 40  # resources that refer to one; it goes with none of them


def divide(
    names: Sequence[Address], text: Callable[[Address], bytes], size: int
) -> list[tuple[Address, ...]]:
    """Parts of about `size` resources. `text` gives the content of a resource's file."""
    mentioned = _mentioned(names, text)
    counts = Counter(target for targets in mentioned.values() for target in targets)
    hubs = {target for target, count in counts.items() if count > _HUB}
    families = _families(names, mentioned, hubs)
    parts: list[tuple[Address, ...]] = []
    gathered: list[Address] = []
    for family in families:
        if gathered and len(gathered) + len(family) > size:
            parts.append(tuple(gathered))
            gathered = []
        gathered += family
        while len(gathered) > 2 * size:  # a family that is too large for one
            parts.append(tuple(gathered[:size]))
            gathered = gathered[size:]
    if gathered:
        parts.append(tuple(gathered))
    left = [name for name in names if name in hubs]
    return [*parts, *(tuple(left[at : at + size]) for at in range(0, len(left), size))]


def _mentioned(
    names: Sequence[Address], text: Callable[[Address], bytes]
) -> dict[Address, frozenset[Address]]:
    """What each resource seems to refer to: fields called as a kind (or several of it) that hold a name of it."""
    by_kind: dict[str, dict[str, Address]] = {}
    for name in names:
        by_kind.setdefault(name.kind, {})[name.name] = name
    fields = {field: known for kind, known in by_kind.items() for field in (kind, f"{kind}s")}
    if "policy" in by_kind:
        fields["policies"] = by_kind["policy"]
    return {name: frozenset(_targets(text(name), fields)) - {name} for name in names}


def _targets(text: bytes, fields: Mapping[str, Mapping[str, Address]]) -> list[Address]:
    found = []
    for field, value in _ENTRY.findall(text):
        known = fields.get(field.decode())
        if known is not None:
            found += [known[word] for word in _NAME.findall(value.decode()) if word in known]
    return found


def _families(
    names: Sequence[Address], mentioned: Mapping[Address, frozenset[Address]], hubs: set[Address]
) -> list[list[Address]]:
    """Resources that are connected, hubs aside; each family in the order of the names, and so are the families."""
    leader = {name: name for name in names}

    def lead(name: Address) -> Address:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for name, targets in mentioned.items():
        for target in sorted(targets - hubs):
            leader[lead(name)] = lead(target)
    families: dict[Address, list[Address]] = {}
    for name in names:
        if name not in hubs:
            families.setdefault(lead(name), []).append(name)
    return list(families.values())
