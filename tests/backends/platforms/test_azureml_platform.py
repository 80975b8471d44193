"""The azureml backend on what Microsoft ships: the SDK loads every document, and the inference server answers by the
scoring script. The job of the lifecycle is run step by step, as Azure would start it, on this machine.

Asked for by name (`make test-platforms`), and then what is missing is a failure, never a skip. No workspace is reached.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from backends.project import broken, emitted, named
from backends.test_azureml import (
    ALL,
    BACKENDS,
    BESIDE,
    DATA,
    GRAPH,
    MODEL,
    MONITOR,
    RISK,
    applied,
    deployment,
    facts,
    traffic,
)
from faults.small import make_project
from mlc import data
from mlc.drivers._convert import to_onnx
from mlc.emit.verify import checks_of, verify_by
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact

SERVER = data.path(".checkers", "azmlinfsrv", "bin").resolve()
COLLECTING = data.path(".checkers", "azmlcollector", "bin").resolve()
NIGHTLY = "generated/prod/azureml/nightly"
BATCH = applied(
    "nightly",
    "5-batch-deployment.yaml",
    {**facts("nightly")["deployment"], "name": "version-3", "model": "azureml:lending-prod-default_risk:3"},
)
DEFAULT = applied(
    "nightly",
    "6-default.yaml",
    {**facts("nightly")["endpoint"], "defaults": {"deployment_name": "version-3"}},
)
NIGHTLY_MODEL = applied("nightly", "3-model.yaml", {**facts("nightly")["model"], "version": "3"})
SHADOW = traffic({"version-2": 100, "version-3": 0}, {"version-3": 20})
EVERY = (*BESIDE, BATCH, DEFAULT, NIGHTLY_MODEL)


def check_of(artifact: Artifact) -> str:
    (check,) = checks_of(artifact, named(BACKENDS, artifact.backend))
    return check


@pytest.mark.parametrize(
    "artifact",
    [one for one in (*EVERY, SHADOW) if one.path.endswith(".yaml")],
    ids=lambda artifact: artifact.path,
)
def test_the_sdk_loads_every_document(artifact: Artifact) -> None:
    found = verify_by(
        check_of(artifact), artifact, beside=[one for one in EVERY if one.path != artifact.path]
    )
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("artifact", "old", "new", "finding"),
    [
        (emitted(ALL, f"{RISK}/1-environment.yaml"), "image:", "picture:", "picture"),
        (emitted(ALL, f"{RISK}/1-environment.yaml"), "tags:\n  mlc: lending/prod/deployment.risk", "tags: 7", "tags"),
        (emitted(ALL, f"{RISK}/1-environment.yaml"), "conda_file:\n  name: model", "conda_file: 7\nx:\n  y: z", "x"),
        (emitted(ALL, f"{RISK}/4-endpoint.yaml"), "auth_mode: aad_token", "auth_mode: password", "auth_mode"),
        (emitted(ALL, f"{RISK}/4-endpoint.yaml"), "public_network_access: disabled", "network: off", "network"),
        (emitted(ALL, f"{RISK}/4-endpoint.yaml"), "type: system_assigned", "type: somebody", "identity"),
        (emitted(ALL, f"{NIGHTLY}/4-batch-endpoint.yaml"), "auth_mode: aad_token", "auth_mode: none", "auth_mode"),
        (emitted(ALL, f"{NIGHTLY}/4-batch-endpoint.yaml"), "tags:", "labels:", "labels"),
        (emitted(ALL, f"{NIGHTLY}/4-batch-endpoint.yaml"), "tags:", "traffic: {}\ntags:", "traffic"),
        (deployment(), "instance_count: 2", "instance_count: two", "instance_count"),
        (deployment(), "instance_type:", "machine:", "machine"),
        (deployment(), "request_timeout_ms:", "timeout_ms:", "timeout_ms"),
        (deployment(), "failure_threshold: 30", "failures: 30", "failures"),
        (BATCH, "output_action: append_row", "output_action: append", "output_action"),
        (BATCH, "mini_batch_size: 10", "mini_batch: 10", "mini_batch"),
        (BATCH, "instance_count: 2", "instances: 2", "instances"),
        (MODEL, "type: custom_model", "type: onnx_model", "type"),
        (MODEL, "path: ./model", "folder: ./model", "folder"),
        (MODEL, "version: '3'", "versions: '3'", "versions"),
        (DATA, "type: mltable", "type: table", "type"),
        (DATA, "path: ./data", "paths: ./data", "paths"),
        (DATA, "name: lending-prod-loans", "title: lending-prod-loans", "name"),
        (emitted(ALL, f"{RISK}/7-component.yaml"), "type: uri_folder", "type: folder", "type"),
        (emitted(ALL, f"{RISK}/7-component.yaml"), "command: ", "commands: ", "command"),
        (emitted(ALL, f"{RISK}/7-component.yaml"), "name: lending_step", "name: lending-step", "name"),
        (emitted(ALL, f"{RISK}/8-job.yaml"), "default_compute:", "compute:", "compute"),
        (emitted(ALL, f"{RISK}/8-job.yaml"), "type: pipeline", "type: pipelines", "type"),
        (emitted(ALL, f"{RISK}/8-job.yaml"), "experiment_name:", "experiment:", "experiment"),
        (emitted(ALL, f"{RISK}/8-sweep.yaml"), "type: loguniform", "type: loguniforms", "type"),
        (emitted(ALL, f"{RISK}/8-sweep.yaml"), "goal: maximize", "goal: most", "goal"),
        (emitted(ALL, f"{RISK}/8-sweep.yaml"), "max_total_trials: 12", "trials: 12", "trials"),
        (emitted(ALL, f"{RISK}/9-schedule.yaml"), "type: cron", "type: crontab", "trigger"),
        (emitted(ALL, f"{RISK}/9-schedule.yaml"), "  expression: ", "  when: ", "expression"),
        (emitted(ALL, f"{RISK}/9-schedule.yaml"), "create_job:", "starts:", "starts"),
        (MONITOR, "jensen_shannon_distance:", "jensen_distance:", "create_monitor"),
        (MONITOR, "jensen_shannon_distance:", "normalized_wasserstein_distance:", "create_monitor"),
        (MONITOR, "null_value_rate:", "nulls:", "create_monitor"),
        (MONITOR, "type: data_drift", "type: drift", "create_monitor"),
        (MONITOR, "runtime_version: '3.5'", "runtime_version: '3.1'", "runtime version"),
        (MONITOR, "instance_type: standard_e4s_v3", "size: standard_e4s_v3", "create_monitor"),
        (MONITOR, "feature_type_override:", "feature_types:", "create_monitor"),
        (MONITOR, "ml_task: classification", "ml_task: clustering", "create_monitor"),
        (MONITOR, "alert_enabled: true", "alerts: true", "create_monitor"),
        (deployment(), "sampling_rate: 0.25", "sampling_rate: 25", "Sampling rate"),
        (deployment(), "enabled: 'True'", "enabled: 'yes'", "enabled"),
    ],
)  # fmt: skip
def test_broken_documents_are_rejected_by_the_sdk(
    artifact: Artifact, old: str, new: str, finding: str
) -> None:
    text = artifact.content.decode()
    assert old in text, text
    found = verify_by(check_of(artifact), broken(artifact, old, new), beside=EVERY)
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings), found.findings


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    """Forty rows (income, purpose, member) and their labels, without randomness; some have no income."""
    rows = [
        [math.nan if i % 13 == 5 else float(1000 + 37 * i), ("car", "house")[i % 2], float(i % 3 == 0)]
        for i in range(40)
    ]
    return np.array(rows, dtype=object), np.array([int(i > 15) ^ (i % 2) for i in range(40)])


@pytest.fixture(scope="module")
def learned(table: tuple[np.ndarray, np.ndarray]) -> Any:
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), MinMaxScaler()), [0]), (OneHotEncoder(), [1]), ("passthrough", [2])
    )
    return Pipeline([("features", columns), ("estimator", LogisticRegression())]).fit(*table)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, learned: Any) -> Path:
    """The folder that Azure mounts: what was registered lies below it."""
    resource = GRAPH.resource(Address("deployment", "shadowed"))
    assert resource is not None
    folder = tmp_path_factory.mktemp("mounted") / "lending-prod-default_risk" / "3" / "model"
    folder.mkdir(parents=True)
    kinds = {"income": "number", "purpose": "string", "member": "boolean"}
    (folder / "model.onnx").write_bytes(
        to_onnx(learned, {name: {"type": kind} for name, kind in kinds.items()}, 21)
    )
    said = {
        "name": "default_risk",
        "number": 3,
        "signature": resource.facts["signature"],
        "nullable": ["income"],
    }
    (folder / "bundle.json").write_text(json.dumps(said))
    return folder.parent


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[str]:
    """Azure's own inference server with the scoring script, as its image starts it."""
    with started(tmp_path_factory.mktemp("server"), model, SERVER, {}) as url:
        yield url


