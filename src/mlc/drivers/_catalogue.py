"""The catalogue of estimators: `python -m mlc.drivers._catalogue` writes `schemas/estimators/` and docs/estimators.md.

One file per estimator of scikit-learn, XGBoost and LightGBM, each a JSON Schema of its parameters with what this
version of mlc does with it; and `index.json`, the list of all. A test holds that this leaves no diff. Reading them
(`mlc.kinds._estimators`) needs none of the libraries.
"""

from __future__ import annotations

import json
import warnings
from functools import cache
from importlib import import_module

import sklearn
import sklearn.experimental.enable_halving_search_cv
import sklearn.experimental.enable_iterative_imputer
from msgspec import to_builtins
from sklearn.utils import all_estimators

from mlc import data
from mlc.drivers import (
    _boosting_schemas,
    _estimators,
    _lightgbm,
    _parameter_schemas,
    _parameters_by_task,
    _transforms,
    _xgboost,
)
from mlc.drivers._parameter_schemas import Parameters, Schema
from mlc.drivers._standing import Standing, standing

PACKAGES = {"sklearn": "scikit-learn", "xgboost": "xgboost-cpu", "lightgbm": "lightgbm"}


@cache
def classes() -> dict[str, type]:
    """Every estimator by its full name, sorted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {f"{_public(one)}.{name}": one for name, one in all_estimators()}
    return dict(sorted({**found, **_xgboost.CLASSES, **_lightgbm.CLASSES}.items()))


@cache
def generate() -> dict[str, Schema]:
    """The schema of every estimator by its full name."""
    return {name: _entry(name, constructor) for name, constructor in classes().items()}


def index() -> Schema:
    """What is to be known of all at once."""
    versions = {"sklearn": sklearn.__version__, "xgboost": _xgboost.VERSION, "lightgbm": _lightgbm.VERSION}
    return {
        "versions": {PACKAGES[library]: version for library, version in versions.items()},
        "estimators": {name: _told(entry) for name, entry in generate().items()},
    }


def files() -> dict[str, str]:
    """The texts of the folder, by file name."""
    entries = {f"{name}.json": _text(entry) for name, entry in generate().items()}
    return {**entries, "index.json": _text(index())}


def _public(constructor: type) -> str:
    """The module that people import it from."""
    parts = constructor.__module__.split(".")
    private = next((number for number, part in enumerate(parts) if part.startswith("_")), len(parts))
    module = ".".join(parts[:private])
    assert getattr(import_module(module), constructor.__name__) is constructor, constructor
    return module


def _entry(name: str, constructor: type) -> Schema:
    stands = standing(name, constructor)
    library, short = name.partition(".")[0], constructor.__name__
    tasks = stands.trains or ("",)
    by_task = {task: _parameters(constructor, library, stands.serves, task) for task in tasks}
    found = _parameters_by_task.together(list(by_task.values()))
    schema: Schema = {
        "title": short,
        "description": _description(library, found),
        "type": "object",
        "properties": found.properties,
        "additionalProperties": False,
    }
    if found.required and stands.serves:
        schema["required"] = found.required
    flags = {
        "trees": short in _estimators.TREES,
        "takes-missing": short in _estimators.TAKES_MISSING,
        "exact": short in _transforms.EXACT,
        "imputes": short in _transforms.IMPUTING,
    }
    of_task = {task: _parameters_by_task.apart(one, found) for task, one in by_task.items()}
    return (
        schema
        | {
            "x-mlc-estimator": {
                "name": name,
                **_standing(stands),
                **{flag: True for flag, is_so in flags.items() if is_so},
            },
            "x-mlc-not-settable": found.refused,
            "x-mlc-denied": found.denied,
        }
        | ({"x-mlc-of-task": of_task} if any(of_task.values()) else {})
    )


def _parameters(constructor: type, library: str, serves: str, task: str) -> Parameters:
    if library == "sklearn":
        return _parameter_schemas.parameters(constructor, serves, task)
    return _boosting_schemas.parameters(constructor, library, task)


def _standing(stands: Standing) -> Schema:
    told: Schema = {"what": stands.what, "tasks": list(stands.tasks), "serves": stands.serves}
    if stands.trains:
        told["trains"] = list(stands.trains)
        told |= {"but": to_builtins(stands.but)} if stands.but else {}
    if stands.reason:
        told |= {"reason": stands.reason, "why": stands.why}
        told |= {"instead": stands.instead} if stands.instead else {}
        told |= {"harmful": True} if stands.harmful else {}
    return told


def _told(entry: Schema) -> Schema:
    known: Schema = entry["x-mlc-estimator"]
    return {key: known[key] for key in ("what", "tasks", "serves", "trains", "reason", "why") if key in known}


def _description(library: str, found: Parameters) -> str:
    title = {"sklearn": "scikit-learn", "xgboost": "XGBoost", "lightgbm": "LightGBM"}[library]
    sentences = [f"What is left out keeps {title}'s default. What ONNX serves wrongly is not offered."]
    sentences += [f"Not to be set: `{parameter}`. {why}" for parameter, why in found.refused.items()]
    return " ".join(sentences)


def _text(value: Schema) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the folder, and take away what is none of its files."""
    folder = data.path("schemas", "estimators")
    folder.mkdir(exist_ok=True)
    written = files()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    for file in folder.iterdir():
        if file.name not in written:
            file.unlink()


if __name__ == "__main__":
    main()
