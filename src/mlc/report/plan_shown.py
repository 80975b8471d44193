"""All that the text says of a plan."""

from __future__ import annotations

from msgspec import Struct

from mlc.ir.plan import Plan
from mlc.report import plan_entries, plan_files
from mlc.report.plan_entries import Counts, Entry
from mlc.report.plan_files import FileEntry


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
    found, written = plan_entries.entries(plan.steps), plan_files.files(plan.steps)
    counted = plan_entries.counts(plan.unchanged, found, written)
    if not verbose:
        found, written = plan_entries.together(found), plan_files.files_together(written)
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
