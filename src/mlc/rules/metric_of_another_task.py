"""metric-of-another-task: a gate on what is not measured for its model's task.

Why it matters: a number has no ROC curve and a class no mean error, so that the gate would refuse every model after
it was trained.
How to mend it: name a metric of the task, or use another gate for the model.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.metrics import METRICS, of_task
from mlc.rules._gates import CRITERIA, metrics_of, used
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "A gate asks for what the model's task does not have.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ngates: [quality]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"model/churn.yaml": _MODEL, "gate/quality.yaml": "metrics: {rmse: {max: 3}}\n"}
GOOD = {"model/churn.yaml": _MODEL, "gate/quality.yaml": "metrics: {brier: {max: 0.3}}\n"}

_FAIR = ("binary_classification",)
_SHUFFLED = ("clustering",)


def check(subject: Subject) -> Iterator[Diagnostic]:
    for name, gate, model, _ in used(subject):
        address, task = Address("gate", name), model["task"]
        words = task.replace("_", " ")
        has = of_task(task)
        for one in metrics_of(gate):
            if one.name not in METRICS or one.name in has:
                continue
            yield RULE.at(
                subject.key_span(address, *one.path) if one.is_key else subject.span(address, *one.path),
                f"{METRICS[one.name].title} is not measured for {words}, which has {listed(sorted(has), most=40)}.",
                text=f"not of {words}",
                address=str(address),
                path=".".join(map(str, one.path)),
            )
        if gate["fairness"] and task not in _FAIR:
            for criterion in CRITERIA:
                if gate["fairness"][criterion]:
                    yield RULE.at(
                        subject.key_span(address, "fairness", criterion),
                        f"Its shares are of rows that are called positive, which {words} does not do. Slices bound the "
                        "gaps of any metric between groups.",
                        text=f"not of {words}",
                        address=str(address),
                        path=f"fairness.{criterion}",
                    )
        for part in ("slices", "robustness"):
            if gate[part] and task in _SHUFFLED:
                yield RULE.at(
                    subject.key_span(address, part),
                    f"What {words} measures is of all rows together: there is nothing to tell of some, or of disturbed "
                    "ones.",
                    text=f"not of {words}",
                    address=str(address),
                    path=part,
                )
