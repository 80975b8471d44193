"""The kubeflow backend before kfp and Katib, and run for real: `kfp.local` executes the pipeline and leaves what
`mlc apply` leaves; a trial's command is what a search of mlc's own would have scored.

Asked for by name (`make test-platforms`), and then a missing kfp or Katib is a failure, never a skip.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.kubeflow_project import documents
from backends.project import emitted
from backends.test_kubeflow import ALL, EXPERIMENTS, PIPELINE, changed
from mlc import data
from mlc.emit.katib import METRIC
from mlc.emit.verify import official, verify_by
from mlc.ir.address import Address
from mlc.ir.artifact import artifact
from stages.drivers.kubeflow_services import Pipelines, serving
from stages.drivers.test_kubeflow_version import ModelRegistry

KFP = data.path(".checkers", "kfp", "bin", "python").absolute()
SMALL = Path(__file__).parents[2] / "acceptance" / "projects" / "small"
MEASURED = {"measure", "gate", "report", "card"}
"""Steps whose results hold the time that a prediction took."""
IMAGE = f"registry.example/mlc@sha256:{'0123' * 16}"
FILES = {
    "target/kf.yaml": f"type: kubeflow\nnamespace: growth\nimage: {IMAGE}\nsearch: {{}}\nretries: 0\n",
    "deployment/churn_kf.yaml": "model: churn\ntarget: kf\n",
    "model/churn.yaml": """
task: binary_classification
dataset: people
features: basic
candidates:
  linear: {estimator: sklearn.linear_model.LogisticRegression, params: {max_iter: 200}}
  tree: {estimator: sklearn.tree.DecisionTreeClassifier, params: {max_depth: 1}}
tune: {trials: 5, space: {linear: {C: {log: [0.001, 10]}, class_weight: {choice: [null, balanced]}}}}
gates: [quality]
card: {intended_use: To call people who may leave., limits: The people are made up., licence: CC0-1.0}
""",
}
RUN = """
import sys
from kfp import components, local
file, work, root, repository, revision = sys.argv[1:]
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root, enable_caching=True)
components.load_component_from_file(file)(work=work, repository=repository, revision=revision)
"""


@pytest.mark.parametrize(("check", "path"), [("kfp", PIPELINE), ("katib", EXPERIMENTS)])
def test_the_official_checkers_accept_it(check: str, path: str) -> None:
    found = verify_by(check, emitted(ALL, path))
    assert (found.outcome, found.findings) == ("ok", ())


def _first(spec: Any) -> Any:
    return next(iter(spec["root"]["dag"]["tasks"].values()))


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda s, p: s.update(schemaVersion="2"), ""),
        (lambda s, p: _first(s).update(cachingOptions={"enableCaching": True}), "enableCaching"),
        (lambda s, p: _first(s)["inputs"].update(parameter={}), 'no field named "parameter"'),
        (lambda s, p: s["deploymentSpec"]["executors"]["exec-checkout"]["container"].update(cmd=[]), "cmd"),
        (
            lambda s, p: p["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-checkout"].update(
                mount=[]
            ),
            "mount",
        ),
        (lambda s, p: s["pipelineInfo"].pop("name"), ""),
    ],
)
def test_broken_pipelines_are_rejected(change: Any, finding: str) -> None:
    found = verify_by("kfp", changed(PIPELINE, change))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda e: e["spec"].update(maxTrials=3), "maxTrials: Katib has no such field"),
        (lambda e: e["spec"].update(maxTrialCount="many"), "ValueError"),
        (lambda e: e["spec"]["parameters"][0]["feasibleSpace"].update(log=True), "log: Katib has no such field"),
        (
            lambda e: e["spec"]["trialTemplate"]["trialSpec"]["spec"].update(backoff=0),
            "trialSpec.spec.backoff: Katib has no such field",
        ),
    ],
)  # fmt: skip
def test_broken_experiments_are_rejected(change: Any, finding: str) -> None:
    found = verify_by("katib", changed(EXPERIMENTS, lambda *parts: change(parts[0])))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_kfp_reads_naughty_texts_as_they_are() -> None:
    """All in one: kfp takes seconds to start."""
    texts = [
        text for text in dict.fromkeys(json.loads(official("naughty_strings.json").read_bytes())) if text
    ]
    found = verify_by("kfp", emitted(documents({"description": "\n".join(texts)}), PIPELINE))
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(SMALL, folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def run(folder: Path, *words: str, ok: bool = True) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def pipeline_of(folder: Path, out: Path) -> Path:
    run(folder, "mlc", "render", "--env", "dev", "--out", str(out))
    return out / "generated" / "dev" / "kubeflow" / "churn_kf" / "pipeline.yaml"


def executed(pipeline: Path, work: Path, root: Path, repository: str = "", *, ok: bool = True) -> str:
    words = ["-W", "ignore", "-c", RUN, str(pipeline), str(work), str(root), repository, "main"]
    return run(root.parent, str(KFP), *words, ok=ok)


def ended(log: str) -> dict[str, str]:
    """How the tasks of a run ended, by their names."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    return dict(re.findall(r"Task '([^']+)' finished with status (\w+)", plain))


