"""The columns that models predict: what several rules look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.kinds.dataset import label_of
from mlc.rules._subject import Subject


def label_in(model: dict[str, Any], dataset: dict[str, Any] | None) -> str | None:
    """The column of a dataset that a model predicts; None where there is none (other rules say so)."""
    if dataset is None:
        return None
    label = model["label"] or label_of(dataset)
    return label if label in dataset["columns"] else None


def labels(subject: Subject) -> Iterator[tuple[Address, dict[str, Any], str]]:
    """Every dataset with each column of it that some model predicts, once."""
    seen = set()
    for _, model in subject.each("model"):
        dataset = subject.named("dataset", model["dataset"])
        label = label_in(model, dataset)
        if dataset is not None and label is not None and (model["dataset"], label) not in seen:
            seen.add((model["dataset"], label))
            yield Address("dataset", model["dataset"]), dataset, label
