"""The search for a candidate's parameters, as two steps do it: within each fold, and on the whole training part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol

from mlc.drivers import _search, _trials
from mlc.drivers._journal import journal
from mlc.ir.choice import Chosen, Search
from mlc.ir.evaluation import METRICS
from mlc.ir.operation import StepFailed, Work
from mlc.rules import step_killed, tuning_failed

Within = tuple[Mapping[str, Any], int]

_NO_PART_OF_A_TRIAL = ("candidate", "folds", "tune", "name")

_OF_RANKS = ("roc_auc", "average_precision")
"""What follows from the order of the rows alone. A calibration keeps the order, so trials do without: five of six fits
are for it."""


class Searching(Protocol):
    """Does the search called `name`; within the training rows of a fold where `within` names one."""

    def __call__(self, name: str, within: Within | None = None) -> Search: ...


def of_trials(spec: Mapping[str, Any], candidate: Chosen, tune: Mapping[str, Any]) -> dict[str, Any]:
    """What a trial of a candidate is told, of the specification of the step that searches."""
    left_out = (*_NO_PART_OF_A_TRIAL, *(("calibrate",) if tune["metric"] in _OF_RANKS else ()))
    kept = {key: value for key, value in spec.items() if key not in left_out}
    return {
        **kept,
        "estimator": candidate.estimator,
        "params": candidate.params,
        "seed": candidate.seed,
    }


@contextmanager
def searching(work: Work, candidate: Chosen, tune: Mapping[str, Any]) -> Iterator[Searching]:
    """Searches of one step, by the processes and with the journal of that step.

    Raises StepFailed: tuning-failed where no trial came through, step-killed where one of the processes was.
    """
    spec = of_trials(work.spec, candidate, tune)
    address, step = work.operation.address, work.operation.id
    better = METRICS[tune["metric"]].better

    def search(name: str, within: Within | None = None) -> Search:
        def ask(number: int, params: dict[str, Any], at: list[float]) -> _trials.Asked:
            return _trials.Asked(
                number=number,
                path=work.inputs["train"],
                spec=spec,
                params=params,
                folds=tune["folds"],
                metric=tune["metric"],
                better=better,
                stop_at=at,
                within=within,
            )

        try:
            return _search.search(name, tune, better, ask, run, known, work.tell)
        except _search.NothingFoundError as error:
            raise StepFailed(
                tuning_failed.found(
                    f"{candidate.estimator}: {error}", address, f"tune.space.{candidate.name}"
                )
            ) from error
        except BrokenProcessPool as error:
            raise StepFailed(step_killed.found(f"a trial of {step}", 9, address)) from error

    with (
        _trials.workers(min(work.cores, tune["batch"])) as run,
        journal(work.root, work.environment, step, work.key) as known,
    ):
        yield search
