"""A plan as one HTML page: what is in it. `templates/graph_page` says how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from mlc.ir.plan import Change, Plan, Step
from mlc.report import plan_entries, plan_files
from mlc.report.graph_page import drawing, harmlessly
from mlc.report.plan_entries import Counts, Entry
from mlc.report.plan_files import FileEntry

_CLASSES = {"+": "add", "~": "change", "-": "destroy", "→": "rename", "!": "destroy"}
_LONGEST = 2000  # characters of a value


def page(plans: Sequence[Plan]) -> dict[str, Any]:
    """What the template needs: texts, and the places of boxes and lines."""
    told = [(one, plan_entries.entries(one.steps), plan_files.files(one.steps)) for one in plans]
    numbers = [plan_entries.counts(one.unchanged, found, written) for one, found, written in told]
    environments = ", ".join(one.environment for one in plans)
    data: dict[str, Any] = harmlessly(
        {
            "kicker": "Plan",
            "title": f"{plans[0].project} · {environments}",
            "lead": f"What mlc apply would do: {plan_entries.numbers(plan_entries.total(numbers))}.",
            "sections": [
                _section(number, counts, *one)
                for number, (counts, one) in enumerate(zip(numbers, told, strict=True))
            ],
        }
    )
    return data


def _section(
    number: int, counts: Counts, plan: Plan, whole: tuple[Entry, ...], written: tuple[FileEntry, ...]
) -> dict[str, Any]:
    entries = plan_entries.together(whole)
    if not _is_acyclic(_edges(plan, entries)):  # as groups of one kind may refer to each other
        entries = whole
    ids = {one.addresses[0]: f"r{number}-{index}" for index, one in enumerate(entries)}
    boxes = {
        ids[one.addresses[0]]: (one.title, one.cost or "renamed", _CLASSES[one.symbol]) for one in entries
    }
    lines = [(ids[source], ids[target]) for source, target in _edges(plan, entries)]
    files = plan_files.files_together(written)
    compared = f"Compared with state serial {plan.serial}." if plan.lineage else "Nothing is applied yet."
    return {
        "id": f"environment-{number}",
        "title": plan.environment,
        "lead": compared if not plan.is_empty else f"{compared} {plan_entries.nothing(plan)}",
        "counts": [
            {"class": name, "text": f"{amount:,} {words}"}
            for name, amount, words in (
                ("add", counts.add, "to add"),
                ("change", counts.change, "to change"),
                ("destroy", counts.destroy, "to destroy"),
                ("rename", counts.rename, "renamed"),
                *(("plain", amount, cost) for cost, amount in counts.costs.items()),
                ("plain", counts.unchanged, "unchanged"),
            )
            if amount
        ],
        "notes": plan_entries.narrowing(plan, verbose=True),
        "graph_label": f"What changes in {plan.environment}, and what follows from it",
        **drawing(boxes, lines),
        "entries": [_entry(one, ids[one.addresses[0]]) for one in entries]
        + [_file(one, f"f{number}-{index}") for index, one in enumerate(files)],
    }


def _edges(plan: Plan, entries: Iterable[Entry]) -> list[tuple[str, str]]:
    """Which entry builds on which, or follows from which, each by the first of its addresses."""
    entry_of = {address: one.addresses[0] for one in entries for address in one.addresses}
    pairs = [*plan.edges, *((step.address, step.due_to) for step in plan.steps if step.due_to)]
    named = ((entry_of.get(source), entry_of.get(target)) for source, target in pairs)
    found = ((source, target) for source, target in named if source and target and source != target)
    return list(dict.fromkeys(found))


def _is_acyclic(edges: Iterable[tuple[str, str]]) -> bool:
    before: dict[str, set[str]] = {}
    for source, target in edges:
        before.setdefault(source, set()).add(target)
    try:
        TopologicalSorter(before).prepare()
    except CycleError:
        return False
    return True


def _entry(one: Entry, name: str) -> dict[str, Any]:
    many = len(one.addresses) > 1
    facts = []
    if one.runs:
        facts.append({"name": "Runs", "text": ", ".join(map(_run, one.runs))})
    if one.undone:
        facts.append({"name": "Ends", "text": ", ".join(map(plan_entries.undone, one.undone))})
    if one.learned:
        facts.append({"name": "Known after apply", "text": ", ".join(one.learned)})
    return {
        **_EMPTY,
        "id": name,
        "class": _CLASSES[one.symbol],
        "symbol": one.symbol,
        "title": one.title,
        "cost": one.cost,
        "because": "" if one.changes else one.because,
        "names": ", ".join(one.addresses) if many else "",
        "names_summary": f"{one.addresses[0]} and {len(one.addresses) - 1:,} more" if many else "",
        "changes": [_change(change) for change in one.changes],
        "facts": facts,
    }


_EMPTY: Mapping[str, Any] = {
    "because": "",
    "cost": "",
    "names": "",
    "names_summary": "",
    "changes": (),
    "facts": (),
    "summary": "",
    "words": "",
    "lines": (),
}


def _run(step: Step) -> str:
    assert step.operation is not None, step.id
    what = plan_entries.described(step)
    return f"{step.operation.name} ({what})" if what else step.operation.name


def _change(change: Change) -> dict[str, Any]:
    before, after = plan_entries.values(change)
    return {
        "path": change.path,
        "before": _cut(before),
        "after": _cut(after),
        "cause": plan_entries.cause(change),
        "cost": change.change_class,
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _file(one: FileEntry, name: str) -> dict[str, Any]:
    lines, words = plan_files.difference(one.artifacts[0])
    number = len(one.artifacts)
    because = one.because if not one.because.startswith("because") else ""
    return {
        **_EMPTY,
        "id": name,
        "class": _CLASSES[one.symbol],
        "symbol": one.symbol,
        "title": one.path if number == 1 else f"{number:,} artifacts {one.path}",
        "cost": one.counted,
        "because": because,
        "summary": "The lines" if number == 1 else f"The lines of {one.artifacts[0].path}",
        "words": words,
        "lines": [{"class": _LINES.get(line[:1], "same"), "text": line} for line in lines],
    }


_LINES = {"+": "added", "-": "removed", "@": "place"}
