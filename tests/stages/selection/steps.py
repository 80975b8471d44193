"""The steps of selecting and tuning, on the lending data, as `apply` runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlc.ir.operation import Operation, Work
from stages.drivers import lending

LINEAR = "sklearn.linear_model.LogisticRegression"
BOOSTED = "sklearn.ensemble.HistGradientBoostingClassifier"
TREE = "sklearn.tree.DecisionTreeClassifier"


def folds(purpose: str, count: int = 3) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "method": "hash",
        "column": "id",
        "count": count,
        "seed": 0,
        "repeats": 1,
    }


def learned(**changes: Any) -> dict[str, Any]:
    return {**lending.LEARNED, "groups": lending.groups("none"), **changes}


def candidate(name: str, estimator: str, **params: Any) -> dict[str, Any]:
    return {"name": name, "estimator": estimator, "params": params, "seed": 0}


def tune(*space: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "metric": "roc_auc",
        "space": list(space),
        "trials": 8,
        "timeout": None,
        "batch": 4,
        "prune": "median",
        "seed": 0,
        "folds": folds("tune"),
        **changes,
    }


def work(
    folder: Path, driver: str, spec: dict[str, Any], *, cores: int = 1, key: str = "", **inputs: Path
) -> Work:
    place = folder / f"{driver}-{len(list(folder.glob(f'{driver}-*')))}"
    place.mkdir()
    return Work(
        operation=Operation(id="model.loan/tune", driver=driver, spec=spec),
        environment="dev",
        root=folder,
        folder=place,
        inputs=inputs,
        digests={},
        files={},
        tell=lambda _: None,
        render=lambda backend, template, data: str(sorted(data)).encode(),
        cores=cores,
        key=key,
    )