@contextmanager
def started(folder: Path, model: Path, programs: Path, variables: dict[str, str]) -> Iterator[str]:
    assert (programs / "azmlinfsrv").is_file(), (
        f"{programs / 'azmlinfsrv'} is not there: run `make checkers` first"
    )
    (folder / "score.py").write_bytes(emitted(ALL, f"{RISK}/code/score.py").content)
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as opened:
            ports.append(opened.getsockname()[1])
    log = folder / "log.txt"
    words = ["--entry_script", "score.py", "--model_dir", str(model), "--port", str(ports[0])]
    with log.open("wb") as opened_log:
        process = subprocess.Popen(
            [programs / "azmlinfsrv", *words, "--health_port", str(ports[1])],
            cwd=folder,
            stdout=opened_log,
            stderr=subprocess.STDOUT,
            env={"PATH": f"{programs}:{os.defpath}", "HOME": str(folder), **variables},
        )
    url = f"http://127.0.0.1:{ports[0]}"
    try:
        until = time.monotonic() + 90
        while True:
            assert process.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"{url}/", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def test_the_inference_server_answers_as_the_estimator_does(
    server: str, learned: Any, table: tuple[np.ndarray, np.ndarray]
) -> None:
    answer = call(f"{server}/score", {"id": "7", **request(table[0])})
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert (answer["id"], answer["model_version"]) == ("7", "3")
    np.testing.assert_array_equal(outputs["label"]["data"], learned.predict(table[0]))
    found = np.array(outputs["probabilities"]["data"]).reshape(40, 2)
    np.testing.assert_allclose(found, learned.predict_proba(table[0]), atol=1e-5)


