"""What is written for Azure Machine Learning hangs together, and what its SDK is blind to is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from backends.azureml_project import SPECS, WORKSPACE
from backends.project import broken, by_backend, emitted, graph_of, named
from mlc import data
from mlc.drivers._azureml import marked
from mlc.drivers.azureml_schedule import _documents as documents_of
from mlc.emit import emit, load_backends
from mlc.emit.artifacts import render
from mlc.emit.provenance import places
from mlc.emit.verify import checks_of, official, verify_by
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact
from mlc.ir.artifact import artifact as artifact_of
from mlc.ir.operation import Operation

BACKENDS = load_backends((data.path("templates"),))
GRAPH = graph_of(SPECS)
ALL = by_backend(emit(GRAPH, BACKENDS, True), "azureml")
RISK = "generated/prod/azureml/risk"
MONITORED = f"{RISK}/9-monitor-drifting.yaml"
SNAPSHOTS = [*(artifact.path for artifact in ALL if not artifact.path.endswith(".py")), MONITORED]


def facts(name: str) -> dict[str, Any]:
    resource = GRAPH.resource(Address("deployment", name))
    assert resource is not None
    found: dict[str, Any] = resource.facts["azureml"]
    return found


def applied(name: str, file: str, document: dict[str, Any]) -> Artifact:
    """A document as `apply` publishes it, once it knows the versions."""
    address = Address("deployment", name)
    content = yaml.safe_dump(marked(document)).encode()
    return artifact_of(f"generated/prod/azureml/{name}/{file}", content, "azureml_applied", address)


def deployment(**changed: Any) -> Artifact:
    filled = {"name": "version-3", "model": "azureml:lending-prod-tuned_risk:3", **changed}
    return applied("risk", "5-deployment.yaml", {**facts("risk")["deployment"], **filled})


def traffic(shares: dict[str, Any], mirror: dict[str, Any] | None = None) -> Artifact:
    document = {**facts("risk")["endpoint"], "traffic": shares, "mirror_traffic": mirror or {}}
    return applied("risk", "6-traffic.yaml", document)


def monitor() -> Artifact:
    """The monitor as the step of apply writes it, told what the steps before it made."""
    (operation,) = operations("monitor", "drifting")
    told = {
        "deployment": {"endpoint": "lending-prod-risk", "name": "version-3"},
        "data": {"reference": "azureml:lending-prod-loans:0123456789abcdef"},
    }
    assert {name: operation.inputs[name] for name in told} == {
        "deployment": "deployment.risk/azure-deployment#record",
        "data": "deployment.risk/azure-data#record",
    }
    document = documents_of(operation, told)["9-monitor.yaml"]
    content = yaml.safe_dump(document, sort_keys=False).encode()
    return artifact_of(
        operation.publishes["file"], content, "azureml_applied", Address("monitor", "drifting")
    )


def operations(kind: str, name: str) -> tuple[Operation, ...]:
    resource = GRAPH.resource(Address(kind, name))
    assert resource is not None
    return resource.operations


MODEL = applied("risk", "3-model.yaml", {**facts("risk")["model"], "version": "3"})
DATA = applied("risk", "2-data.yaml", {**facts("risk")["data"], "version": "0123456789abcdef"})
MONITOR = monitor()
BESIDE = (*ALL, MODEL, DATA, deployment(), traffic({"version-3": 100}), MONITOR)


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_artifact(path: str, artifact_file: SnapshotAssertion) -> None:
    assert emitted(BESIDE, path).content == artifact_file(name=path)


def test_no_snapshot_is_left_over() -> None:
    folder = Path(__file__).parent / "__snapshots__" / Path(__file__).stem
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == set(SNAPSHOTS)


@pytest.mark.parametrize("artifact", BESIDE, ids=lambda artifact: artifact.path)
def test_the_own_rules_find_nothing(artifact: Artifact) -> None:
    for check in checks_of(artifact, named(BACKENDS, artifact.backend)):
        found = verify_by(check, artifact, beside=BESIDE)
        assert found.outcome != "rejected", found.findings


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("8-job.yaml", "${{parent.inputs.environment}}", "${{parent.inputs.env}}", "the job has no input env"),
        ("8-job.yaml", "jobs.dataset_loans.outputs", "jobs.dataset.outputs", "there is no step dataset"),
        ("8-job.yaml", "loans.outputs.store", "loans.outputs.model", "step dataset_loans has no output model"),
        ("8-job.yaml", "${{parent.outputs.store}}", "${{parent.outputs.all}}", "the job has no output all"),
        ("8-job.yaml", "${{parent.inputs.artifacts}}", "${{inputs.artifacts}}", "Azure knows no ${{inputs.artifacts}}"),
        ("8-job.yaml", "      select:", "      chosen:", "takes no such input"),
        ("8-job.yaml", "      select:", "      chosen:", "its component needs select"),
        ("8-job.yaml", "./7-component.yaml", "./component.yaml", "there is no file ./component.yaml"),
        ("8-job.yaml", "jobs.dataset_loans.outputs", "jobs.model_tuned_risk.outputs", "wait for one another"),
        ("7-component.yaml", "${{inputs.select}}", "${{inputs.resource}}", "has no inputs.resource"),
        ("7-component.yaml", "$[[${{inputs.store}}]]", "${{inputs.store}}", "has to stand within $[["),
        ("7-component.yaml", "name: lending_step", "name: _lending", "letter or digit first"),
        ("8-sweep.yaml", "${{search_space.C}}", "${{search_space.c}}", "there is no search_space.c"),
        ("8-sweep.yaml", "--C=${{search_space.C}} ", "", "search_space.C: the trial's command does not use it"),
        ("8-sweep.yaml", "max_value: 500", "max_value: 50", "50 is not below 50"),
        ("8-sweep.yaml", "./trial", "./trials", "there is no file ./trials"),
        ("4-endpoint.yaml", "name: lending-prod-risk", "name: Lending_prod", "3 to 32 lower-case letters"),
        ("9-schedule.yaml", "./8-job.yaml", "./job.yaml", "there is no file ./job.yaml"),
        ("1-environment.yaml", "name: lending-prod-risk", "name: a/b", "letters, digits"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused(file: str, old: str, new: str, finding: str) -> None:
    artifact = broken(emitted(ALL, f"{RISK}/{file}"), old, new)
    (check,) = checks_of(artifact, named(BACKENDS, "azureml"))
    found = verify_by(check, artifact, beside=BESIDE)
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


@pytest.mark.parametrize(
    ("artifact", "finding"),
    [
        (deployment(model="azureml:lending-prod-tuned_risk:4"), "there is no version 4 of lending-prod-tuned_risk"),
        (deployment(model="azureml:lending-prod-other:3"), "nothing here makes lending-prod-other"),
        (deployment(model="azureml:lending-prod-tuned_risk"), "names no version"),
        (deployment(environment="azureml:lending-prod-risk:1"), "there is no version 1 of lending-prod-risk"),
        (deployment(endpoint_name="lending-dev-risk"), "there is no endpoint lending-dev-risk"),
        (deployment(name="v3"), "3 to 32 lower-case letters"),
        (deployment(code_configuration={"code": "./code", "scoring_script": "main.py"}), "no file code/main.py"),
        (traffic({"version-3": 90}), "add up to 90, not to 100"),
        (traffic({"version-3": 90, "version-2": 20}), "add up to 110, not to 100"),
        (traffic({"version-2": 100}), "the deployment here is version-3"),
        (traffic({"version-3": 33.3, "version-2": 66.7}), "no whole percentages"),
        (traffic({"version-3": 100}, {"version-2": 60}), "copies 50 percent at most"),
        (traffic({"version-3": 100}, {"version-3": 10}), "it gets requests already"),
        (traffic({"version-3": 100}, {"version-2": 10, "version-1": 10}), "to one deployment only"),
        (broken(MONITOR, "lending-prod-risk:version-3", "lending-prod-risk:version-2"), "no deployment version-2 of"),
        (broken(MONITOR, "lending-prod-risk:version-3", "lending-prod-risk"), "is no azureml:ENDPOINT:DEPLOYMENT"),
        (broken(MONITOR, "loans:0123456789abcdef", "loans:1"), "nothing here makes azureml:lending-prod-loans:1"),
        (broken(MONITOR, "type: mltable", "type: uri_folder"), "from an mltable only"),
        (broken(MONITOR, "version-3-model_inputs", "version-2-model_inputs"), "nothing here makes"),
        (broken(MONITOR, "lookback_window_size: P14D", "lookback_window_size: 14"), "no number of days such as P7D"),
        (broken(MONITOR, "numerical:\n", "numerical:\n          population_stability_index: 1\n"), "one measure"),
        (broken(MONITOR, "population_stability_index: 0.2", "{}"), "it says no limit"),
        (broken(MONITOR, "emails:\n    - ml@example.com\n    - risk@example.com", "emails: []"), "nobody is told"),
    ],
)  # fmt: skip
def test_what_apply_sends_is_held_to_the_same(artifact: Artifact, finding: str) -> None:
    (check,) = checks_of(artifact, named(BACKENDS, "azureml_applied"))
    found = verify_by(check, artifact, beside=BESIDE)
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_the_files_stand_in_the_order_in_which_azure_needs_them() -> None:
    assert [one.path.removeprefix(f"{RISK}/") for one in ALL if one.path.startswith(f"{RISK}/")] == [
        "1-environment.yaml",
        "4-endpoint.yaml",
        "7-component.yaml",
        "8-job.yaml",
        "8-sweep.yaml",
        "9-schedule.yaml",
        "code/score.py",
        "trial/mlc_azureml_trial.py",
        "trial/space.json",
    ]


def test_the_steps_of_apply_take_what_the_ones_before_made() -> None:
    resource = GRAPH.resource(Address("deployment", "risk"))
    assert resource is not None
    names = [operation.name for operation in resource.operations]
    assert names == ["promote"] + [
        f"azure-{name}"
        for name in ("environment", "data", "model", "endpoint", "deployment", "traffic", "schedule")
    ]
    for place, operation in enumerate(resource.operations):
        own = [need.rpartition("/")[2] for need in operation.needs if need.startswith("deployment.")]
        assert all(names.index(need) < place for need in own)
    sent = {name: one.spec.get("document") for name, one in zip(names, resource.operations, strict=True)}
    assert sent["azure-endpoint"] == yaml.safe_load(emitted(ALL, f"{RISK}/4-endpoint.yaml").content)
    assert sent["azure-environment"] == yaml.safe_load(emitted(ALL, f"{RISK}/1-environment.yaml").content)


def test_no_secret_and_nobody_s_name_is_in_any_file() -> None:
    document = facts("risk")["deployment"]
    assert document["environment_variables"] == {
        "LOG_LEVEL": "info",
        "STORE_KEY": "${{keyvault:https://risk-secrets.vault.azure.net/secrets/STORE-KEY}}",
        "MLC_COLLECT": "yes",
    }
    assert not any(WORKSPACE["subscription"].encode() in artifact.content for artifact in ALL)


def test_what_is_watched_is_kept_by_the_deployment() -> None:
    kept, plain = facts("risk")["deployment"], facts("shadowed")["deployment"]
    assert kept["data_collector"]["collections"] == {
        "model_inputs": {"enabled": "True"},
        "model_outputs": {"enabled": "True"},
    }
    assert kept["data_collector"]["sampling_rate"] == 0.25
    assert kept["environment_variables"]["MLC_COLLECT"] == "yes"
    assert "data_collector" not in plain
    assert "MLC_COLLECT" not in plain["environment_variables"]
    unkept = applied(
        "risk", "5-deployment.yaml", {**plain, "endpoint_name": kept["endpoint_name"], "name": "version-3"}
    )
    beside = [one for one in BESIDE if not one.path.endswith("/5-deployment.yaml")]
    found = verify_by("azureml schedule", MONITOR, beside=(*beside, unkept))
    assert "the deployment version-3 does not keep its model_inputs" in " ".join(found.findings)


def test_prometheus_has_nothing_of_a_monitor_of_azure() -> None:
    assert not [one for one in emit(GRAPH, BACKENDS, True) if "/prometheus/" in one.path]


def test_a_sweep_searches_what_tuning_does() -> None:
    sweep = yaml.safe_load(emitted(ALL, f"{RISK}/8-sweep.yaml").content)
    space = json.loads(emitted(ALL, f"{RISK}/trial/space.json").content)
    drawn = sweep["search_space"]
    assert math.exp(drawn["C"]["min_value"]) == pytest.approx(0.01)
    assert math.exp(drawn["C"]["max_value"]) == pytest.approx(100)
    assert drawn["class_weight"] == {"type": "choice", "values": [0, 1]}
    assert space["parameters"]["class_weight"]["choice"] == [None, "balanced"]
    assert space["parameters"]["max_iter"]["whole"]
    assert sweep["limits"] == {"max_total_trials": 12, "max_concurrent_trials": 4, "timeout": 3600}
    assert sweep["objective"] == {"primary_metric": "roc_auc", "goal": "maximize"}


def test_naughty_strings_stay_texts() -> None:
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    named_files = [f"{RISK}/4-endpoint.yaml", "generated/prod/azureml/nightly/4-batch-endpoint.yaml"]
    before = {path: yaml.safe_load(emitted(ALL, path).content) for path in named_files}
    strings = [
        *dict.fromkeys(json.loads(file.read_bytes())),
        "${{parent.inputs.x}}",
        "a: b # c",
        "azureml:x:1",
    ]
    for text in strings:
        specs = {
            address: {**spec, "description": text} if address.startswith("deployment.") else spec
            for address, spec in SPECS.items()
        }
        artifacts = emit(graph_of(specs), BACKENDS, True)
        for path, expected in before.items():
            after = yaml.load(emitted(artifacts, path).content, Loader=yaml.CSafeLoader)
            assert after.pop("description", "") == text
            assert after == {key: value for key, value in expected.items() if key != "description"}


def test_naughty_strings_stay_texts_in_what_apply_sends() -> None:
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    backend = named(BACKENDS, "azureml_applied")
    for text in dict.fromkeys(json.loads(file.read_bytes())):
        document = {"name": "x", "environment_variables": {"A": text}, "tags": {text: text}}
        document["create_monitor"] = {"monitoring_signals": {"features": {"features": [text]}}}
        data = {"header": f"Written by mlc from {text}", "document": document}
        content = render((backend,), backend.name, "document.yaml.j2", data)
        assert yaml.load(content, Loader=yaml.CSafeLoader) == document


def test_a_finding_leads_to_the_line_of_the_description() -> None:
    artifact = emitted(ALL, f"{RISK}/7-component.yaml")
    line = 1 + artifact.content[: artifact.content.index(b"ghcr.io/acme/mlc@")].count(b"\n")
    (span,) = places(f"7-component.yaml:{line}:3: no", artifact, named(BACKENDS, "azureml"), GRAPH, True)
    assert span.file == "target/azure.yaml"
