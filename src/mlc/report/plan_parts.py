"""The short text of a plan from what its parts tell: entries that say the same, counted, and shown as one.

A part tells of each group of its entries how the text says it, which resources it is about, and one entry (all of them
where they are few, as they may be shown by themselves). That is far less than the steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from mlc.ir.operation import Operation
from mlc.ir.plan import Step
from mlc.report import plan_entries, plan_together
from mlc.report.plan_entries import TOGETHER, Counts, Entry, FileEntry

_DESCRIBED_BY = ("gates", "estimator", "alias")  # of an operation's spec (plan_entries.described)


class Ambiguous(Exception):
    """What the parts tell does not say what the text of the whole would be."""


class Group(Struct, frozen=True, array_like=True):
    """Entries that say the same: `said` is a digest of it. `due_to` and `reasons` are all that there are."""

    said: bytes
    addresses: tuple[str, ...]
    entries: tuple[Entry, ...]
    due_to: tuple[str, ...]
    reasons: tuple[str, ...]


class FileGroup(Struct, frozen=True, array_like=True):
    """Files that say the same; of each the resource that it is of, and its place among the files of that one."""

    said: bytes
    places: tuple[tuple[str, int], ...]
    files: tuple[FileEntry, ...]
    reasons: tuple[str, ...]


class Told(Struct, frozen=True, array_like=True):
    """What a part tells of its plan in one environment."""

    groups: tuple[Group, ...]
    files: tuple[FileGroup, ...]
    counts: Counts


def told(steps: Mapping[str, Sequence[Step]], unchanged: int) -> Told:
    """What to tell of the steps of some resources, which are given by address."""
    listed = [step for planned in steps.values() for step in planned]
    found, written = plan_entries.entries(listed), plan_entries.files(listed)
    return Told(
        groups=tuple(_group(said, group) for said, group in _by(found, plan_together.said)),
        files=tuple(_file_group(said, group) for said, group in _by(_placed(written), _written)),
        counts=plan_entries.counts(unchanged, found, written),
    )


def together(
    parts: Iterable[Told], place: Mapping[str, int]
) -> tuple[tuple[Entry, ...], tuple[FileEntry, ...], Counts]:
    """The entries and files that are shown of the whole, and its counts. `place` is each resource's in the order.

    Raises Ambiguous.
    """
    groups: dict[bytes, list[Group]] = {}
    files: dict[bytes, list[FileGroup]] = {}
    counts = []
    for part in parts:
        counts.append(part.counts)
        for group in part.groups:
            groups.setdefault(group.said, []).append(group)
        for one in part.files:
            files.setdefault(one.said, []).append(one)
    shown = [found for alike in groups.values() for found in _joined(alike, place)]
    written = [found for alike in files.values() for found in _joined_files(alike, place)]
    return (
        tuple(entry for _, entry in sorted(shown, key=_first)),
        tuple(file for _, file in sorted(written, key=_first)),
        plan_entries.total(counts),
    )


def _first(one: tuple[Any, Any]) -> Any:
    return one[0]


def _by(found: Sequence[Any], key: Any) -> Iterable[tuple[bytes, list[Any]]]:
    groups: dict[Any, list[Any]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    for said, group in groups.items():
        yield hashlib.blake2b(repr(said).encode("utf-8", "surrogatepass"), digest_size=16).digest(), group


def _placed(written: Sequence[FileEntry]) -> list[tuple[int, FileEntry]]:
    """Each file with its place among those of its resource."""
    number: dict[str, int] = {}
    placed = []
    for one in written:
        place = number[one.addresses[0]] = number.get(one.addresses[0], -1) + 1
        placed.append((place, one))
    return placed


def _written(placed: tuple[int, FileEntry]) -> Any:
    return plan_together.written(placed[1])


def _group(said: bytes, found: list[Entry]) -> Group:
    return Group(
        said=said,
        addresses=tuple(one.addresses[0] for one in found),
        entries=tuple(_slim(one) for one in found[: 1 if len(found) >= TOGETHER else TOGETHER]),
        due_to=tuple(dict.fromkeys(address for one in found for address in one.due_to)),
        reasons=tuple(dict.fromkeys(one.because for one in found)),
    )


def _file_group(said: bytes, found: list[tuple[int, FileEntry]]) -> FileGroup:
    kept = found[: 1 if len(found) >= TOGETHER else TOGETHER]
    return FileGroup(
        said=said,
        places=tuple((one.addresses[0], place) for place, one in found),
        files=tuple(_slim_file(one) for _, one in kept),
        reasons=tuple(dict.fromkeys(plan_together.reason_together(one.because) for _, one in found)),
    )


def _slim(one: Entry) -> Entry:
    """An entry without what its text does not say."""
    return structs.replace(
        one, runs=tuple(map(_slim_step, one.runs)), undone=tuple(map(_slim_step, one.undone))
    )


def _slim_step(step: Step) -> Step:
    operation = step.operation
    assert operation is not None, step.id
    return Step(
        id=step.id,
        address=step.address,
        action=step.action,
        because=step.because,
        unknown=step.unknown,
        stays=step.stays,
        operation=Operation(
            id=operation.id,
            driver=operation.driver,
            spec={name: operation.spec[name] for name in _DESCRIBED_BY if name in operation.spec},
            files=operation.files,
        ),
    )


def _slim_file(one: FileEntry) -> FileEntry:
    slim = structs.replace(one.artifacts[0], content=None, diff="")
    return structs.replace(one, artifacts=(slim,))


def _joined(alike: list[Group], place: Mapping[str, int]) -> list[tuple[int, Entry]]:
    """The entries to show of what says the same in several parts, each with the place to show it at."""
    addresses = sorted((address for group in alike for address in group.addresses), key=place.__getitem__)
    if len(addresses) < TOGETHER:
        return [(place[one.addresses[0]], one) for group in alike for one in group.entries]
    due_to = tuple(dict.fromkeys(address for group in alike for address in group.due_to))
    reasons = {reason for group in alike for reason in group.reasons}
    if len(reasons) > 1 and (len(due_to) < 2 or "" in reasons):
        raise Ambiguous
    return [(place[addresses[0]], plan_together.joined(alike[0].entries[0], tuple(addresses), due_to))]


def _joined_files(
    alike: list[FileGroup], place: Mapping[str, int]
) -> list[tuple[tuple[int, int], FileEntry]]:
    number = sum(len(group.places) for group in alike)
    if number < TOGETHER:
        return [
            ((place[address], nth), file)
            for group in alike
            for (address, nth), file in zip(group.places, group.files, strict=True)
        ]
    if len({reason for group in alike for reason in group.reasons}) > 1:
        raise Ambiguous
    first = min((place[address], nth) for group in alike for address, nth in group.places)
    file = alike[0].files[0]
    return [(first, plan_together.joined_files(file, file.artifacts, file.addresses, more=number - 1))]
