"""few-test-rows: a test part in which the rarer class has too few rows.

Why it matters: with fewer than 30 rows of the rarer class, every interval is so wide that hardly a gate can
be decided.
How to mend it: promise more rows in `checks.min_rows`, or test on a larger share of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.kinds._splits import HASHED
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "The test part may be too small.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
    "split: {method: stratified, test: 0.2}\n"
)
BAD = {"dataset/people.yaml": _DATASET + "checks: {min_rows: 200}\n"}
GOOD = {"dataset/people.yaml": _DATASET + "checks: {min_rows: 500}\n"}

_FEWEST = 30  # rows of the rarer class; below that evaluation warns as well


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        promised, share = dataset["checks"]["min_rows"], tested_share(dataset)
        if share is None:
            continue
        rows = math.floor(promised * share)
        if promised > 1 and rows // 2 < _FEWEST and _is_learned_from(subject, address.name):
            needed = math.ceil(2 * _FEWEST / share)
            yield RULE.at(
                subject.span(address, "checks", "min_rows"),
                f"Of {promised:,} rows, {rows:,} are tested on; of two classes the rarer has {rows // 2} of them at "
                f"most, and fewer than {_FEWEST} decide little.",
                text="few to test on",
                related=(Label(subject.span(address, "split", "test"), "the share to test on"),),
                help=f"At least {needed:,} rows would be needed, more where one class is rare.",
                address=str(address),
                path="checks.min_rows",
            )


def tested_share(dataset: dict[str, Any]) -> float | None:
    """The share of rows that are tested on, where it is known before they are read."""
    split = dataset["split"]
    known = split["method"] in HASHED or (split["method"] == "time" and split["test_from"] is None)
    return split["test"] if known else None


def _is_learned_from(subject: Subject, dataset: str) -> bool:
    return any(model["dataset"] == dataset for _, model in subject.each("model"))
