"""A registered version as MLflow shows it: a run with its figures and files, and a version of a registered model.

The files are what MLflow's own loaders take (`mlflow.pyfunc.load_model("models:/churn@production")`). Everything here
may be done twice: a run and a version are found again by the nonce of who intended them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from mlc.drivers._mlflow import LONGEST_TAG, Point, param, points
from mlc.drivers.registry.mlflow_journal import (
    Described,
    Done,
    Journal,
    Kept,
    Noted,
    Pointed,
    Removed,
    Version,
    What,
    tags_of,
)
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry
from mlc.kinds import _mlmodel
from mlc.store.mlflow import Mlflow, pairs, suppress_existing, suppress_missing

if TYPE_CHECKING:
    from mlc.drivers.registry.mlflow_files import BytesInArtifacts

_INTENT = "mlc.intent"
_FOLDER = "model"
_SOURCES = {
    "README.md": "card",
    "evaluation.json": "evaluation",
    "evaluation.html": "report",
    "bom.cdx.json": "bom",
}
"""What of a version's files people find beside its run, by the roles that they have in the registry."""

_AT_ONCE = 100


def is_dataset(name: str) -> bool:
    """Whether it is a dataset's, which MLflow's registry has no place for."""
    return "/" in name


def size(what: What, files: BytesInArtifacts) -> int:
    """About how many bytes go to the server to do it."""
    if not isinstance(what, Version) or is_dataset(what.name):
        return 0
    with suppress(StepFailed):
        return len(files.read(what.held.digest))
    return 0


def there(server: Mlflow, name: str) -> dict[int, Mapping[str, Any]]:
    """The versions that MLflow has of a model, by their numbers."""
    found = server.all_of(
        "model-versions/search", "model_versions", filter=f"name = '{name}'", max_results=10_000
    )
    return {int(one["version"]): one for one in found}


def all_there(server: Mlflow) -> dict[str, dict[int, Mapping[str, Any]]]:
    """The same of every model, at once."""
    found: dict[str, dict[int, Mapping[str, Any]]] = {}
    for one in server.all_of("model-versions/search", "model_versions", max_results=10_000):
        found.setdefault(str(one["name"]), {})[int(one["version"])] = one
    return found


def projected(journal: Journal, files: BytesInArtifacts, what: What, by: str) -> Done:
    """Let MLflow show what was intended. Void where MLflow gives a version another number than was intended."""
    server = journal.server
    if isinstance(what, Pointed):
        line = what.line
        with suppress_missing():  # of a version that was deleted there meanwhile
            if line.number is None:
                server.delete("registered-models/alias", name=line.name, alias=line.alias)
            else:
                server.post(
                    "registered-models/alias", name=line.name, alias=line.alias, version=str(line.number)
                )
        return Done()
    if is_dataset(what.name) or isinstance(what, Noted):
        return Done()
    if isinstance(what, Removed):
        version = there(server, what.name).get(what.number)
        with suppress_missing():
            server.delete("model-versions/delete", name=what.name, version=str(what.number))
        with suppress_missing():
            if version is not None:
                server.post("runs/delete", run_id=version["run_id"])
        return Done()
    if isinstance(what, Described):
        entry = _entry(files, what.revision.entry)
        if entry is not None:
            version = there(server, what.name).get(what.number, {})
            _write_tags(server, version, entry)
            if version.get("run_id"):
                _restore(server, str(version["run_id"]))
                _write_figures(server, str(version["run_id"]), entry, what.revision.files, files)
        return Done()
    return _registered(journal, files, what, by)


def edited(
    server: Mlflow, files: BytesInArtifacts, kept: Kept, version: Mapping[str, Any]
) -> tuple[str, ...]:
    """What of a version is not as it was put there."""
    entry = _entry(files, kept.held.revisions[-1].entry)
    if entry is None:
        return ()
    tags = tags_of(version)
    found = [f"the tag {tag}" for tag, text in sorted(_tags(entry).items()) if tags.get(tag) != text]
    run = server.run(kept.run)
    if run is None or run["info"]["lifecycle_stage"] != "active":
        return (*found, "its run, which was deleted")
    for path, content in _model(entry, files).items():
        now = server.read(f"{version['source']}/{path}")
        if now is None or _digest(now) != (content if isinstance(content, str) else _digest(content)):
            found.append(f"the file {_FOLDER}/{path}")
    return tuple(found)


