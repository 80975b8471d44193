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
from mlc.report import plan_entries, plan_files
from mlc.report.plan_entries import TOGETHER, Counts, Entry
from mlc.report.plan_files import FileEntry

_DESCRIBED_BY = (
    "gates",
    "estimator",
    "candidate",
    "ensemble",
    "alias",
    "curve",
)  # of an operation's spec, mostly


class Ambiguous(Exception):
    """What the parts tell does not say what the text of the whole would be."""


class Group(Struct, frozen=True, array_like=True):
    """Entries that say the same: `said` is a digest of it. `due_to` and `reasons` are all that there are.

    `resources` are those that the entries are about, as numbers in the part.
    """

    said: bytes
    resources: tuple[int, ...]
    entries: tuple[Entry, ...]
    due_to: tuple[str, ...]
    reasons: tuple[str, ...]


class FileGroup(Struct, frozen=True, array_like=True):
    """Files that say the same; of each the resource that it is of, and then its place among the files of that one."""

    said: bytes
    places: tuple[int, ...]
    files: tuple[FileEntry, ...]
    reasons: tuple[str, ...]


class Told(Struct, frozen=True, array_like=True):
    """What a part tells of its plan in one environment."""

    groups: tuple[Group, ...]
    files: tuple[FileGroup, ...]
    counts: Counts


def told(steps: Mapping[str, Sequence[Step]], unchanged: int, numbers: Mapping[str, int]) -> Told:
    """What to tell of the steps of some resources, which are given by address. `numbers` are those of the part."""
    listed = [step for planned in steps.values() for step in planned]
    found, written = plan_entries.entries(listed), plan_files.files(listed)
    return Told(
        groups=tuple(_group(said, group, numbers) for said, group in _by(found, plan_entries.said)),
        files=tuple(_file_group(said, group, numbers) for said, group in _by(_placed(written), _written)),
        counts=plan_entries.counts(unchanged, found, written),
    )


def together(
    parts: Iterable[tuple[Told, Sequence[int]]], order: Sequence[str]
) -> tuple[tuple[Entry, ...], tuple[FileEntry, ...], Counts]:
    """The entries and files that are shown of the whole, and its counts.

    Beside what each part tells stand the places of its resources in the order of them all. Raises Ambiguous.
    """
    groups: dict[bytes, list[tuple[Group, Sequence[int]]]] = {}
    files: dict[bytes, list[tuple[FileGroup, Sequence[int]]]] = {}
    counts = []
    for part, places in parts:
        counts.append(part.counts)
        for group in part.groups:
            groups.setdefault(group.said, []).append((group, places))
        for one in part.files:
            files.setdefault(one.said, []).append((one, places))
    shown = [found for alike in groups.values() for found in _joined(alike, order)]
    written = [found for alike in files.values() for found in _joined_files(alike)]
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
    return plan_files.written(placed[1])


def _group(said: bytes, found: list[Entry], numbers: Mapping[str, int]) -> Group:
    return Group(
        said=said,
        resources=tuple(numbers[one.addresses[0]] for one in found),
        entries=tuple(_slim(one) for one in found[: 1 if len(found) >= TOGETHER else TOGETHER]),
        due_to=tuple(dict.fromkeys(address for one in found for address in one.due_to)),
        reasons=tuple(dict.fromkeys(one.because for one in found)),
    )


def _file_group(said: bytes, found: list[tuple[int, FileEntry]], numbers: Mapping[str, int]) -> FileGroup:
    kept = found[: 1 if len(found) >= TOGETHER else TOGETHER]
    return FileGroup(
        said=said,
        places=tuple(number for place, one in found for number in (numbers[one.addresses[0]], place)),
        files=tuple(_slim_file(one) for _, one in kept),
        reasons=tuple(dict.fromkeys(plan_files.reason_together(one.because) for _, one in found)),
    )


def _slim(one: Entry) -> Entry:
    """An entry without what its text does not say."""
    return structs.replace(
        one, runs=tuple(map(_slim_step, one.runs)), undone=tuple(map(_slim_step, one.undone))
    )


def _slim_step(step: Step) -> Step:
    operation = step.operation
    assert operation is not None, step.id
    spec = {name: operation.spec[name] for name in _DESCRIBED_BY if name in operation.spec}
    slim = _with_spec(step, operation, spec)
    try:
        is_enough = plan_entries.described(slim) == plan_entries.described(step)
    except LookupError:
        is_enough = False
    return slim if is_enough else _with_spec(step, operation, operation.spec)


def _with_spec(step: Step, operation: Operation, spec: dict[str, Any]) -> Step:
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
            spec=spec,
            files=operation.files,
        ),
    )


def _slim_file(one: FileEntry) -> FileEntry:
    slim = structs.replace(one.artifacts[0], content=None, diff="")
    return structs.replace(one, artifacts=(slim,))


def _joined(alike: list[tuple[Group, Sequence[int]]], order: Sequence[str]) -> list[tuple[int, Entry]]:
    """The entries to show of what says the same in several parts, each with the place to show it at."""
    where = [[places[number] for number in group.resources] for group, places in alike]
    if sum(map(len, where)) < TOGETHER:
        return [
            found
            for (group, _), places in zip(alike, where, strict=True)
            for found in zip(places, group.entries, strict=True)
        ]
    due_to = tuple(dict.fromkeys(address for group, _ in alike for address in group.due_to))
    reasons = {reason for group, _ in alike for reason in group.reasons}
    if len(reasons) > 1 and (len(due_to) < 2 or "" in reasons):
        raise Ambiguous
    everywhere = sorted(place for places in where for place in places)
    addresses = tuple(order[place] for place in everywhere)
    return [(everywhere[0], plan_entries.joined(alike[0][0].entries[0], addresses, due_to))]


def _joined_files(
    alike: list[tuple[FileGroup, Sequence[int]]],
) -> list[tuple[tuple[int, int], FileEntry]]:
    where = [
        [(places[number], nth) for number, nth in zip(group.places[::2], group.places[1::2], strict=True)]
        for group, places in alike
    ]
    number = sum(map(len, where))
    if number < TOGETHER:
        return [
            found
            for (group, _), places in zip(alike, where, strict=True)
            for found in zip(places, group.files, strict=True)
        ]
    if len({reason for group, _ in alike for reason in group.reasons}) > 1:
        raise Ambiguous
    file = alike[0][0].files[0]
    return [(min(map(min, where)), plan_files.joined_files(file, file.artifacts, file.addresses, number - 1))]
