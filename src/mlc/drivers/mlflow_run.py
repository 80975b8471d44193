"""Tells an MLflow server of a model that was trained: a run, and one below it for each trial of a search.

An effect: the server lies outside the store. A run is found again by the digest of what it says, so that telling twice
makes one run; one that was deleted by hand is restored. Gates come later (`mlflow_release`): a model that they refuse
has a run as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from mlc.drivers import _chosen
from mlc.drivers._mlflow import (
    LONGEST_TAG,
    SAYS,
    Point,
    Told,
    dataset,
    param,
    points,
    reached,
    runs_changed,
    tell,
)
from mlc.ir.choice import Search, Selection
from mlc.ir.drift import Seen
from mlc.ir.evaluation import Estimate, Evaluation
from mlc.ir.learning import Iterations, LearningCurve
from mlc.ir.operation import Operation, Outcome, Product, Work
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True

_CONTEXTS = {"train": "training", "validation": "validation", "test": "evaluation"}
_FILES = {
    "evaluation": "evaluation/evaluation.json",
    "report": "evaluation/evaluation.html",
    "parity": "evaluation/parity.json",
    "latency": "evaluation/latency.json",
    "comparison": "evaluation/comparison.json",
    "curve": "training/learning_curve.json",
    "iterations": "training/iterations.json",
    "selection": "training/selection.json",
    "trials": "training/trials.json",
}
_KNOWN_BY = (
    "onnx",
    "train",
    "validation",
    "test",
    "evaluation",
    "curve",
    "selection",
    "trials",
    "comparison",
)
"""What makes a run another one. How long a request takes is measured anew on each machine, and stands in the report."""

_QUANTILES = ("p50", "p95", "p99")


def run(work: Work) -> Product:
    """`run` is run.json: the run's id, and its experiment's.

    Raises StepFailed (tracking-unreachable, secret-missing).
    """
    spec = _chosen.told(work)
    told = parent(work, spec)
    trials = tuple(_trials(work, spec))
    with reached(spec["server"]) as server:
        work.tell(f"telling {server.uri} of {spec['name']}")
        experiment = server.experiment(spec["server"]["experiment"])
        # the note is its readers' from then on
        once = {"mlflow.source.type": "LOCAL", "mlflow.source.name": "mlc apply", **_commit(work.root)}
        once["mlflow.note.content"] = spec["description"]
        run_id, already = tell(server, experiment, told, once)
        for trial in trials:
            tell(server, experiment, _below(trial, run_id), once)
    path = work.folder / "run.json"
    found = {"run_id": run_id, "experiment_id": experiment}
    write_atomically(path, msgspec.json.encode(found, order="deterministic"))
    found["experiment"] = spec["server"]["experiment"]
    summary = {**found, "already": already, "trials": len(trials), "tags": told.tags | {SAYS: told.digest()}}
    return Product({"run": path}, summary)


def observe(
    root: Path,  # noqa: ARG001 - it is not in the project
    environment: str,  # noqa: ARG001 - each names its own experiment
    done: Sequence[tuple[Operation, Outcome]],
) -> dict[str, Seen]:
    """Runs that were deleted since, or whose tags were edited."""
    return runs_changed(done)


def parent(work: Work, spec: Mapping[str, Any]) -> Told:
    """What the model's own run says."""
    evaluation = msgspec.json.decode(work.inputs["evaluation"].read_bytes(), type=Evaluation)
    facts = {
        "model.estimator": spec["estimator"],
        "model.task": spec["task"],
        "model.dataset": spec["dataset"]["name"],
        "model.features": spec["features"],
    }
    params = {**{name: param(value) for name, value in {**spec["params"], **facts}.items()}}
    files: dict[str, Path | bytes] = {
        path: work.inputs[name] for name, path in _FILES.items() if name in work.inputs
    }
    files["parameters.json"] = msgspec.json.encode(spec["params"], order="sorted")
    data = [
        dataset(
            spec["dataset"]["name"],
            part,
            work.digests[part],
            spec["signature"]["inputs"],
            spec["source"],
            context,
        )
        for part, context in _CONTEXTS.items()
        if part in work.digests
    ]
    metrics = (
        *_estimates(evaluation.estimates),
        *_latency(work),
        *_curve(work),
        *_iterations(work),
        *_selection(work),
    )
    known_by = {
        "project": spec["project"],
        "address": work.operation.address,
        "environment": work.environment,
    }
    known_by |= {part: work.digests[part] for part in _KNOWN_BY if part in work.digests}
    return Told(
        f"{spec['name']} ({work.environment})",
        known_by,
        _tags(work, spec, evaluation),
        params,
        metrics,
        tuple(data),
        files,
    )


