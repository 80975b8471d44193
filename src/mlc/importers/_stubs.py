"""What stands in for a model, or for data, of which a source says little: valid, and told as assumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlc.importers._draft import Draft, Drafted
from mlc.ir.span import Span
from mlc.rules import import_assumed
from mlc.rules._words import listed

_SIMPLEST = {
    "binary_classification": "sklearn.linear_model.LogisticRegression",
    "multiclass_classification": "sklearn.linear_model.LogisticRegression",
    "regression": "sklearn.linear_model.LinearRegression",
    "anomaly_detection": "sklearn.ensemble.IsolationForest",
    "clustering": "sklearn.cluster.KMeans",
}

FORMATS = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""What a dataset of a file can be, by its ending."""


def dataset_stub(
    draft: Draft,
    name: str,
    span: Span,
    columns: Mapping[str, Any],
    source: Mapping[str, Any] | None,
    says: str,
) -> Drafted:
    """A dataset with these columns; `says` is what the source is called in messages. Where no `source` is known, a file
    is assumed, which whoever asks for the stub tells."""
    place = source or {"type": "file", "path": f"data/{name}.csv", "format": "csv"}
    label = next((one for one in columns.values() if one.get("role") == "label"), {"type": "number"})
    # classes are spread over the parts alike; what is a number, and what has no label, falls to them at random
    split = {"method": "random"} if label["type"] == "number" else None
    made = draft.resource("dataset", name, {"source": place, "columns": columns, "split": split}, span)
    if not source:
        draft.noted(made, ("source",), f"Assumed: {says} does not say where its data are.")
    return made


def model_stub(draft: Draft, name: str, span: Span, says: str, task: str = "", train: Any = None) -> Drafted:
    """A model of which little more than the name is known, with what it needs. What is in the project already is
    used."""
    dataset, features = draft.asked.dataset or name, draft.asked.features or name
    task = task or draft.asked.task
    supposed = task or "binary_classification"
    standing = []
    if not draft.is_known("dataset", dataset):
        made = dataset_stub(draft, dataset, span, _columns(supposed), None, says)
        draft.noted(made, ("columns",), f"Assumed: {says} does not say which columns its data have.")
        standing.append(f"the data and the columns of dataset.{dataset}")
    if not draft.is_known("features", features):
        seen = draft.resources.get(f"dataset.{dataset}")
        known = draft.asked.known.get("dataset", {}).get(dataset) or {}
        columns = seen.spec["columns"] if seen else known.get("columns") or _columns(supposed)
        made = draft.resource("features", features, {"groups": groups_for(columns)}, span)
        draft.noted(made, ("groups",), f"Assumed: {says} does not say what is done to columns.")
        standing.append(f"features.{features}")
    model = draft.resource(
        "model",
        name,
        {
            "task": supposed,
            "dataset": dataset,
            "features": features,
            "train": train or {"estimator": _SIMPLEST[supposed]},
        },
        span,
    )
    if not task:
        draft.noted(model, ("task",), f"Assumed: {says} does not say what is predicted.")
        standing.append("the task")
    if not train:
        draft.noted(model, ("train",), f"Assumed: {says} does not say how the model is trained.")
        standing.append("the estimator")
    if standing:
        why = (
            f"{says} says nothing of {listed(standing)}; what is written there stands in for it, so that the rest can "
            "be checked."
        )
        hint = "Name what is in the project with --model, --dataset or --features, say --task, or write what is meant."
        draft.told.append(import_assumed.found(span, "", why, hint, address=model.address))
    return model


def groups_for(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The simplest groups that any estimator can learn from, by the types of columns."""
    kinds: dict[str, list[str]] = {}
    holes = set()
    for name, column in columns.items():
        if (column or {}).get("role", "feature") == "feature":
            kind = _GROUPS.get(column["type"], "numbers")
            kinds.setdefault(kind, []).append(name)
            if column.get("nullable"):
                holes.add(kind)
    made: dict[str, Any] = {}
    for kind, named in kinds.items():
        group: dict[str, Any] = {"columns": named}
        if kind == "words":
            group |= ({"impute": "most_frequent"} if kind in holes else {}) | {"encode": "one_hot"}
        elif kind == "times":
            group |= {"dates": {"parts": ["year", "month", "weekday"]}}
        if kind != "words" and kind in holes:
            group |= {"impute": "median"}
        made[kind] = group
    return made


_GROUPS = {"string": "words", "date": "times", "datetime": "times"}


def _columns(task: str) -> dict[str, Any]:
    classes = {"binary_classification": [0, 1], "multiclass_classification": [0, 1, 2]}
    kind = "number" if task == "regression" else "integer"
    label = {"type": kind, "role": "label", **({"values": classes[task]} if task in classes else {})}
    return {
        "row": {"type": "integer", "role": "id", "unique": True},
        "measured": {"type": "number"},
        **({"outcome": label} if _labelled(task) else {}),
    }


def _labelled(task: str) -> bool:
    return task not in ("anomaly_detection", "clustering")
