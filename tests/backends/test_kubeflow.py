"""What is written for Kubeflow hangs together, says what is cached, and registers only what passed; what is broken
about it is refused."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import structs
from syrupy.assertion import SnapshotAssertion

from backends.kubeflow_project import BACKENDS, TARGET, documents
from backends.project import broken, emitted, named
from mlc import drivers
from mlc.emit.verify import official, verify_by, verify_each
from mlc.ir.artifact import Artifact
from mlc.kinds import _kubeflow_pipeline
from mlc.kinds._spaces import spelled, value_of
from mlc.pipeline import compile_project
from mlc.request import Request
from mlc.rules import kubeflow_unfit
from rules.project import lay

FOLDER = "generated/prod/kubeflow/risk_kf"
PIPELINE, EXPERIMENTS, JOB = SNAPSHOTS = tuple(
    f"{FOLDER}/{file}.yaml" for file in ("pipeline", "experiments", "trainjob")
)
ALL = documents()
CHECKS = {PIPELINE: "kubeflow pipeline", EXPERIMENTS: "kubeflow experiment"}


def read(path: str, artifacts: tuple[Artifact, ...] = ALL) -> list[Any]:
    return list(yaml.load_all(emitted(artifacts, path).content, Loader=yaml.CSafeLoader))


def changed(path: str, change: Any) -> Artifact:
    """The artifact with its documents changed in place by a function."""
    parts = read(path)
    change(*parts)
    text = yaml.dump_all(parts, sort_keys=False).encode()
    return structs.replace(emitted(ALL, path), content=text)


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_artifact(path: str, artifact_file: SnapshotAssertion) -> None:
    assert emitted(ALL, path).content == artifact_file(name=path)


def test_no_snapshot_is_left_over() -> None:
    folder = Path(__file__).parent / "__snapshots__" / Path(__file__).stem
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == set(SNAPSHOTS) == {artifact.path for artifact in ALL}


@pytest.mark.parametrize("path", CHECKS)
def test_the_own_rules_accept_it(path: str) -> None:
    found = verify_by(CHECKS[path], emitted(ALL, path))
    assert (found.outcome, found.findings) == ("ok", ())


def test_the_definition_of_trainjobs_accepts_it() -> None:
    (found,) = verify_each(emitted(ALL, JOB), named(BACKENDS, "kubeflow"))
    if found.outcome == "skipped":
        pytest.skip(" ".join(found.findings))  # ../shared/official is absent
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("runtimeRef:", "runtime:", "no such field"),
        ("numNodes: 1", "numNodes: one", "trainer.numNodes"),
        ("manager: mlc/render", "managers: mlc/render", "manager"),
        ("name: torch-distributed", 'name: ""', "runtimeRef"),
    ],
)
def test_broken_trainjobs_are_rejected(old: str, new: str, finding: str) -> None:
    (found,) = verify_each(broken(emitted(ALL, JOB), old, new), named(BACKENDS, "kubeflow"))
    if found.outcome == "skipped":
        pytest.skip(" ".join(found.findings))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


TRAIN, GATE = "model-default-risk-train", "model-default-risk-gate"
REGISTER = "model-default-risk-register"
CONDITION = "inputs.parameter_values['pipelinechannel--model-default-risk-gate--passed']"


def _tasks(spec: Any) -> Any:
    return spec["root"]["dag"]["tasks"]


def _inner(spec: Any) -> Any:
    return spec["components"]["comp-register-if-passed"]["dag"]["tasks"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda s, p: _tasks(s)[TRAIN].update(dependentTasks=["checkout", "prepare"]), "there is no task prepare"),
        (lambda s, p: _inner(s)[REGISTER].update(dependentTasks=["elsewhere"]), "there is no task elsewhere"),
        (lambda s, p: _tasks(s)["checkout"].update(dependentTasks=[GATE]), "wait for one another"),
        (lambda s, p: _tasks(s)[TRAIN]["componentRef"].update(name="comp-x"), "there is no component comp-x"),
        (lambda s, p: s["components"].update(extra={"executorLabel": "exec-checkout"}), "no task is of it"),
        (lambda s, p: s["components"][f"comp-{TRAIN}"].update(executorLabel="exec-x"), "no executor exec-x"),
        (lambda s, p: s["components"][f"comp-{TRAIN}"].pop("executorLabel"), "neither an executor nor tasks"),
        (lambda s, p: _tasks(s)[TRAIN]["inputs"]["parameters"].pop("step"), "inputs.step: nobody gives it"),
        (lambda s, p: _tasks(s)[TRAIN]["inputs"]["parameters"].update(more={}), "takes no such input"),
        (
            lambda s, p: _tasks(s)[TRAIN]["inputs"]["parameters"]["work"].update(componentInputParameter="w"),
            "there is no input w around it",
        ),
        (
            lambda s, p: _tasks(s)[TRAIN]["inputs"]["parameters"]["description"]["taskOutputParameter"].update(
                outputParameterKey="digest"
            ),
            "checkout has no output digest",
        ),
        (
            lambda s, p: _tasks(s)[TRAIN]["inputs"]["parameters"]["description"]["taskOutputParameter"].update(
                producerTask="fetch"
            ),
            "there is no task fetch",
        ),
        (lambda s, p: _tasks(s)[TRAIN].update(dependentTasks=[]), "does not wait for"),
        (
            lambda s, p: s["components"][f"comp-{GATE}"]["outputDefinitions"]["parameters"]["passed"].update(
                parameterType="STRING"
            ),
            "it is BOOLEAN, and is given STRING",
        ),
        (
            lambda s, p: _tasks(s)["register-if-passed"]["triggerPolicy"].update(
                condition="inputs.parameter_values['passed'] == true"
            ),
            "the task has no input passed",
        ),
        (lambda s, p: _tasks(s)[TRAIN].pop("cachingOptions"), "whether its result may come from the cache"),
        (
            lambda s, p: s["deploymentSpec"]["executors"]["exec-checkout"]["container"].update(image="mlc:latest"),
            "not pinned by a digest",
        ),
        (
            lambda s, p: p["platforms"]["kubernetes"]["deploymentSpec"]["executors"].update({"exec-x": {}}),
            "platforms.kubernetes: there is no executor exec-x",
        ),
        (lambda s, p: s["root"].pop("dag"), "no pipeline with tasks"),
    ],
)  # fmt: skip
def test_what_kfp_lets_through_is_refused(change: Any, finding: str) -> None:
    found = verify_by("kubeflow pipeline", changed(PIPELINE, change))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def _trial(spec: Any) -> Any:
    return spec["spec"]["trialTemplate"]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda e: _trial(e)["trialParameters"][0].update(reference="c"), "there is no parameter c"),
        (lambda e: _trial(e)["trialParameters"].pop(), "there is no trial parameter p"),
        (lambda e: _trial(e)["trialParameters"][0].update(name="other"), "the trial does not ask for it"),
        (lambda e: e["spec"]["objective"].update(objectiveMetricName="roc auc"), "no line of a trial can name"),
        (lambda e: e["spec"]["objective"].update(type="max"), "neither minimize nor maximize"),
        (lambda e: e["spec"]["objective"]["metricStrategies"][0].update(name="f1"), "there is no metric f1"),
        (lambda e: e["spec"]["objective"]["metricStrategies"][0].update(value="last"), "'last' is none of"),
        (lambda e: e["spec"]["parameters"][0]["feasibleSpace"].update(min="20"), "min is not less than max"),
        (lambda e: e["spec"]["parameters"][0]["feasibleSpace"].update(min=0.1), "as numbers of that type"),
        (lambda e: e["spec"]["parameters"][0].update(feasibleSpace={}), "needs min and max"),
        (lambda e: e["spec"]["parameters"][0].update(parameterType="float"), "there is no type float"),
        (lambda e: e["spec"].update(parameters=[]), "there is nothing to search"),
        (lambda e: e["spec"].update(parallelTrialCount=13), "more than maxTrialCount"),
        (lambda e: e["metadata"].update(name="Risk_KF"), "is no name"),
        (lambda e: _trial(e).update(primaryContainerName="main"), "there is no container main"),
        (
            lambda e: _trial(e)["trialSpec"]["spec"]["template"]["spec"].update(restartPolicy="OnFailure"),
            "restartPolicy: Never",
        ),
        (lambda e: _trial(e)["trialSpec"]["spec"]["template"]["spec"].update(volumes=[]), "there is no volume"),
    ],
)  # fmt: skip
def test_what_katib_would_find_too_late_is_refused(change: Any, finding: str) -> None:
    found = verify_by("kubeflow experiment", changed(EXPERIMENTS, lambda *parts: change(parts[1])))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_only_what_passed_every_gate_is_registered() -> None:
    spec = read(PIPELINE)[0]
    assert [*_inner(spec)] == ["model-default-risk-card", REGISTER, "deployment-risk-kf-promote"]
    assert _tasks(spec)["register-if-passed"]["triggerPolicy"] == {"condition": f"{CONDITION} == true"}
    assert "model-default-risk-score-forest" in _tasks(spec)
    assert "model-default-risk-tune" in _tasks(spec)


def test_without_gates_there_is_no_condition() -> None:
    from backends import kubeflow_project as small
    from backends.project import SPECS, graph_of
    from mlc.emit import emit

    specs = {
        **{name: SPECS[name] for name in ("dataset.loans", "features.applicant")},
        "model.default_risk": small.MODEL,
        "target.kf": small.TARGET,
        "deployment.risk_kf": small.DEPLOYMENT,
    }
    spec = read(PIPELINE, emit(graph_of(specs), BACKENDS, first_environment=False))[0]
    assert not [task for task in _tasks(spec).values() if "triggerPolicy" in task]
    assert REGISTER in _tasks(spec)


def test_what_is_cached_is_keyed_on_all_that_it_depends_on() -> None:
    spec = read(PIPELINE)[0]
    tasks = {**_tasks(spec), **_inner(spec)}
    never = {name for name, task in tasks.items() if task.get("cachingOptions") == {"enableCache": False}}
    assert never == {"checkout", "dataset-loans-ingest", REGISTER, "deployment-risk-kf-promote"}
    for name in tasks.keys() - never - {"register-if-passed"}:
        given = tasks[name]["inputs"]["parameters"]
        assert len(given["is"]["runtimeValue"]["constant"]) == 64
        reads = {part for part in given if part.startswith("reads-")}
        assert reads or name == "checkout"
        assert "description" in given


def test_no_driver_with_an_effect_is_cached() -> None:
    folder = Path(drivers.__file__).parent
    names = [file.stem for file in folder.glob("[a-z]*.py")]
    effects = {name for name in names if drivers.driver(name).effect}
    assert effects <= _kubeflow_pipeline.EFFECTS


def test_each_task_waits_for_the_one_before_it() -> None:
    """One state is changed by one at a time."""
    for tasks in (_tasks(read(PIPELINE)[0]), _inner(read(PIPELINE)[0])):
        before = None
        for name, task in tasks.items():
            assert before is None or before in task["dependentTasks"]
            before = name


def test_spaces_as_katib_knows_them() -> None:
    spaces = {
        one["name"]: (one["parameterType"], one["feasibleSpace"])
        for document in read(EXPERIMENTS)
        for one in document["spec"]["parameters"]
    }
    assert spaces == {
        "C": ("double", {"min": "0.01", "max": "10.0", "distribution": "logUniform"}),
        "max_depth": ("int", {"min": "2", "max": "12"}),
        "max_features": ("double", {"min": "0.1", "max": "1.0"}),
        "criterion": ("categorical", {"list": ["gini", "entropy"]}),
        "class_weight": ("categorical", {"list": ["null", "balanced"]}),
    }


@pytest.mark.parametrize("choice", ["a", "two words", 1, 1.5, True, None, [64, 32], {"a": 1}])
def test_a_choice_is_found_again_by_its_word(choice: Any) -> None:
    assert value_of({"choice": ["x", choice]}, spelled(choice)) == choice


@pytest.mark.parametrize(
    ("one", "word", "why"),
    [
        ({"choice": ["a", "b"]}, "c", "one of a, b"),
        ({"int": [1, 3]}, "2.5", "whole number"),
        ({"int": [1, 3]}, "4", "between 1 and 3"),
        ({"log": [0.1, 1]}, "x", "a number"),
        ({"log": [0.1, 1]}, "nan", "between 0.1 and 1"),
    ],
)
def test_a_word_outside_of_the_space_is_refused(one: dict[str, Any], word: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        value_of(one, word)


def test_without_katib_and_trainer_there_is_only_the_pipeline() -> None:
    assert [one.path for one in documents(target={"search": None, "trainer": None})] == [PIPELINE]


def test_models_that_feed_on_others_register_together(tmp_path: Path) -> None:
    gated = "task: binary_classification\ndataset: people\ngates: [quality]\n"
    learner = "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
    files = {
        "gate/quality.yaml": "metrics: {roc_auc: {min: 0.7}}\n",
        "model/churn.yaml": f"{gated}features: basic\n{learner}",
        "model/again.yaml": f"{gated}features: basic\npredictions: {{risk: churn}}\n{learner}",
        "target/kf.yaml": f"type: kubeflow\nnamespace: shop\nimage: {TARGET['image']}\n",
        "deployment/both.yaml": "model: again\ntarget: kf\n",
    }
    validated, (compiled,) = compile_project(Request(lay(tmp_path, files), ("dev",)))
    assert not [one for one in validated.diagnostics if one.severity == "error"]
    written = emitted(compiled.artifacts, "kubeflow/both/pipeline.yaml")
    assert verify_by("kubeflow pipeline", written).findings == ()
    spec = next(iter(yaml.safe_load_all(written.content)))
    condition = _tasks(spec)["register-if-passed"]["triggerPolicy"]["condition"]
    assert condition == " && ".join(
        f"inputs.parameter_values['pipelinechannel--model-{name}-gate--passed'] == true"
        for name in ("churn", "again")
    )
    inner = [*_inner(spec)]
    assert inner.index("model-churn-register") < inner.index("model-again-register")


def test_naughty_choices_reach_a_trial_as_they_are() -> None:
    """Katib replaces text within JSON, and a shell reads the line: what the rule lets through comes out as it was."""
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    trial = json.dumps(_trial(read(EXPERIMENTS)[0])["trialSpec"])
    texts = [
        text for text in json.loads(file.read_bytes()) if text and not kubeflow_unfit.UNSAFE.search(text)
    ]
    assert len(texts) > 200
    for text in [*texts, "a b", "`id`", "a;b", "#x", "-rf", "*"]:
        job = json.loads(trial.replace("${trialParameters.p0}", text))
        (line,) = job["spec"]["template"]["spec"]["containers"][0]["args"]
        (word,) = [one for one in shlex.split(line) if one.startswith("C=")]
        assert word == f"C={text}"


def test_secrets_are_files_of_every_step_and_trial() -> None:
    found = documents(target={"secret": "mlc"})
    executors = read(PIPELINE, found)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for executor in executors.values():
        (mounted,) = executor["secretAsVolume"]
        assert (mounted["secretName"], mounted["mountPath"]) == ("mlc", "/run/secrets")
    assert verify_by("kubeflow pipeline", emitted(found, PIPELINE)).findings == ()
    assert verify_by("kubeflow experiment", emitted(found, EXPERIMENTS)).findings == ()
    pod = read(JOB, found)[0]["spec"]["runtimePatches"][0]["trainingRuntimeSpec"]["template"]["spec"]
    volumes = pod["replicatedJobs"][0]["template"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "secrets", "secret": {"secretName": "mlc"}} in volumes


def test_what_the_services_are_told_is_told_by_steps() -> None:
    address = {"api": "https://k.example", "model_registry": "https://r.example"}
    spec = read(PIPELINE, documents(target=address))[0]
    assert [*_inner(spec)][-2:] == ["deployment-risk-kf-promote", "deployment-risk-kf-tell"]
    assert "deployment-risk-kf-schedule" not in {**_tasks(spec), **_inner(spec)}


def test_texts_of_a_pipelines_own_language_stay_texts() -> None:
    """Beside the strings that every backend is held to (`test_naughty_strings`)."""
    before = read(PIPELINE)
    for text in ("{{$.inputs.parameters['x']}}", "a: b # c", "---\nx: 1"):
        after = read(PIPELINE, documents({"description": text}))
        assert after[0]["pipelineInfo"].pop("description") == text
        # the owner and the words of a deployment are no part of a step
        assert after == before
