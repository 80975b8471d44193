"""The columns that come out of features, for people."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from mlc.ir.columns_out import ColumnsOut, Item, Out, Unknown
from mlc.report.terminal import Paint, harmless

_TYPES = {"number": "number", "category": "category", "indicator": "0 or 1", "weight": "weight"}
_MOST_NAMES = 6
_MOST_SOURCES = 4
_MOST_ALIKE = 8


def columns(features: str, used: Sequence[ColumnsOut], paint: Paint) -> str:
    """A table for each dataset that the features are used on."""
    if not used:
        return (
            f"{harmless(features)} is used by no model, so there is no dataset whose columns it would take.\n"
        )
    lines: list[str] = []
    for one in used:
        models = ", ".join(f"model.{name}" for name in one.models)
        count = summary(one.count, one.items)
        lines.append(
            f"{paint(harmless(features), 'bold')} on dataset.{harmless(one.dataset)}: {count}   "
            + paint(harmless(f"{one.environment} · {models}"), "dim")
        )
        lines += [*_rows(one.items, paint), ""]
    if sum(len(one.models) for one in used) > 1:
        lines += [paint("Each model fits the features on its own training part.", "dim"), ""]
    return "\n".join(lines[:-1]) + "\n"


def summary(count: int | None, items: Sequence[Item]) -> str:
    """How many columns there are, in words."""
    unknown = sum(isinstance(item, Unknown) for item in items)
    if count is None:
        known = len(items) - unknown
        return (
            f"{known} {_columns(known)} and more that are known after apply" if known else "known after apply"
        )
    which = "known after apply" if unknown == len(items) else "some of them known after apply"
    return f"{count} {_columns(count)}" + (f", {which}" if unknown else "")


def _rows(items: Sequence[Item], paint: Paint) -> list[str]:
    told = [one for _, run in groupby(items, _alike) for one in _told([*run])]
    wide = min(70, max((len(name) for name, _ in told), default=0))
    rows = []
    for name, item in told:
        sources = [harmless(one) for one in item.of[:_MOST_SOURCES]]
        sources += [f"{len(item.of) - _MOST_SOURCES} more"] if len(item.of) > _MOST_SOURCES else []
        of = f"of {', '.join(sources)}" if sources else ""
        why = paint(f": {harmless(item.why)}", "dim") if isinstance(item, Unknown) else ""
        rows.append(f"  {name:<{wide}}  {_TYPES[item.type]:<8}  {of}{why}".rstrip())
        if isinstance(item, Unknown) and item.among:
            shown = [harmless(one) for one in item.among[:_MOST_NAMES]]
            shown += [f"… {len(item.among) - _MOST_NAMES} more"] if len(item.among) > _MOST_NAMES else []
            rows.append(paint(f"    from {', '.join(shown)}", "dim"))
    return rows


def _alike(item: Item) -> tuple[object, ...]:
    return (item.group, item.of, item.type, isinstance(item, Unknown))


def _told(run: Sequence[Item]) -> list[tuple[str, Item]]:
    """Columns that are alike, such as many components, are told by the first and the last."""
    if len(run) <= _MOST_ALIKE or isinstance(run[0], Unknown):
        return [(_name(item), item) for item in run]
    return [(f"{_name(run[0])} … {_name(run[-1])} ({len(run):,})", run[0])]


def _name(item: Item) -> str:
    if isinstance(item, Out):
        return harmless(item.name)
    number = "" if item.count is None else f"{item.count}, "
    if item.count is None and item.most is not None:
        number = f"at most {item.most}, "
    where = harmless(item.group) if item.group else "all groups"
    return f"({where}: {number}known after apply)"


def _columns(count: int) -> str:
    return "column" if count == 1 else "columns"
