"""One choice of parameters scored as tuning scores it, and nothing kept: what a search elsewhere asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlc.drivers._trials import Asked, tried
from mlc.drivers._tuning import of_trials
from mlc.ir.choice import Chosen, Trial
from mlc.ir.metrics import METRICS


def attempt(
    spec: Mapping[str, Any],
    candidate: Chosen,
    rows: Path,
    params: dict[str, Any],
    told: Callable[[float], None],
) -> Trial:
    """`spec` is that of the model's step `tune`, `rows` the Parquet file that it reads; after each fold the mean so far
    is `told`. A trial is never given up here: who asks for it decides that."""
    tune = spec["tune"][candidate.name]
    asked = Asked(
        number=1,
        path=rows,
        spec=of_trials(spec, candidate, tune),
        params=params,
        folds=tune["folds"],
        metric=tune["metric"],
        better=METRICS[tune["metric"]].better,
        stop_at=[],
    )
    return tried(asked, told)
