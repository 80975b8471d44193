"""Models within a model, served by Triton as models of their own: the parts say together what the whole says.

Triton itself cannot be had here. Its scheduler is played by the tests, from nothing but the configurations.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from faults.small import make_project, write
from mlc import data, pipeline
from mlc.cli.main import run
from mlc.drivers._cut import cut
from mlc.emit import load_backends
from mlc.emit.triton import _messages, config_findings, meeting_findings, read_config
from mlc.emit.verify import verify
from mlc.ir.address import Address
from mlc.ir.artifact import artifact
from mlc.request import Request
from rules.project import lay
from stages.emit.test_quoting import naughty
from stages.evaluation.synthetic import render
from stages.feeding.rows import COLUMNS, LINEAR, combined, fed, feed, frame, recipe
from stages.feeding.test_applied import BAYES as BAYES_FILE
from stages.feeding.test_applied import BOTH, SEEN
from stages.feeding.test_joint import BAYES, FEEDS, exported
from stages.feeding.test_lowering import ASKED, MODELS, STACKED, graph

FOLDER = "generated/dev/triton/both_triton"
TYPES = {"number": "TYPE_FP32", "string": "TYPE_STRING"}


def tensor(name: str, kind: str = "TYPE_FP32", dims: tuple[int, ...] = (-1, 1)) -> dict[str, Any]:
    return {"name": name, "type": kind, "dims": list(dims)}


OWN = [tensor(name, TYPES[column["type"]]) for name, column in COLUMNS.items()]
RESULTS = [tensor("label", "TYPE_INT64", (-1,)), tensor("probabilities", "TYPE_FP32", (-1, 2))]


def answers(model: onnx.ModelProto, given: dict[str, Any]) -> dict[str, Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [one.name for one in session.get_inputs()]
    outputs = [one.name for one in session.get_outputs()]
    return dict(zip(outputs, session.run(outputs, {name: given[name] for name in names}), strict=True))


def requested(count: int = 60) -> dict[str, Any]:
    rows = frame(count, seed=5)
    return {
        name: rows[name]
        .to_numpy()
        .reshape(-1, 1)
        .astype(object if column["type"] == "string" else np.float32)
        for name, column in COLUMNS.items()
    }


def whole_of(folder: Path, made_by: dict[str, Any]) -> onnx.ModelProto:
    found, _ = exported(folder, made_by)
    file = next(folder.glob("joint_export-*/*.onnx"))
    whole = onnx.load(file)
    assert whole.graph == found
    return whole


@pytest.mark.parametrize("what", FEEDS)
def test_parts_say_what_the_whole_says(tmp_path: Path, what: str) -> None:
    member = FEEDS[what]()
    whole = whole_of(tmp_path, fed(recipe(LINEAR), member))
    given = [tensor(name) for name in member["gives"]]
    inner, head = cut(whole, OWN, given), cut(whole, [*OWN, *given], RESULTS)
    assert not {node.name for node in inner.graph.node} & {node.name for node in head.graph.node}
    # the label of the model within is needed by nobody, and left out
    assert len(inner.graph.node) + len(head.graph.node) <= len(whole.graph.node)
    said = answers(inner, requested())
    assert {name: value.shape for name, value in said.items()} == dict.fromkeys(member["gives"], (60, 1))
    together = answers(head, {**requested(), **said})
    for name, value in answers(whole, requested()).items():
        assert np.array_equal(together[name], value), name


def test_votes_are_counted_by_a_part_of_their_own(tmp_path: Path) -> None:
    members = [feed(f"m{place}", recipe(train)) for place, train in enumerate((LINEAR, BAYES))]
    whole = whole_of(
        tmp_path, combined("binary_classification", {"method": "voting", "weights": [3.0, 1.0]}, *members)
    )
    said: dict[str, Any] = {}
    for member in members:
        said |= answers(cut(whole, OWN, [tensor(member["name"])]), requested())
    head = cut(whole, [tensor(member["name"]) for member in members], RESULTS)
    together = answers(head, said)
    for name, value in answers(whole, requested()).items():
        assert np.array_equal(together[name], value), name


def test_what_follows_from_something_else_too_cannot_be_cut(tmp_path: Path) -> None:
    whole = whole_of(tmp_path, fed(recipe(LINEAR), feed("risk", recipe(BAYES))))
    with pytest.raises(ValueError, match="a is neither given nor made"):
        cut(whole, OWN[1:], [tensor("risk")])
    with pytest.raises(ValueError, match="other is neither given nor made"):
        cut(whole, OWN, [tensor("other")])


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stack of two models, deployed as an ensemble of Triton."""
    root = make_project(tmp_path_factory.mktemp("ensemble") / "small")
    for name in ("online", "image"):
        (root / f"deployment/{name}.yaml").unlink()
    write(root, "model/bayes.yaml", SEEN + BAYES_FILE)
    write(root, "model/both.yaml", BOTH)
    write(root, "target/triton.yaml", "type: triton\nensembles: true\n")
    write(root, "deployment/both_triton.yaml", "model: both\ntarget: triton\nreplicas: 2\n")
    assert run(["-C", str(root), "apply", "--yes", "--select", "+deployment.both_triton"]) == 0
    return root / FOLDER


