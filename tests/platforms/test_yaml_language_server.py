"""The editors' schemas in the server that editors use: yaml-language-server, with the settings that
`mlc schema install` writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from language_client import LanguageClient
from mlc import data
from mlc.cli import _jsonc
from mlc.cli.main import run

SERVER = Path(__file__).parents[2] / ".checkers/yaml-language-server/node_modules/.bin/yaml-language-server"
MODEL = "model/default_risk.yaml"


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageClient]:
    assert SERVER.exists(), "`make checkers` installs yaml-language-server"
    project = tmp_path_factory.mktemp("editor") / "lending"
    shutil.copytree(
        data.path("examples", "lending"),
        project,
        ignore=shutil.ignore_patterns(".mlc", "generated", ".github"),
    )
    assert run(["-C", str(project), "schema", "install", "-q"]) == 0
    written = _jsonc.parse((project / ".vscode" / "settings.json").read_text(encoding="utf-8")).bare
    yaml = {
        "schemas": written["yaml.schemas"],
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
        "validate": True,
        "hover": True,
        "completion": True,
    }
    with LanguageClient([str(SERVER), "--stdio"], project, {"yaml": yaml}) as client:
        yield client


def show(editor: LanguageClient, file: str, text: str) -> list[str]:
    """What the server says about a file with another text."""
    if file not in editor.versions:
        editor.open(file)
        editor.found(file)
    editor.change(file, text)
    return [one["message"] for one in editor.found(file)]


def test_has_nothing_to_say_about_the_example(editor: LanguageClient) -> None:
    files = sorted(str(path.relative_to(editor.root)) for path in editor.root.rglob("*.yaml"))
    assert len(files) > 15
    for file in files:
        editor.open(file)
        assert editor.found(file) == [], file


def test_tells_what_is_wrong(editor: LanguageClient) -> None:
    text = (
        "task: regresion\ndataset: Loans!\nenabled: 'often'\nfoo: 1\ntrain:\n"
        "  estimator: sklearn.linear_model.LogisticRegression\n  params: {C: often, max_itr: 3}\n  seed: -1\n"
    )
    assert set(show(editor, MODEL, text)) == {
        'Value is not accepted. Valid values: "anomaly_detection", "binary_classification", "clustering", '
        '"multiclass_classification", "regression".',
        "The name of a dataset is wanted, or an interpolation.",
        "True or false is wanted, or an interpolation such as ${vars.name}.",
        "Property foo is not allowed.",
        "A number is wanted, or an interpolation such as ${vars.name}.",
        "Property max_itr is not allowed.",
        "Value is below the minimum of 0.",
    }


def test_takes_interpolations_and_layers(editor: LanguageClient) -> None:
    text = (
        "train:\n  seed: ${vars.seed}\n  params: {learning_rate: '${vars.rate}'}\nenabled: ${vars.on}\n"
        "task: ${vars.task}\ngates: ${vars.gates}\noptimize: {opset: ???}\ndataset: loans_${env.name}\n"
    )
    assert show(editor, MODEL, text) == []
    assert show(editor, "model/_tabular.yaml", "train: {seed: 1}\n") == []


def test_reports_the_branch_that_the_author_chose(editor: LanguageClient) -> None:
    assert show(editor, "target/here.yaml", "type: docker\nhttp_port: 1\n") == [
        "Property http_port is not allowed."
    ]
    assert show(editor, "target/here.yaml", "type: mlserver\nhttp_port: 0\n") == [
        "Value is below the minimum of 1."
    ]


def test_completes_keys(editor: LanguageClient) -> None:
    show(editor, MODEL, "task: binary_classification\n\n")
    labels = editor.labels(MODEL, 1, 0)
    assert {"dataset", "features", "train", "gates", "card"} <= set(labels), " ".join(sorted(labels))
    assert "task" not in labels
    assert labels["dataset"]["documentation"]
    show(editor, "target/here.yaml", "type: kserve\n\n")
    here = set(editor.labels("target/here.yaml", 1, 0))
    assert {"storage", "namespace"} <= here
    assert not here & {"repository", "http_port"}


def test_completes_choices(editor: LanguageClient) -> None:
    show(editor, "target/here.yaml", "type: \n")
    assert {"local", "docker", "kserve", "mlserver"} <= set(editor.labels("target/here.yaml", 0, 6))
    show(editor, MODEL, "enabled: \n")
    assert {"true", "false"} <= set(editor.labels(MODEL, 0, 9))
    show(editor, MODEL, "train:\n  estimator: \n")
    assert "sklearn.tree.DecisionTreeClassifier" in editor.labels(MODEL, 1, 13)


def test_completes_the_parameters_of_the_estimator(editor: LanguageClient) -> None:
    show(editor, MODEL, "train:\n  estimator: sklearn.linear_model.LogisticRegression\n  params:\n    \n")
    labels = editor.labels(MODEL, 3, 4)
    assert {"C", "solver", "max_iter"} <= set(labels)
    assert not set(labels) & {"max_leaf_nodes", "learning_rate", "random_state"}
    assert "Default: `0.0001`." in labels["tol"]["documentation"]["value"]
    show(
        editor, MODEL, "train:\n  estimator: sklearn.linear_model.LogisticRegression\n  params: {solver: }\n"
    )
    assert {"lbfgs", "saga"} <= set(editor.labels(MODEL, 2, 19))


def test_knows_the_transforms_of_a_feature_group(editor: LanguageClient) -> None:
    features = "features/loan_risk.yaml"
    head = "groups:\n  a:\n    columns: [x]\n    transforms:\n      one:\n"
    show(editor, features, head + "        estimator: \n")
    offered = editor.labels(features, 5, 19)
    assert {"sklearn.decomposition.PCA", "sklearn.preprocessing.PowerTransformer"} <= set(offered)
    assert "sklearn.linear_model.LogisticRegression" not in offered
    pca = head + "        estimator: sklearn.decomposition.PCA\n        params: "
    assert set(show(editor, features, pca + "{n_components: 0.5, whiten: often, degree: 2}\n")) == {
        "True or false is wanted, or an interpolation such as ${vars.name}.",
        "Property degree is not allowed.",
    }
    assert "Parameter of PCA. Default: `false`." in editor.hover(features, 6, 40)
    show(editor, features, pca + "\n          \n")
    assert {"n_components", "whiten", "svd_solver"} <= set(editor.labels(features, 7, 10))
    preset = "presets:\n  features:\n    groups:\n      a: {transforms: {one: {estimator: nothing}}}\n"
    assert len(show(editor, "env/prod.yaml", preset)) == 1


def test_knows_the_code_of_the_project(editor: LanguageClient) -> None:
    head = "task: binary_classification\ntrain:\n"
    assert show(editor, MODEL, f"{head}  estimator: code.scoring.Nearest\n  params: {{sharpness: 1}}\n") == []
    assert len(show(editor, MODEL, f"{head}  estimator: code.scoring\n")) == 1


def test_knows_the_estimators_of_other_libraries(editor: LanguageClient) -> None:
    text = "train:\n  estimator: xgboost.XGBClassifier\n  params: {subsample: 1.5, booster: dart}\n"
    assert set(show(editor, MODEL, text)) == {
        "Value is above the maximum of 1.",
        'Value is not accepted. Valid values: "gbtree", null.',
    }
    assert "Left out, XGBoost takes 1." in editor.hover(MODEL, 2, 12)
    assert len(show(editor, MODEL, "train: {estimator: sklearn.svm.SVC}\n")) == 1


def test_completes_parameters_where_a_layer_names_the_estimator(editor: LanguageClient) -> None:
    show(editor, MODEL, "defaults: [_tabular, _self_]\ntrain:\n  params:\n    \n")
    assert {"max_leaf_nodes", "C"} <= set(editor.labels(MODEL, 3, 4))


def test_completes_in_presets_and_patches(editor: LanguageClient) -> None:
    show(
        editor,
        "env/prod.yaml",
        "patch:\n  model:\n    default_risk:\n      \npresets:\n  deployment:\n    \n",
    )
    assert {"dataset", "train"} <= set(editor.labels("env/prod.yaml", 3, 6))
    assert {"replicas", "alias"} <= set(editor.labels("env/prod.yaml", 6, 4))


def test_hover_tells_description_default_and_cost(editor: LanguageClient) -> None:
    show(
        editor,
        MODEL,
        "train:\n  estimator: sklearn.linear_model.LogisticRegression\n  params: {tol: 0.1}\n  seed: 3\n",
    )
    assert "Seed of everything random. Default: `0`." in editor.hover(MODEL, 3, 3)
    assert "Parameter of LogisticRegression. Default: `0.0001`." in editor.hover(MODEL, 2, 13)
    assert "A change costs: retrain." in editor.hover(MODEL, 0, 1)
