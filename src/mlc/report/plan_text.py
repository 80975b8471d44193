"""A plan for people: each change with its class and the line that causes it, and a line that counts.

Short by default: what says the same of many resources is said once. `-v` names each one and shows the artifacts'
differences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlc.ir.plan import Change, Plan, Step
from mlc.report import plan_entries, plan_files, plan_shown
from mlc.report.plan_entries import Entry, described, undone
from mlc.report.plan_files import FileEntry
from mlc.report.plan_shown import Shown
from mlc.report.terminal import Paint, harmless

_COLOURS = {"→": "blue", "+": "green", "~": "yellow", "-": "red", "!": "red"}
_MOST_CHANGES = 8
_MOST_FILES = 8
_MOST_NAMES = 4  # of resources that are shown together
_INDENT = " " * 51
_WIDTH = 40  # of a value


def plans(planned: Sequence[Plan], paint: Paint, *, verbose: bool = False) -> str:
    """The plans of several environments, and their total. What is the same as in an earlier one is not repeated."""
    return shown([plan_shown.shown(one, verbose=verbose) for one in planned], paint, verbose=verbose)


def plan(planned: Plan, paint: Paint, *, verbose: bool = False) -> str:
    return plans([planned], paint, verbose=verbose)


def shown(planned: Sequence[Shown], paint: Paint, *, verbose: bool = False) -> str:
    """The same of plans whose entries are known."""
    told: dict[str, str] = {}
    texts = []
    for one in planned:
        lines = _body(one, paint, verbose)
        neutral = re.sub(rf"\b{re.escape(one.environment)}\b", "<environment>", "\n".join(lines))
        if neutral in told and not one.is_empty and not verbose:
            lines = [paint(f"  the same as in {told[neutral]} (-v shows it)", "dim"), lines[-1]]
        told.setdefault(neutral, one.environment)
        texts.append("\n".join([_head(one, paint), *lines]) + "\n")
    if len(planned) > 1:
        found = plan_entries.total([one.counts for one in planned])
        texts.append(paint(f"{len(planned)} environments: {plan_entries.numbers(found)}", "bold") + "\n")
    return ("\n" if len(planned) > 1 else "").join(texts)


def _head(planned: Shown, paint: Paint) -> str:
    head = paint(harmless(f"{planned.project} · {planned.environment}"), "bold")
    pad = " " * max(2, 51 - len(planned.project) - len(planned.environment) - 3)
    return head + pad + paint(planned.since, "dim")


def _body(planned: Shown, paint: Paint, verbose: bool) -> list[str]:
    narrowed = [paint(harmless(line), "dim") for line in planned.narrowing]
    if planned.is_empty:
        return [planned.nothing, *narrowed]
    written = planned.written
    lines = [line for one in planned.found for line in _entry(one, paint, verbose)]
    files = written if verbose else written[:_MOST_FILES]
    lines += [line for one in files for line in _file(one, paint, verbose)]
    if len(written) > len(files):
        hidden = sum(one.number for one in written[len(files) :])
        lines.append(paint(f"  … and {hidden} more artifacts (-v shows them)", "dim"))
    lines += narrowed
    lines.append(paint(f"Plan: {plan_entries.numbers(planned.counts)}", "bold"))
    return lines


# ── resources ───────────────────────────────────────────────────────────────────────────────────────


def _entry(one: Entry, paint: Paint, verbose: bool) -> list[str]:
    number = len(one.addresses)
    first = _change(one.changes[0], paint, verbose) if one.changes else harmless(one.because)
    head = f"{one.symbol} {harmless(one.title):<29} {one.cost:<18} "
    lines = [(paint(head, _COLOURS[one.symbol]) + first).rstrip()]
    most = len(one.changes) if verbose else _MOST_CHANGES
    lines += [_INDENT + _change(change, paint, verbose) for change in one.changes[1:most]]
    if len(one.changes) > most:
        lines.append(_INDENT + paint(f"… and {len(one.changes) - most} more fields (-v shows them)", "dim"))
    if number > 1:
        lines.append(
            paint(
                f"    {harmless(plan_entries.names(one.addresses, verbose=verbose, most=_MOST_NAMES))}", "dim"
            )
        )
    lines += _steps(one, paint, verbose)
    return lines


def _steps(one: Entry, paint: Paint, verbose: bool) -> list[str]:
    if verbose:
        lines = [line for step in one.runs for line in (_step(step, paint), *_columns_out(step, paint))]
        return lines + [f"    {harmless(undone(step))}" for step in one.undone]
    words = [_named(step) for step in one.runs] + [undone(step) for step in one.undone]
    lines = [f"    {harmless(', '.join(words))}"] if words else []
    if one.learned:
        lines.append(paint(f"    known after apply: {', '.join(one.learned)}", "dim"))
    return lines


def _named(step: Step) -> str:
    assert step.operation is not None, step.id
    what = described(step)
    return f"{step.operation.name} ({what})" if what else step.operation.name


def _columns_out(step: Step, paint: Paint) -> list[str]:
    """What the features of a model give, where it is what a step learns from."""
    spec = {} if step.operation is None else step.operation.spec
    if "groups" not in spec or "columns" not in spec or step.id.rpartition("/")[2] not in ("train", "select"):
        return []
    from mlc.kinds import _columns_out
    from mlc.report import columns_text

    items = _columns_out.columns_out(spec, spec["columns"])
    return [paint(f"    {'':<11} sees {columns_text.summary(_columns_out.width(items), items)}", "dim")]


def _step(step: Step, paint: Paint) -> str:
    """An operation on a line of its own: what it is about, what it will tell, and why it runs."""
    assert step.operation is not None, step.id
    notes = [f"({', '.join(step.unknown)} known after apply)"] if step.unknown else []
    notes += [step.because] if step.because else []
    head = f"    {step.operation.name:<11} {harmless(described(step)):<34} "
    return (head + paint(harmless("  ".join(notes)), "dim")).rstrip()


def _change(change: Change, paint: Paint, verbose: bool) -> str:
    """A field, its values, and the line that causes it."""
    before, after = _values(change, verbose)
    return f"{harmless(change.path)} {before} → {after}{_cause(change, paint)}"


def _cause(change: Change, paint: Paint) -> str:
    words = plan_entries.cause(change)
    return paint(f"  {harmless(words)}", "blue" if change.cause is not None else "dim") if words else ""


def _values(change: Change, verbose: bool) -> tuple[str, str]:
    before, after = plan_entries.values(change)
    if verbose:
        return harmless(before), harmless(after)
    skipped = _common(before, after) if max(len(before), len(after)) > _WIDTH else 0
    return _cut(before, skipped), _cut(after, skipped)


def _common(before: str, after: str) -> int:
    """How much of the beginning of two long values to leave out, so that where they differ is seen."""
    same = next(
        (index for index, (old, new) in enumerate(zip(before, after, strict=False)) if old != new),
        min(len(before), len(after)),
    )
    return same - 12 if same > 24 else 0


def _cut(text: str, skipped: int) -> str:
    text = ("…" if skipped else "") + text[skipped:]
    return harmless(text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…")


# ── files ───────────────────────────────────────────────────────────────────────────────────────────


def _file(one: FileEntry, paint: Paint, verbose: bool) -> list[str]:
    number = one.number
    what = "artifact " if number == 1 else f"{number:,} artifacts "
    why = f"  ({harmless(one.because)})" if one.because and not one.because.startswith("because") else ""
    lines = [
        paint(f"{one.symbol} {what}", _COLOURS[one.symbol]) + f"{harmless(one.path)}  {one.counted}{why}"
    ]
    return lines + _difference(one, paint) if verbose else lines


def _difference(one: FileEntry, paint: Paint) -> list[str]:
    """The lines that change, or a new file's first; in words what cannot be shown."""
    lines, words = plan_files.difference(one.artifacts[0])
    shown = [paint(f"    {harmless(line)}".rstrip(), *_line_style(line)) for line in lines]
    return shown + ([paint(f"    {words}", "dim")] if words else [])


def _line_style(line: str) -> tuple[str, ...]:
    return {"+": ("green",), "-": ("red",), "@": ("cyan",)}.get(line[:1], ())
