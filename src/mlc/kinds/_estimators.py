"""The catalogue of estimators: what each is, what mlc does with it, and the JSON Schema of its parameters.

Read from `schemas/estimators/`, which is generated (`mlc.drivers._catalogue`): no library of estimators is
imported. A command reads the files of those estimators that its project names, and the list of all only to
say that there is no such one.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from mlc import data

Place = Literal["train", "transforms"]

_NAME = re.compile(r"(?:sklearn|xgboost|lightgbm)(?:\.[a-z_]{1,40}){0,3}\.[A-Z][A-Za-z0-9]{1,60}", re.ASCII)
"""What the name of an estimator looks like. Only a text of this form becomes the name of a file: it holds no
separator of folders, no two dots in a row and nothing that a file system would take for something else."""


class Told(Struct, frozen=True):
    """An estimator as the list of all tells of it: the `tasks` it can do, those it `trains` for here, `reason` and
    `why` where this version does nothing with it."""

    what: str
    tasks: list[str]
    serves: Literal["", "train", "transforms"]
    trains: list[str] = []
    reason: str = ""
    why: str = ""


def estimator_names() -> tuple[str, ...]:
    """The full names of all estimators, in order of the alphabet."""
    return tuple(catalogue())


def offered(place: Place, task: str = "") -> tuple[str, ...]:
    """The full names of the estimators that this version takes in `train`, of a task or of any, or in the
    `transforms` of a group."""
    return tuple(
        name
        for name, told in catalogue().items()
        if told.serves == place and (not task or task in told.trains)
    )


def parameter_schema(name: str, task: str = "") -> dict[str, Any] | None:
    """The JSON Schema of an estimator's `params`, or None where there is no such estimator.

    Without a task, it is of what may be set in any.

    `x-mlc-estimator` says what it is and what this version of mlc does with it; `x-mlc-not-settable` maps each
    parameter that a spec may not set to the reason, `x-mlc-denied` those that have values which are not offered,
    mostly because of ONNX, to these and the reason.
    """
    schema = _read(name) if _NAME.fullmatch(name) else None
    otherwise = schema.get("x-mlc-of-task", {}).get(task) if schema is not None else None
    return schema if schema is None or not otherwise else _for_task(schema, otherwise)


@cache
def catalogue() -> dict[str, Told]:
    """Every estimator by its full name."""
    from msgspec import convert

    return {name: convert(told, Told) for name, told in _index()["estimators"].items()}


def versions() -> dict[str, str]:
    """The version of each library that the catalogue was made from, by package."""
    found: dict[str, str] = _index()["versions"]
    return found


def _for_task(schema: dict[str, Any], otherwise: dict[str, Any]) -> dict[str, Any]:
    """A schema with what is otherwise in a task; a parameter that is null there does not exist."""
    properties = {**schema["properties"], **otherwise.get("properties", {})}
    kept = {name: field for name, field in properties.items() if field is not None}
    return {**schema, **otherwise, "properties": kept}


@cache
def _index() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data.path("schemas", "estimators", "index.json").read_bytes())
    return found


@cache
def _read(name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(data.path("schemas", "estimators", f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
    # a file system that does not tell capitals apart finds files by names that are none
    return found if found["x-mlc-estimator"]["name"] == name else None
