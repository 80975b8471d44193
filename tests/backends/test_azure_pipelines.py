"""The stages for Azure do what they say with the least rights, and what is broken about them is refused."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.project import SPECS, broken, emitted, graph_of, named
from mlc.emit import emit
from mlc.emit.verify import verify, verify_each
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

SCHEMA = "json-schema vendor.azure-pipelines --data-transform azure-pipelines --regex-variant nonunicode"
WAITING = "dependencies azure"
STAGES = ["review", "apply_dev", "apply_prod", "drift_dev", "drift_prod"]


@pytest.fixture
def file(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, ".azure-pipelines/mlc-azure.yml")


@pytest.fixture
def stages(file: Artifact) -> dict[str, Any]:
    return by_name(file)


def by_name(artifact: Artifact) -> dict[str, Any]:
    return {stage["stage"]: stage for stage in yaml.safe_load(artifact.content)["stages"]}


def of(backends: tuple[Backend, ...], **changed: Any) -> Artifact:
    specs = {**SPECS, "pipeline.azure": {**SPECS["pipeline.azure"], **changed}}
    return emitted(emit(graph_of(specs), backends, True), ".azure-pipelines/mlc-azure.yml")


def steps_of(stage: dict[str, Any]) -> list[dict[str, Any]]:
    (job,) = stage["jobs"]
    found: list[dict[str, Any]] = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
    return found


@pytest.mark.parametrize(
    ("old", "new", "by", "finding"),
    [
        ("lockBehavior: sequential", "lockBehavior: always", SCHEMA, ""),
        ("timeoutInMinutes:", "timeoutMinutes:", SCHEMA, ""),
        ("stage: drift_dev", "stage: drift-dev", WAITING, "drift-dev cannot be the name of a stage"),
        ("- cron:", "- chron:", SCHEMA, ""),
        (
            "dependsOn: [apply_dev]",
            "dependsOn: [apply_test]",
            WAITING,
            "apply_prod.dependsOn: there is no stage apply_test",
        ),
        ("stage: drift_dev", "stage: drift_prod", WAITING, "two stages are called drift_prod"),
        (
            "dependsOn: [apply_dev]",
            "dependsOn: [apply_prod]",
            WAITING,
            "these wait for one another: apply_prod",
        ),
    ],
)
def test_broken_stages_are_rejected(
    old: str, new: str, by: str, finding: str, file: Artifact, backends: tuple[Backend, ...]
) -> None:
    found = {
        one.checker: one for one in verify_each(broken(file, old, new), named(backends, "azure_pipelines"))
    }
    assert tuple(found) == (SCHEMA, WAITING)
    assert found[by].outcome == "rejected"
    assert finding in " ".join(found[by].findings)


def test_a_pull_request_is_reviewed_and_nothing_else(stages: dict[str, Any]) -> None:
    assert list(stages) == STAGES
    assert stages["review"]["condition"] == "eq(variables['Build.Reason'], 'PullRequest')"
    for name in ("apply_dev", "apply_prod"):
        condition = stages[name]["condition"]
        assert "ne(variables['Build.Reason'], 'PullRequest')" in condition
        assert "eq(variables['Build.SourceBranch'], 'refs/heads/main')" in condition
        assert condition.count("(") == condition.count(")")
    for name, stage in stages.items():
        commands = " ".join(step.get("bash", "") for step in steps_of(stage))
        assert ("mlc apply" in commands) == name.startswith("apply_")


def test_schedules_start_what_they_name(file: Artifact, stages: dict[str, Any]) -> None:
    crons = {one["displayName"]: one["cron"] for one in yaml.safe_load(file.content)["schedules"]}
    assert crons == {"mornings": "30 5 * * 1-5", "sundays": "0 3 * * 0"}
    named_ = "eq(variables['Build.CronSchedule.DisplayName'], '%s')"
    assert "Schedule'))" in stages["apply_dev"]["condition"]
    assert named_ % "sundays" in stages["apply_prod"]["condition"]
    assert stages["drift_dev"]["condition"] == stages["drift_prod"]["condition"] == named_ % "mornings"


def test_environments_follow_one_another_and_approve(stages: dict[str, Any]) -> None:
    assert stages["apply_prod"]["dependsOn"] == ["apply_dev"]
    assert stages["apply_prod"]["jobs"][0]["environment"] == "production"
    assert stages["apply_dev"]["jobs"][0]["environment"] == "lending-dev"


def test_no_step_is_given_a_token(file: Artifact, stages: dict[str, Any]) -> None:
    assert b"System.AccessToken" not in file.content
    assert b"SYSTEM_ACCESSTOKEN" not in file.content
    checkouts = [step for stage in stages.values() for step in steps_of(stage) if "checkout" in step]
    assert [step["persistCredentials"] for step in checkouts] == ["false"] * len(STAGES)


@pytest.mark.parametrize(
    "hostile",
    [
        "echo ${{ variables.x }}",
        "a\n    condition: always()",
        'x" && echo "y',
        "a: b # c",
        "no",
        "\u2028\ufeff",
    ],
)
def test_hostile_values_change_no_structure(
    hostile: str, stages: dict[str, Any], backends: tuple[Backend, ...]
) -> None:
    found = by_name(of(backends, install=hostile))
    for name, stage in found.items():
        install = next(step for step in steps_of(stage) if step.get("displayName") == "Install mlc")
        assert install["bash"].replace("${{ '${{' }}", "${{") == hostile
        install["bash"] = next(s for s in steps_of(stages[name]) if s.get("displayName") == "Install mlc")[
            "bash"
        ]
    assert found == stages


def test_names_of_environments_become_names_of_stages(backends: tuple[Backend, ...]) -> None:
    names = ["a-b", "a_b", "0"]
    pipeline = {**SPECS["pipeline.azure"], "apply": {name: {} for name in names}, "schedules": {}}
    graph = graph_of({**SPECS, "pipeline.azure": pipeline}, environments=names)
    artifact = emitted(emit(graph, backends, True), ".azure-pipelines/mlc-azure.yml")
    stages = by_name(artifact)
    assert list(stages) == ["review", "apply_a_b", "apply_a_b_2", "apply_0"]
    assert [steps_of(stages[stage])[-1]["env"]["ENVIRONMENT"] for stage in list(stages)[1:]] == names
    assert verify(artifact, named(backends, "azure_pipelines")).outcome == "ok"


def test_agents_of_ones_own_and_modules(backends: tuple[Backend, ...]) -> None:
    artifact = of(backends, azure={"pool": "ml agents"})
    assert yaml.safe_load(artifact.content)["pool"] == {"name": "ml agents"}
    graph = graph_of(SPECS, modules={"team": {"source": "../layers"}})
    found = by_name(emitted(emit(graph, backends, True), ".azure-pipelines/mlc-azure.yml"))
    for stage in found.values():
        names = [step.get("displayName") for step in steps_of(stage)]
        at = names.index("Install mlc")
        assert names[at + 1] == "Install the modules that mlc.lock holds"


def test_what_a_change_says_gives_the_agent_no_command(stages: dict[str, Any], tmp_path: Path) -> None:
    """`##vso[…]` anywhere in the log is a command to Azure's agent, also where a stranger's file said it."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mlc"
    program.write_text(
        "#!/bin/sh\necho '##vso[task.setvariable variable=PATH]/evil'\necho '##vso[a]' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    step = next(one for one in steps_of(stages["review"]) if one.get("displayName") == "Review")
    (tmp_path / "script").write_text(step["bash"])
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", tmp_path / "script"],
        cwd=tmp_path,
        env={
            "PATH": f"{program.parent}{os.pathsep}{os.defpath}",
            "BUILD_ARTIFACTSTAGINGDIRECTORY": str(tmp_path / "staging"),
            **step["env"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    said = [line for line in (done.stdout + done.stderr).splitlines() if "##" in line]
    assert said == [f"##vso[task.uploadsummary]{tmp_path}/staging/mlc-review/comment.md"]
