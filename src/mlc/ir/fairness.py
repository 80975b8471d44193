"""The criteria by which a gate holds the groups of a protected column against each other, and the tasks they are of."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from mlc.ir.metrics import ANOMALY, BINARY, MULTICLASS, REGRESSION


class Criterion(Struct, frozen=True):
    """What is compared between groups.

    `title` says it within a sentence, `compared` of what the gap is. `unit` is that of the gap: a share between 0
    and 1, or the label's own. `needs_label`: rows without a label say nothing of it.
    """

    name: str
    title: str
    compared: str
    tasks: tuple[str, ...]
    unit: Literal["share", "label"] = "share"
    needs_label: bool = True


_CLASSIFIED = (BINARY, MULTICLASS, ANOMALY)

CRITERIA: dict[str, Criterion] = {
    one.name: one
    for one in (
        Criterion(
            "demographic_parity",
            "demographic parity",
            "shares called positive",
            _CLASSIFIED,
            needs_label=False,
        ),
        Criterion("equal_opportunity", "equal opportunity", "true positive rates", _CLASSIFIED),
        Criterion("equalized_odds", "equalized odds", "true and false positive rates", _CLASSIFIED),
        Criterion("predictive_parity", "predictive parity", "precisions", _CLASSIFIED),
        Criterion("accuracy_parity", "accuracy parity", "shares of right answers", _CLASSIFIED),
        Criterion(
            "mean_prediction_parity",
            "mean prediction parity",
            "mean predictions",
            (REGRESSION,),
            "label",
            False,
        ),
        Criterion("mean_error_parity", "mean error parity", "mean errors", (REGRESSION,), "label"),
        Criterion(
            "absolute_error_parity", "absolute error parity", "mean absolute errors", (REGRESSION,), "label"
        ),
    )
}
"""By name, in the order in which they are told. Of several classes each is held against the rest, as if it were the
positive one, and the largest gap counts.

Hardt, Price and Srebro 2016 (NeurIPS); Chouldechova 2017 (Big Data 5); Berk, Heidari, Jabbari, Kearns and Roth 2018
(Sociological Methods and Research 50) for accuracy; Agarwal, Dudík and Wu 2019 (ICML) for regression.
"""


def criteria_of(task: str) -> tuple[str, ...]:
    """The names of a task's criteria, in order."""
    return tuple(name for name, one in CRITERIA.items() if task in one.tasks)
