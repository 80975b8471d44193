"""Which version a model takes up, and whether it fits: looked up when a plan is made, which only reads."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from mlc.drivers.registry.places import open_registry
from mlc.drivers.registry.versions import models, version
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import Operation, StepFailed
from mlc.ir.registry import Entry
from mlc.rules import reuse_unfit

ANSWERS = ("binary_classification", "regression", "anomaly_detection")
"""The tasks whose models say one number of a row."""


class Found(Struct, frozen=True):
    """The operation with the version that it takes up, and why it cannot."""

    operation: Operation
    problems: tuple[Diagnostic, ...] = ()


def looked_up(root: Path, operation: Operation, described: Container[str] = ()) -> Found:
    """What an operation of the driver `reuse` refers to now: its number and its digest enter what it is made from.

    `described` are the names of the project's own models. Raises StepFailed (registry-unreadable).
    """
    spec = operation.spec
    reference, address = str(spec["model"]), operation.address
    name, _, number = reference.partition(":")
    name, _, alias = name.partition("@")
    registry = open_registry(root, spec["registry"])
    try:
        found = version(registry, name, int(number) if number else alias)
    except StepFailed as failure:
        problem = failure.diagnostics[0]
        if problem.rule != "unknown-version":
            raise
        new = name in described and all(one.name != name for one in models(registry))
        absent = reuse_unfit.not_there(reference, problem.detail, problem.help, address, described=new)
        return Found(structs.replace(operation, pins={reference: "no version"}), (absent,))
    entry = found.entry
    pinned = structs.replace(
        operation,
        spec={**spec, "number": entry.number, "digest": entry.digest},
        pins={reference: f"version {entry.number} ({entry.digest[:12]})"},
    )
    return Found(pinned, tuple(_problems(entry, spec, address)))


def _problems(entry: Entry, spec: Mapping[str, Any], address: str) -> Iterator[Diagnostic]:
    """The version's signature against what it would be given, and what it would be used for."""
    label = f"{entry.name}:{entry.number}"
    if "model" not in entry.files or entry.estimator.startswith("code."):
        detail = "It was trained by code of the project, and only that code could load it."
        yield reuse_unfit.found(label, detail, address, "reuse.model")
        return
    yield from _inputs(entry, spec, address, label)
    if spec["as"] == "features":
        yield from _answers(entry, spec, address, label)
    elif entry.members:
        detail = "It has other models inside, and its transforms are theirs as well as its own."
        yield reuse_unfit.found(label, detail, address, "reuse.model", "Take its answers: as: features.")
    if spec["as"] == "warm_start" and entry.task != spec["task"]:
        detail = f"It does {_words(entry.task)}, and {address} does {_words(spec['task'])}."
        yield reuse_unfit.found(label, detail, address, "task")
    elif spec["as"] == "warm_start" and entry.estimator != spec["estimator"]:
        detail = f"It is a {entry.estimator}, and training goes on from where a {spec['estimator']} stopped."
        yield reuse_unfit.found(label, detail, address, "train.estimator", f"Take {entry.estimator}.")


def _inputs(entry: Entry, spec: Mapping[str, Any], address: str, label: str) -> Iterator[Diagnostic]:
    wanted = {one.name: one.datatype for one in entry.signature.inputs}
    given = {one["name"]: one["datatype"] for one in spec["inputs"]}
    lacks = [f"it takes {name}, which is not given" for name in wanted if name not in given]
    differs = [
        f"{name} is {wanted[name]} there and {given[name]} here"
        for name in wanted
        if name in given and wanted[name] != given[name]
    ]
    extra = [f"it does not take {name}" for name in given if name not in wanted]
    if lacks or differs or extra:
        path = "reuse.columns" if spec["as"] == "features" else "features"
        yield reuse_unfit.other_inputs(label, [*lacks, *extra, *differs], address, path, list(wanted))


def _answers(entry: Entry, spec: Mapping[str, Any], address: str, label: str) -> Iterator[Diagnostic]:
    if entry.task not in ANSWERS:
        yield reuse_unfit.found(
            label,
            f"It does {_words(entry.task)}, and only what says one number of a row can be a further column.",
            address,
            "reuse.model",
        )
    if entry.data.dataset == spec["dataset"]:
        yield reuse_unfit.found(
            label,
            f"It learned from dataset.{entry.data.dataset}, from which {address} learns as well: it was told the "
            "labels of the rows that it would be asked about.",
            address,
            "reuse.model",
            "Feed on the model itself with `predictions`, where it is asked by folds.",
        )


def _words(task: str) -> str:
    return task.replace("_", " ")
