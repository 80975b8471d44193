"""The workflows for Argo do what they say with the least rights, and what is broken about them is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from backends.project import DIGEST, broken, emitted, graph_of, named
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import official, verify_by, verify_each
from mlc.ir.artifact import Artifact

BACKENDS = load_backends((data.path("templates"),))
PIPELINE: dict[str, Any] = {
    "systems": ["argo"],
    "install": "python -m pip install mlc",
    "folder": "ml/lending",
    "argo": {
        "image": f"ghcr.io/acme/mlc@{DIGEST}",
        "repository": "https://github.com/acme/lending.git",
        "namespace": "risk",
    },
    "apply": {"dev": {}, "prod": {"approval": "production"}},
    "schedules": {
        "mornings": {"cron": "30 5 * * 1-5", "run": "drift", "environments": ["dev", "prod"]},
        "sundays": {"cron": "0 3 * * 0", "run": "apply", "environments": ["prod"]},
    },
}
FOLDER = ".argo/mlc-cluster"
ENVIRONMENT, ENV = (f"- name: {name}\n                  value" for name in ("environment", "env"))
TEMPLATE, WORKFLOW, CRON = SNAPSHOTS = tuple(
    f"{FOLDER}/{file}.yaml" for file in ("workflowtemplate", "workflow", "cronworkflows")
)


def workflows(
    name: str = "cluster", environments: tuple[str, ...] = ("dev", "prod"), **changed: Any
) -> tuple[Artifact, ...]:
    specs = {f"pipeline.{name}": {**PIPELINE, **changed}}
    return emit(graph_of(specs, environments=list(environments)), BACKENDS, True)


ALL = workflows()


def template(artifacts: tuple[Artifact, ...] = ALL) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(emitted(artifacts, "/workflowtemplate.yaml").content)["spec"]
    return read


def graph(name: str, artifacts: tuple[Artifact, ...] = ALL) -> dict[str, str]:
    """The tasks of a graph by name, with what they wait for."""
    (found,) = [one for one in template(artifacts)["templates"] if one["name"] == name]
    return {task["name"]: task.get("depends", "") for task in found["dag"]["tasks"]}


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_artifact(path: str, artifact_file: SnapshotAssertion) -> None:
    assert emitted(ALL, path).content == artifact_file(name=path)


def test_no_snapshot_is_left_over() -> None:
    folder = Path(__file__).parent / "__snapshots__" / Path(__file__).stem
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == set(SNAPSHOTS) == {artifact.path for artifact in ALL}


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_official_definitions_and_the_own_rule(path: str) -> None:
    for found in verify_each(emitted(ALL, path), named(BACKENDS, "argo"), beside=ALL):
        if found.outcome == "skipped":
            pytest.skip(" ".join(found.findings))  # ../shared/official is absent
        assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("path", "old", "new", "finding"),
    [
        (TEMPLATE, "depends: apply-dev", "depends: apply-test", "there is no task apply-test"),
        (TEMPLATE, "depends: checkout", "depends: checkout.Done", "no task ends as Done"),
        (TEMPLATE, "depends: checkout", "depends: checkout &&", "cannot be read"),
        (TEMPLATE, "depends: checkout", "depends: apply-prod", "wait for one another"),
        (TEMPLATE, "template: drift", "template: drifts", "there is no template drifts"),
        (TEMPLATE, "entrypoint: merge", "entrypoint: main", "there is no template main"),
        (TEMPLATE, ENVIRONMENT, ENV, "takes no parameter env"),
        (TEMPLATE, ENVIRONMENT, ENV, "apply is not given"),
        (TEMPLATE, "{{inputs.parameters.environment}}", "{{inputs.parameters.env}}", "no parameter env of"),
        (TEMPLATE, "{{workflow.parameters.revision}}", "{{workflow.parameters.branch}}", "no parameter branch"),
        (TEMPLATE, "{{workflow.parameters.revision}}", "{{revision}}", "knows no variable revision"),
        (TEMPLATE, "    - name: scratch\n      emptyDir", "    - name: other\n      emptyDir", "no volume scratch"),
        (TEMPLATE, "    - name: drift", "    - name: apply", "two templates are called apply"),
        (TEMPLATE, "    - name: drift", "    - name: drift_it", "cannot be the name"),
        (WORKFLOW, "name: mlc-cluster\n", "name: mlc-other\n", "no WorkflowTemplate mlc-other"),
        (WORKFLOW, "entrypoint: merge", "entrypoint: merged", "no template merged"),
        (WORKFLOW, "name: revision", "name: branch", "has no parameter branch"),
        (CRON, "entrypoint: schedule-sundays", "entrypoint: sundays", "no template sundays"),
    ],
)  # fmt: skip
def test_what_the_definitions_are_blind_to_is_refused(path: str, old: str, new: str, finding: str) -> None:
    found = verify_by("argo", broken(emitted(ALL, path), old, new), beside=ALL)
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


@pytest.mark.parametrize(
    ("path", "old", "new", "finding"),
    [
        (TEMPLATE, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: 1", "readOnlyRootFilesystem"),
        (TEMPLATE, "suspend: {}", "suspended: {}", "no such field"),
        (WORKFLOW, "generateName: mlc-cluster-", "generateName: Mlc_", "metadata.name"),
        (CRON, "concurrencyPolicy: Forbid", "concurrency: Forbid", "no such field"),
        (CRON, '["0 3 * * 0"]', '["0 3 * *"]', "schedules"),
    ],
)
def test_broken_objects_are_rejected_by_their_definitions(
    path: str, old: str, new: str, finding: str
) -> None:
    artifact = broken(emitted(ALL, path), old, new)
    found = next(
        one for one in verify_each(artifact, named(BACKENDS, "argo"), beside=ALL) if one.checker != "argo"
    )
    if found.outcome == "skipped":
        pytest.skip(" ".join(found.findings))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_environments_are_applied_in_order_after_their_approval() -> None:
    assert graph("merge") == {
        "checkout": "",
        "apply-dev": "checkout",
        "approve-apply-prod": "apply-dev",
        "apply-prod": "approve-apply-prod",
    }
    assert graph("schedule-sundays") == {
        "checkout": "",
        "approve-apply-prod": "checkout",
        "apply-prod": "approve-apply-prod",
    }
    assert graph("schedule-mornings") == {"checkout": "", "drift-dev": "checkout", "drift-prod": "checkout"}


def test_steps_have_the_least_rights() -> None:
    spec = template()
    assert spec["automountServiceAccountToken"] is False
    assert spec["executor"] == {"serviceAccountName": "mlc-workflow"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    containers = [one["container"] for one in spec["templates"] if "container" in one]
    assert len(containers) == 3
    for container in containers:
        assert container["image"] == f"ghcr.io/acme/mlc@{DIGEST}"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert spec["synchronization"] == {"mutexes": [{"name": "mlc-lending"}]}


def test_without_schedules_there_is_no_cronworkflow_and_no_drift() -> None:
    plain = workflows(schedules={})
    assert {artifact.path for artifact in plain} == {TEMPLATE, WORKFLOW}
    assert "drift" not in [one["name"] for one in template(plain)["templates"]]
    assert verify_by("argo", emitted(plain, "/workflowtemplate.yaml"), beside=plain).outcome == "ok"


def test_names_that_argo_would_refuse_or_mistake() -> None:
    found = workflows(
        "a_b",
        ("x_y", "x-y", "0_", "no"),
        apply={"x_y": {}, "x-y": {}, "0_": {}, "no": {}},
        schedules={
            name: {"cron": "0 3 * * 0", "run": "apply", "environments": ["no"]} for name in ("s_", "s-", "s")
        },
    )
    for artifact in found:
        assert all(
            one.outcome != "rejected" for one in verify_each(artifact, named(BACKENDS, "argo"), beside=found)
        )
    tasks = next(one for one in template(found)["templates"] if one["name"] == "merge")["dag"]["tasks"]
    given = [task["arguments"]["parameters"][0]["value"] for task in tasks[1:]]
    assert given == ["x_y", "x-y", "0_", "no"]


def test_naughty_strings_stay_texts() -> None:
    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    before = yaml.safe_load(emitted(ALL, TEMPLATE).content)
    for text in [*dict.fromkeys(json.loads(file.read_bytes())), "{{workflow.name}}", "a: b # c"]:
        artifact = emitted(workflows(description=text), TEMPLATE)
        after = yaml.load(artifact.content, Loader=yaml.CSafeLoader)
        assert after["metadata"]["annotations"].pop("workflows.argoproj.io/description", "") == text
        assert after == before
