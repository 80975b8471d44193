"""Measurements to learn other tasks from: scikit-learn's wines (three classes) and its patients (a number)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.datasets import load_diabetes, load_wine

CLASSES = ["rosé", "white", "red"]
BOUNDS = {
    "multiclass_classification": {"max_probability_difference": 1e-4, "min_label_agreement": 1.0},
    "regression": {"max_value_difference": 1e-4, "min_value_agreement": 1.0},
    "anomaly_detection": {
        "min_label_agreement": 1.0,
        "max_value_difference": 1e-4,
        "min_value_agreement": 1.0,
    },
    "clustering": {"min_label_agreement": 1.0},
}


@cache
def rows(task: str) -> pl.DataFrame:
    """Two in three are to be trained on. Each row stands there twice, the second time with some noise."""
    numbers, label = (load_wine if task in ("multiclass_classification", "clustering") else load_diabetes)(
        return_X_y=True
    )
    random = np.random.default_rng(0)
    noisy = numbers * (1 + 0.02 * random.normal(size=numbers.shape))
    order = random.permutation(2 * len(label))
    both, labels = np.vstack([numbers, noisy])[order], np.tile(label, 2)[order]
    if task == "multiclass_classification":
        labels = np.array(CLASSES, dtype=object)[labels.astype(int)]
    columns = {f"c{place}": both[:, place] for place in range(both.shape[1])}
    return pl.DataFrame({**columns, "label": labels})


def columns(task: str) -> dict[str, dict[str, Any]]:
    names = [name for name in rows(task).columns if name != "label"]
    return {name: {"type": "number", "values": [], "nullable": False} for name in names}


def learned(task: str) -> dict[str, Any]:
    classes = {"classes": CLASSES} if task == "multiclass_classification" else {}
    return {"task": task, "label": "label", "columns": columns(task), **classes}


def groups(task: str, scale: str = "standard") -> dict[str, Any]:
    group = {"columns": list(columns(task)), "impute": "none", "scale": scale, "encode": "none"}
    return {"numbers": group}


def train(task: str, estimator: str, scale: str, params: dict[str, Any]) -> dict[str, Any]:
    asked = {"groups": groups(task, scale), "estimator": estimator, "params": params, "seed": 0}
    return learned(task) | asked


def export(task: str) -> dict[str, Any]:
    return learned(task) | BOUNDS[task] | {"format": "onnx", "opset": 21}


def parts(task: str, folder: Path) -> dict[str, Path]:
    paths = {name: folder / f"{name}.parquet" for name in ("train", "test")}
    for name, part in zip(paths, split(task), strict=True):
        part.write_parquet(paths[name])
    return paths


def split(task: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    found = rows(task)
    size = 2 * found.height // 3
    return found.head(size), found.slice(size)
