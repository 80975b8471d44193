"""Two versions of a dataset for people."""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.profile import ColumnMoved, DatasetDiff
from mlc.report.terminal import harmless


def diff(found: DatasetDiff) -> str:
    lines = [f"dataset.{found.dataset}: version {found.before} → {found.now}"]
    if found.same:
        lines.append("  The content is the same.")
    else:
        lines += [*_rows(found), *_columns(found)]
    return "\n".join(harmless(line) for line in lines) + "\n"


def _rows(found: DatasetDiff) -> Iterator[str]:
    for name in found.rows_now:
        before, now = found.rows_before.get(name), found.rows_now[name]
        if before is None:
            yield f"  rows {name:<14} {now:,.0f}"
        elif before != now:
            share = f" ({(now - before) / before:+.1%})" if before else ""
            yield f"  rows {name:<14} {before:,.0f} → {now:,.0f}{share}"


def _columns(found: DatasetDiff) -> Iterator[str]:
    yield from (f"  + {name}" for name in found.added)
    yield from (f"  - {name}" for name in found.removed)
    yield from (f"  ~ {one.column}: {one.before} → {one.now}" for one in found.types)
    moved = sorted((one for one in found.columns if one.moved), key=lambda one: -(one.index or 0.0))
    still = 0
    for one in (*moved, *(one for one in found.columns if not one.moved)):
        notes = [*_notes(one)]
        if not notes:
            still += 1
            continue
        yield f"  ~ {one.column:<24} {', '.join(notes)}"
    if still:
        yield f"  {still} column{'' if still == 1 else 's'} as before"


def _notes(one: ColumnMoved) -> Iterator[str]:
    if one.moved and one.index is not None:
        yield f"moved{' strongly' if one.strongly else ''}, stability index {one.index:.2f}"
        if one.mean_before is not None and one.mean_now is not None:
            yield f"mean {one.mean_before:.4g} → {one.mean_now:.4g}"
    if abs(one.missing_now - one.missing_before) >= 0.01:
        yield f"missing {one.missing_before:.1%} → {one.missing_now:.1%}"
    if one.appeared:
        yield f"new: {_listed(one.appeared)}"
    if one.gone:
        yield f"gone: {_listed(one.gone)}"


def _listed(values: list[str]) -> str:
    shown = ", ".join(value[:40] for value in values[:5])
    return shown + (f" and {len(values) - 5} more" if len(values) > 5 else "")
