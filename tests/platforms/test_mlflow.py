"""A project on MLflow's own server: its runs, its versions, its aliases, and the model as MLflow itself loads it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from faults.small import make_project, model, write
from mlc import data
from mlc.cli.main import run
from mlc.drivers._onnx import open_session
from mlc.drivers.registry import open_registry, show
from mlc.store.mlflow import Mlflow, as_map, suppress_missing
from platforms.servers import CHECKERS, Server, free_port, mlflow

NUMBERS = count(1)
SCORE = Path(__file__).with_name("_score_by_mlflow.py")
EXPERIMENT = "small/dev"
TUNED = """\
description: Will it default?
task: binary_classification
dataset: loans
features: applicant
candidates:
  linear: {estimator: sklearn.linear_model.LogisticRegression}
  tree: {estimator: sklearn.tree.DecisionTreeClassifier, params: {max_depth: 3}}
tune: {trials: 4, space: {linear: {C: {log: [0.01, 100]}}, tree: {max_depth: {int: [1, 6]}}}}
evaluate: {learning_curve: {}}
describe: [cyclonedx]
tags: [credit]
gates: [quality]
card: {licence: MIT}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with mlflow() as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither planning nor any step, which are forked from here, connects to another machine; nor asks for a name."""
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        assert self.family == socket.AF_UNIX or address[0] == "127.0.0.1", address
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)


@pytest.fixture
def client(server: Server) -> Iterator[Mlflow]:
    found = Mlflow(server.url)
    with suppress_missing():
        found.delete("registered-models/delete", name="risk")
    yield found
    found.close()


@pytest.fixture
def names() -> dict[str, str]:
    number = next(NUMBERS)
    return {"registry": f"registry of {number}", "experiment": f"runs of {number}"}


@pytest.fixture
def project(client: Mlflow, names: dict[str, str], tmp_path: Path) -> Path:
    return laid(tmp_path / "small", client.uri, names)


def laid(root: Path, uri: str, names: dict[str, str]) -> Path:
    make_project(root)
    registry = f"type: mlflow\nuri: {uri}\nexperiment: {names['registry']}\n"
    write(root, "registry/main.yaml", registry)
    write(root, "model/risk.yaml", TUNED)
    tracked = f"{{mlflow: {{uri: '{uri}', experiment: {names['experiment']}}}}}"
    write(
        root,
        "env/dev.yaml",
        f"description: Where changes are tried.\npresets:\n  model: {{track: {tracked}}}\n",
    )
    return root


def runs(client: Mlflow, experiment: str, view: str = "ACTIVE_ONLY") -> list[dict[str, Any]]:
    known = client.known_experiment(experiment)
    assert known is not None, experiment
    found = client.all_of(
        "runs/search", "runs", experiment_ids=[known["experiment_id"]], run_view_type=view, max_results=100
    )
    return list(found)


def of_model(client: Mlflow, experiment: str) -> dict[str, Any]:
    (found,) = [
        one for one in runs(client, experiment) if "mlflow.parentRunId" not in as_map(one["data"]["tags"])
    ]
    return found


def at_rest(root: Path) -> bool:
    return run(["plan", "--detailed-exitcode", "-C", str(root)]) == 0 and (
        run(["drift", "--detailed-exitcode", "-C", str(root)]) == 0
    )


def test_applying_twice_tells_and_registers_once(
    client: Mlflow, project: Path, names: dict[str, str]
) -> None:
    assert run(["apply", "--yes", "-C", str(project)]) == 0
    assert at_rest(project)
    told = len(runs(client, names["experiment"]))
    assert told == 1 + 4, "the model, and a run below it for each trial"
    assert run(["apply", "--yes", "-C", str(project)]) == 0

    elsewhere = project.with_name("copy")  # another checkout, whose state knows of nothing
    laid(elsewhere, client.uri, names)
    assert run(["apply", "--yes", "--select", "model.risk", "-C", str(elsewhere)]) == 0
    assert len(runs(client, names["experiment"])) == told
    versions = list(client.all_of("model-versions/search", "model_versions", filter="name = 'risk'"))
    assert [one["version"] for one in versions] == ["1"]


def test_a_run_says_what_was_learned_and_how_sure_it_is(
    client: Mlflow, project: Path, names: dict[str, str]
) -> None:
    commit = committed(project)
    assert run(["apply", "--yes", "-C", str(project)]) == 0
    found = of_model(client, names["experiment"])
    data = found["data"]
    metrics, params, tags = (as_map(data[what]) for what in ("metrics", "params", "tags"))
    evaluation = json.loads((project / "generated/dev/models/risk/evaluation.json").read_bytes())
    auc = evaluation["estimates"]["roc_auc"]
    assert [metrics[f"roc_auc{end}"] for end in ("", ".low", ".high")] == [
        auc["value"],
        auc["low"],
        auc["high"],
    ]
    assert tags["mlc.interval.roc_auc"] == f"{auc['confidence']} by {auc['method']}, {auc['n']} rows"
    assert params["model.estimator"].startswith("sklearn.")
    version = show(project, _registry(project, names), "risk").entry
    assert tags["mlflow.source.git.commit"] == commit
    assert tags["mlc.digest.onnx"] == version.digest
    assert tags["mlc.digest.train"] == version.data.parts["train"]
    assert {tag: tags[tag] for tag in ("mlc.address", "mlc.version", "mlc.gates")} == {
        "mlc.address": "model.risk",
        "mlc.version": "risk:1",
        "mlc.gates": "pass",
    }
    told = {one["tags"][0]["value"]: one["dataset"] for one in found["inputs"]["dataset_inputs"]}
    assert told.keys() == {"training", "evaluation"}
    assert told["training"]["digest"] == version.data.parts["train"][:36]
    columns = json.loads(told["training"]["schema"])["mlflow_colspec"]
    assert {one["name"] for one in columns} == {"age", "income"}
    assert json.loads(told["training"]["source"])["path"] == "data/loans.csv"

    history = list(
        client.all_of(
            "metrics/get-history", "metrics", run_id=found["info"]["run_id"], metric_key="learning.roc_auc"
        )
    )
    assert len(history) == 4
    assert sorted(one["step"] for one in history)[-1] == version_rows(project), (
        "the last point is of all rows"
    )
    artifacts = found["info"]["artifact_uri"]
    assert (
        client.read(f"{artifacts}/evaluation/evaluation.html")
        == (project / "generated/dev/models/risk/evaluation.html").read_bytes()
    )
    assert (
        client.read(f"{artifacts}/release/README.md")
        == (project / "generated/dev/models/risk/README.md").read_bytes()
    )
    assert client.read(f"{artifacts}/release/bom.cdx.json") is not None

    trials = [
        one for one in runs(client, names["experiment"]) if one is not found and one["info"] != found["info"]
    ]
    assert {as_map(one["data"]["tags"])["mlflow.parentRunId"] for one in trials} == {found["info"]["run_id"]}
    best = [one for one in trials if as_map(one["data"]["tags"])["mlc.trial.best"] == "true"]
    assert len(best) == 1


def test_what_boosting_recorded_is_a_curve_by_iteration(
    client: Mlflow, project: Path, names: dict[str, str]
) -> None:
    boosting = "{estimator: sklearn.ensemble.GradientBoostingClassifier, params: {n_estimators: 6}}"
    write(project, "model/risk.yaml", model(boosting))
    assert run(["apply", "--yes", "--select", "model.risk", "-C", str(project)]) == 0
    told = of_model(client, names["experiment"])["info"]
    asked = {"run_id": told["run_id"], "metric_key": "fitting.training_loss"}
    history = list(client.all_of("metrics/get-history", "metrics", **asked))
    recorded = json.loads((project / "generated/dev/models/risk/iterations.json").read_bytes())
    assert [(one["step"], one["value"]) for one in sorted(history, key=lambda one: one["step"])] == [
        *enumerate(recorded["curves"]["training_loss"]["values"], 1)
    ]
    assert json.loads(client.read(f"{told['artifact_uri']}/training/iterations.json") or b"") == recorded


def committed(project: Path) -> str:
    """The commit that the project stands at, in a repository of its own."""
    git = ["git", "-C", str(project), "-c", "user.name=tests", "-c", "user.email=tests@example.com"]
    for asked in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "As it is"]):
        subprocess.run([*git, *asked], check=True)
    return subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


def version_rows(project: Path) -> int:
    curve = json.loads((project / "generated/dev/models/risk/learning_curve.json").read_bytes())
    return int(curve["points"][-1]["rows"])


def _registry(project: Path, names: dict[str, str]) -> dict[str, Any]:
    text = (project / "registry/main.yaml").read_text()
    uri = next(line.partition(": ")[2] for line in text.splitlines() if line.startswith("uri"))
    return {"type": "mlflow", "uri": uri, "experiment": names["registry"]}


def test_mlflow_loads_the_model_by_its_alias_and_scores_the_same(
    client: Mlflow, project: Path, names: dict[str, str]
) -> None:
    assert run(["apply", "--yes", "-C", str(project)]) == 0
    spec = _registry(project, names)
    session = open_session(
        open_registry(project, spec).files.path(show(project, spec, "risk@dev").entry.digest)
    )
    rows: dict[str, list[Any]] = {"income": [1000.0, 2500.5, 4000.0, 1.5], "age": [20.0, 35.0, 61.0, 44.0]}
    told = scored(client.uri, "models:/risk@dev", rows, dict.fromkeys(rows, "float32"))
    assert told["reached"] == ["127.0.0.1"], "MLflow's own client reaches nothing else either"
    assert told["flavors"] == ["onnx", "python_function"]
    assert sorted(told["inputs"]) == ["age", "income"]
    assert told["signature_outputs"] == ["label", "probabilities"]
    assert "missing inputs ['age']" in told["refused"]
    import numpy as np

    feeds = {name: np.array(values, np.float32).reshape(-1, 1) for name, values in rows.items()}
    ours = dict(zip(told["outputs"], session.run(list(told["outputs"]), feeds), strict=True))
    for name, values in ours.items():
        assert told["outputs"][name] == values.tolist(), "to the bit"


def scored(uri: str, model: str, rows: dict[str, list[Any]], types: dict[str, str]) -> dict[str, Any]:
    program = CHECKERS / "mlflow" / "bin" / "python"
    asked = {"tracking": uri, "model": model, "rows": rows, "types": types}
    done = subprocess.run(
        [str(program), str(SCORE)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_was_done_in_mlflow_is_drift_and_is_undone(
    client: Mlflow, project: Path, names: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    write(project, "model/risk.yaml", TUNED.replace("trials: 4", "trials: 2"))
    assert run(["apply", "--yes", "-C", str(project)]) == 0
    assert at_rest(project)
    found = of_model(client, names["experiment"])["info"]["run_id"]

    client.post("runs/delete", run_id=found)
    client.post("model-versions/set-tag", name="risk", version="1", key="mlc.gated", value="false")
    client.delete("registered-models/alias", name="risk", alias="dev")
    capsys.readouterr()
    assert run(["drift", "--detailed-exitcode", "-C", str(project)]) == 2
    said = capsys.readouterr().out
    for words in (
        f"the run {found[:8]} of risk was deleted in MLflow",
        "the tag mlc.gated of risk:1 was changed in the registry",
        "the alias dev of risk points nowhere, not to version 1",
    ):
        assert words in said
    assert run(["plan", "--detailed-exitcode", "-C", str(project)]) == 2
    assert run(["apply", "--yes", "-C", str(project)]) == 0
    assert at_rest(project)
    assert of_model(client, names["experiment"])["info"]["run_id"] == found, "it was restored, not told again"

    client.delete("model-versions/delete", name="risk", version="1")
    capsys.readouterr()
    assert run(["drift", "--detailed-exitcode", "-C", str(project)]) == 2
    assert "version 1 of risk is not in the registry" in capsys.readouterr().out
    assert run(["apply", "--yes", "-C", str(project)]) == 0
    assert at_rest(project)
    assert show(project, _registry(project, names), "risk@dev").entry.number == 2


def test_a_server_that_does_not_answer_loses_nothing(
    client: Mlflow, tmp_path: Path, names: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    root = laid(tmp_path / "small", f"http://127.0.0.1:{free_port()}", names)
    write(root, "registry/main.yaml", "type: hybrid\n")
    assert run(["apply", "--yes", "-C", str(root)]) == 1
    said = capsys.readouterr()
    assert "tracking-unreachable" in said.out + said.err
    assert "no run is made twice" in " ".join((said.out + said.err).split())
    assert (
        show(
            root,
            {
                "type": "hybrid",
                "database": "sqlite:///.mlc/registry/registry.db",
                "files": ".mlc/registry/files",
            },
            "risk",
        ).entry.number
        == 1
    )
    text = (root / "env/dev.yaml").read_text()
    there = text.replace(text.partition("uri: '")[2].partition("'")[0], client.uri)
    write(root, "env/dev.yaml", there)
    assert run(["apply", "--yes", "-C", str(root)]) == 0
    assert at_rest(root)
    assert as_map(of_model(client, names["experiment"])["data"]["tags"])["mlc.version"] == "risk:1"


def test_a_refused_model_has_a_run_too(client: Mlflow, project: Path, names: dict[str, str]) -> None:
    write(project, "gate/quality.yaml", "metrics:\n  roc_auc: {min: 0.999}\n")
    assert run(["apply", "--yes", "-C", str(project)]) != 0
    tags = as_map(of_model(client, names["experiment"])["data"]["tags"])
    assert tags["mlc.address"] == "model.risk"
    assert "mlc.version" not in tags


def test_the_example_goes_the_whole_way(client: Mlflow, tmp_path: Path) -> None:
    project = tmp_path / "tumours"
    shutil.copytree(
        data.path("examples", "tumours"), project, ignore=shutil.ignore_patterns(".mlc", "generated")
    )
    lab = project / "env/lab.yaml"
    lab.write_text(lab.read_text().replace("http://127.0.0.1:5000", client.uri))
    asked = ["--env", "lab", "-C", str(project)]
    assert run(["apply", "--yes", *asked]) == 0
    assert run(["plan", "--detailed-exitcode", *asked]) == 0
    assert len(runs(client, "tumours")) == 2 + 12, "two models, and the trials of the search of one"
    assert (
        project / "generated/lab/models/malignancy/tensorboard/trial-011/events.out.tfevents.0.mlc"
    ).is_file()
    model = client.get("registered-models/get", name="malignancy")["registered_model"]
    assert model["aliases"] == [{"alias": "lab", "version": "1"}]
    assert run(["registry", "verify", *asked]) == 0
    assert run(["destroy", "--yes", *asked]) == 0
    assert run(["registry", "show", "malignancy:1", *asked]) == 0, "what is registered stays"
