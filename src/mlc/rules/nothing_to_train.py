"""nothing-to-train: a model names no estimator or nothing to see, or an estimator and candidates for its place as well.

Why it matters: what is trained is either the one estimator of `train` or the one of the `candidates` that is selected;
with neither there is nothing to learn with, and of both only one could be meant. And it learns from `features`, or from
what other models say (`predictions`). An ensemble of models needs neither.
How to mend it: say `train`, or `candidates`; where a layer brings the other, set it to `null` or to `{}`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._members import is_of_models
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "It is not said what is trained.")
SCOPE = "upstream"

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
BAD = {"model/churn.yaml": _MODEL}
GOOD = {
    "model/churn.yaml": _MODEL
    + "candidates: {linear: {estimator: sklearn.linear_model.LogisticRegression}}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        if is_of_models(model):
            continue  # what contradicts it, bad-ensemble says
        sees = model["features"] or model["predictions"] or (model["reuse"] or {}).get("as") == "features"
        if not sees:
            node = subject.node(address)
            yield RULE.at(
                node.key_span or node.span,
                f"{address} says no `features`, so that it sees nothing of its dataset.",
                text="sees nothing",
                help="Name a resource of kind features, for example features: basic.",
                address=str(address),
                path="features",
            )
        if model["train"] is None and not model["candidates"]:
            node = subject.node(address)
            yield RULE.at(
                node.key_span or node.span,
                f"{address} says neither `train` nor `candidates`, so that there is nothing to train.",
                text="nothing to train",
                help="Add, for example, train: {estimator: sklearn.linear_model.LogisticRegression}.",
                address=str(address),
                path="train",
            )
        elif model["train"] is not None and model["candidates"]:
            yield RULE.at(
                subject.key_span(address, "candidates"),
                f"{address} has `candidates`, and `train` as well. What is trained is the candidate that is selected.",
                text="and `train`",
                help="Make the estimator of `train` a candidate, and write `train: null` where a layer brings it.",
                address=str(address),
                path="candidates",
            )
