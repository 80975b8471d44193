"""The workflow and its action do what they say with the least rights, and the official checkers refuse them broken."""

from __future__ import annotations

import os
import re
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

CHECKERS = ("actionlint", "zizmor", "json-schema vendor.github-workflows")


@pytest.fixture
def workflow(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, "mlc-main.yml")


@pytest.fixture
def action(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, "mlc-main/action.yml")


@pytest.fixture
def jobs(workflow: Artifact) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(workflow.content)["jobs"]
    return read


@pytest.mark.parametrize(
    ("old", "new", "by"),
    [
        ("needs: [apply-dev]", "needs: [apply-test]", "actionlint"),
        ("needs: [review]", "needs: [validate]", "actionlint"),
        ("timeout-minutes: 30", "timeout-minute: 30", "json-schema vendor.github-workflows"),
        ("permissions: {}", "permissions: write-all", "zizmor"),
        ('run: mlc apply --yes "env=$ENVIRONMENT"', "run: mlc apply --yes ${{ github.ref_name }}", "zizmor"),
        ("@11bd71901bbe5b1630ceea73d27597364c9af683", "@v4", "zizmor"),
        ("persist-credentials: false", "fetch-depth: 1", "zizmor"),
        ("$/.github/actions/mlc-main", "./.github/actions/mlc-main", "zizmor"),
    ],
)
def test_broken_workflow_is_rejected(
    old: str, new: str, by: str, workflow: Artifact, backends: tuple[Backend, ...]
) -> None:
    backend = named(backends, "github_actions")
    found = {one.checker: one for one in verify_each(broken(workflow, old, new), backend)}
    assert tuple(found) == CHECKERS
    assert found[by].outcome == "rejected"
    assert found[by].findings


@pytest.mark.parametrize(
    ("old", "new", "by"),
    [
        ('cat "$out/comment.md"', "cat ${{ inputs.base }}", "zizmor"),
        ("@ea165f8d65b6e75b540449e92b4886f43607fa02", "@v4", "zizmor"),
        ("shell: bash", "shells: bash", "json-schema vendor.github-actions"),
        ("using: composite", "using: composed", "json-schema vendor.github-actions"),
    ],
)
def test_broken_action_is_rejected(
    old: str, new: str, by: str, action: Artifact, backends: tuple[Backend, ...]
) -> None:
    found = {
        one.checker: one for one in verify_each(broken(action, old, new), named(backends, "github_actions"))
    }
    assert tuple(found) == ("zizmor", "json-schema vendor.github-actions")
    assert found[by].outcome == "rejected"


def test_each_job_has_the_rights_that_it_needs_and_no_secret(
    workflow: Artifact, jobs: dict[str, Any]
) -> None:
    assert b"secrets" not in workflow.content
    assert list(jobs) == ["review", "publish", "apply-dev", "apply-prod", "drift-dev", "drift-prod"]
    rights = {
        "publish": {"pull-requests": "write", "security-events": "write", "actions": "read"},
        "apply-prod": {"contents": "read", "id-token": "write"},
    }
    for name, job in jobs.items():
        assert job["permissions"] == rights.get(name, {"contents": "read"})
        assert job["timeout-minutes"] == 30
        checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
        assert len(checkouts) == (0 if name == "publish" else 1)
        assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_what_may_write_reads_no_file_of_the_change_and_runs_for_no_fork(jobs: dict[str, Any]) -> None:
    publish = jobs["publish"]
    assert [step.get("uses") for step in publish["steps"]] == ["$/.github/actions/mlc-main"]
    assert publish["steps"][0]["with"]["do"] == "publish"
    assert "head.repo.full_name == github.repository" in publish["if"]
    assert "github.event_name == 'pull_request'" in publish["if"]


def test_pull_requests_never_apply(jobs: dict[str, Any]) -> None:
    for name, job in jobs.items():
        commands = " ".join(step.get("run", "") for step in job["steps"])
        wanted = {"apply": "github.event_name == 'push'", "drift": "github.event.schedule == '30 5 * * 1-5'"}
        assert wanted.get(name.partition("-")[0], "github.event_name == 'pull_request'") in job["if"]
        assert ("mlc apply" in commands) == name.startswith("apply-")