def outputs(folder: Path) -> dict[str, Any]:
    state = json.loads(run(folder, "mlc", "state", "pull", "--env", "dev"))
    return {
        name: one["outputs"]
        for name, one in state["operations"].items()
        if name.rpartition("/")[2] not in MEASURED
    }


def test_the_pipeline_leaves_what_apply_leaves(project: Path, tmp_path: Path) -> None:
    applied = tmp_path / "applied"
    shutil.copytree(project, applied)
    run(applied, "mlc", "apply", "--yes", "--env", "dev", "--step", "deployment.churn_kf/promote")

    pipeline = pipeline_of(project, tmp_path / "out")
    log = executed(pipeline, project, tmp_path / "root")
    done = ended(log)
    assert set(done.values()) == {"SUCCESS"}
    assert {
        "checkout",
        "model-churn-gate",
        "model-churn-register",
        "deployment-churn-kf-promote",
    } <= done.keys()
    assert outputs(project) == outputs(applied)
    assert run(project, "mlc", "registry", "list", "--format", "json").count('"number"') == 1
    told = json.loads(
        next((tmp_path / "root").glob("*/model-churn-evaluate/executor_output.json")).read_text()
    )
    metrics = told["artifacts"]["metrics"]["artifacts"][0]["metadata"]
    assert metrics["roc_auc_low"] < metrics["roc_auc"] < metrics["roc_auc_high"]

    # again: nothing but what is never cached
    again = executed(pipeline, project, tmp_path / "root")
    (tmp_path / "again.log").write_text(again)
    ran = {task for task, how in ended(again).items() if how == "SUCCESS"} - cached(again)
    assert ran == {
        "checkout",
        "dataset-people-ingest",
        "model-churn-register",
        "deployment-churn-kf-promote",
    }

    # other rows: all that reads them runs
    rows = (project / "people.csv").read_text().splitlines()
    (project / "people.csv").write_text("\n".join(rows[:-40]) + "\n")
    third = executed(pipeline, project, tmp_path / "root")
    assert not cached(third)
    assert outputs(project) != outputs(applied)


def cached(log: str) -> set[str]:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    return set(re.findall(r"([a-z0-9-]+)'? (?:was |is )?(?:cached|found in cache)", plain))


def test_a_gate_that_says_no_registers_nothing(project: Path, tmp_path: Path) -> None:
    gate = project / "gate" / "quality.yaml"
    gate.write_text(gate.read_text().replace("min: 0.7", "min: 0.999"))
    log = executed(pipeline_of(project, tmp_path / "out"), project, tmp_path / "root")
    done = ended(log)
    assert done["model-churn-gate"] == "SUCCESS"
    assert "model-churn-register" not in done
    assert "model.churn/register" not in outputs(project)


def test_a_step_that_fails_fails_the_run(project: Path, tmp_path: Path) -> None:
    pipeline = pipeline_of(project, tmp_path / "out")
    (project / "people.csv").write_text("id,age\n1,2\n")
    assert "dataset-people-ingest" in executed(pipeline, project, tmp_path / "root", ok=False)


def test_the_project_is_fetched_and_the_model_registry_is_told(project: Path, tmp_path: Path) -> None:
    told = ModelRegistry()
    with serving(told) as (url, _):
        target = project / "target" / "kf.yaml"
        target.write_text(target.read_text() + f"model_registry: {url}\n")
        _fetched(project, tmp_path)
    kinds = [one["kind"] for one in told.kept.values()]
    assert kinds == ["RegisteredModel", "ModelVersion", "ModelArtifact"]
    uri = told.kept["3"]["told"]["uri"]
    assert (tmp_path / "work" / uri.removeprefix("pvc://mlc/")).is_file()


