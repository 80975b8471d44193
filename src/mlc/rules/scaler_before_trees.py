"""scaler-before-trees: numbers are scaled for an estimator made of trees.

Why it matters: trees compare a number with a threshold, so scaling gains nothing. It costs: ONNX computes in
float32, a scaled value can round to the other side of a threshold, and the label flips (seen: 33 of 24,561
rows of the Adult data, none without the scaler), so that the parity check refuses the model after it was
trained.
The same goes for every transform that computes; one that selects, bins or imputes hands numbers on as they are. Before
a `reduce`, which weighs columns by how far they spread, a scale is in its place.
How to mend it: take `scale` or the transform out of the group, or give the trees features of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._estimators import learners, told
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "Numbers are scaled for trees, which do not need it.")
SCOPE = "upstream"

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
_FOREST = {"model/churn.yaml": _MODEL + "train: {estimator: sklearn.ensemble.RandomForestClassifier}\n"}
_WORDS = "  words: {columns: [plan], encode: one_hot}\n"
BAD = {
    **_FOREST,
    "features/basic.yaml": "groups:\n  numbers: {columns: [age], scale: standard}\n" + _WORDS,
}
GOOD = {**_FOREST, "features/basic.yaml": "groups:\n  numbers: {columns: [age]}\n" + _WORDS}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        features = subject.named("features", model["features"])
        trees = [one for one in learners(address, model) if told(one.name).get("trees")]
        others = [one for one in learners(address, model) if one not in trees]
        if features is None or not trees or others:  # what is not made of trees may need the scale
            continue
        where, short = Address("features", model["features"]), trees[0].short
        for name, group in features["groups"].items():
            if group["reduce"] is not None or features["reduce"] is not None:
                continue  # which needs the scale
            for path, what in _rounding(group):
                yield RULE.at(
                    subject.span(where, "groups", name, *path),
                    f"{address} is trained as {short}, which is made of trees: they do not need {what}, and it can "
                    "make the served model give another label.",
                    text="not needed by trees",
                    related=(Label(subject.span(address, *trees[0].path, "estimator"), "made of trees"),),
                    help='Take "weigh: count", or give this model features of its own.'
                    if path == ("text",)
                    else f'Take "{path[-1]}" out, or give this model features of its own.',
                    address=str(where),
                    path=".".join(("groups", name, *path)),
                )


def _rounding(group: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What of a group computes numbers that a tree would then compare: its path, and a word for it."""
    if group["scale"] != "none":
        yield ("scale",), "scaled numbers"
    if group["text"] and group["text"]["weigh"] == "tfidf":
        yield ("text",), "the weights of words"
    for name, transform in group["transforms"].items():
        about = told(transform["estimator"])
        if about.get("serves") == "transforms" and not about.get("exact"):
            yield ("transforms", name), f"what {transform['estimator'].rpartition('.')[2]} computes"
