"""Event files read back by TensorBoard's own loader, and served by a real TensorBoard."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.small import make_project, write
from mlc.cli.main import run
from platforms.servers import CHECKERS, answers, free_port
from platforms.test_mlflow import TUNED

READ = Path(__file__).with_name("_read_by_tensorboard.py")
HERE = CHECKERS / "tensorboard" / "bin"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_project(tmp_path_factory.mktemp("board") / "small")
    write(root, "model/risk.yaml", TUNED + "track: {tensorboard: true}\n")
    write(root, "registry/main.yaml", "type: hybrid\n")
    assert run(["apply", "--yes", "--select", "model.risk", "-C", str(root)]) == 0
    return root


@pytest.fixture(scope="module")
def told(project: Path) -> dict[str, Any]:
    return read(project / "generated/dev/models")


def read(folder: Path) -> dict[str, Any]:
    assert (HERE / "python").is_file(), "tensorboard is not installed: make checkers"
    done = subprocess.run(
        [str(HERE / "python"), "-W", "ignore", str(READ), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_boosting_recorded_goes_by_iteration(tmp_path: Path) -> None:
    boosting = "{estimator: sklearn.ensemble.GradientBoostingClassifier, params: {n_estimators: 6}}"
    root = make_project(tmp_path / "small", boosting)
    write(root, "model/risk.yaml", (root / "model/risk.yaml").read_text() + "track: {tensorboard: true}\n")
    assert run(["apply", "--yes", "--select", "model.risk", "-C", str(root)]) == 0
    drawn = read(root / "generated/dev/models")["risk/tensorboard"]["scalars"]["fitting/training_loss"]
    (curve,) = of(root, "iterations.json")["curves"].values()
    assert [step for step, _, _ in drawn] == [1, 2, 3, 4, 5, 6]
    assert [value for _, value, _ in drawn] == pytest.approx(curve["values"], rel=1e-6)
    assert drawn[0][1] > drawn[-1][1], "it learned"


def of(project: Path, name: str) -> Any:
    return json.loads((project / "generated/dev/models/risk" / name).read_bytes())


def test_each_trial_is_a_run_and_so_is_the_model(told: dict[str, Any]) -> None:
    assert sorted(told) == ["risk/tensorboard", *(f"risk/tensorboard/trial-{nth:03}" for nth in range(4))]


def test_the_figures_are_those_of_the_evaluation(project: Path, told: dict[str, Any]) -> None:
    scalars = told["risk/tensorboard"]["scalars"]
    for name, one in of(project, "evaluation.json")["estimates"].items():
        for end, key in (("", "value"), ("_low", "low"), ("_high", "high")):
            if one[key] is not None:
                ((step, value, wall),) = scalars[f"test/{name}{end}"]
                assert (step, wall) == (0, 0.0)
                assert value == pytest.approx(one[key], rel=1e-6)


def test_the_learning_curve_goes_by_rows(project: Path, told: dict[str, Any]) -> None:
    points = of(project, "learning_curve.json")["points"]
    drawn = told["risk/tensorboard"]["scalars"]["learning/roc_auc"]
    assert [step for step, _, _ in drawn] == [one["rows"] for one in points]
    assert [value for _, value, _ in drawn] == pytest.approx(
        [one["estimate"]["value"] for one in points], rel=1e-6
    )
    assert all(wall == step for step, _, wall in drawn), "no clock: the time is the step"


def test_trials_say_what_they_tried_and_how_it_went(project: Path, told: dict[str, Any]) -> None:
    trials = of(project, "trials.json")["search"]["trials"]
    assert told["risk/tensorboard"]["metrics"] == ["roc_auc"]
    for trial in trials:
        found = told[f"risk/tensorboard/trial-{trial['number']:03}"]
        assert found["hparams"] == pytest.approx(trial["params"])
        folds = [value for _, value, _ in found["scalars"]["roc_auc/fold"]]
        assert folds == pytest.approx(trial["scores"], rel=1e-6)
        if trial.get("value") is not None:
            assert found["scalars"]["roc_auc"][0][1] == pytest.approx(trial["value"], rel=1e-6)


def test_the_curve_of_precision_and_recall_adds_up(project: Path, told: dict[str, Any]) -> None:
    evaluation = of(project, "evaluation.json")
    plugin, shape, rows = told["risk/tensorboard"]["tensors"]["test/defaulted"]
    assert (plugin, shape) == ("pr_curves", [6, 101])
    positives = evaluation["positives"]
    for true, false, neither, missed, precision, recall in zip(*rows, strict=True):
        assert true + missed == pytest.approx(positives, rel=1e-5)
        assert false + neither == pytest.approx(evaluation["rows"] - positives, rel=1e-4)
        assert recall == pytest.approx(true / positives, rel=1e-5, abs=1e-6)
        if true + false > 0:
            assert precision == pytest.approx(true / (true + false), rel=1e-4)
    assert rows[5] == sorted(rows[5], reverse=True)
    bins = told["risk/tensorboard"]["tensors"]["test/probability_of_positives"]
    assert bins[0] == "histograms"
    assert sum(count for _, _, count in bins[2]) == positives
    assert "LogisticRegression" in told["risk/tensorboard"]["texts"]["model"] or "Tree" in str(told)


def test_another_run_writes_the_same_bytes(project: Path, tmp_path: Path) -> None:
    root = make_project(tmp_path / "again")
    write(root, "model/risk.yaml", TUNED + "track: {tensorboard: true}\n")
    write(root, "registry/main.yaml", "type: hybrid\n")
    assert run(["apply", "--yes", "--select", "model.risk", "-C", str(root)]) == 0
    folder = "generated/dev/models/risk/tensorboard"
    written = {
        path.relative_to(project / folder): path.read_bytes() for path in (project / folder).rglob("*.mlc")
    }
    assert len(written) == 5
    assert written == {
        path.relative_to(root / folder): path.read_bytes() for path in (root / folder).rglob("*.mlc")
    }


@pytest.mark.parametrize("broken", ["cut", "changed", "length"])
def test_a_damaged_file_is_not_read(broken: str, project: Path, tmp_path: Path) -> None:
    """So what is read above was found whole."""
    content = next((project / "generated/dev/models/risk/tensorboard").glob("*.mlc")).read_bytes()
    damaged = {
        "cut": content[:60],
        "changed": content[:50] + bytes([content[50] ^ 1]) + content[51:],
        "length": bytes([content[0] ^ 1]) + content[1:],
    }[broken]
    (tmp_path / "events.out.tfevents.0.mlc").write_bytes(damaged)
    found = read(tmp_path)
    assert not found or not found["."]["scalars"]


@pytest.fixture(scope="module")
def served(project: Path) -> Iterator[str]:
    port = free_port()
    server = subprocess.Popen(
        [
            str(HERE / "tensorboard"),
            *("--logdir", str(project / "generated/dev/models"), "--port", str(port)),
            *("--load_fast", "false", "--reload_interval", "1", "--host", "127.0.0.1"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    deadline = time.monotonic() + 60
    while not answers(port):
        assert server.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it does not answer"
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.kill()
    server.wait()


def asked(url: str, path: str, **query: str) -> Any:
    with urllib.request.urlopen(f"{url}/data/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
        return json.load(answer)


def test_tensorboard_serves_them(served: str, project: Path) -> None:
    deadline = time.monotonic() + 30
    while len(asked(served, "runs")) < 5:
        assert time.monotonic() < deadline, "it lists no runs"
        time.sleep(0.2)
    main = "risk/tensorboard"
    points = asked(served, "plugin/scalars/scalars", run=main, tag="learning/roc_auc")
    assert [step for _, step, _ in points] == [
        one["rows"] for one in of(project, "learning_curve.json")["points"]
    ]
    assert "test/roc_auc" in asked(served, "plugin/scalars/tags")[main]
    (curve,) = asked(served, "plugin/pr_curves/pr_curves", run=main, tag="test/defaulted")[main]
    assert len(curve["precision"]) > 1
    assert "model" in asked(served, "plugin/text/tags")[main]
    assert asked(served, "plugin/histograms/histograms", run=main, tag="test/probability_of_positives")
    asks = {"experimentName": "", "allowedStatuses": ["STATUS_SUCCESS"], "sliceSize": 10}
    body = json.dumps({**asks, "colParams": [{"metric": {"tag": "roc_auc", "group": ""}}]})
    request = urllib.request.Request(
        f"{served}/data/plugin/hparams/session_groups", body.encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        groups = json.load(answer)["sessionGroups"]
    assert len(groups) == 4
    assert any("C" in one.get("hparams", {}) or "max_depth" in one.get("hparams", {}) for one in groups)
