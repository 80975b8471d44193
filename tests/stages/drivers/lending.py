"""The lending data as the drivers of a model meet them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlc.drivers._onnx import Scored

LOANS = Path(__file__).parents[3] / "examples" / "lending" / "data" / "loans.parquet"

COLUMNS: dict[str, dict[str, Any]] = {
    "car_value": {"type": "integer", "values": [], "nullable": False},
    "salary_range": {
        "type": "string",
        "values": ["0 - 20K €", "20K - 40K €", "40K - 60K €", "60K+ €"],
        "nullable": False,
    },
    "debt_to_income_ratio": {"type": "number", "values": [], "nullable": False},
    "loan_length": {"type": "integer", "values": [], "nullable": False},
    "repaid_loan_on_prev_car": {"type": "boolean", "values": [], "nullable": False},
    "size_of_downpayment": {
        "type": "string",
        "values": ["0%", "10%", "20%", "30%", "40%"],
        "nullable": False,
    },
    "driver_tenure": {"type": "number", "values": [], "nullable": False},
}

LEARNED = {"task": "binary_classification", "label": "repaid", "positive": 1, "columns": COLUMNS}


def group(*columns: str, **treatment: str) -> dict[str, Any]:
    return {"columns": list(columns), "impute": "none", "scale": "none", "encode": "none"} | treatment


def groups(scale: str = "standard") -> dict[str, Any]:
    return {
        "numbers": group("car_value", "debt_to_income_ratio", "loan_length", "driver_tenure", scale=scale),
        "flags": group("repaid_loan_on_prev_car"),
        "categories": group("salary_range", encode="one_hot"),
        "steps": group("size_of_downpayment", encode="ordinal"),
    }


def train(estimator: str, scale: str = "standard", **changes: Any) -> dict[str, Any]:
    asked = {"groups": groups(scale), "estimator": estimator, "params": {}, "seed": 0}
    return LEARNED | asked | changes


def export(**changes: Any) -> dict[str, Any]:
    asked = {
        "format": "onnx",
        "opset": 21,
        "max_probability_difference": 1e-4,
        "min_label_agreement": 1.0,
    }
    return LEARNED | asked | changes


def said(scored: Scored) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The labels and probabilities of a classifier."""
    assert scored.labels is not None
    assert scored.probabilities is not None
    return scored.labels, scored.probabilities


def parts(folder: Path, train_rows: int = 2000, test_rows: int = 1000) -> dict[str, Path]:
    """The first rows to train on and the next to test on, as Parquet files."""
    loans = pl.read_parquet(LOANS)
    paths = {name: folder / f"{name}.parquet" for name in ("train", "test")}
    loans.head(train_rows).write_parquet(paths["train"])
    loans.slice(train_rows, test_rows).write_parquet(paths["test"])
    return paths
