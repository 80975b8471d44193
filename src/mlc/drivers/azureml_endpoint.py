"""Makes the endpoint of a deployment in a workspace of Azure Machine Learning, and keeps it as it is described.

Who gets which of its requests is left alone: `azureml_traffic` sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlc.drivers._az import AlreadyThereError, ask, show
from mlc.drivers._azureml import (
    TRAFFIC,
    differences,
    is_ours,
    marked,
    observed,
    record,
    settled,
    shown,
    state_of,
    tags_of,
    written,
)
from mlc.ir.drift import Seen
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from mlc.rules import azure_refused

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True
PROGRAMS = ("az",)


def noun(online: bool) -> str:
    return "online-endpoint" if online else "batch-endpoint"


def run(work: Work) -> Product:
    """`record` is record.json: the endpoint's name. Raises StepFailed (azure-unreachable, azure-refused)."""
    workspace, kind = work.spec["workspace"], noun(work.spec["online"])
    document = marked(work.spec["document"])
    name = document["name"]

    def look() -> dict[str, Any] | None:
        return show(workspace, kind, "show", "--name", name)

    seen = settled(look, work, name)
    changed = seen is None or bool(differences(document, seen))
    if seen is None:
        work.tell(f"making the endpoint {name}")
        with suppress(AlreadyThereError):
            ask(workspace, kind, "create", "--file", str(written(work, "endpoint.yaml", document)))
        seen = settled(look, work, name)
    if seen is not None and not is_ours(document, seen):
        raise StepFailed(azure_refused.foreign("an endpoint", name))
    if seen is not None and differences(document, seen):
        file = written(work, "endpoint.yaml", keeping(document, seen))
        ask(workspace, kind, "update", "--name", name, "--file", str(file))
        seen = settled(look, work, name)
    if seen is None or state_of(seen) != "Succeeded":
        state = "nothing" if seen is None else state_of(seen)
        raise StepFailed(azure_refused.found(f"az ml {kind} create --name {name}", f"it ended as {state}"))
    undo = {"workspace": dict(workspace), "endpoint": name, "noun": kind}
    summary = {"name": f"the endpoint {name}", "changed": changed, "undo": undo}
    return Product({"record": record(work, {"name": name})}, summary)


def keeping(document: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, Any]:
    """A document with what it does not say of an endpoint that is there: who gets its requests."""
    kept = {field: seen[field] for field in ("traffic", "mirror_traffic", "defaults") if seen.get(field)}
    ours = {TRAFFIC: tags_of(seen)[TRAFFIC]} if TRAFFIC in tags_of(seen) else {}
    return {**document, **kept, "tags": {**document["tags"], **ours}}


def undo(root: Path, environment: str, operation: Operation) -> None:  # noqa: ARG001
    """Delete the endpoint with all that serves it. Versions of models, data and environments stay: they are history."""
    spec = operation.spec
    if show(spec["workspace"], spec["noun"], "show", "--name", spec["endpoint"]) is not None:
        ask(spec["workspace"], spec["noun"], "delete", "--name", spec["endpoint"], "--yes")


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """Endpoints that are gone, or whose settings were changed."""

    def look(operation: Operation, outcome: Outcome) -> tuple[dict[str, Any] | None, list[str]]:  # noqa: ARG001
        document = marked(operation.spec["document"])
        seen = shown(operation, noun(operation.spec["online"]), "show", "--name", document["name"])
        return seen, [] if seen is None else differences(document, seen)

    return observed(done, look)
