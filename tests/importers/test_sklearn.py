"""A pipeline that was imported is the one that it was: parameters, columns, and what it says of a row."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

from importers.project import findings, imported, laid, refusals, spec_of, told, translated
from mlc import states
from mlc.cli import main
from mlc.drivers import _columns, _estimators, _pipeline, _skops, _skops_told
from mlc.store.content import Content


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """To start a process takes seconds; the tests that are about it, and about what is hostile, do without this."""
    monkeypatch.setattr(_skops_told, "ask", _skops_told._told)


SMALL = Path(__file__).parents[1] / "acceptance" / "projects" / "small"


def saved(root: Path, name: str, model: Any) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    skops.io.dump(model, root / f"{name}.skops")
    return root / f"{name}.skops"


def project(root: Path) -> Path:
    """The data of the small project, and nothing that is learned from them."""
    shutil.copytree(SMALL, root)
    for folder in ("model", "features", "deployment", "gate", "policy", "target"):
        shutil.rmtree(root / folder)
    (root / "env" / "prod.yaml").write_text("{}\n", encoding="utf-8")
    (root / "env" / "_shared.yaml").unlink()
    return root


AGE, PLAN = ["age"], ["plan"]
WORDS = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32)

PIPELINES: dict[str, Any] = {
    "usual": Pipeline(
        [
            ("columns", ColumnTransformer([("n", StandardScaler(), AGE), ("w", WORDS, PLAN)])),
            ("model", LogisticRegression(C=0.3, max_iter=500)),
        ]
    ),
    "steps": make_pipeline(
        ColumnTransformer(
            [
                (
                    "n",
                    make_pipeline(
                        SimpleImputer(strategy="median"), PowerTransformer(), PolynomialFeatures(3)
                    ),
                    AGE,
                ),
                ("w", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), PLAN),
            ]
        ),
        HistGradientBoostingClassifier(max_iter=30, learning_rate=0.2, random_state=5),
    ),
    "bins": make_pipeline(
        ColumnTransformer(
            [("n", KBinsDiscretizer(4, strategy="uniform", encode="ordinal"), AGE), ("w", WORDS, PLAN)]
        ),
        RandomForestClassifier(n_estimators=20, max_depth=4, random_state=11),
    ),
    "scaled_behind": make_pipeline(
        ColumnTransformer([("n", "passthrough", AGE), ("w", WORDS, PLAN)]),
        StandardScaler(),
        LogisticRegression(),
    ),
    "reduced": make_pipeline(
        ColumnTransformer([("n", StandardScaler(), AGE), ("w", WORDS, PLAN)]),
        PCA(2),
        LogisticRegression(C=2.0),
    ),
    "chosen": make_pipeline(
        ColumnTransformer([("n", StandardScaler(), AGE), ("w", WORDS, PLAN)]),
        SelectKBest(k=2),
        GradientBoostingClassifier(n_estimators=15, random_state=1),
    ),
}


@pytest.mark.usefixtures("in_this_process")
def test_trained_on_the_same_data_it_says_the_same(tmp_path: Path) -> None:
    root = project(tmp_path / "p")
    for name, model in PIPELINES.items():
        file = saved(tmp_path, name, model)
        found = imported(
            "sklearn", [file], root, is_new=False, dataset="people", task="binary_classification"
        )
        assert told(found) == [], name
    assert set(findings(root)) <= {"scaler-before-trees"}  # a warning, and what the author did
    assert main.run(["-C", str(root), "apply", "--yes", "-q"]) == 0
    state = states.read(root, "dev")
    content = Content(root / ".mlc" / "content")

    def output(operation: str, name: str) -> Path:
        return content.location(state.operations[operation].outputs[name])

    columns = {"age": {"type": "number"}, "plan": {"type": "string"}}
    train, test = (pl.read_parquet(output("dataset.people/ingest", part)) for part in ("train", "test"))
    seen, asked = (_columns.model_input(part, columns) for part in (train, test))
    for name, model in PIPELINES.items():
        model.fit(seen, train["left"].to_numpy())
        ours = _skops.load_model(output(f"model.{name}/train", "model"))
        theirs = model.steps[-1][1].get_params()
        for parameter, value in ours["estimator"].get_params().items():
            if parameter == "random_state" and theirs[parameter] is None:
                continue
            assert repr(theirs[parameter]) == repr(value), (name, parameter)
        np.testing.assert_allclose(
            ours.predict_proba(asked), model.predict_proba(asked), atol=2e-5, err_msg=name
        )


GROUPS: dict[str, dict[str, Any]] = {
    "numbers": {"columns": ["a", "b"], "impute": "median", "scale": "standard"},
    "binned": {"columns": ["b"], "bin": {"method": "quantile", "bins": 4}, "encode": "one_hot"},
    "edges": {"columns": ["b"], "bin": {"method": "edges", "edges": [0.0, 0.5]}},
    "words": {"columns": ["c"], "encode": "one_hot", "impute": "most_frequent"},
    "ordered": {"columns": ["c"], "encode": "ordinal"},
    "means": {"columns": ["c"], "encode": "target"},
    "crossed": {"columns": ["a", "b"], "scale": "standard", "cross": {"degree": 2, "keep": False}},
    "moved": {
        "columns": ["a", "b"],
        "transforms": [
            {
                "name": "power",
                "estimator": "sklearn.preprocessing.PowerTransformer",
                "params": {"standardize": False},
            },
            {
                "name": "poly",
                "estimator": "sklearn.preprocessing.PolynomialFeatures",
                "params": {"degree": 3},
            },
        ],
    },
    "chosen": {"columns": ["a", "b"], "select": {"method": "best", "columns": 1, "score": "f_classif"}},
    "by_trees": {
        "columns": ["a", "b"],
        "select": {"method": "model", "columns": 1, "by": "trees", "of": "classes"},
    },
    "reduced": {"columns": ["a", "b"], "scale": "robust", "reduce": {"method": "pca", "components": 1}},
    "mixed": {"columns": ["d", "c"], "encode": "one_hot", "cross": {"degree": 2, "keep": True}},
    "text": {
        "columns": ["t"],
        "text": {"weigh": "count", "ngrams": 2, "max_words": 50, "min_rows": 1, "lowercase": True},
    },
}
COLUMNS = {
    "a": {"type": "number", "values": [], "nullable": True},
    "b": {"type": "number", "values": [], "nullable": False},
    "c": {"type": "string", "values": ["x", "y", "z"], "nullable": False},
    "d": {"type": "integer", "values": [1, 2, 3], "nullable": False},
    "t": {"type": "string", "values": [], "nullable": False},
}


def table(rows: int = 60) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "a": draw.normal(size=rows).astype(np.float32),
            "b": draw.uniform(size=rows).astype(np.float32),
            "c": draw.choice(["x", "y", "z"], rows),
            "d": draw.choice([1, 2, 3], rows).astype(np.float32),
            "t": [" ".join(draw.choice(["red", "green", "blue"], 2)) for _ in range(rows)],
        }
    )


def built(groups: dict[str, Any], seen: pl.DataFrame) -> Pipeline:
    estimator = _estimators.estimator("sklearn.linear_model.LogisticRegression", {"C": 0.5}, 0)
    filled = {
        name: {"impute": "none", "encode": "none", "scale": "none", **group} for name, group in groups.items()
    }
    return _pipeline.pipeline(filled, COLUMNS, seen, estimator, 0)


@pytest.mark.parametrize("name", [one for one in GROUPS if one not in ("means",)])
@pytest.mark.usefixtures("in_this_process")
def test_what_mlc_trained_is_described_again(name: str, tmp_path: Path) -> None:
    """The groups of a fitted model of mlc's own are those that it was made of."""
    seen = table()
    labels = (seen["b"].to_numpy() > 0.5).astype(int)
    before = built({name: GROUPS[name]}, seen).fit(seen, labels)
    found = imported("sklearn", [saved(tmp_path, "own", before)], tmp_path / "new")
    written = spec_of(found, "features/own.yaml")["groups"]
    told_as: dict[str, Any] = {
        group: {
            key: [{"name": step, **value} for step, value in given.items()] if key == "transforms" else given
            for key, given in spec.items()
        }
        for group, spec in written.items()
    }
    for spec in told_as.values():  # as `kinds.features.seen` tells the steps of a classification
        if "select" in spec:
            scores = {"linear": "f_classif"}
            spec["select"] |= (
                {"score": scores[spec["select"]["score"]]} if "score" in spec["select"] else {"of": "classes"}
            )
        for step in spec.get("transforms", ()):
            step.setdefault("params", {})
        if "bin" in spec:
            spec["bin"].setdefault("method", "quantile")
        if "text" in spec:
            spec["text"] = {"ngrams": 1, "min_rows": 1, "lowercase": True} | spec["text"]
    after = built(told_as, seen).fit(seen, labels)
    np.testing.assert_array_equal(before.predict_proba(seen), after.predict_proba(seen))
    assert findings(tmp_path / "new") == []