def _fetched(project: Path, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
    run(project, *git, "init", "--quiet", "-b", "main")
    run(project, *git, "add", ".")
    run(project, *git, "commit", "--quiet", "-m", "first")
    gate = project / "gate" / "quality.yaml"
    gate.write_text(gate.read_text().replace("min: 0.7", "min: 0.999"))  # not committed: it is not fetched
    work = tmp_path / "work"
    log = executed(pipeline_of(project, tmp_path / "out"), work, tmp_path / "root", f"file://{project}")
    assert ended(log)["deployment-churn-kf-tell"] == "SUCCESS"
    assert (work / ".mlc").is_dir()


KNOWN = """
import json, sys, types
from kfp_server_api import ApiClient, Configuration
client, lost = ApiClient(Configuration()), []
for kind, body in json.load(sys.stdin):
    read = client.deserialize(types.SimpleNamespace(data=json.dumps(body)), kind)
    kept = json.loads(json.dumps(client.sanitize_for_serialization(read)))
    lost += [f"{kind}: {name}" for name, value in body.items() if kept.get(name) != value]
print(lost)
sys.exit(1 if lost else 0)
"""


def test_the_services_are_told_by_apply(project: Path, tmp_path: Path) -> None:
    """Through the command line: what is sent is what kfp's own client knows, and what is uploaded kfp reads."""
    there = Pipelines()
    with serving(there) as (url, requests):
        target = project / "target" / "kf.yaml"
        target.write_text(target.read_text() + f'api: {url}\nschedule: {{cron: "0 3 * * 0"}}\n')
        for _ in range(2):
            run(project, "mlc", "apply", "--yes", "--env", "dev", "--step", "deployment.churn_kf/schedule")
        assert len(there.recurring) == 1
        (project / "deployment" / "churn_kf.yaml").rename(tmp_path / "churn_kf.yaml")
        run(project, "mlc", "apply", "--yes", "--env", "dev")
        assert there.recurring == {}
        (tmp_path / "churn_kf.yaml").rename(project / "deployment" / "churn_kf.yaml")
    sent = [
        [_KINDS[path.rpartition("/")[2]], body]
        for method, path, _, body in requests.seen
        if method == "POST" and path.rpartition("/")[2] in _KINDS
    ]
    assert [kind for kind, _ in sent] == ["V2beta1Pipeline", "V2beta1Experiment", "V2beta1RecurringRun"]
    words = [str(KFP), "-I", "-W", "ignore", "-c", KNOWN]
    done = subprocess.run(words, input=json.dumps(sent), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (version,) = there.versions.values()
    uploaded = artifact(
        "pipeline.yaml", version["content"].encode(), "kubeflow", Address("deployment", "churn_kf")
    )
    for check in ("kfp", "kubeflow pipeline"):
        found = verify_by(check, uploaded)
        assert (found.outcome, found.findings) == ("ok", ())
    emitted_too = pipeline_of(project, tmp_path / "out").read_text()
    assert list(yaml.safe_load_all(emitted_too)) == list(yaml.safe_load_all(version["content"]))


_KINDS = {
    "pipelines": "V2beta1Pipeline",
    "experiments": "V2beta1Experiment",
    "recurringruns": "V2beta1RecurringRun",
}


def test_a_trial_is_what_a_search_would_have_scored(project: Path, tmp_path: Path) -> None:
    """Katib puts the parameters into the words of the trial, runs them by a shell, and reads the last metric."""
    pipeline_of(project, tmp_path / "out")
    file = tmp_path / "out" / "generated" / "dev" / "kubeflow" / "churn_kf" / "experiments.yaml"
    (experiment,) = yaml.safe_load_all(file.read_text())
    run(project, "mlc", "apply", "--yes", "--env", "dev", "--step", "model.churn/tune")
    search = json.loads((project / "generated" / "dev" / "models" / "churn" / "trials.json").read_text())
    trials = [one for one in search["search"]["trials"] if one["params"] and one["state"] == "complete"]
    assert trials
    for trial in trials:
        words = {name: _word(value) for name, value in trial["params"].items()}
        printed = run(project, "sh", "-c", _line(experiment, words, project))
        assert _collected(printed, experiment) == pytest.approx(trial["value"], abs=5e-7)
    words = {"C": "1000", "class_weight": "null"}
    assert "try-refused" in run(project, "sh", "-c", _line(experiment, words, project), ok=False)


def test_the_words_of_a_trainjob_train(project: Path, tmp_path: Path) -> None:
    target = project / "target" / "kf.yaml"
    target.write_text(target.read_text() + "trainer: {runtime: torch-distributed}\n")
    file = pipeline_of(project, tmp_path / "out").with_name("trainjob.yaml")
    trainer = yaml.safe_load(file.read_text())["spec"]["trainer"]
    words = [word.replace("/work", str(project)) for word in [*trainer["command"], *trainer["args"]]]
    run(tmp_path, *words)
    assert "model.churn/train" in outputs(project)
    assert "model.churn/export" not in outputs(project)


def _word(value: Any) -> str:
    return "null" if value is None else str(value)


def _line(experiment: Any, values: dict[str, str], work: Path) -> str:
    """The trial's line with its parameters, as Katib's webhook wraps it: what it prints goes to a file."""
    template = experiment["spec"]["trialTemplate"]
    text = json.dumps(template["trialSpec"])
    for one in template["trialParameters"]:
        text = text.replace(f"${{trialParameters.{one['name']}}}", values[one["reference"]])
    (container,) = json.loads(text)["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["sh", "-c"]
    (line,) = container["args"]
    return str(line).replace("/work", str(work)) + " 2>&1 && echo completed"


def _collected(printed: str, experiment: Any) -> float:
    objective = experiment["spec"]["objective"]
    (strategy,) = objective["metricStrategies"]
    assert strategy["value"] == "latest"
    found = [m[2] for m in METRIC.finditer(printed) if m[1] == objective["objectiveMetricName"]]
    assert len(found) == 3  # one for each fold
    assert printed.endswith("completed\n")
    return float(found[-1])
