"""Rows to learn from, recipes of models on them, and the steps that join these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlc.drivers import _recipes
from mlc.ir.operation import Operation, Work

LINEAR = {"estimator": "sklearn.linear_model.LogisticRegression", "params": {}, "seed": 0}
TREE = {"estimator": "sklearn.tree.DecisionTreeClassifier", "params": {}, "seed": 0}
RIDGE = {"estimator": "sklearn.linear_model.Ridge", "params": {}, "seed": 0}

NUMBER = {"type": "number", "values": [], "nullable": False}
COLUMNS: dict[str, dict[str, Any]] = {
    "a": NUMBER,
    "b": NUMBER,
    "kind": {"type": "string", "values": ["x", "y", "z"], "nullable": False},
}
GROUPS: dict[str, dict[str, Any]] = {
    "numbers": {"columns": ["a", "b"], "impute": "none", "scale": "standard", "encode": "none"},
    "kinds": {"columns": ["kind"], "impute": "none", "scale": "none", "encode": "one_hot"},
}
CLASSES = ["x", "y", "z"]
ABOUT: dict[str, dict[str, Any]] = {
    "binary_classification": {"label": "two", "positive": 1},
    "multiclass_classification": {"label": "several", "classes": CLASSES},
    "regression": {"label": "amount"},
    "anomaly_detection": {},
}
FOLDS = {"purpose": "feed 0", "method": "hash", "column": "id", "count": 4, "seed": 0, "repeats": 1}


def frame(count: int = 240, seed: int = 1) -> pl.DataFrame:
    """Rows with labels of every task: `two`, `several` (a text) and `amount`."""
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(2, count))
    kind = draw.choice(["x", "y", "z"], count)
    two = (a + 0.5 * b + (kind == "x") + draw.normal(size=count) > 0.3).astype(int)
    several = np.where(a + draw.normal(size=count) > 0.7, "x", np.where(b > 0, "y", "z"))
    return pl.DataFrame(
        {
            "id": range(count),
            "a": a,
            "b": b,
            "kind": kind,
            "two": two,
            "several": several,
            "amount": 3 * a - b + draw.normal(size=count),
        }
    )


def recipe(
    train: dict[str, Any] = LINEAR, task: str = "binary_classification", **more: Any
) -> dict[str, Any]:
    told: dict[str, Any] = ABOUT[task]
    return {"task": task, **told, "columns": COLUMNS, "groups": GROUPS, **train, **more}


def feed(name: str, made_by: dict[str, Any]) -> dict[str, Any]:
    """A model that another feeds on, which learned from the same rows."""
    several = made_by["task"] == "multiclass_classification"
    gives = [f"{name}_{place}" for place in range(3)] if several else [name]
    told = {"name": name, "task": made_by["task"], "columns": COLUMNS, "gives": gives, "recipe": made_by}
    return told | ({"classes": CLASSES} if several else {})


def fed(head: dict[str, Any], *feeds: dict[str, Any], own: bool = True) -> dict[str, Any]:
    """A recipe that feeds on others, beside the columns or (`own` is false) in their place."""
    given = [name for one in feeds for name in one["gives"]]
    columns = (COLUMNS if own else {}) | dict.fromkeys(given, NUMBER)
    groups = (GROUPS if own else {}) | {
        "Predictions": {"columns": given, "impute": "none", "scale": "none", "encode": "none"}
    }
    return {**head, "columns": columns, "groups": groups, "feeds": list(feeds), "folds": FOLDS}


def combined(task: str, how: dict[str, Any], *feeds: dict[str, Any]) -> dict[str, Any]:
    return {**recipe(task=task), "combine": how, "feeds": list(feeds)}


def work(folder: Path, driver: str, spec: dict[str, Any], **inputs: Path) -> Work:
    place = folder / f"{driver}-{len(list(folder.glob(f'{driver}-*')))}"
    place.mkdir(parents=True)
    return Work(
        operation=Operation(id="model.head/step", driver=driver, spec=spec),
        environment="dev",
        root=folder,
        folder=place,
        inputs=inputs,
        digests={},
        files={},
        tell=lambda _: None,
        render=lambda *_: b"",
    )


def learned(folder: Path, made_by: dict[str, Any], rows: pl.DataFrame) -> Any:
    """The model of a recipe, fitted on rows."""
    return _recipes.learned(rows, made_by, _recipes.Given(work(folder, "train", {})))