def configs(folder: Path) -> tuple[str, dict[str, str]]:
    """The text of the ensemble, and those of its models by their names."""
    found = {file.parent.name: file.read_text(encoding="utf-8") for file in folder.glob("*/config.pbtxt")}
    return found.pop("both"), found


def scheduled(folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    """What Triton's scheduler would answer: each step as soon as there is what it takes."""
    config = read_config(configs(folder)[0])
    there = {one.name: given[one.name] for one in config.input}
    left = list(config.ensemble_scheduling.step)
    while left:
        step = next(one for one in left if all(name in there for name in one.input_map.values()))
        model = onnx.load(folder / step.model_name / "1" / "model.onnx")
        said = answers(model, {key: there[name] for key, name in step.input_map.items()})
        there |= {name: said[key] for key, name in step.output_map.items()}
        left.remove(step)
    return {one.name: there[one.name] for one in config.output}


def test_triton_would_answer_what_the_version_answers(applied: Path) -> None:
    ensemble, parts = configs(applied)
    assert sorted(parts) == ["both--head", "both-bayes", "both-risk"]
    assert (applied / "both" / "1" / "bundle.json").is_file(), "a version's folder has to be there"
    files = [
        one for one in (applied.parents[3] / ".mlc").rglob("*") if one.is_file() and not one.is_symlink()
    ]
    digest = json.loads((applied / "both" / "1" / "bundle.json").read_bytes())["digest"]
    whole = onnx.load(next(one for one in files if hashlib.sha256(one.read_bytes()).hexdigest() == digest))
    config = read_config(ensemble)
    rng = np.random.default_rng(3)
    given = {
        one.name: (
            rng.choice(["car", "house"], (40, 1)).astype(object)
            if one.data_type == _messages().TYPE_STRING
            else rng.normal(50, 20, (40, 1)).astype(np.float32)
        )
        for one in config.input
    }
    expected = answers(whole, given)
    said = scheduled(applied, given)
    assert said.keys() == expected.keys()
    for name, value in expected.items():
        assert np.array_equal(said[name], value), name


def test_its_configurations_are_accepted_and_meet(applied: Path) -> None:
    ensemble, parts = configs(applied)
    backend = next(one for one in load_backends((data.path("templates"),)) if one.name == "triton")
    found = verify(
        artifact(
            f"{FOLDER}/both/config.pbtxt", ensemble.encode(), "triton", Address("deployment", "both_triton")
        ),
        backend,
    )
    assert (found.outcome, found.findings) == ("ok", ())
    for name, text in parts.items():
        assert config_findings(text, name) == ()
        assert "count: 2" in text
    assert meeting_findings(ensemble, parts) == ()


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('value: "bayes" }\n  }', 'value: "other" }\n  }', "makes the tensor bayes"),
        ('platform: "ensemble"\n', "", "neither a backend nor a platform"),
        (
            'output_map { key: "label" value: "label" }',
            'output_map { key: "label" value: "labels" }',
            "output label: no step makes it",
        ),
        ('model_name: "both-bayes"', 'model_name: "both"', "it names no other model"),
        (
            'output_map { key: "bayes" value: "bayes" }',
            'output_map { key: "bayes" value: "risk" }',
            "two make the tensor risk",
        ),
        ("ensemble_scheduling", "ensemble_schedule", "ensemble_schedule"),
        ("    model_version: -1\n", "    model_version: latest\n", "Couldn't parse integer"),
    ],
)
def test_a_broken_ensemble_is_rejected(old: str, new: str, finding: str, applied: Path) -> None:
    ensemble, _ = configs(applied)
    assert old in ensemble
    assert finding in "\n".join(config_findings(ensemble.replace(old, new, 1), "both"))


def test_steps_that_wait_for_one_another_are_rejected(applied: Path) -> None:
    ensemble, _ = configs(applied)
    circle = ensemble.replace(
        'model_name: "both-bayes"\n', 'model_name: "both-bayes"\n    input_map { key: "x" value: "risk" }\n'
    ).replace(
        'model_name: "both-risk"\n', 'model_name: "both-risk"\n    input_map { key: "x" value: "bayes" }\n'
    )
    assert "wait for one another: both-risk, both-bayes" in "\n".join(config_findings(circle, "both"))