def mend(journal: Journal, files: BytesInArtifacts, name: str, number: int, kept: Kept) -> None:
    """Put back what was edited."""
    server, version = journal.server, there(journal.server, name).get(number)
    if version is None or not edited(server, files, kept, version):
        return
    entry = _entry(files, kept.held.revisions[-1].entry)
    assert entry is not None, (name, number)
    _restore(server, kept.run)
    _write_tags(server, version, entry)
    _write_model(server, str(version["source"]), entry, files)


def _restore(server: Mlflow, run_id: str) -> None:
    run = server.run(run_id)
    if run is not None and run["info"]["lifecycle_stage"] != "active":
        server.post("runs/restore", run_id=run_id)


def _registered(journal: Journal, files: BytesInArtifacts, what: Version, by: str) -> Done:
    server = journal.server
    entry = _entry(files, what.held.revisions[-1].entry)
    found = _intended(server, what.name, by)
    if found is not None:
        return Done(str(found["run_id"]))
    run = _run(journal, what, by)
    run_id, source = str(run["info"]["run_id"]), f"{run['info']['artifact_uri']}/{_FOLDER}"
    if entry is not None:
        _write_figures(server, run_id, entry, what.held.revisions[-1].files, files)
        _write_model(server, source, entry, files)
    server.post("runs/update", run_id=run_id, status="FINISHED", end_time=int(run["info"]["start_time"]))
    with suppress_existing():
        server.post("registered-models/create", name=what.name)
    tags = {_INTENT: by} | ({} if entry is None else _tags(entry))
    while True:
        about = {"name": what.name, "source": source, "run_id": run_id, "tags": pairs(tags)}
        if entry is not None and entry.description:
            about["description"] = entry.description
        made = server.post("model-versions/create", **about)["model_version"]
        number = int(made["version"])
        if number == what.number:
            return Done(run_id)
        # others have made and deleted versions there, or the whole model: numbers that are behind are used up
        server.delete("model-versions/delete", name=what.name, version=str(number))
        if number > what.number:
            server.post("runs/delete", run_id=run_id)
            return Done(void=True, burnt=number)


def _intended(server: Mlflow, name: str, by: str) -> Mapping[str, Any] | None:
    """The version that somebody made who did not come to say so."""
    return next((one for one in there(server, name).values() if tags_of(one).get(_INTENT) == by), None)


def _run(journal: Journal, what: Version, by: str) -> dict[str, Any]:
    """The run of a version, which is made where whoever intended it did not come to it."""
    server = journal.server
    experiment = server.experiment(journal.name)
    found = server.all_of(
        "runs/search",
        "runs",
        experiment_ids=[experiment],
        filter=f"tags.`{_INTENT}` = '{by}'",
        max_results=10,
    )
    run = next(iter(found), None)
    tags = {_INTENT: by, "mlc.role": "version", "mlc.version": f"{what.name}:{what.number}"}
    return run or server.create_run(experiment, f"{what.name}:{what.number}", tags)


