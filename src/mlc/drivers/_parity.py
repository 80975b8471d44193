"""How far what is served may be from what was trained: measured on the whole test set, and held against the bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from mlc.drivers._onnx import Scored
from mlc.ir.diagnostic import Diagnostic
from mlc.rules import parity_broken

Proof = dict[str, Any]
Numbers = np.ndarray[Any, Any]

_TIE = 1e-6  # both classes are as probable, but for rounding to float32
_TOLD = 10  # rows that are named


def measured(spec: Mapping[str, Any], scored: Scored, model: Pipeline, table: pl.DataFrame) -> Proof:
    """What the served model and the trained one say of the same rows, compared as the task asks.

    `rows`, and the numbers (from 1) of the first rows that disagree as `disagreeing_rows`; where there are labels
    `label_agreement`, with how many differ only because the classes are as probable; of classifiers
    `max_probability_difference`; where there are values `max_relative_difference` and `value_agreement`, the
    share of rows within the tolerance `max_value_difference`.
    """
    with threadpool_limits(1):
        if spec["task"].endswith("_classification"):
            return _of_classes(scored, model.predict_proba(table), model.predict(table))
        if spec["task"] == "regression":
            return _of_values(scored, model.predict(table), spec["max_value_difference"])
        if spec["task"] == "clustering":
            return _of_labels(scored, model.predict(table), np.zeros(table.height, bool))
        unlike = -model.decision_function(table)
        proof = _of_labels(scored, (model.predict(table) < 0).astype(np.int64), np.abs(unlike) < _TIE)
        values = _of_values(scored, unlike, spec["max_value_difference"])
        return proof | {name: values[name] for name in ("max_relative_difference", "value_agreement")}


def refusal(proof: Proof, spec: Mapping[str, Any], trap: Sequence[str], address: str) -> Diagnostic | None:
    """What is said where a bound is missed; None where none is. `trap` names groups that scale before trees."""
    missed = [name for name, check in _CHECKS.items() if name in spec and check(proof, spec)]
    if not missed:
        return None
    labels_only = missed == ["min_label_agreement"]
    ties = labels_only and proof["disagreeing_ties"] == _differing(proof, "label_agreement")
    return parity_broken.found(
        [_SAID[name](proof, spec) for name in missed],
        scaled_trees=trap,
        ties=ties,
        address=address,
        path=f"optimize.{missed[0]}",
    )


def relative_difference(served: Numbers, predicted: Numbers) -> Numbers:
    """|served - predicted| / max(|predicted|, s), where s is the standard deviation of what was predicted.

    All (n,). A prediction near zero is held against the spread of all, as a difference there is no larger than
    elsewhere; where all are the same, against its own size. A NaN is as different as can be.
    """
    expected = predicted.astype(np.float64)
    scale = np.maximum(np.abs(expected), expected.std() if expected.size else 0.0)
    difference = np.abs(served.astype(np.float64) - expected)
    found = np.divide(difference, scale, out=np.where(difference == 0, 0.0, np.inf), where=scale > 0)
    return np.where(np.isnan(found), np.inf, found)


def _of_classes(scored: Scored, probabilities: Numbers, labels: Numbers) -> Proof:
    assert scored.probabilities is not None
    # a NaN is as different as can be
    differences = np.nan_to_num(np.abs(scored.probabilities - probabilities), nan=1.0)
    largest = np.sort(probabilities, axis=1)[:, -2:]
    ties = largest[:, 1] - largest[:, 0] < 2 * _TIE
    return {"max_probability_difference": float(differences.max())} | _of_labels(scored, labels, ties)


def _of_labels(scored: Scored, labels: Numbers, ties: Numbers) -> Proof:
    assert scored.labels is not None
    agrees = scored.labels == labels
    return {
        "label_agreement": float(agrees.mean()),
        "rows": len(agrees),
        "disagreeing_rows": [int(row) + 1 for row in np.flatnonzero(~agrees)[:_TOLD]],
        "disagreeing_ties": int(ties[~agrees].sum()),
    }


def _of_values(scored: Scored, predicted: Numbers, tolerance: float) -> Proof:
    assert scored.values is not None
    differences = relative_difference(scored.values, predicted.reshape(-1))
    agrees = differences <= tolerance
    largest = float(differences.max())
    return {
        # JSON has no infinity
        "max_relative_difference": largest if np.isfinite(largest) else None,
        "value_agreement": float(agrees.mean()),
        "rows": len(agrees),
        "disagreeing_rows": [int(row) + 1 for row in np.flatnonzero(~agrees)[:_TOLD]],
    }


def _differing(proof: Proof, share: str) -> int:
    return round((1 - float(proof[share])) * int(proof["rows"]))


def _probability_said(proof: Proof, spec: Mapping[str, Any]) -> str:
    return (
        f"A probability of the ONNX form differs by {proof['max_probability_difference']:.3g} from the model's on the "
        f"test set of {proof['rows']:,} rows, and {spec['max_probability_difference']:g} is allowed."
    )


def _labels_said(proof: Proof, spec: Mapping[str, Any]) -> str:
    return (
        f"{_differing(proof, 'label_agreement'):,} of {proof['rows']:,} labels of the test set differ (agreement "
        f"{proof['label_agreement']:.6f}, {spec['min_label_agreement']:g} is wanted), first in rows "
        f"{', '.join(map(str, proof['disagreeing_rows'][:3]))}."
    )


def _values_said(proof: Proof, spec: Mapping[str, Any]) -> str:
    largest = proof["max_relative_difference"]
    return (
        f"{_differing(proof, 'value_agreement'):,} of {proof['rows']:,} values of the test set differ by more than "
        f"{spec['max_value_difference']:g} of their size (agreement {proof['value_agreement']:.6f}, "
        f"{spec['min_value_agreement']:g} is wanted), the worst "
        + (f"by {largest:.3g}" if largest is not None else "is no number")
        + f", first in rows {', '.join(map(str, proof['disagreeing_rows'][:3]))}."
    )


_CHECKS: Mapping[str, Callable[[Proof, Mapping[str, Any]], bool]] = {
    "max_probability_difference": lambda proof, spec: (
        not proof["max_probability_difference"] <= spec["max_probability_difference"]
    ),
    "min_label_agreement": lambda proof, spec: not proof["label_agreement"] >= spec["min_label_agreement"],
    "min_value_agreement": lambda proof, spec: not proof["value_agreement"] >= spec["min_value_agreement"],
}
_SAID: Mapping[str, Callable[[Proof, Mapping[str, Any]], str]] = {
    "max_probability_difference": _probability_said,
    "min_label_agreement": _labels_said,
    "min_value_agreement": _values_said,
}