@pytest.mark.parametrize(
    ("part", "old", "new", "finding"),
    [
        ("both-bayes", "TYPE_FP32", "TYPE_FP64", "is TYPE_FP32 [-1, 1], and TYPE_FP64 [-1, 1] is wanted"),
        ("both--head", "dims: [-1, 1]", "dims: [-1, 2]", "is wanted"),
        ("both--head", 'name: "bayes"', 'name: "bays"', "the model's input bays is not given"),
        ("both-bayes", 'name: "bayes"\n    data', 'name: "bays"\n    data', "the model has no output bayes"),
    ],
)
def test_tensors_that_do_not_meet_are_found(
    part: str, old: str, new: str, finding: str, applied: Path
) -> None:
    ensemble, parts = configs(applied)
    assert old in parts[part]
    changed = {**parts, part: parts[part].replace(old, new, 1)}
    assert finding in "\n".join(meeting_findings(ensemble, changed))
    assert meeting_findings(ensemble, {name: text for name, text in parts.items() if name != part})


def test_without_asking_for_it_one_graph_is_served(tmp_path: Path) -> None:
    files = {
        "model/churn.yaml": ASKED + STACKED,
        "target/triton.yaml": "type: triton\n",
        "deployment/local.yaml": "model: churn\ntarget: triton\n",
    }
    (one,) = [
        one for one in graph(tmp_path / "one", files).resources if str(one.address) == "deployment.local"
    ]
    assert (one.facts["is_ensemble"], one.facts["parts"]) == (False, [])
    assert one.operations[-1].driver == "bundle"
    asked = {**files, "target/triton.yaml": "type: triton\nensembles: true\n"}
    (made,) = [
        one for one in graph(tmp_path / "two", asked).resources if str(one.address) == "deployment.local"
    ]
    assert [part["name"] for part in made.facts["parts"]] == ["churn-line", "churn-bayes", "churn--head"]
    assert [one["name"] for one in made.facts["parts"][-1]["inputs"]] == ["line", "bayes"]
    simple = {**asked, "deployment/local.yaml": "model: line\ntarget: triton\n"}
    (plain,) = [
        one for one in graph(tmp_path / "three", simple).resources if str(one.address) == "deployment.local"
    ]
    assert plain.facts["is_ensemble"] is False, "a model that has no other inside is one model"


def test_columns_of_its_own_go_to_the_head(tmp_path: Path) -> None:
    files = {
        "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
        "predictions: {early: line}\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n",
        "target/triton.yaml": "type: triton\nensembles: true\n",
        "deployment/local.yaml": "model: churn\ntarget: triton\n",
    }
    (one,) = [one for one in graph(tmp_path, files).resources if str(one.address) == "deployment.local"]
    assert [tensor["name"] for tensor in one.facts["parts"][-1]["inputs"]] == ["age", "plan", "early"]


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "task: binary_classification\ndataset: people\n"
            "ensemble: {method: chain, members: {first: line, last: late}}\n",
            "The links of a chain stand within one another",
        ),
        (
            "task: binary_classification\ndataset: people\nfeatures: basic\n"
            "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
            "reuse: {model: 'early:1', as: features, name: early, columns: [age]}\n",
            "It asks a version of the registry",
        ),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(model: str, said: str, tmp_path: Path) -> None:
    late = "task: binary_classification\ndataset: people\nfeatures: basic\npredictions: {line: line}\n"
    files = {
        "model/late.yaml": late + "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
        "model/churn.yaml": model,
        "target/triton.yaml": "type: triton\nensembles: true\n",
        "deployment/local.yaml": "model: churn\ntarget: triton\n",
    }
    found = pipeline.validate(Request(lay(tmp_path, MODELS, files))).diagnostics
    (one,) = [one for one in found if one.rule == "target-cannot"]
    assert said in one.detail


def test_the_naughty_strings_stay_names() -> None:
    for text in [text for text in dict.fromkeys(naughty()) if text]:
        part = {"name": text, "inputs": [tensor(text)], "outputs": [tensor(f"{text}2")]}
        read = read_config(render("triton", "part.pbtxt.j2", {"part": part, "replicas": 2}).decode())
        assert [read.name, read.input[0].name, read.output[0].name] == [text, text, f"{text}2"]
        facts = {"booleans": [text], "inputs": part["inputs"], "outputs": part["outputs"], "parts": [part]}
        known = {"header": text, "resource": {"model": {"name": text}}, "facts": facts}
        whole = read_config(render("triton", "ensemble.pbtxt.j2", known).decode())
        (step,) = whole.ensemble_scheduling.step
        assert [whole.name, step.model_name] == [text, text]
        assert (dict(step.input_map), dict(step.output_map)) == ({text: text}, {f"{text}2": f"{text}2"})
