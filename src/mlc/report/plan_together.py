"""A plan as its short text shows it: entries that say the same of many resources as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mlc.ir.plan import Plan, PlannedArtifact
from mlc.report import plan_entries
from mlc.report.plan_entries import TOGETHER, Counts, Entry, FileEntry


class Shown(Struct, frozen=True):
    """All that the text says of a plan: entries and files, alike ones together where it is short."""

    project: str
    environment: str
    since: str
    found: tuple[Entry, ...]
    written: tuple[FileEntry, ...]
    counts: Counts
    is_empty: bool
    nothing: str = ""
    narrowing: tuple[str, ...] = ()


def shown(plan: Plan, *, verbose: bool) -> Shown:
    """What to show of a plan."""
    found, written = plan_entries.entries(plan.steps), plan_entries.files(plan.steps)
    counted = plan_entries.counts(plan.unchanged, found, written)
    if not verbose:
        found, written = together(found), files_together(written)
    return Shown(
        project=plan.project,
        environment=plan.environment,
        since=since(plan.lineage, plan.serial),
        found=found,
        written=written,
        counts=counted,
        is_empty=plan.is_empty,
        nothing=plan_entries.nothing(plan) if plan.is_empty else "",
        narrowing=tuple(plan_entries.narrowing(plan, verbose=verbose)),
    )


def since(lineage: str, serial: int) -> str:
    """What a plan was compared with."""
    return f"compared with state serial {serial}" if lineage else "nothing applied yet"


def together(found: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same with those of one kind that say the same as one, where there are many."""
    return tuple(_joined(group) for group in _alike(found, said))


def files_together(found: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """The same with those that differ only in the name of their resource as one, where there are many."""
    return tuple(_joined_files(group) for group in _alike(found, written))


def _alike(found: Sequence[Any], key: Any) -> list[list[Any]]:
    """The entries in groups that say the same; each by itself where a group is small."""
    groups: dict[Any, list[Any]] = {}
    names = [key(one) for one in found]
    for name, one in zip(names, found, strict=True):
        groups.setdefault(name, []).append(one)
    whole = {name for name, group in groups.items() if len(group) >= TOGETHER}
    told: set[Any] = set()
    listed = []
    for name, one in zip(names, found, strict=True):
        if name not in whole:
            listed.append([one])
        elif name not in told:
            told.add(name)
            listed.append(groups[name])
    return listed


def said(one: Entry) -> Any:
    """All that the text says of an entry but its name."""
    changes = tuple(
        (
            change.path,
            repr(change.before),
            repr(change.after),
            change.cause,
            change.reads,
            change.near,
            change.added,
        )
        for change in one.changes
    )
    runs = tuple(
        (step.operation.name, step.unknown, plan_entries.described(step))
        for step in one.runs
        if step.operation
    )
    due_to = tuple(address.partition(".")[0] for address in one.due_to)
    because = "" if one.due_to else one.because
    undone = tuple(step.operation.name for step in one.undone if step.operation)
    return (one.symbol, one.kind, one.cost, changes, runs, undone, because, due_to, one.was or None)


def _joined(group: list[Entry]) -> Entry:
    if len(group) == 1:
        return group[0]
    due_to = tuple(dict.fromkeys(address for one in group for address in one.due_to))
    return joined(group[0], tuple(one.addresses[0] for one in group), due_to)


def joined(first: Entry, addresses: tuple[str, ...], due_to: tuple[str, ...]) -> Entry:
    """Entries that say the same as one: the first, and of all of them the addresses and what they are due to."""
    because = first.because
    if because and len(due_to) > 1:
        because = f"because the {due_to[0].partition('.')[0]} that each builds on changes"
    return Entry(
        symbol=first.symbol,
        addresses=addresses,
        was=first.was,
        cost=first.cost,
        changes=first.changes,
        runs=first.runs,
        undone=first.undone,
        because=because,
        due_to=due_to,
    )


def written(one: FileEntry) -> Any:
    """All that the text says of a file but the name of its resource."""
    artifact = one.artifacts[0]
    because = "" if " changes" in one.because else one.because.replace(one.path, "*")
    return (one.symbol, _pattern(one), artifact.backend, artifact.added, artifact.removed, because)


def _pattern(one: FileEntry) -> str:
    """A path with the name of its resource, and of a file beside others of it, as *."""
    name = one.addresses[0].partition(".")[2]
    return "/".join("*" if part == name else part for part in one.path.split("/"))


def _joined_files(group: list[FileEntry]) -> FileEntry:
    if len(group) == 1:
        return group[0]
    artifacts = tuple(artifact for one in group for artifact in one.artifacts)
    return joined_files(group[0], artifacts, tuple(one.addresses[0] for one in group))


def joined_files(
    first: FileEntry, artifacts: tuple[PlannedArtifact, ...], addresses: tuple[str, ...], more: int = 0
) -> FileEntry:
    """Files that differ only in the name of their resource as one."""
    return FileEntry(
        symbol=first.symbol,
        path=_pattern(first),
        artifacts=artifacts,
        because=reason_together(first.because),
        addresses=addresses,
        more=more,
    )


def reason_together(because: str) -> str:
    """What to say of several files of the reason why one is written."""
    return "" if " changes" in because else because
