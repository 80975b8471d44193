"""unknown-column: a column that the dataset does not declare.

Why it matters: nothing is known about it, and it would not reach the model.
How to mend it: correct the name, or declare the column in the dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.span import Span
from mlc.rules._fixes import instead
from mlc.rules._groups import grouped
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A column is not declared.")
SCOPE = "upstream"

BAD = {"features/basic.yaml": "groups: {numbers: {columns: [aeg]}}\n"}
GOOD = {"features/basic.yaml": "groups: {numbers: {columns: [age]}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        if dataset is not None and model["label"] is not None and model["label"] not in dataset["columns"]:
            span = subject.span(address, "label")
            yield _found(model["label"], model["dataset"], dataset["columns"], span, str(address), "label")
    yield from _of_features(subject)
    for address, dataset in subject.each("dataset"):
        for parts, column in _named_in(dataset):
            if column not in dataset["columns"]:
                span, path = subject.span(address, *parts), ".".join(map(str, parts))
                yield _found(column, address.name, dataset["columns"], span, str(address), path)


def _of_features(subject: Subject) -> Iterator[Diagnostic]:
    """Columns of features that a dataset lacks which some model uses them on."""
    seen = set()
    for model_address, model in subject.each("model"):
        pair = (model["features"], model["dataset"])
        features, dataset = subject.named("features", pair[0]), subject.named("dataset", pair[1])
        if pair in seen or features is None or dataset is None:
            continue
        seen.add(pair)
        address = Address("features", pair[0])
        others = {one["dataset"] for _, one in subject.each("model") if one["features"] == pair[0]} - {
            pair[1]
        }
        use = (Label(subject.span(model_address, "dataset"), "used on this dataset"),) if others else ()
        for name, index, column in grouped(features):
            if column not in dataset["columns"]:
                span = subject.span(address, "groups", name, "columns", index)
                path = f"groups.{name}.columns[{index}]"
                yield _found(column, pair[1], dataset["columns"], span, str(address), path, use)


def _named_in(dataset: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The columns that preparation and split name."""
    for name, step in dataset["prepare"].items():
        for field in ("by", "columns"):
            for index, column in enumerate(step.get(field, [])):
                yield ("prepare", name, field, index), column
        for field in ("column", "of", "into"):
            if field in step:
                yield ("prepare", name, field), step[field]
    privacy = dataset["privacy"] or {}
    for field in ("pseudonymise", "k_anonymity"):
        for index, column in enumerate((privacy.get(field) or {}).get("columns", [])):
            yield ("privacy", field, "columns", index), column
    freshness = dataset["checks"]["freshness"]
    if freshness is not None and freshness["column"] is not None:
        yield ("checks", "freshness", "column"), freshness["column"]
    for field in ("by", "group"):
        if dataset["split"].get(field):
            yield ("split", field), dataset["split"][field]


def _found(
    column: str,
    dataset: str,
    known: Iterable[str],
    span: Span,
    address: str,
    path: str,
    related: tuple[Label, ...] = (),
) -> Diagnostic:
    return RULE.at(
        span,
        f'The dataset {dataset} declares no column "{column}". Correct the name, or declare the column in '
        f"dataset/{dataset}.yaml.",
        text="not declared",
        related=related,
        help=did_you_mean(column, known),
        fix=instead(column, known, span),
        address=address,
        path=path,
    )
