"""Models that cannot feed others, and ensembles of models that cannot be: each is said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlc import pipeline
from mlc.ir.diagnostic import Diagnostic
from mlc.request import Request
from rules.project import lay
from stages.feeding.test_lowering import ASKED, BAYES, LINEAR, MODELS, SEEN, STACKED


def found(root: Path, files: dict[str, str]) -> tuple[Diagnostic, ...]:
    return pipeline.validate(Request(lay(root, MODELS, files))).diagnostics


PETS = {
    "dataset/pets.yaml": "source: {type: file, path: pets.csv, format: csv}\ncolumns:\n"
    "  row: {type: integer, role: id}\n  age: {type: number}\n  plan: {type: string}\n"
    "  ill: {type: integer, role: label}\n",
    "model/pet.yaml": "task: binary_classification\ndataset: pets\nfeatures: basic\n" + LINEAR,
}
CLUSTERS = "task: clustering\ndataset: people\nfeatures: basic\ntrain: {estimator: sklearn.cluster.KMeans}\n"
OWN = "train: {estimator: code.scoring.Score}\n"
OF_TWO = "ensemble: {method: voting, members: {line: line, bayes: bayes}"


@pytest.mark.parametrize(
    ("files", "rule", "said"),
    [
        ({"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {age: line}\n"}, "bad-feed", "called already"),
        ({"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {left: line}\n"}, "bad-feed", "the label"),
        ({"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {value: line}\n"}, "bad-feed", "an output"),
        (
            {"model/line.yaml": CLUSTERS, "model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {one: line}\n"},
            "bad-feed",
            "number of a cluster",
        ),
        (
            PETS
            | {"dataset/pets.yaml": PETS["dataset/pets.yaml"].replace("age: {type: number}", "weight: {type: number}")}
            | {"features/heavy.yaml": "groups: {all: {columns: [weight]}}\n"}
            | {"model/pet.yaml": PETS["model/pet.yaml"].replace("basic", "heavy")}
            | {"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {pet: pet}\n"},
            "bad-feed",
            "has no weight",
        ),
        (
            PETS
            | {"model/pet.yaml": PETS["model/pet.yaml"] + "predictions: {line: line}\n"}
            | {"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {pet: pet}\n"},
            "bad-feed",
            "but feeds on model.line",
        ),
        (
            {
                "model/line.yaml": ASKED + SEEN + LINEAR + "reuse: {model: old:1, as: warm_start}\n",
                "model/churn.yaml": ASKED + STACKED,
            },
            "bad-feed",
            "starts from the registered old:1",
        ),
        (
            {
                "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\ncode: {scoring: {}}\n",
                "model/line.yaml": ASKED + SEEN + OWN,
                "model/churn.yaml": ASKED + STACKED,
            },
            "bad-feed",
            "joins with nothing",
        ),
        (
            {
                "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\ncode: {scoring: {}}\n",
                "model/churn.yaml": ASKED + SEEN + OWN + "predictions: {guess: bayes}\n",
            },
            "bad-feed",
            "feeds it nothing",
        ),
        (
            {"model/churn.yaml": ASKED + "ensemble: {method: voting, members: {line: line}}\n"},
            "bad-ensemble-of-models",
            "at least two models",
        ),
        (
            {"model/churn.yaml": ASKED + "ensemble: {method: voting, members: {line: line, again: line}}\n"},
            "bad-ensemble-of-models",
            "a member already",
        ),
        (
            {"model/churn.yaml": ASKED + OF_TWO + ", weights: {tree: 2}}\n"},
            "bad-ensemble-of-models",
            'no member "tree"',
        ),
        (
            {"model/churn.yaml": ASKED + SEEN + OF_TWO + "}\n"},
            "bad-ensemble-of-models",
            "nothing follows `features`",
        ),
        (
            {"model/churn.yaml": ASKED + OF_TWO + "}\ncalibrate: sigmoid\n"},
            "bad-ensemble-of-models",
            "nothing follows `calibrate`",
        ),
        (
            {"model/churn.yaml": ASKED + LINEAR + STACKED},
            "bad-ensemble-of-models",
            "nothing follows `train`",
        ),
        (
            {"model/churn.yaml": ASKED + STACKED + "predictions: {other: bayes}\n"},
            "bad-ensemble-of-models",
            "feeds on are its members",
        ),
        (
            {
                "model/churn.yaml": ASKED
                + STACKED
                + "optimize: {variants: {fp32: {}, less: {prune: 0.5}}, choose: {smallest: size}}\n"
            },
            "bad-ensemble-of-models",
            "a graph of several models",
        ),
        (
            {
                "model/bayes.yaml": ASKED + SEEN + BAYES + "positive: 0\n",
                "model/churn.yaml": ASKED + OF_TWO + "}\n",
            },
            "bad-ensemble-of-models",
            "its positive is 0, and that of model.churn is 1",
        ),
        (
            {
                "model/churn.yaml": "task: anomaly_detection\ndataset: people\n" + OF_TWO + "}\n",
            },
            "bad-ensemble-of-models",
            "There is no mean",
        ),
        (
            {
                "model/bayes.yaml": ASKED + SEEN + BAYES + "predictions: {line: line}\npositive: 0\n",
                "model/churn.yaml": ASKED + "ensemble: {method: chain, members: {line: line, last: bayes}}\n",
            },
            "bad-ensemble-of-models",
            "answers for the chain",
        ),
        ({"model/churn.yaml": ASKED + LINEAR}, "nothing-to-train", "sees nothing"),
        (
            {
                "model/churn.yaml": ASKED
                + SEEN
                + "train: {estimator: sklearn.neural_network.MLPClassifier}\npredictions: {guess: bayes}\n"
                + "optimize: {variants: {fp32: {}, less: {quantize: dynamic}}, choose: {smallest: size}}\n"
            },
            "bad-feed",
            "a graph of several models",
        ),
        (
            {"model/churn.yaml": ASKED + "ensemble: {method: stacking, members: {line: lien, bayes: bayes}}\n"},
            "unresolved-reference",
            "lien",
        ),
        (
            {
                "model/line.yaml": ASKED + SEEN + LINEAR + "predictions: {b: bayes}\n",
                "model/bayes.yaml": ASKED + SEEN + BAYES + "predictions: {c: churn}\n",
                "model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {l: line}\n",
            },
            "reference-cycle",
            "model.bayes → model.churn → model.line → model.bayes",
        ),
        (
            {"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {me: churn}\n"},
            "reference-cycle",
            "model.churn → model.churn",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place(
    tmp_path: Path, files: dict[str, str], rule: str, said: str
) -> None:
    told = [one for one in found(tmp_path, files) if one.rule == rule]
    assert any(said in one.detail for one in told), (told, found(tmp_path, files))
    assert all(one.primary is not None for one in told)


def test_whether_datasets_share_rows_is_asked_for(tmp_path: Path) -> None:
    files = PETS | {"model/churn.yaml": ASKED + SEEN + LINEAR + "predictions: {pet: pet}\n"}
    (one,) = found(tmp_path / "a", files)
    assert (one.rule, one.severity, one.path) == ("overlap-unseen", "warning", "predictions.pet")
    people = (
        "source: {type: file, path: people.csv, format: csv}\ncolumns:\n  row: {type: integer, role: id}\n"
        "  age: {type: number}\n  plan: {type: string}\n  left: {type: integer, role: label}\n"
    )
    assert found(tmp_path / "b", files | {"dataset/people.yaml": people}) == ()