def test_schedules_start_what_they_name(workflow: Artifact, jobs: dict[str, Any]) -> None:
    found = yaml.safe_load(workflow.content)[True]["schedule"]  # YAML 1.1 reads `on` as true
    assert found == [{"cron": "30 5 * * 1-5"}, {"cron": "0 3 * * 0"}]
    assert "schedule" not in jobs["apply-dev"]["if"]
    assert jobs["apply-prod"]["if"] == (
        "!cancelled() && !failure() && (github.event_name == 'push' || github.event.schedule == '0 3 * * 0')"
    )
    assert jobs["drift-dev"]["if"] == jobs["drift-prod"]["if"] == "github.event.schedule == '30 5 * * 1-5'"


def test_a_run_says_who_it_is_by_a_token_of_its_own(jobs: dict[str, Any]) -> None:
    names = [step["name"] for step in jobs["apply-prod"]["steps"]]
    assert names[-2:] == ["Take the token that says who this run is", "Apply"]
    assert jobs["apply-prod"]["steps"][-1]["env"] == {
        "ENVIRONMENT": "prod",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/mlc-apply",
        "AWS_ROLE_SESSION_NAME": "mlc",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "${{ runner.temp }}/mlc-token",
    }
    assert len(jobs["apply-dev"]["steps"][-1]["env"]) == 1


def test_environments_are_applied_one_after_the_other(jobs: dict[str, Any]) -> None:
    assert "needs" not in jobs["apply-dev"]
    assert jobs["apply-prod"]["needs"] == ["apply-dev"]
    assert jobs["apply-prod"]["environment"] == "production"
    assert "environment" not in jobs["apply-dev"]
    assert jobs["apply-prod"]["concurrency"] == {
        "group": "mlc-apply-lending-prod",
        "cancel-in-progress": False,
    }


def test_actions_are_pinned_as_backend_yaml_says(
    jobs: dict[str, Any], action: Artifact, backends: tuple[Backend, ...]
) -> None:
    pins = named(backends, "github_actions").manifest.pins.values()
    steps = [step for job in jobs.values() for step in job["steps"]]
    steps += yaml.safe_load(action.content)["runs"]["steps"]
    used = {step["uses"] for step in steps if "uses" in step}
    assert used == {f"{pin.uses}@{pin.revision}" for pin in pins} | {"$/.github/actions/mlc-main"}


def test_no_expression_stands_in_a_script(jobs: dict[str, Any], action: Artifact) -> None:
    steps = [step for job in jobs.values() for step in job["steps"]]
    steps += yaml.safe_load(action.content)["runs"]["steps"]
    assert any("run" in step for step in steps)
    assert all("${{" not in step.get("run", "") for step in steps)


@pytest.mark.parametrize(
    "hostile",
    [
        "echo ${{ secrets.TOKEN }}",
        "a\n    permissions: write-all",
        'x" && echo "y',
        "a: b # c",
        "no",
        "\u2028\u0085\ufeff",
    ],
)
def test_hostile_values_change_no_structure(
    hostile: str, jobs: dict[str, Any], backends: tuple[Backend, ...]
) -> None:
    pipeline = {**SPECS["pipeline.main"], "install": hostile, "runner": hostile}
    artifact = emitted(
        emit(graph_of({**SPECS, "pipeline.main": pipeline}), backends, True), ".github/workflows/mlc-main.yml"
    )
    found = yaml.safe_load(artifact.content)["jobs"]
    constant = re.compile(r"\$\{\{ '\$\{\{' \}\}")
    for name, job in found.items():
        if name == "publish":
            continue
        install = next(step for step in job["steps"] if step["name"] == "Install mlc")
        for value in (install["run"], job["runs-on"]):
            assert constant.sub("${{", value) == hostile
            assert "${{" not in constant.sub("", value)
        install["run"] = next(step for step in jobs[name]["steps"] if step["name"] == "Install mlc")["run"]
        job["runs-on"] = jobs[name]["runs-on"]
    assert constant.sub("${{", found["publish"].pop("runs-on")) == hostile
    expected = {**jobs, "publish": {**jobs["publish"]}}
    expected["publish"].pop("runs-on")
    assert found == expected


def test_environment_names_that_yaml_misreads(backends: tuple[Backend, ...]) -> None:
    pipeline = {**SPECS["pipeline.main"], "apply": {"no": {}, "0123": {}, "1e3": {"approval": "off"}}}
    pipeline["schedules"] = {}
    specs = {**SPECS, "pipeline.main": pipeline}
    artifact = emitted(
        emit(graph_of(specs, environments=["no", "0123", "1e3"]), backends, True), "mlc-main.yml"
    )
    jobs = yaml.safe_load(artifact.content)["jobs"]
    assert list(jobs)[2:] == ["apply-no", "apply-0123", "apply-1e3"]
    assert jobs["apply-1e3"]["environment"] == "off"
    assert [jobs[name]["steps"][-1]["env"]["ENVIRONMENT"] for name in list(jobs)[2:]] == ["no", "0123", "1e3"]
    assert verify(artifact, named(backends, "github_actions")).outcome == "ok"


