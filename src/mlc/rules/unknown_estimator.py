"""unknown-estimator: an estimator that neither scikit-learn nor XGBoost nor LightGBM has.

Why it matters: estimators are names in a fixed catalogue; nothing is imported because a spec says so.
How to mend it: write the full name of an estimator; `mlc schema estimators` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._code import is_code
from mlc.kinds._estimators import estimator_names, offered, parameter_schema
from mlc.rules._estimators import used
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import nearest

RULE = Rule.of(__name__, "error", "The estimator is not known.")
SCOPE = "upstream"

BAD = {
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegresion}\n"
}
GOOD = {
    "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for one in used(subject):
        if parameter_schema(one.name) is None and not (one.place == "train" and is_code(one.name)):
            span = subject.span(one.address, *one.path, "estimator")
            guess = meant(one.name, (*offered(one.place), *estimator_names()))
            yield RULE.at(
                span,
                f'scikit-learn, XGBoost and LightGBM have no estimator that is called "{one.name}". It is named in '
                "full, with the module that it is imported from.",
                text="not an estimator",
                help=f'Did you mean "{guess}"?' if guess else "`mlc schema estimators` lists them.",
                fix=None if guess is None else instead(guess, [guess], span),
                **one.field,
            )


def meant(name: str, names: Sequence[str]) -> str | None:
    """The full name that was probably meant: that of the same class in another module, or the nearest."""
    short = name.rpartition(".")[2].lower()
    same = next((full for full in names if full.rpartition(".")[2].lower() == short), None)
    if same is not None:
        return same
    near = nearest(name, names)
    if near is not None or "." in name:
        return near
    by_short = {full.rpartition(".")[2]: full for full in reversed(names)}
    guess = nearest(name, by_short)
    return None if guess is None else by_short[guess]
