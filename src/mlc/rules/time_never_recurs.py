"""time-never-recurs: a year, or how long after a moment it is, of the time that rows are from.

Why it matters: every row that comes later lies beyond all that was learned from. Trees answer as for the last row they
know, linear models follow the line on and on; and a test part that is later shows it too late.
How to mend it: take parts that come again, such as month, weekday and hour; or leave it where a trend is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._groups import feature_pairs, grouped
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "A feature grows with time, and later rows lie beyond it.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  asked: {type: datetime, role: time}\n  age: {type: number}\n"
    "  left: {type: integer, role: label}\n"
    "split: {method: time}\n"
)
_NUMBERS = "  numbers: {columns: [age]}\n"
BAD = {
    "dataset/people.yaml": _DATASET,
    "features/basic.yaml": "groups:\n  when: {columns: [asked], dates: {parts: [year, hour]}}\n" + _NUMBERS,
}
GOOD = {
    "dataset/people.yaml": _DATASET,
    "features/basic.yaml": "groups:\n  when: {columns: [asked], dates: {parts: [weekday, hour]}}\n"
    + _NUMBERS,
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, features, name, dataset in feature_pairs(subject):
        for group, _, column in grouped(features):
            dates = features["groups"][group]["dates"]
            if dates is None or dataset["columns"].get(column, {}).get("role") != "time":
                continue
            paths: list[tuple[str | int, ...]] = [("since",)] if dates["since"] is not None else []
            paths += [("parts", place) for place, part in enumerate(dates["parts"]) if part == "year"]
            for path in paths:
                declared = Address("dataset", name)
                what = "year" if path[0] == "parts" else "time since a moment"
                yield RULE.at(
                    subject.span(address, "groups", group, "dates", *path),
                    f'"{column}" says when a row of {declared} is from, and its {what} never comes again: every later '
                    "row lies beyond what was learned from.",
                    text="never comes again",
                    related=(Label(subject.span(declared, "columns", column, "role"), "declared here"),),
                    help="Take parts that come again, such as month, weekday or hour.",
                    address=str(address),
                    path=f"groups.{group}.dates.{path[0]}" + (f"[{path[1]}]" if len(path) > 1 else ""),
                )
