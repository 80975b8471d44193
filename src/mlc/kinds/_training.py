"""The steps that train a model, what exports it, and what is said of its estimator."""

from typing import Any

from mlc.ir.operation import Operation
from mlc.kinds import _evaluating, _feeding
from mlc.kinds._candidates import Make, calibration, is_selected, learners, selecting, with_libraries
from mlc.kinds._code import is_code
from mlc.kinds._ensemble import combining, described
from mlc.kinds._kind import View

_DRIVERS = {
    "sklearn": ("sklearn_train", "onnx_export"),
    "xgboost": ("xgboost_train", "xgboost_export"),
    "lightgbm": ("lightgbm_train", "lightgbm_export"),
    "code": ("code_train", "code_export"),
}
"""What trains and what exports, by the library that an estimator is from: each is remade when its library changes."""


def training(view: View, make: Make, seen: dict[str, Any], train: str) -> list[Operation]:
    """The steps up to the trained model."""
    if view["ensemble"]:
        return combining(view, make, seen, train)[0]
    if is_selected(view):
        return selecting(view, make, seen, _evaluating.judged(view), train)
    estimator = view["train"]["estimator"]
    spec = {**seen, **calibration(view), **view["train"]}
    if not view["reuse"] or _feeding.reuses_answers(view):
        return [make("train", _DRIVERS[estimator.partition(".")[0]][0], spec, train=train)]
    spec["warm"] = view["reuse"]["as"] == "warm_start"
    source = f"model.{view['name']}/reuse"
    base = {"base": f"{source}#model", "about": f"{source}#about"}
    return [make("train", with_libraries("reuse_train", [estimator]), spec, train=train, **base)]


def exporter(view: View) -> str:
    """The driver that exports it."""
    if _feeding.feeds(view):
        return with_libraries("joint_export", _feeding.estimators_of(view))
    estimators = _feeding.estimators_of(view)
    if view["ensemble"]:
        return with_libraries("ensemble_export", estimators)
    if is_selected(view):
        own = any(map(is_code, estimators))
        return with_libraries("code_chosen_export" if own else "chosen_export", estimators)
    return _DRIVERS[view["train"]["estimator"].partition(".")[0]][1]


def learner(view: View) -> dict[str, Any]:
    """What is said of the estimator in the card and in the registry, before one was chosen of several."""
    if view["ensemble"]:
        return described(view)
    if not is_selected(view):
        return {"estimator": view["train"]["estimator"], "params": view["train"]["params"]}
    return {"candidates": {name: one["estimator"] for name, one in learners(view).items()}}