def _tags(work: Work, spec: Mapping[str, Any], evaluation: Evaluation) -> dict[str, str]:
    said = {
        "mlc.address": work.operation.address,
        "mlc.project": spec["project"],
        "mlc.environment": work.environment,
        "mlc.owner": spec["owner"],
        "mlc.digest.onnx": work.digests["onnx"],
        **{f"mlc.digest.{part}": work.digests[part] for part in _CONTEXTS if part in work.digests},
        **{f"mlc.interval.{name}": _method(one) for name, one in sorted(evaluation.estimates.items())},
        **{f"mlc.tag.{tag}": "" for tag in spec["tags"]},
    }
    return {name: text[:LONGEST_TAG] for name, text in said.items() if text or name.startswith("mlc.tag.")}


def _method(one: Estimate) -> str:
    return f"{one.confidence:.6g} by {one.method}, {one.n} rows"


def _estimates(estimates: Mapping[str, Estimate]) -> Iterator[Point]:
    for name, one in sorted(estimates.items()):
        yield from points({name: one.value, f"{name}.low": one.low, f"{name}.high": one.high})


def _latency(work: Work) -> Iterator[Point]:
    if "latency" in work.inputs:
        found = msgspec.json.decode(work.inputs["latency"].read_bytes())
        for name in _QUANTILES:
            one = found[name]
            yield from points(
                {
                    f"latency_{name}": one["value"],
                    f"latency_{name}.low": one["low"],
                    f"latency_{name}.high": one["high"],
                }
            )
        yield from points({"size_bytes": found["size_bytes"]})


def _curve(work: Work) -> Iterator[Point]:
    """The learning curve: its steps are how many rows were learned from."""
    if "curve" not in work.inputs:
        return
    curve = msgspec.json.decode(work.inputs["curve"].read_bytes(), type=LearningCurve)
    name = f"learning.{curve.metric}"
    for point in curve.points:
        yield from points({f"{name}.learned": point.learned}, point.rows)
        if point.estimate is not None:
            one = point.estimate
            yield from points({name: one.value, f"{name}.low": one.low, f"{name}.high": one.high}, point.rows)


def _iterations(work: Work) -> Iterator[Point]:
    """What the estimator recorded while it was fitted; its steps are the iterations."""
    if "iterations" not in work.inputs:
        return
    recorded = msgspec.json.decode(work.inputs["iterations"].read_bytes(), type=Iterations)
    for name, one in recorded.curves.items():
        for step, value in enumerate(one.values, one.first):
            yield from points({f"fitting.{name}": value}, step)


def _selection(work: Work) -> Iterator[Point]:
    """The candidates' means, and their scores by fold."""
    if "selection" not in work.inputs:
        return
    selection = msgspec.json.decode(work.inputs["selection"].read_bytes(), type=Selection)
    for one in selection.standings:
        yield from points({f"candidate.{one.name}.{selection.metric}": one.mean})
        for fold, score in enumerate(one.scores):
            yield from points({f"candidate.{one.name}.{selection.metric}.fold": score}, fold)


class _Trials(msgspec.Struct, frozen=True):
    """The part of trials.json that is told."""

    candidate: str
    metric: str | None
    search: Search | None


def _trials(work: Work, spec: Mapping[str, Any]) -> Iterator[Told]:
    """A run for each trial of the search: what it tried, its score, and the scores of its folds by step."""
    if "trials" not in work.inputs:
        return
    found = msgspec.json.decode(work.inputs["trials"].read_bytes(), type=_Trials)
    if found.search is None:
        return
    for trial in found.search.trials:
        metrics = [*points({str(found.metric): trial.value})]
        for fold, score in enumerate(trial.scores):
            metrics += points({f"{found.metric}.fold": score}, fold)
        tags = {
            "mlc.address": work.operation.address,
            "mlc.candidate": found.candidate,
            "mlc.trial": str(trial.number),
            "mlc.trial.state": trial.state,
            "mlc.trial.best": str(trial.number == found.search.best).lower(),
            **({"mlc.trial.reason": trial.reason[:LONGEST_TAG]} if trial.reason else {}),
        }
        params = {name: param(value) for name, value in trial.params.items()}
        known_by = msgspec.to_builtins(trial)
        yield Told(f"{spec['name']} trial {trial.number}", known_by, tags, params, tuple(metrics))


def _below(trial: Told, parent_id: str) -> Told:
    below = {"mlflow.parentRunId": parent_id}
    return msgspec.structs.replace(trial, tags={**trial.tags, **below}, known_by={**trial.known_by, **below})


def _commit(root: Path) -> dict[str, str]:
    """The commit that the project stands at, where it is in a repository."""
    from mlc.git import Damaged, Missing, RevisionUnknown, discover

    try:
        repository = discover(root)
        return {} if repository is None else {"mlflow.source.git.commit": repository.revision("HEAD").commit}
    except (RevisionUnknown, Damaged, Missing, OSError):
        return {}
