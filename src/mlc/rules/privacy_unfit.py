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
SCOPE = "upstream"

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
        found = [*_reasons(dataset, dataset["privacy"])] if dataset["privacy"] is not None else []
        if (dataset["profile"] or {}).get("differential_privacy") is not None:
            found += _depending(dataset)
        for path, detail in found:
            yield RULE.at(
                subject.span(address, *path),
                detail,
                text="does not fit",
                address=str(address),
                path=".".join(map(str, path)),
            )


def _depending(dataset: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What makes of a row something that depends on others: noise for one row more or less does not cover that."""
    why = "so that noise for one person's rows would not hide them: a differentially private profile excludes it"
    for name, step in dataset["prepare"].items():
        learns = step["method"] == "impute" and step["strategy"] != "constant"
        if learns or step["method"] in ("outliers", "lag", "deduplicate"):
            words = f"What {step['method']} makes of a row depends on other rows, {why}."
            yield ("prepare", name, "method"), words
    for name, column in dataset["columns"].items():
        if column["unique"]:
            yield ("columns", name, "unique"), f"Which of two rows stays depends on the other, {why}."
    split = dataset["split"]
    if split["method"] == "time" and split["test_from"] is None and split["gap"]:
        yield ("split", "gap"), f"Where the gap lies depends on all rows, {why}. Give `test_from`."
    suppressed = (dataset["privacy"] or {}).get("k_anonymity")
    if suppressed is not None and suppressed["otherwise"] == "suppress":
        path = ("privacy", "k_anonymity", "otherwise")
        yield path, f"Which rows are left out depends on others, {why}."


def _reasons(dataset: dict[str, Any], privacy: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    columns, made = dataset["columns"], made_columns(dataset)
    for index, name in enumerate(privacy["drop"]):
        if name in columns:
            yield (
                ("privacy", "drop", index),
                f'"{name}" is dropped as soon as it is read, and declared all the same.',
            )
    asked = privacy["pseudonymise"]
    for index, name in enumerate(asked["columns"] if asked is not None else ()):
        column, path = columns.get(name), ("privacy", "pseudonymise", "columns", index)
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