@pytest.mark.usefixtures("in_this_process")
def test_what_is_fitted_tells_of_classes_values_and_the_rest(tmp_path: Path) -> None:
    seen = table()
    labels = np.array(["no", "yes"])[(seen["b"].to_numpy() > 0.5).astype(int)]
    model = make_pipeline(
        ColumnTransformer([("words", OneHotEncoder(), [2])], remainder="passthrough"), LogisticRegression()
    )
    model.fit(seen.select("a", "b", "c"), labels)
    found = imported("sklearn", [saved(tmp_path, "fitted", model)], tmp_path / "new")
    assert spec_of(found, "model/fitted.yaml")["positive"] == "yes"
    columns = spec_of(found, "dataset/fitted.yaml")["columns"]
    assert columns["c"] == {"type": "string", "values": ["x", "y", "z"]}
    assert columns["label"] == {"type": "string", "role": "label", "values": ["no", "yes"]}
    assert spec_of(found, "features/fitted.yaml")["groups"]["remainder"] == {"columns": ["a", "b"]}
    assert findings(tmp_path / "new") == []


@pytest.mark.usefixtures("in_this_process")
def test_a_vote_is_candidates_and_an_ensemble(tmp_path: Path) -> None:
    model = make_pipeline(
        ColumnTransformer([("n", StandardScaler(), ["a"])]),
        VotingClassifier(
            [("lr", LogisticRegression(C=0.1)), ("rf", RandomForestClassifier(7, random_state=3))],
            voting="soft",
        ),
    )
    found = imported(
        "sklearn", [saved(tmp_path, "vote", model)], tmp_path / "new", task="binary_classification"
    )
    spec = spec_of(found, "model/vote.yaml")
    assert spec["candidates"] == {
        "lr": {"estimator": "sklearn.linear_model.LogisticRegression", "params": {"C": 0.1}},
        "rf": {
            "estimator": "sklearn.ensemble.RandomForestClassifier",
            "params": {"n_estimators": 7},
            "seed": 3,
        },
    }
    assert spec["ensemble"] == {"method": "voting"}
    assert findings(tmp_path / "new") == []