def test_the_inference_server_refuses_what_the_signature_does_not_take(
    server: str, table: tuple[np.ndarray, np.ndarray]
) -> None:
    income, purpose, member = request(table[0])["inputs"]
    for inputs in (
        [],
        [income, purpose],
        [{**income, "datatype": "INT64"}, purpose, member],
        [{**income, "shape": [41, 1]}, purpose, member],
        [income, {**purpose, "data": [None, *purpose["data"][1:]]}, member],
        [income, purpose, {**member, "data": ["yes", *member["data"][1:]]}],
    ):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            call(f"{server}/score", {"inputs": inputs})
        said = json.loads(refusal.value.read())
        refusal.value.close()
        assert refusal.value.code == 400
        assert said["error"]


def test_what_is_asked_and_answered_is_handed_to_azure_s_collector(
    tmp_path: Path, model: Path, table: tuple[np.ndarray, np.ndarray]
) -> None:
    """The collector is Microsoft's; what it sends to, beside the server in a container of Azure's, is listened for."""
    kept: dict[str, list[dict[str, Any]]] = {}

    class Sidecar(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.setdefault(self.headers["ce-type"].rpartition(".")[2], []).extend(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    collections = {name: {"enabled": True} for name in ("model_inputs", "model_outputs")}
    (tmp_path / "collector.json").write_text(json.dumps({"collections": collections}))
    with ThreadingHTTPServer(("127.0.0.1", 0), Sidecar) as sidecar:
        threading.Thread(target=sidecar.serve_forever, daemon=True).start()
        variables = {
            "MLC_COLLECT": "yes",
            "AZUREML_MDC_CONFIG_PATH": str(tmp_path / "collector.json"),
            "AZUREML_MDC_PORT": str(sidecar.server_port),
        }
        with started(tmp_path, model, COLLECTING, variables) as url:
            asked = request(table[0])
            answer = call(f"{url}/score", {**asked, "outputs": [{"name": "probabilities"}]})
            until = time.monotonic() + 30
            while len(kept) < 2:
                assert time.monotonic() < until, (kept, (tmp_path / "log.txt").read_text())
                time.sleep(0.1)
        sidecar.shutdown()
    assert [output["name"] for output in answer["outputs"]] == ["probabilities"]
    for tensor in asked["inputs"]:
        assert [row[tensor["name"]] for row in kept["model_inputs"]] == tensor["data"]
    shares = np.array(answer["outputs"][0]["data"]).reshape(40, 2)
    found = [[row["probabilities_0"], row["probabilities_1"]] for row in kept["model_outputs"]]
    np.testing.assert_allclose(found, shares, atol=1e-5)
    assert [row["label"] for row in kept["model_outputs"]] == [str(one) for one in shares.argmax(axis=1)]


def test_a_request_is_answered_where_nothing_can_be_kept(
    tmp_path: Path, model: Path, table: tuple[np.ndarray, np.ndarray]
) -> None:
    with started(tmp_path, model, COLLECTING, {"MLC_COLLECT": "yes"}) as url:
        assert len(call(f"{url}/score", request(table[0]))["outputs"]) == 2
    assert "is not kept" in (tmp_path / "log.txt").read_text()


def test_batches_are_scored_as_the_estimator_does(
    tmp_path: Path, model: Path, learned: Any, table: tuple[np.ndarray, np.ndarray]
) -> None:
    (tmp_path / "batch.py").write_bytes(emitted(ALL, f"{NIGHTLY}/code/batch.py").content)
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["income", "purpose", "member"])
        for income, purpose, member in table[0]:
            writer.writerow(["" if math.isnan(income) else income, purpose, bool(member)])
    (tmp_path / "bad.csv").write_text("income,purpose,member\nmuch,car,true\n")
    program = (
        "import json, sys; sys.path.insert(0, '.'); import batch; batch.init()\n"
        "print(json.dumps(batch.run(['rows.csv'])))\n"
        "try: batch.run(['bad.csv'])\n"
        "except ValueError as error: print(error)\n"
    )
    environment = {"PATH": os.defpath, "AZUREML_MODEL_DIR": str(model)}
    done = subprocess.run(
        [SERVER / "python", "-I", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    lines, refusal = done.stdout.splitlines()
    scored = [json.loads(line) for line in json.loads(lines)]
    assert [one["row"] for one in scored] == list(range(1, 41))
    np.testing.assert_array_equal([one["label"] for one in scored], learned.predict(table[0]))
    assert refusal == "bad.csv, row 1, income: 'much' is not FP32"


TARGET = """\
type: azureml
subscription: 00000000-0000-4000-8000-000000000000
resource_group: ml-prod
workspace: risk
register_data: true
jobs:
  compute: cpu-cluster
  image: ghcr.io/acme/mlc@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
  repository: https://github.com/acme/small.git
  cron: "30 3 * * 1"
  sweep: true
"""
RUNTIME = """\
python: "3.11"
image: python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
packages: {azureml-inference-server-http: "1.5.1", numpy: "2.4.6", onnxruntime: "1.32.0"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a repository of its own, rendered."""
    root = make_project(tmp_path / "repository")
    shutil.rmtree(root / "deployment")
    files = {
        "target/azure.yaml": TARGET,
        "runtime/served.yaml": RUNTIME,
        "deployment/online.yaml": "model: risk\ntarget: azure\nruntime: served\n",
        ".gitignore": ".mlc/\ngenerated/\n",
    }
    for path, text in files.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    tuned = """\
tune:
  space:
    train:
      C: {log: [0.1, 10.0]}
      class_weight: {choice: [null, balanced]}
  trials: 4
"""
    with (root / "model/risk.yaml").open("a") as file:
        file.write(tuned)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "All of it")
    mlc(root, "render", "--out", str(tmp_path / "rendered"))
    return root


def test_the_job_of_the_lifecycle_gives_what_apply_gives(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rendered" / "generated" / "dev" / "azureml" / "online"
    job = yaml.safe_load((folder / "8-job.yaml").read_text())
    component = yaml.safe_load((folder / "7-component.yaml").read_text())
    outputs = run_job(job, component, project, tmp_path / "job")
    mlc(project, "apply", "--yes", "--select", "+model.risk")
    here = json.loads((project / "generated/dev/models/risk/evaluation.json").read_text())
    there = json.loads((outputs["artifacts"] / "models/risk/evaluation.json").read_text())
    assert here == there
    (model,) = graphs(project / ".mlc/registry")
    assert graphs(outputs["store"] / "registry") == {model}


def test_a_trial_of_the_sweep_scores_what_azure_draws(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "rendered" / "generated" / "dev" / "azureml" / "online"
    sweep = yaml.safe_load((folder / "8-sweep.yaml").read_text())
    trial = tmp_path / "trial"
    shutil.copytree(folder / "trial", trial)
    space = json.loads((trial / "space.json").read_text()) | {"repository": str(project)}
    (trial / "space.json").write_text(json.dumps(space))
    # stands in for mlflow, which has Azure's server behind it there
    (trial / "mlflow.py").write_text("def log_metric(name, value): print('logged', name, value)\n")
    command = sweep["trial"]["command"].replace("${{search_space.C}}", "0.25")
    command = command.replace("${{search_space.class_weight}}", "1")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=trial,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    score = float(done.stdout.split()[-1])
    assert f"logged roc_auc {score}" in done.stdout
    assert 0.5 < score <= 1.0
    found = json.loads((trial / "project/generated/dev/models/risk/trials.json").read_text())
    assert len(found["search"]["trials"]) == 1


def run_job(job: dict[str, Any], component: dict[str, Any], repository: Path, place: Path) -> dict[str, Path]:
    """A job as Azure runs one: the expressions of its component replaced, each step in a folder of its own."""
    outputs = {name: place / "outputs" / name for name in job["outputs"]}
    made: dict[str, dict[str, Path]] = {}
    for name, step in job["jobs"].items():
        work = place / name
        work.mkdir(parents=True)
        made[name] = {one: work.parent / f"{name}-{one}" for one in component["outputs"]}
        for one, text in step.get("outputs", {}).items():
            made[name][one] = outputs[text.removeprefix("${{parent.outputs.").removesuffix("}}")]
        for path in made[name].values():
            path.mkdir(parents=True)
        inputs = {one: replaced(text, job, made) for one, text in step["inputs"].items()}
        given = (
            r"\1" if "store" in inputs else ""
        )  # what stands within $[[…]] goes where its input is left out
        command = re.sub(r"\$\[\[(.*?)\]\]", given, component["command"])
        for one, value in inputs.items():
            command = command.replace(f"${{{{inputs.{one}}}}}", value)
        for one, path in made[name].items():
            command = command.replace(f"${{{{outputs.{one}}}}}", str(path))
        assert "{{" not in command
        command = command.replace("https://github.com/acme/small.git", str(repository))
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=work,
            env=environment(place),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
    return outputs


def replaced(text: str, job: dict[str, Any], made: dict[str, dict[str, Path]]) -> str:
    found = re.fullmatch(r"\$\{\{parent\.(?:inputs\.(\w+)|jobs\.(\w+)\.outputs\.(\w+))\}\}", text)
    if found is None:
        return text
    return str(job["inputs"][found[1]]) if found[1] else str(made[found[2]][found[3]])


def graphs(registry: Path) -> set[str]:
    """The digests of the ONNX graphs that a registry keeps."""
    return {
        path.name
        for path in registry.rglob("*")
        if re.fullmatch(r"[0-9a-f]{62,64}", path.name) and b"ai.onnx" in path.read_bytes()
    }


def environment(home: Path) -> dict[str, str]:
    source = Path(data.path("src")).resolve()
    mine = home / "programs"
    mine.mkdir(exist_ok=True)
    for name, module in (("mlc", ["-m", "mlc.cli.main"]), ("python", [])):
        (mine / name).write_text(f'#!/bin/sh\nexec {sys.executable} {" ".join(module)} "$@"\n')
        (mine / name).chmod(0o755)
    return {"PATH": f"{mine}:{os.defpath}:/usr/local/bin", "HOME": str(home), "PYTHONPATH": str(source)}


def mlc(root: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "mlc.cli.main", "-C", str(root), *words], check=True, capture_output=True
    )


def git(root: Path, *words: str) -> None:
    who = ["-c", "user.name=Tests", "-c", "user.email=tests@example.com"]
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True)


def request(rows: np.ndarray) -> dict[str, Any]:
    columns = {
        "income": ("FP32", [None if math.isnan(row[0]) else row[0] for row in rows]),
        "purpose": ("BYTES", [row[1] for row in rows]),
        "member": ("BOOL", [bool(row[2]) for row in rows]),
    }
    return {
        "inputs": [
            {"name": name, "datatype": datatype, "shape": [len(rows), 1], "data": values}
            for name, (datatype, values) in columns.items()
        ]
    }


def call(url: str, body: dict[str, Any]) -> Any:
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.loads(answer.read())
