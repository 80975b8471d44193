"""preparation-unfit: an operation on the rows that does not fit its columns or its place in the order.

Why it matters: it would fail once the rows are read, or would learn from rows that it must not see.
How to mend it: name columns of the types that the operation takes, and put what makes a column before what uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._preparation import FITTED
from mlc.kinds.dataset import id_of, made_columns, with_role
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "An operation on the rows does not fit.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
)
BAD = {"dataset/people.yaml": _DATASET + "prepare: {usual: {method: outliers, columns: [plan]}}\n"}
GOOD = {"dataset/people.yaml": _DATASET + "prepare: {usual: {method: outliers, columns: [age]}}\n"}

_NUMBERS = ("integer", "number")
_READ_AS = {
    "integer": ("number", "string", "boolean"),
    "number": ("integer", "string", "boolean"),
    "string": ("integer", "number", "boolean", "date", "datetime"),
    "boolean": ("integer", "string"),
    "date": ("datetime", "string"),
    "datetime": ("date", "string"),
}
"""What a type can be read from, beside itself."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        for name, field, detail in _all(dataset):
            yield RULE.at(
                subject.span(address, "prepare", name, *field),
                detail,
                text=f"of the operation {name}",
                address=str(address),
                path=".".join(map(str, ("prepare", name, *field))),
            )


_Found = tuple[str, tuple[str | int, ...], str]


def _all(dataset: dict[str, Any]) -> Iterator[_Found]:
    columns, made = dataset["columns"], made_columns(dataset)
    there = {name for name in columns if name not in made}
    fitted = ""
    for name, step in dataset["prepare"].items():
        for field, column in _reads(step):
            if column in columns and column not in there:
                yield name, field, f'"{column}" is made by a later operation. Put that one first.'
        for field, detail in _misfits(step, dataset):
            yield name, field, detail
        if "into" in step and step["into"] in columns:
            if step["into"] in there:
                yield name, ("into",), f'"{step["into"]}" is made twice.'
            if step["into"] == id_of(dataset):
                yield name, ("into",), f'"{step["into"]}" names the rows, and has to be in the source.'
            if fitted and step["into"] in _split_by(dataset):
                yield (
                    name,
                    ("into",),
                    f'The split goes by "{step["into"]}", and `{fitted}` has to know the rows to train on before.',
                )
            there.add(step["into"])
        if step["method"] in FITTED and not fitted:
            fitted = name


def _split_by(dataset: dict[str, Any]) -> list[str | None]:
    """The columns that decide which part a row is in."""
    split = dataset["split"]
    match split["method"]:
        case "group" | "stratified_group":
            return [split["group"] or with_role(dataset, "group")]
        case "time":
            return [split["by"] or with_role(dataset, "time")]
        case "column":
            return [split["by"]]
    return []


def _reads(step: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for field in ("column", "of"):
        if field in step:
            yield (field,), step[field]
    for field in ("columns", "by"):
        for index, column in enumerate(step.get(field, [])):
            yield (field, index), column


def _misfits(step: dict[str, Any], dataset: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    columns = dataset["columns"]

    def kind(name: str) -> str:
        return str(columns[name]["type"]) if name in columns else ""

    method = step["method"]
    if method == "clip" and kind(step["column"]) not in (*_NUMBERS, ""):
        yield (
            ("column",),
            f'"{step["column"]}" is of type {kind(step["column"])}, and only numbers are clipped.',
        )
    if method == "outliers":
        for index, name in enumerate(step["columns"]):
            if kind(name) not in (*_NUMBERS, ""):
                yield (
                    ("columns", index),
                    f'"{name}" is of type {kind(name)}; outliers are found among numbers.',
                )
    if method == "impute":
        yield from _imputed(step, kind)
    if method == "cast":
        yield from _cast(step, kind)
    if method == "lag":
        yield from _lagged(step, dataset, kind)


def _imputed(step: dict[str, Any], kind: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    constant = step["strategy"] == "constant"
    if constant and step["value"] is None:
        yield ("strategy",), "A constant needs its `value`."
    if not constant and step["value"] is not None:
        yield ("value",), f"The {step['strategy'].replace('_', ' ')} is found in the data; leave `value` out."
    for index, name in enumerate(step["columns"]):
        if step["strategy"] in ("mean", "median") and kind(name) not in (*_NUMBERS, ""):
            yield ("columns", index), f'"{name}" is of type {kind(name)}, which has no {step["strategy"]}.'
        if constant and step["value"] is not None and kind(name) and not _is_of(step["value"], kind(name)):
            yield ("value",), f'{step["value"]!r} is no {kind(name)}, which "{name}" holds.'


def _is_of(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "string"
    return kind == "number" or (kind == "integer" and float(value).is_integer())


def _cast(step: dict[str, Any], kind: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    read, wanted = kind(step["of"]), kind(step["into"])
    if not read or not wanted:
        return
    if read != wanted and read not in _READ_AS[wanted]:
        yield (
            ("of",),
            f'"{step["of"]}" is of type {read}, and {wanted} is read from {listed(_READ_AS[wanted])}.',
        )
    elif step["format"] is not None and (read != "string" or wanted not in ("date", "datetime")):
        yield (
            ("format",),
            f"A format says how a date or time is written in text, and here {read} becomes {wanted}.",
        )


def _lagged(
    step: dict[str, Any], dataset: dict[str, Any], kind: Any
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    time, of, into = with_role(dataset, "time"), step["of"], step["into"]
    columns = dataset["columns"]
    if time is None:
        yield ("method",), "No column has the role time, and what was earlier follows it."
    if step["after"] is not None:
        if step["steps"] != 1 or step["window"] != 1:
            yield ("after",), "With `after`, the row is found by its time: leave `steps` and `window` out."
        if time is not None and kind(time) not in ("date", "datetime"):
            yield (
                ("after",),
                f'"{time}" is of type {kind(time)}, so no duration passes between rows. Use `steps`.',
            )
    if step["window"] > 1 and kind(of) not in (*_NUMBERS, ""):
        yield ("window",), f'"{of}" is of type {kind(of)}, of which there is no {step["statistic"]}.'
    if into in columns:
        wanted = "number" if step["window"] > 1 and step["statistic"] == "mean" else kind(of)
        if wanted and kind(into) != wanted:
            yield ("into",), f'"{into}" is declared as {kind(into)}, and becomes {wanted}.'
        if not columns[into]["nullable"] and not _is_dropped(into, dataset):
            yield (
                ("into",),
                f'The first rows have no earlier ones, so "{into}" may be missing: declare it `nullable: true`, or '
                "drop these rows by a later `drop_missing`.",
            )


def _is_dropped(column: str, dataset: dict[str, Any]) -> bool:
    """Whether an operation leaves no row without the column."""
    return any(
        column in step["columns"]
        for step in dataset["prepare"].values()
        if step["method"] in ("drop_missing", "impute")
    )