@pytest.mark.usefixtures("in_this_process")
def test_what_is_calibrated_is_calibrated(tmp_path: Path) -> None:
    model = CalibratedClassifierCV(LogisticRegression(C=0.1), method="isotonic", cv=7)
    found = imported(
        "sklearn", [saved(tmp_path, "cal", model)], tmp_path / "new", task="binary_classification"
    )
    spec = spec_of(found, "model/cal.yaml")
    assert (spec["calibrate"], spec["train"]["params"]) == ("isotonic", {"C": 0.1})
    assert any("cv=7" in one for one in told(found))


def shout(values: Any) -> Any:
    return values


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (make_pipeline(StandardScaler(), LogisticRegression(n_jobs=2, verbose=1)), "n_jobs"),
        (make_pipeline(QuantileTransformer(), LinearRegression()), "QuantileTransformer"),
        (make_pipeline(FeatureUnion([("a", StandardScaler())]), Ridge()), "FeatureUnion"),
        (
            make_pipeline(ColumnTransformer([("w", OneHotEncoder(drop="first"), ["c"])]), Ridge()),
            "drop='first' of OneHotEncoder",
        ),
        (
            make_pipeline(
                ColumnTransformer([("n", StandardScaler(), ["a"])], transformer_weights={"n": 2.0}), Ridge()
            ),
            "transformer_weights",
        ),
        (
            make_pipeline(
                ColumnTransformer([("n", StandardScaler(), ["a"])], remainder="passthrough"), Ridge()
            ),
            "remainder",
        ),
    ],
)
@pytest.mark.usefixtures("in_this_process")
def test_what_has_no_place_is_told(model: BaseEstimator, words: str, tmp_path: Path) -> None:
    found = imported("sklearn", [saved(tmp_path, "m", model)], tmp_path / "new")
    assert any(words in one for one in told(found)), told(found)
    assert words.split(" ")[0].split("=")[0] in "".join(
        found.texts.values()
    )  # and stands in the file as a remark
    assert findings(tmp_path / "new") == []


def test_types_that_are_on_no_list_are_not_loaded(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(shout), LogisticRegression())
    (found,) = refusals("sklearn", [saved(tmp_path, "m", model)], tmp_path / "new")
    assert found.rule == "import-unreadable"
    assert "shout" in found.detail


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.skops"])
def test_a_pickle_is_never_loaded(name: str, tmp_path: Path) -> None:
    import pickle

    class Harm:
        def __reduce__(self) -> Any:
            return (Path(tmp_path / "harmed").touch, ())

    laid(tmp_path, {name: pickle.dumps(Harm())})
    (found,) = refusals("sklearn", [tmp_path / name], tmp_path / "new")
    assert "pickle" in found.detail
    assert not (tmp_path / "harmed").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nothing", b"a: 1"])
def test_what_is_no_file_of_skops_is_refused(content: bytes, tmp_path: Path) -> None:
    laid(tmp_path, {"m.skops": content})
    (found,) = refusals("sklearn", [tmp_path / "m.skops"], tmp_path / "new")
    assert found.rule == "import-unreadable"


@pytest.mark.usefixtures("in_this_process")
def test_an_estimator_that_is_not_served_says_why(tmp_path: Path) -> None:
    from sklearn.linear_model import RidgeClassifier

    found = refusals(
        "sklearn", [saved(tmp_path, "m", RidgeClassifier())], tmp_path / "new", task="binary_classification"
    )
    assert "import-unreadable" in [one.rule for one in found]
    assert any("RidgeClassifier" in one.detail for one in found)


def test_features_that_are_there_are_used(tmp_path: Path) -> None:
    root = project(tmp_path / "p")
    laid(root, {"features/basic.yaml": "groups: {all: {columns: [age]}}\n"})
    file = saved(tmp_path, "m", make_pipeline(StandardScaler(), LogisticRegression()))
    found = translated(
        "sklearn",
        [file],
        root,
        is_new=False,
        dataset="people",
        features="basic",
        task="binary_classification",
    )
    assert set(found.texts) == {"model/m.yaml"}
