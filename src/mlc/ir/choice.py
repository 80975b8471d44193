"""How candidates were compared, how one was selected and tuned, and what was chosen in the end."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Chosen(Struct, frozen=True):
    """An estimator with the parameters that it is trained with; `name` is the candidate's."""

    name: str
    estimator: str
    params: dict[str, Any]
    seed: int


class FoldRows(Struct, frozen=True):
    """How many rows of a fold were learned from, and how many were scored."""

    train: int
    test: int


class Trial(Struct, frozen=True, omit_defaults=True):
    """A choice of parameters, scored on folds.

    `params` are those of the search space (none of the trial that is the candidate as written). `scores` has a
    score per fold, as far as it came; `value` is their mean, of a trial that came through.
    """

    number: int
    params: dict[str, Any]
    state: Literal["complete", "pruned", "failed"]
    scores: list[float] = []
    value: float | None = None
    reason: str = ""


class Search(Struct, frozen=True):
    """A search for parameters: `best` is the number of the best trial.

    `stopped` says what ended it: with `timeout` the result depends on the speed of the machine.
    """

    trials: list[Trial]
    best: int
    stopped: Literal["trials", "timeout"]


class Scores(Struct, frozen=True):
    """A candidate on the folds of the training part; `metrics` holds a score per fold, in the folds' order.

    With `searches` its parameters were searched for anew in each fold, within the rows it learned from: the scores
    are those of candidate and search together.
    """

    candidate: Chosen
    folds: list[FoldRows]
    metrics: dict[str, list[float | None]]
    method: str
    calibrated: str = ""
    searches: list[Search] = []
    warnings: list[str] = []


class Standing(Struct, frozen=True):
    """A candidate in the comparison. `error` is the standard error of the mean over the folds.

    The test is of the difference to the best one: `difference` is how much worse it is on average (not negative),
    `p` after Nadeau and Bengio, `adjusted` after Holm over all that are tested. All None of the best itself, and
    where the folds leave nothing to test.
    """

    name: str
    estimator: str
    mean: float
    error: float
    scores: list[float]
    within_one_error: bool
    difference: float | None = None
    statistic: float | None = None
    degrees: int | None = None
    p: float | None = None
    adjusted: float | None = None
    differs: bool = False
    tuned: bool = False


class Selection(Struct, frozen=True):
    """Who won and why. The standings are in the order of the means, the best first."""

    metric: str
    better: Literal["higher", "lower"]
    prefer: str
    confidence: float
    folds: list[FoldRows]
    method: str
    best: str
    chosen: Chosen
    why: str
    standings: list[Standing]
    simplest_first: list[str]
    calibrated: str = ""
    warnings: list[str] = []
    notes: list[str] = []
    version: Literal[1] = 1
