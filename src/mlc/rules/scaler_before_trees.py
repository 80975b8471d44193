"""scaler-before-trees: numbers are scaled for an estimator made of trees.

Why it matters: trees compare a number with a threshold, so scaling gains nothing. It costs: ONNX computes in
float32, a scaled value can round to the other side of a threshold, and the label flips (seen: 33 of 24,561
rows of the Adult data, none without the scaler), so that the parity check refuses the model after it was
trained.
How to mend it: take `scale` out of the group, or give the trees features of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "Numbers are scaled for trees, which do not need it.")

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
_FOREST = {"model/churn.yaml": _MODEL + "train: {estimator: sklearn.ensemble.RandomForestClassifier}\n"}
_WORDS = "  words: {columns: [plan], encode: one_hot}\n"
BAD = {
    **_FOREST,
    "features/basic.yaml": "groups:\n  numbers: {columns: [age], scale: standard}\n" + _WORDS,
}
GOOD = {**_FOREST, "features/basic.yaml": "groups:\n  numbers: {columns: [age]}\n" + _WORDS}

_MADE_OF_TREES = ("AdaBoost", "DecisionTree", "ExtraTree", "GradientBoosting", "RandomForest")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        features = subject.named("features", model["features"])
        estimator = model["train"]["estimator"].rpartition(".")[2]
        if features is None or not any(word in estimator for word in _MADE_OF_TREES):
            continue
        where = Address("features", model["features"])
        for name, group in features["groups"].items():
            if group["scale"] != "none":
                yield RULE.at(
                    subject.span(where, "groups", name, "scale"),
                    f"{address} is trained as {estimator}, which is made of trees: they do not need scaled "
                    "numbers, and scaling can make the served model give another label.",
                    text="not needed by trees",
                    related=(Label(subject.span(address, "train", "estimator"), "made of trees"),),
                    help='Take "scale" out, or give this model features of its own.',
                    address=str(where),
                    path=f"groups.{name}.scale",
                )
