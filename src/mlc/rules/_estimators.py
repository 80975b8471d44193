"""The estimators that a project names, and what the catalogue says of them: what several rules look at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.kinds._estimators import Place, parameter_schema
from mlc.rules._subject import Subject


class Used(Struct, frozen=True):
    """An estimator that a spec names. `path` leads to the map that holds `estimator` and `params`; `task` is what it
    has to be able to do: the model's task, or `features`."""

    address: Address
    path: tuple[str, ...]
    place: Place
    name: str
    params: dict[str, Any]
    task: str

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def field(self) -> dict[str, Any]:
        """Where a finding about the estimator stands."""
        return {"address": str(self.address), "path": ".".join((*self.path, "estimator"))}

    def parameter(self, name: str) -> dict[str, Any]:
        """Where a finding about a parameter stands."""
        return {"address": str(self.address), "path": ".".join((*self.path, "params", name))}


def used(subject: Subject) -> Iterator[Used]:
    """Every estimator that the project names, of models and of feature groups."""
    for address, model in subject.each("model"):
        yield from learners(address, model)
        final = (model["ensemble"] or {}).get("final")
        if final is not None:
            yield Used(
                address, ("ensemble", "final"), "train", final["estimator"], final["params"], model["task"]
            )
    for address, features in subject.each("features"):
        for group, found in features["groups"].items():
            for name, transform in found["transforms"].items():
                path = ("groups", group, "transforms", name)
                yield Used(
                    address, path, "transforms", transform["estimator"], transform["params"], "features"
                )


def learners(address: Address, model: dict[str, Any]) -> Iterator[Used]:
    """The estimators that a model may be trained as."""
    written = {("train",): model["train"]} if model["train"] else {}
    candidates = {("candidates", name): one for name, one in model["candidates"].items()}
    for path, one in (written | candidates).items():
        yield Used(address, path, "train", one["estimator"], one["params"], model["task"])


def known(subject: Subject) -> Iterator[tuple[Used, dict[str, Any]]]:
    """Those that the catalogue has, with their schemas."""
    for one in used(subject):
        schema = parameter_schema(one.name, one.task)
        if schema is not None:
            yield one, schema


def told(name: str) -> dict[str, Any]:
    """What the catalogue says of an estimator; nothing where it has none of this name."""
    found: dict[str, Any] = (parameter_schema(name) or {}).get("x-mlc-estimator", {})
    return found


def fits(one: Used, about: dict[str, Any]) -> bool:
    """Whether an estimator can do at all what it is named for."""
    return one.task in about["tasks"]


def stands(one: Used, about: dict[str, Any]) -> dict[str, Any]:
    """Why an estimator is not taken for what it is named for: `reason`, `why`, perhaps `instead` and `harmful`; empty
    where it is."""
    found: dict[str, Any] = about.get("but", {}).get(one.task, {}) if about["serves"] == one.place else about
    return found if found.get("reason") else {}


def denial(schema: dict[str, Any], name: str, value: Any) -> str:
    """Why a value that the library takes is not offered, where the reason is its ONNX form; else nothing."""
    limit = schema["x-mlc-denied"].get(name, {})
    whole = limit.get("whole", False)
    lost = any(value == one and type(value) is type(one) for one in limit.get("lost", ()))
    return str(limit["why"]) if limit.get("onnx", True) and (whole or lost) else ""
