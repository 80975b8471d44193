"""privacy-unfit: what is to protect people does not fit the columns.

Why it matters: a promise of privacy that cannot be kept is worse than none.
How to mend it: do not declare a column that is dropped; declare one of pseudonyms as text, without range or values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds.dataset import made_columns
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "What is to protect people does not fit the columns.")

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label},\n"
    "  email: {type: string, role: id}}\n"
)
_PSEUDONYMS = "pseudonymise: {columns: [email], key: '${secret:KEY}'}"
BAD = {"dataset/people.yaml": _DATASET + "privacy: {drop: [email]}\n"}
GOOD = {"dataset/people.yaml": _DATASET + f"privacy: {{drop: [phone], {_PSEUDONYMS}}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        for path, detail in _reasons(dataset, dataset["privacy"]) if dataset["privacy"] is not None else ():
            yield RULE.at(
                subject.span(address, "privacy", *path),
                detail,
                text="does not fit",
                address=str(address),
                path=".".join(map(str, ("privacy", *path))),
            )


def _reasons(dataset: dict[str, Any], privacy: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    columns, made = dataset["columns"], made_columns(dataset)
    for index, name in enumerate(privacy["drop"]):
        if name in columns:
            yield ("drop", index), f'"{name}" is dropped as soon as it is read, and declared all the same.'
    asked = privacy["pseudonymise"]
    for index, name in enumerate(asked["columns"] if asked is not None else ()):
        column, path = columns.get(name), ("pseudonymise", "columns", index)
        if column is None:
            continue  # unknown-column
        if name in made:
            yield path, f'"{name}" is made by preparation, from values that nobody has replaced.'
        elif column["type"] != "string":
            yield (
                path,
                f'A pseudonym is text, and "{name}" is declared as {column["type"]}: declare it as string.',
            )
        elif column["values"]:
            yield path, f'Of pseudonyms no `values` are known before; leave those of "{name}" out.'
