"""A search for parameters: Optuna draws them, trials score them, and the same seed finds the same.

Trials are drawn in batches. What a batch is follows from the seed, its number and the trials before it, never from
which trial was over first, nor from how many cores there are: a search that was killed and goes on draws what it
would have drawn, and does what is not done yet.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from mlc.drivers._journal import Entry, Journal
from mlc.drivers._trials import Asked, Run, is_worse
from mlc.ir.choice import Search, Trial

STARTING = 10
"""So many trials are drawn at random before the estimator of Parzen is asked (Optuna's own default)."""

FEWEST = 4
"""Of fewer trials that came through, the median says too little to give one up."""


class NothingFoundError(Exception):
    """No trial came through: a sentence to show."""


def search(
    name: str,
    tune: Mapping[str, Any],
    better: str,
    ask: Callable[[int, dict[str, Any], list[float]], Asked],
    run: Run,
    journal: Journal,
    tell: Callable[[str], None],
) -> Search:
    """Do the search. `ask` makes a trial of its number, its parameters and where it may be given up.

    Trial 0 is the candidate as it is written. Raises NothingFoundError where none came through.
    """
    known = {entry.trial.number: entry.trial for entry in journal.of(name)}
    spent = max((entry.seconds for entry in journal.of(name)), default=0.0)
    started = time.monotonic() - spent
    done: list[Trial] = []
    stopped = "trials"
    while len(done) < tune["trials"]:
        first = len(done)
        is_late = tune["timeout"] is not None and time.monotonic() - started >= tune["timeout"]
        if is_late and done and not any(number >= first for number in known):
            stopped = "timeout"
            break
        numbers = range(first, min(first + tune["batch"], tune["trials"]))
        drawn = _drawn(tune, better, done, numbers)
        at = _medians(done, tune["folds"]["count"]) if tune["prune"] == "median" else []
        asked = [ask(number, params, at) for number, params in zip(numbers, drawn, strict=True)]
        for trial in run([one for one in asked if one.number not in known]):
            known[trial.number] = trial
            journal.add(Entry(name, time.monotonic() - started, trial))
            tell(f"{name}: {len(known)} of {tune['trials']} trials")
        done += [known[number] for number in numbers]
    best = _best(done, better)
    if best is None:
        reasons = sorted({trial.reason for trial in done if trial.reason})
        raise NothingFoundError(f"No trial came through. {' '.join(reasons[:3])}".strip())
    return Search(done, best.number, stopped)  # type: ignore[arg-type]


def _best(done: Sequence[Trial], better: str) -> Trial | None:
    """Of equals the first."""
    found: Trial | None = None
    for trial in done:
        if trial.value is None:
            continue
        if found is None or found.value is None or is_worse(found.value, trial.value, better):
            found = trial
    return found


def _medians(done: Sequence[Trial], folds: int) -> list[float]:
    """After each fold the median of the means so far, of the trials that came through (Optuna's MedianPruner)."""
    complete = [trial.scores for trial in done if trial.state == "complete"]
    if len(complete) < FEWEST:
        return []
    return [median(fmean(scores[:fold]) for scores in complete) for fold in range(1, folds)]


def _drawn(
    tune: Mapping[str, Any], better: str, done: Sequence[Trial], numbers: Sequence[int]
) -> list[dict[str, Any]]:
    """The parameters of the trials of a batch."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {one["parameter"]: one for one in tune["space"]}
    ranges = {name: _range(one) for name, one in space.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=_seed(tune["seed"], numbers[0]),
            n_startup_trials=STARTING,
            multivariate=True,
            constant_liar=True,
        )
        study = optuna.create_study(
            direction="maximize" if better == "higher" else "minimize", sampler=sampler
        )
        for trial in done:
            if trial.params and trial.state != "failed":
                study.add_trial(_frozen(trial, space, ranges))
        drawn: list[dict[str, Any]] = []
        for number in numbers:
            if number == 0:
                drawn.append({})
                continue
            found = study.ask(ranges).params
            drawn.append({name: _value(space[name], value) for name, value in found.items()})
    return drawn


def _frozen(trial: Trial, space: Mapping[str, Any], ranges: Mapping[str, Any]) -> Any:
    import optuna

    complete = trial.state == "complete"
    return optuna.trial.create_trial(
        params={name: _drawn_value(space[name], value) for name, value in trial.params.items()},
        distributions=dict(ranges),
        value=trial.value,
        intermediate_values={fold: fmean(trial.scores[:fold]) for fold in range(1, len(trial.scores) + 1)},
        state=optuna.trial.TrialState.COMPLETE if complete else optuna.trial.TrialState.PRUNED,
    )


def _range(one: Mapping[str, Any]) -> Any:
    from optuna import distributions

    if "choice" in one:
        return distributions.CategoricalDistribution(range(len(one["choice"])))
    kind = next(kind for kind in ("log", "int", "float") if kind in one)
    low, high = one[kind]
    if kind == "int" or one.get("whole"):
        return distributions.IntDistribution(int(low), int(high), log=kind == "log")
    return distributions.FloatDistribution(low, high, log=kind == "log")


def _value(one: Mapping[str, Any], drawn: Any) -> Any:
    """A drawn number as it is tried: of six digits, so that it can be written down and read again."""
    if "choice" in one:
        return one["choice"][drawn]
    if isinstance(drawn, int):
        return drawn
    low, high = one.get("log") or one["float"]
    return min(max(float(f"{drawn:.6g}"), low), high)


def _drawn_value(one: Mapping[str, Any], value: Any) -> Any:
    return one["choice"].index(value) if "choice" in one else value


def _seed(seed: int, first: int) -> int:
    """One for each batch; two searches of neighbouring seeds share none."""
    from hashlib import blake2b

    return int.from_bytes(blake2b(f"mlc tune {seed} {first}".encode(), digest_size=4).digest(), "big")
