"""What MLflow is told of a run: put together first, so that the same is told once, and then told."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.ir.drift import ABSENT, Seen
from mlc.ir.operation import Operation, Outcome, StepFailed, digest_of
from mlc.rules import tracking_unreachable
from mlc.store.mlflow import Mlflow, MlflowError, as_map, pairs
from mlc.store.secrets import read_secret

SAYS = "mlc.says"
"""The tag that holds the digest of what a run was made to say, by which it is found again."""

LONGEST_PARAM, LONGEST_TAG, _AT_ONCE = 6000, 8000, 100
_DIGEST = 36  # characters; MLflow takes no more of a dataset's

_TYPES = {"FP32": "float", "FP64": "double", "INT64": "long", "BYTES": "string", "BOOL": "boolean"}


class Point(Struct, frozen=True):
    """One value of a metric; a curve has several, by their steps."""

    name: str
    value: float
    step: int = 0


class Told(Struct, frozen=True):
    """All that a run says. `known_by` is what makes it this run and no other: not how long anything took, which
    differs each time. `artifacts` are files by their paths in it, `datasets` as MLflow takes them.
    """

    name: str
    known_by: dict[str, Any]
    tags: dict[str, str]
    params: dict[str, str] = {}
    metrics: tuple[Point, ...] = ()
    datasets: tuple[dict[str, Any], ...] = ()
    artifacts: dict[str, Path | bytes] = {}

    def digest(self) -> str:
        """The same for the same learning, whoever tells it and when."""
        return digest_of([self.name, self.known_by])


def opened(spec: Mapping[str, Any]) -> Mlflow:
    """The server that a specification names. Nothing is reached yet. Raises StepFailed (secret-missing)."""
    token, password = (
        read_secret(spec[name]) if spec.get(name) is not None else None for name in ("token", "password")
    )
    return Mlflow(spec["uri"], token, spec.get("user", ""), password)


@contextmanager
def reached(spec: Mapping[str, Any]) -> Iterator[Mlflow]:
    """The server, whose failures are told. Raises StepFailed (tracking-unreachable, secret-missing)."""
    server = opened(spec)
    try:
        yield server
    except MlflowError as error:
        told = tracking_unreachable.found(server.uri, str(error))
        raise StepFailed(told, passing=error.passing) from None
    finally:
        server.close()


def tell(server: Mlflow, experiment: str, told: Told, once: Mapping[str, str]) -> tuple[str, bool]:
    """Let a run say it, and give its id, and whether it said so already. `once` are tags for a run that is made now.

    A run that was told in part (its teller was killed) is told the rest: whatever a run is told, it may be told twice.
    """
    digest = told.digest()
    run = _found(server, experiment, digest)
    if run is None:
        run = server.create_run(experiment, told.name, {**once, **told.tags, SAYS: digest})
    info = run["info"]
    run_id = str(info["run_id"])
    if info["lifecycle_stage"] != "active":
        server.post("runs/restore", run_id=run_id)
    elif info["status"] == "FINISHED" and _tags(run).items() >= {**told.tags, SAYS: digest}.items():
        return run_id, True
    at = int(info["start_time"])
    _in_batches(server, run_id, "tags", pairs(told.tags))
    _in_batches(server, run_id, "params", pairs(told.params))
    metrics = [
        {"key": one.name, "value": one.value, "step": one.step, "timestamp": at} for one in told.metrics
    ]
    _in_batches(server, run_id, "metrics", metrics)
    if told.datasets:
        server.post("runs/log-inputs", run_id=run_id, datasets=list(told.datasets))
    for path, source in sorted(told.artifacts.items()):
        server.put(f"{info['artifact_uri']}/{path}", source)
    server.post("runs/update", run_id=run_id, status="FINISHED", end_time=at)
    return run_id, False


def dataset(
    name: str,
    part: str,
    digest: str,
    columns: Sequence[Mapping[str, Any]],
    source: Mapping[str, Any],
    context: str,
) -> dict[str, Any]:
    """A part of a dataset as a run's input. `columns` are those that the model sees, in the words of a request."""
    schema = [{"type": _TYPES[one["datatype"]], "name": one["name"], "required": True} for one in columns]
    told = {**source, "dataset": name, "part": part, "sha256": digest}
    return {
        "dataset": {
            "name": f"{name}.{part}",
            "digest": digest[:_DIGEST],
            "source_type": "mlc",
            "source": json.dumps(told, sort_keys=True),
            "schema": json.dumps({"mlflow_colspec": schema}),
        },
        "tags": [{"key": "mlflow.data.context", "value": context}],
    }


def param(value: Any) -> str:
    """A parameter's value as text. What MLflow would cut off is named by its digest; parameters.json has it whole."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if len(text) <= LONGEST_PARAM:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()} (in parameters.json)"


def points(values: Mapping[str, float | None], step: int = 0) -> Iterator[Point]:
    """Metrics of those values that are numbers; MLflow's tables hold no infinity."""
    for name, value in values.items():
        if value is not None and math.isfinite(value):
            yield Point(name, float(value), step)


def runs_changed(done: Sequence[tuple[Operation, Outcome]]) -> dict[str, Seen]:
    """What became of runs since they were told: deleted, or with other tags. Outcomes say `run_id`, and the `tags` that
    were told. A server that does not answer is no drift."""
    found: dict[str, Seen] = {}
    for operation, outcome in done:
        try:
            with closing(opened(operation.spec["server"])) as server:
                now = server.run(outcome.summary["run_id"])
        except (StepFailed, MlflowError):
            continue
        seen = _seen(operation.spec["name"], outcome.summary, now)
        if seen is not None:
            found[operation.id] = seen
    return found


def _seen(name: str, summary: Mapping[str, Any], now: Mapping[str, Any] | None) -> Seen | None:
    short = summary["run_id"][:8]
    if now is None or now["info"]["lifecycle_stage"] != "active":
        return Seen(f"the run {short} of {name} was deleted in MLflow", f"run {short}", "no run", ABSENT)
    tags = _tags(now)
    edited = sorted(tag for tag, value in summary["tags"].items() if tags.get(tag) != value)
    if not edited:
        return None
    words = f"{len(edited)} tags" if len(edited) > 1 else f"the tag {edited[0]}"
    return Seen(
        f"{words} of the run {short} of {name} {'were' if len(edited) > 1 else 'was'} changed in MLflow",
        "every tag as it was told",
        ", ".join(f"{tag}={tags[tag]}" if tag in tags else f"no {tag}" for tag in edited),
        digest_of([[tag, tags.get(tag)] for tag in edited]),
    )


def _found(server: Mlflow, experiment: str, digest: str) -> dict[str, Any] | None:
    """The run that was made to say so, deleted or not; of several the first."""
    found = server.all_of(
        "runs/search",
        "runs",
        experiment_ids=[experiment],
        filter=f"tags.`{SAYS}` = '{digest}'",
        run_view_type="ALL",
        order_by=["attributes.start_time ASC"],
        max_results=10,
    )
    runs = sorted(found, key=lambda run: run["info"]["lifecycle_stage"] != "active")
    return runs[0] if runs else None


def _tags(run: Mapping[str, Any]) -> dict[str, str]:
    return as_map(run.get("data", {}).get("tags", []))


def _in_batches(server: Mlflow, run_id: str, what: str, items: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(items), _AT_ONCE):
        server.post("runs/log-batch", run_id=run_id, **{what: list(items[start : start + _AT_ONCE])})