def test_a_project_in_a_folder_works_there(backends: tuple[Backend, ...]) -> None:
    pipeline = {**SPECS["pipeline.main"], "folder": "teams/lending", "apply": {}, "schedules": {}}
    artifact = emitted(emit(graph_of({**SPECS, "pipeline.main": pipeline}), backends, True), "mlc-main.yml")
    read = yaml.safe_load(artifact.content)
    assert read["defaults"]["run"]["working-directory"] == "teams/lending"
    assert list(read["jobs"]) == ["review", "publish"]
    assert read["jobs"]["review"]["steps"][-1]["with"]["folder"] == "teams/lending"
    assert "have to be copied there" in artifact.content.decode()
    assert verify(artifact, named(backends, "github_actions")).outcome == "ok"


FAKE_MLC = """#!/bin/sh
for word in "$@"; do printf '%s\\n' "$word" >> "$LOG"; done
printf -- '--\\n' >> "$LOG"
exit "${FAKE_EXIT:-0}"
"""


def run_step(step: dict[str, Any], folder: Path, fails: bool = False) -> tuple[int, list[list[str]]]:
    """A step's shell lines as GitHub's runner starts them, with an mlc that notes what it was called with."""
    program = folder / "bin" / "mlc"
    program.parent.mkdir(exist_ok=True)
    program.write_text(FAKE_MLC, encoding="utf-8")
    program.chmod(0o755)
    log, script = folder / "log", folder / "script.sh"
    script.write_text(step["run"], encoding="utf-8")
    log.write_text("", encoding="utf-8")
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=folder,
        check=False,
        env={
            "PATH": f"{program.parent}{os.pathsep}{os.defpath}",
            "RUNNER_TEMP": str(folder),
            "LOG": str(log),
            "FAKE_EXIT": "1" if fails else "0",
            **step.get("env", {}),
        },
    )
    calls = [call.splitlines() for call in log.read_text(encoding="utf-8").split("--\n")[:-1]]
    return result.returncode, calls


def test_the_shell_lines_call_mlc_as_its_command_line_has_it(jobs: dict[str, Any], tmp_path: Path) -> None:
    """Those of the action are run on a real repository (tests/reviews/test_action.py)."""
    apply = next(step for step in jobs["apply-prod"]["steps"] if step["name"] == "Apply")
    assert run_step(apply, tmp_path) == (0, [["apply", "--yes", "env=prod"]])
    assert run_step(apply, tmp_path, fails=True)[0] == 1


def test_values_in_the_environment_stay_one_word(jobs: dict[str, Any], tmp_path: Path) -> None:
    apply = {
        **jobs["apply-prod"]["steps"][-1],
        "env": {"ENVIRONMENT": "a b; touch owned $(touch owned) * \"'"},
    }
    assert run_step(apply, tmp_path) == (0, [["apply", "--yes", "env=" + apply["env"]["ENVIRONMENT"]]])
    assert not (tmp_path / "owned").exists()


def test_modules_are_installed_before_anything_is_compiled(
    backends: tuple[Backend, ...], jobs: dict[str, Any]
) -> None:
    install = {"name": "Install the modules that mlc.lock holds", "run": "mlc modules install"}
    assert all(install not in job["steps"] for job in jobs.values())
    graph = graph_of(SPECS, modules={"team": {"source": "../layers"}})
    workflow = emitted(emit(graph, backends, True), "mlc-main.yml")
    found_jobs = yaml.safe_load(workflow.content)["jobs"]
    assert len(found_jobs.pop("publish")["steps"]) == 1  # it compiles nothing
    for name, job in found_jobs.items():
        names = [step["name"] for step in job["steps"]]
        at = job["steps"].index(install)
        assert names[at - 1] == "Install mlc"
        if name == "review":
            at += 1
            assert job["steps"][at]["run"] == "mlc modules install --revision HEAD^1"
        assert names[at + 1] in (
            "Review",
            "Apply",
            "Look for drift",
            "Take the token that says who this run is",
        )
    found = verify_each(workflow, named(backends, "github_actions"))
    assert [one.outcome for one in found] == ["ok"] * len(CHECKERS)
