"""unknown-estimator: an estimator that mlc does not have.

Why it matters: estimators are names in a fixed table; nothing is imported because a spec says so.
How to mend it: name one of the estimators that the message lists.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._estimators import estimator_names
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "The estimator is not known.")

BAD = {
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegresion}\n"
}
GOOD = {
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        name = model["train"]["estimator"]
        if name not in estimator_names():
            span = subject.span(address, "train", "estimator")
            yield RULE.at(
                span,
                f'No estimator is called "{name}". There are {listed(estimator_names())}.',
                text="not an estimator of mlc",
                help=did_you_mean(name, estimator_names()),
                fix=instead(name, estimator_names(), span),
                address=str(address),
                path="train.estimator",
            )
