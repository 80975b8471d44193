"""Ensembles: the candidates of a model combined in the place of one that is selected."""

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from mlc.ir.operation import Operation
from mlc.kinds._candidates import Train, calibration, folds_of, learners, seed_of, with_libraries
from mlc.kinds._fields import Name, about
from mlc.kinds._kind import View

_FINAL = {"regression": "sklearn.linear_model.RidgeCV"}
_FINAL_OF_CLASSES = "sklearn.linear_model.LogisticRegression"


class Voting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="voting"):
    """The mean of the members' probabilities, or of the numbers that they predict."""

    members: Annotated[
        list[Name], about("The candidates that take part; all of them where none is named.")
    ] = []
    weights: Annotated[
        dict[Name, Annotated[float, Meta(gt=0)]],
        about("How much a member counts; 1 where nothing is said.", example={"boosted": 2}),
    ] = {}


class Stacking(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="method", tag="stacking"
):
    """A final estimator that learns from what the members say of rows that they had not learned from."""

    members: Annotated[
        list[Name], about("The candidates that take part; all of them where none is named.")
    ] = []
    final: Annotated[
        Train | None,
        about(
            "The estimator that learns from the members. Where none is given, LogisticRegression of classes and "
            "RidgeCV of numbers."
        ),
    ] = None
    folds: Annotated[
        int,
        about("Into how many folds rows are divided for what the final estimator learns from.", ge=2, le=50),
    ] = 5


def members_of(view: View) -> list[str]:
    """The names of the members, as written."""
    found: list[str] = view["ensemble"]["members"] or list(view["candidates"])
    return found


def final_of(view: View) -> dict[str, Any]:
    """The estimator that learns from the members, as written or as usual for the task."""
    usual = {"estimator": _FINAL.get(view["task"], _FINAL_OF_CLASSES), "params": {}, "seed": 0}
    found: dict[str, Any] = view["ensemble"]["final"] or usual
    return found


def combining(
    view: View, make: Callable[..., Operation], learned: dict[str, Any], train: str
) -> tuple[list[Operation], str]:
    """The one step that trains an ensemble, and the driver that exports it."""
    ensemble, known = view["ensemble"], learners(view)
    names = members_of(view)
    told: dict[str, Any] = {
        "method": ensemble["method"],
        # a list, because the order of members matters and the key of a step sorts its maps
        "members": [{"name": name, **known[name]} for name in names],
    }
    estimators = [known[name]["estimator"] for name in names]
    if ensemble["method"] == "voting":
        told["weights"] = [ensemble["weights"].get(name, 1.0) for name in names]
    else:
        told["final"] = final_of(view)
        told["folds"] = folds_of(view, "stack", ensemble["folds"], seed_of(view))
        estimators.append(told["final"]["estimator"])
    spec = {**learned, **calibration(view), "ensemble": told}
    step = make("train", with_libraries("ensemble_train", estimators), spec, train=train)
    return [step], with_libraries("ensemble_export", estimators)


def described(view: View) -> dict[str, Any]:
    """What the card and the registry say of an ensemble in the place of an estimator."""
    known = learners(view)
    members = {name: known[name] for name in members_of(view)}
    rest = {key: value for key, value in view["ensemble"].items() if key not in ("method", "members")}
    if "final" in rest:
        rest["final"] = final_of(view)
    return {"estimator": f"ensemble.{view['ensemble']['method']}", "params": {"members": members, **rest}}
