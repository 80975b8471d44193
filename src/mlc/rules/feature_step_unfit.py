"""feature-step-unfit: a step of a feature group that cannot do what it is asked.

Why it matters: fitting would fail after the data were read, or every row would get the same.
How to mend it: what the message says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.columns_out import Item, Out
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.task import TASKS
from mlc.kinds._columns_out import columns_out, steps_in, width
from mlc.kinds._feature_steps import NOT_IN_ONNX, OF_A_DAY, OF_SPARSE, PART_VALUES, date_columns, moment
from mlc.kinds.features import seen
from mlc.rules._groups import feature_pairs, stops_at_missing
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A step of the features cannot do what it is asked.")
SCOPE = "upstream"

_WORDS = "  words: {columns: [plan], encode: one_hot}\n"
BAD = {
    "features/basic.yaml": "groups:\n  numbers: {columns: [age], reduce: {method: pca, components: 3}}\n"
    + _WORDS
}
GOOD = {
    "features/basic.yaml": "groups:\n  words: {columns: [plan], encode: one_hot}\n"
    "  numbers: {columns: [age], reduce: {method: pca, components: 1}}\n"
}

_EXACT_TO = 2**24
Path = tuple[str | int, ...]


class _Place(Struct, frozen=True):
    """Where steps stand: a group (or all of them), and what they are asked."""

    path: tuple[str, ...]
    asked: dict[str, Any]

    @property
    def has(self) -> str:
        return f"the group {self.path[1]} has" if self.path else "the features have"


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, features, _, dataset in feature_pairs(subject):
        columns = dataset["columns"]
        groups = {
            name: group for name, group in features["groups"].items() if {*group["columns"]} <= {*columns}
        }
        for name, group in groups.items():
            for path, why, text in (
                *_dates(group, columns),
                *_numbers(group, columns),
                *_crosses(group),
                *_components(group),
            ):
                yield _found(subject, address, ("groups", name, *path), why, text)
        for path, why, text in _components(features):
            yield _found(subject, address, path, why, text)
        yield from _missing_before_all(subject, address, features, columns)
        if len(groups) == len(features["groups"]):
            yield from _widths(subject, address, features, columns)
    yield from _labels(subject)


def _found(subject: Subject, address: Address, path: Path, why: str, text: str) -> Diagnostic:
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return RULE.at(subject.span(address, *path), why, text=text, address=str(address), path=written[1:])


Finding = tuple[Path, str, str]
"""Where in a group, what is wrong, and a word for it."""


def _dates(group: dict[str, Any], columns: dict[str, Any]) -> Iterator[Finding]:
    dates = group["dates"]
    if dates is None:
        return
    if not dates["parts"] and not dates["cyclic"] and dates["since"] is None:
        yield ("dates",), 'Nothing is taken of the dates: give "parts", "cyclic" or "since".', "takes nothing"
    for field in ("parts", "cyclic"):
        for place, part in enumerate(dates[field]):
            if part in dates[field][:place]:
                yield ("dates", field, place), f'The part "{part}" is taken already.', "a second time"
            elif part in OF_A_DAY and any(columns[one]["type"] == "date" for one in group["columns"]):
                why = f'A date has no {part}: declare the column as a datetime, or leave "{part}" out.'
                yield ("dates", field, place), why, "not of a date"
    if dates["since"] is not None and not _is_moment(dates["since"]["moment"]):
        yield ("dates", "since", "moment"), "There is no such day or time.", "not in the calendar"
    if group["encode"] != "none" and group["bin"] is None:
        endless = [f'"{part}"' for part in dates["parts"] if part not in PART_VALUES]
        endless += [f'"{field}"' for field in ("cyclic", "since") if dates[field]]
        if endless:
            why = (
                f"{' and '.join(endless)} of a date cannot be encoded as categories: not all of their values are known "
                "beforehand, or they are fractions. Put them into a group of their own."
            )
            yield ("encode",), why, "takes categories"


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True


def _numbers(group: dict[str, Any], columns: dict[str, Any]) -> Iterator[Finding]:
    bins = group["bin"]
    if bins is not None and bins["method"] == "edges":
        for place in range(1, len(bins["edges"])):
            if not _float32(bins["edges"][place - 1]) < _float32(bins["edges"][place]):
                why = (
                    "Edges ascend, and this one is not above the one before (in float32, which the served model "
                    "computes in)."
                )
                yield ("bin", "edges", place), why, "does not ascend"
    if group["encode"] == "none" or bins is not None:
        return
    for place, name in enumerate(group["columns"]):
        column = columns[name]
        if column["type"] == "integer" and any(abs(value) >= _EXACT_TO for value in column["values"]):
            why = (
                f'"{name}" is encoded, and has whole numbers from {_EXACT_TO:,} on among its values: in float32, which '
                "the served model takes, neighbours run together. Declare the column as text."
            )
            yield ("columns", place), why, "too large to tell apart"


def _crosses(group: dict[str, Any]) -> Iterator[Finding]:
    dates = group["dates"]
    each = 1 if dates is None else len(date_columns("", dates))
    if group["cross"] is not None and group["text"] is None and len({*group["columns"]}) * each < 2:
        yield (
            ("cross",),
            "A product takes two columns at least, and the group has one.",
            "nothing to multiply",
        )


def _float32(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _components(asked: dict[str, Any]) -> Iterator[Finding]:
    reduce = asked["reduce"]
    if reduce is None or reduce["method"] in NOT_IN_ONNX:
        return
    if reduce["method"] == "pca" and (reduce["components"] is None) == (reduce["variance"] is None):
        why = 'PCA is told either how many "components" to make or what share of the "variance" to keep.'
        yield ("reduce",), why, "one of two"
    if asked.get("text") is not None and reduce["method"] not in OF_SPARSE:
        why = (
            f"Words are thousands of columns which are mostly zero, and {reduce['method']} would fill them up. "
            f"{' and '.join(OF_SPARSE)} take them as they are."
        )
        yield ("reduce", "method"), why, "not of words"


def _missing_before_all(
    subject: Subject, address: Address, features: dict[str, Any], columns: dict[str, Any]
) -> Iterator[Diagnostic]:
    step = stops_at_missing(features)
    for name, group in features["groups"].items() if step else ():
        open_end = (group["impute"], group["encode"], group["scale"]) == ("none", "none", "none")
        if group["text"] is not None or not open_end or group["transforms"] or stops_at_missing(group):
            continue
        for index, column in enumerate(group["columns"]):
            declared = columns.get(column)
            if declared is not None and declared["nullable"] and declared["type"] != "string":
                why = (
                    f'The column "{column}" may be missing, the group does not impute it, and the "{step}" of the '
                    'features does not take that. Give the group an "impute".'
                )
                yield _found(subject, address, ("groups", name, "columns", index), why, "may be missing")


def _widths(
    subject: Subject, address: Address, features: dict[str, Any], columns: dict[str, Any]
) -> Iterator[Diagnostic]:
    """What asks for more columns than there are."""
    told = seen({**features}, "binary_classification")
    several = any(
        model["task"] == "multiclass_classification" and model["features"] == address.name
        for _, model in subject.each("model")
    )
    classes = None if several else ()
    places = [
        (_Place(("groups", name), features["groups"][name]), steps_in(group, columns, classes))
        for name, group in told["groups"].items()
        if group.get("select") or group.get("reduce")
    ]
    if told.get("joined"):
        places.append(
            (_Place((), features), columns_out({"groups": told["groups"], "classes": classes}, columns))
        )
    for place, items in places:
        most, exact = _at_most(items), width(items) is not None
        select, reduce = place.asked["select"], place.asked["reduce"]
        count = None if select is None else select.get("columns")
        if most is not None and count is not None and count > most:
            why = f"{count} columns are to be selected, and {place.has} {_so_many(most, exact)}."
            yield _found(subject, address, (*place.path, "select", "columns"), why, "more than there are")
            continue
        most, exact = (count, True) if count is not None else (most, exact)
        made = None if reduce is None else reduce.get("components")
        if most is not None and made is not None and made > most:
            why = (
                f"{made} components are to be made, and {place.has} {_so_many(most, exact)} to make them of."
            )
            yield _found(subject, address, (*place.path, "reduce", "components"), why, "more than there are")


def _at_most(items: tuple[Item, ...]) -> int | None:
    counts = [1 if isinstance(item, Out) else item.count or item.most for item in items]
    return sum(count for count in counts if count is not None) if None not in counts else None


def _so_many(most: int, exact: bool) -> str:
    return f"{'' if exact else 'at most '}{most} column{'' if most == 1 else 's'}"


def _labels(subject: Subject) -> Iterator[Diagnostic]:
    """What selects by the label, in features of a model that has none, or one of another sort."""
    told: set[tuple[str, str, Path]] = set()
    for model_address, model in subject.each("model"):
        features, dataset = (
            subject.named("features", model["features"]),
            subject.named("dataset", model["dataset"]),
        )
        if features is None or dataset is None:
            continue
        address = Address("features", model["features"])
        for finding in _means(model_address, model, features):
            if (str(address), finding[1], finding[0]) not in told:
                told.add((str(address), finding[1], finding[0]))
                yield _found(subject, address, *finding)
        places = [_Place(("groups", name), group) for name, group in features["groups"].items()]
        for place in (*places, _Place((), features)):
            select = place.asked["select"]
            if select is None or select["method"] == "variance":
                continue
            task = TASKS[model["task"]]
            path: Path = (*place.path, "select", "method")
            why, text = "", ""
            if not task.supervised:
                why = (
                    f"{model_address} learns without a label ({task.title}), and this selects by the label. "
                    '"method: variance" does without.'
                )
                text = "needs a label"
            elif select.get("score") == "chi2":
                path = (*place.path, "select", "score")
                why, text = _chi2(task.classifies, task.title, place, features, dataset["columns"])
            if why and (str(address), why, path) not in told:
                told.add((str(address), why, path))
                yield _found(subject, address, path, why, text)


def _means(model_address: Address, model: dict[str, Any], features: dict[str, Any]) -> Iterator[Finding]:
    task = TASKS[model["task"]]
    for name, group in features["groups"].items():
        if group["encode"] == "target" and not task.supervised:
            why = (
                f"{model_address} learns without a label ({task.title}), and this encodes by the label. "
                '"encode: one_hot" and "encode: ordinal" do without.'
            )
            yield ("groups", name, "encode"), why, "needs a label"


def _chi2(
    classifies: bool, title: str, place: _Place, features: dict[str, Any], columns: dict[str, Any]
) -> tuple[str, str]:
    if not classifies:
        return (
            f'chi2 is of classes, and the label is a number ({title}). Take "score: linear".',
            "of classes only",
        )
    groups = [place.asked] if place.path else [*features["groups"].values()]
    negative = [
        name
        for group in groups
        for name in group["columns"]
        if name in columns and _may_be_negative(group, columns[name])
    ]
    if not negative:
        return "", ""
    return (
        f'chi2 is of counts, and "{negative[0]}" may be negative. Take "score: linear", or declare the column with '
        '"min: 0" and leave it unscaled.',
        "may be negative",
    )


def _may_be_negative(group: dict[str, Any], column: dict[str, Any]) -> bool:
    if group["scale"] in ("standard", "robust"):
        return True
    if group["dates"] is not None and group["bin"] is None:
        return bool(group["dates"]["cyclic"]) or group["dates"]["since"] is not None
    if group["text"] is not None or group["encode"] != "none" or group["bin"] is not None:
        return False
    is_free = column["type"] in ("integer", "number") and (column["min"] is None or column["min"] < 0)
    return is_free and group["scale"] == "none" and not group["transforms"]
