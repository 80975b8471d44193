"""Makes what serves a version behind an endpoint of Azure Machine Learning, and waits until it is well.

It bears the version's name and gets no requests yet: one that does not come up changes nothing for anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlc.drivers._az import AlreadyThereError, ask, show
from mlc.drivers._azureml import (
    WORKING,
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

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True
PROGRAMS = ("az",)


def noun(online: bool) -> str:
    return "online-deployment" if online else "batch-deployment"


def run(work: Work) -> Product:
    """`record` is record.json: the endpoint's name and its own. `file` is the document as it was sent.

    Raises StepFailed (azure-unreachable, azure-refused).
    """
    workspace, kind = work.spec["workspace"], noun(work.spec["online"])
    model, environment = told(work, "model"), told(work, "environment")
    known = {"model": model["reference"], "environment": environment["reference"]}
    name = f"version-{model['version']}"
    document = _document(work.operation, name, known)
    endpoint = document["endpoint_name"]
    script = document["code_configuration"]["scoring_script"]
    (work.folder / "code").mkdir()
    (work.folder / "code" / script).write_bytes(work.render("azureml", script, {}))
    file = written(work, "deployment.yaml", document)
    named = ("--name", name, "--endpoint-name", endpoint)

    def look() -> dict[str, Any] | None:
        return show(workspace, kind, "show", *named)

    seen = settled(look, work, name)
    changed = True
    if seen is not None and not is_ours(document, seen):
        raise StepFailed(azure_refused.foreign("a deployment", f"{name} of {endpoint}"))
    if seen is not None and state_of(seen) != "Succeeded":
        work.tell(f"removing {name}, which ended as {state_of(seen).lower()}")
        ask(workspace, kind, "delete", *named, "--yes")
        seen = settled(look, work, name)
    if seen is None:
        work.tell(f"starting {name} behind {endpoint}")
        with suppress(AlreadyThereError):
            ask(workspace, kind, "create", *named, "--file", str(file))
    elif differences(document, seen):
        work.tell(f"changing {name} behind {endpoint}")
        ask(workspace, kind, "update", *named, "--file", str(file))
    else:
        changed = False
    seen = settled(look, work, name)
    if seen is None or state_of(seen) != "Succeeded":
        state = "nothing" if seen is None else state_of(seen)
        raise StepFailed(azure_refused.not_well(name, state, endpoint))
    summary = {"name": f"{name} of {endpoint}", "deployment": name, "known": known, "changed": changed}
    return Product({"record": record(work, {"endpoint": endpoint, "name": name}), "file": file}, summary)


def _document(operation: Operation, name: str, known: Mapping[str, str]) -> dict[str, Any]:
    """The document with what earlier steps found: the versions of the model and of what it is served in."""
    return marked({**operation.spec["document"], **known, "name": name})


def observe(root: Path, environment: str, done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:  # noqa: ARG001
    """What serves a version and is gone, is not well, or was changed."""

    def look(operation: Operation, outcome: Outcome) -> tuple[dict[str, Any] | None, list[str]]:
        document = _document(operation, outcome.summary["deployment"], outcome.summary["known"])
        named = ("--name", document["name"], "--endpoint-name", document["endpoint_name"])
        seen = shown(operation, noun(operation.spec["online"]), "show", *named)
        if seen is None or state_of(seen).lower() in WORKING:
            return seen, []
        return seen, ["state"] if state_of(seen) != "Succeeded" else differences(document, seen)

    return observed(done, look)