def _write_figures(
    server: Mlflow, run_id: str, entry: Entry, roles: Mapping[str, str], files: BytesInArtifacts
) -> None:
    """Parameters, metrics with their intervals, and reports."""
    run = server.run(run_id)
    assert run is not None, run_id
    named = {name: param(value) for name, value in entry.params.items()}
    named |= {
        "model.estimator": entry.estimator,
        "model.task": entry.task,
        "model.dataset": entry.data.dataset,
    }
    known = {one["key"] for one in run["data"].get("params", [])}
    params = [one for one in pairs(named) if one["key"] not in known]  # they are written once
    metrics: list[Point] = []
    for name, one in entry.metrics.items():
        metrics += points({name: one.value, f"{name}.low": one.low, f"{name}.high": one.high})
    at = int(run["info"]["start_time"])
    told = {(one["key"], one["value"]) for one in run["data"].get("metrics", [])}
    moved = [one for one in metrics if (one.name, one.value) not in told]
    at += 1 if told else 0  # of two values of a metric the later is in force
    listed = [{"key": one.name, "value": one.value, "step": one.step, "timestamp": at} for one in moved]
    for what, items in (("params", params), ("metrics", listed)):
        for start in range(0, len(items), _AT_ONCE):
            server.post("runs/log-batch", run_id=run_id, **{what: items[start : start + _AT_ONCE]})
    for path, role in _SOURCES.items():
        if role in roles:
            with suppress(StepFailed):  # damaged where it is kept: `mlc registry verify` tells it
                server.put(f"{run['info']['artifact_uri']}/{path}", files.read(roles[role]))


def _write_tags(server: Mlflow, version: Mapping[str, Any], entry: Entry) -> None:
    now, name, number = tags_of(version), version.get("name"), version.get("version")
    if name is None:
        return
    for tag, text in _tags(entry).items():
        if now.get(tag) != text:
            server.post("model-versions/set-tag", name=name, version=number, key=tag, value=text)
    if entry.description != version.get("description", ""):
        server.change("model-versions/update", name=name, version=number, description=entry.description)


def _write_model(server: Mlflow, source: str, entry: Entry, files: BytesInArtifacts) -> None:
    for path, content in _model(entry, files).items():
        bytes_ = files.read(content) if isinstance(content, str) else content
        server.put(f"{source}/{path}", bytes_)


def _model(entry: Entry, files: BytesInArtifacts) -> dict[str, bytes | str]:  # noqa: ARG001 - one shape for all
    """The files that MLflow's loaders take, by their paths; of the graph itself the digest."""
    exported = entry.made_from.get("export", {})
    versions = {
        name.removeprefix("tool "): text for name, text in exported.items() if name.startswith("tool ")
    }
    about = _mlmodel.mlmodel(
        msgspec.to_builtins(entry.signature), versions.get("onnx", ""), digest=entry.digest
    )
    return {
        _mlmodel.FILE: yaml.safe_dump(about, sort_keys=True).encode(),
        "python_env.yaml": yaml.safe_dump(_mlmodel.python_env(), sort_keys=False).encode(),
        _mlmodel.REQUIREMENTS: "".join(f"{one}\n" for one in _mlmodel.needed(versions)).encode(),
        _mlmodel.DATA: entry.digest,
    }


def _tags(entry: Entry) -> dict[str, str]:
    """What is said of a version where MLflow lists it. Metrics have their intervals with them."""
    said = {
        "mlc.digest": entry.digest,
        "mlc.config": entry.config,
        "mlc.project": entry.project,
        "mlc.owner": entry.owner,
        "mlc.task": entry.task,
        "mlc.estimator": entry.estimator,
        "mlc.dataset": entry.data.dataset,
        "mlc.licence": entry.licence,
        "mlc.gated": str(entry.gated).lower(),
        **{f"mlc.data.{part}": digest for part, digest in entry.data.parts.items()},
        **{
            f"mlc.metric.{name}": f"{one.value:.6g} [{_bound(one.low)}, {_bound(one.high)}]"
            for name, one in entry.metrics.items()
            if one.value is not None
        },
        **{f"mlc.tag.{tag}": "yes" for tag in entry.tags},
    }
    return {tag: text[:LONGEST_TAG] for tag, text in said.items() if text}


def _bound(value: float | None) -> str:
    return "?" if value is None else f"{value:.6g}"


def _entry(files: BytesInArtifacts, digest: str) -> Entry | None:
    """A version's facts; None of what is no model's."""
    try:
        return msgspec.json.decode(files.read(digest), type=Entry)
    except msgspec.MsgspecError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
