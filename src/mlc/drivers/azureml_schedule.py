"""Keeps a schedule of Azure Machine Learning as it is described: one of a name, changed in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from mlc.drivers._az import ask, show
from mlc.drivers._azureml import (
    differences,
    is_ours,
    marked,
    observed,
    record,
    settled,
    shown,
    state_of,
    told,
    written,
)
from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.rules import azure_refused

VERSION = 2
PACKAGES: tuple[str, ...] = ()
EFFECT = True
PROGRAMS = ("az",)


def run(work: Work) -> Product:
    """`record` is record.json: the schedule's name. The first of `documents` is the schedule, the others are what it
    starts; `places` says where in the first the records of earlier steps are put. `file` is the schedule as it was
    sent. Raises StepFailed (azure-unreachable, azure-refused)."""
    workspace, documents = work.spec["workspace"], _documents(work.operation, _inputs(work))
    (file, schedule), *started = documents.items()
    for name, document in started:
        written(work, name, document)
    path, name = written(work, file, schedule), schedule["name"]

    def look() -> dict[str, Any] | None:
        return show(workspace, "schedule", "show", "--name", name)

    seen = settled(look, work, name)
    if seen is not None and not is_ours(schedule, seen):
        raise StepFailed(azure_refused.foreign("a schedule", name))
    changed = _changed(schedule, seen)
    if seen is None or set(changed) - {"is_enabled"}:
        work.tell(f"{'making' if seen is None else 'changing'} the schedule {name}")
        ask(workspace, "schedule", "create", "--file", str(path))  # of a name that is there, it is a change
        seen = settled(look, work, name)
    if seen is not None and "is_enabled" in _changed(schedule, seen):
        ask(workspace, "schedule", "enable", "--name", name)
        seen = settled(look, work, name)
    if seen is None or state_of(seen) != "Succeeded":
        state = "nothing" if seen is None else state_of(seen)
        raise StepFailed(azure_refused.found(f"az ml schedule create --name {name}", f"it ended as {state}"))
    summary = {"name": f"the schedule {name}", "changed": bool(changed), "told": _inputs(work)}
    summary["undo"] = {"workspace": dict(workspace), "schedule": name}
    return Product({"record": record(work, {"name": name}), "file": path}, summary)


def undo(root: Path, environment: str, operation: Operation) -> None:  # noqa: ARG001
    """Delete the schedule, which has to be at rest first."""
    workspace, name = operation.spec["workspace"], operation.spec["schedule"]
    seen = show(workspace, "schedule", "show", "--name", name)
    if seen is None:
        return
    if seen.get("is_enabled") is not False:
        ask(workspace, "schedule", "disable", "--name", name)
    ask(workspace, "schedule", "delete", "--name", name, "--yes")


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """Schedules that are gone, were switched off or come at another time."""

    def look(operation: Operation, outcome: Outcome) -> tuple[dict[str, Any] | None, list[str]]:
        schedule = next(iter(_documents(operation, outcome.summary["told"]).values()))
        seen = shown(operation, "schedule", "show", "--name", schedule["name"])
        return seen, _changed(schedule, seen)

    return observed(done, look)


def _changed(schedule: Mapping[str, Any], seen: Mapping[str, Any] | None) -> list[str]:
    if seen is None:
        return ["everything"]
    return [*differences(schedule, seen), *(["is_enabled"] if seen.get("is_enabled") is False else [])]


def _documents(operation: Operation, found: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """The documents by their files; the schedule's mark stands for all of them, and for what was told."""
    documents: dict[str, dict[str, Any]] = operation.spec["documents"]
    first, *others = documents
    schedule = deepcopy(documents[first])
    for name, places in operation.spec.get("places", {}).items():
        for place in places:
            *path, last = place["path"]
            inner = schedule
            for part in path:
                inner = inner[part]
            inner[last] = place["form"].format(**found[name])
    whole = marked({**schedule, "starts": [documents[name] for name in others]})
    return {**documents, first: {**schedule, "tags": whole["tags"]}}


def _inputs(work: Work) -> dict[str, dict[str, str]]:
    """What earlier steps found that the schedule is told, by the names of inputs."""
    return {
        name: {key: str(value) for key, value in told(work, name).items()}
        for name in work.operation.spec.get("places", {})
    }
