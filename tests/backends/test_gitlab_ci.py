"""The jobs for GitLab do what they say with the least rights, and what is broken about them is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from backends.project import DIGEST, SPECS, broken, emitted, graph_of, named
from mlc.emit import emit
from mlc.emit.dependencies import gitlab_findings
from mlc.emit.verify import verify_each
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

SCHEMA = "json-schema vendor.gitlab-ci --data-transform gitlab-ci"
REVIEW, COMMENT, DEV, PROD = (
    "mlc-main-review",
    "mlc-main-comment",
    "mlc-main-apply-dev",
    "mlc-main-apply-prod",
)
DRIFTS = ("mlc-main-drift-dev", "mlc-main-drift-prod")


@pytest.fixture
def file(artifacts: tuple[Artifact, ...]) -> Artifact:
    return emitted(artifacts, ".gitlab/mlc-main.yml")


@pytest.fixture
def jobs(file: Artifact) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(file.content)
    return read


def of(backends: tuple[Backend, ...], **changed: Any) -> Artifact:
    specs = {**SPECS, "pipeline.main": {**SPECS["pipeline.main"], **changed}}
    return emitted(emit(graph_of(specs), backends, True), ".gitlab/mlc-main.yml")


@pytest.mark.parametrize(
    ("old", "new", "by", "finding"),
    [
        ("  script:", "  scripts:", SCHEMA, ""),
        ("resource_group: mlc-apply-lending-dev", "resource_group: [a]", SCHEMA, "resource_group"),
        ("when: manual", "when: sometimes", SCHEMA, "when"),
        ("interruptible: true", "interruptible: maybe", SCHEMA, "interruptible"),
        ("{aud: sts.amazonaws.com}", "{audience: sts.amazonaws.com}", SCHEMA, "id_tokens"),
        ("job: mlc-main-apply-dev", "job: mlc-main-apply-test", "dependencies gitlab", "there is no job"),
        ("needs: [mlc-main-review]", "needs: [review]", "dependencies gitlab", "there is no job review"),
        ("stage: deploy", "stage: release", "dependencies gitlab", "there is no stage release"),
        ("needs: []", "needs: [mlc-main-apply-prod]", "dependencies gitlab", "wait for one another"),
    ],
)
def test_broken_jobs_are_rejected(
    old: str, new: str, by: str, finding: str, file: Artifact, backends: tuple[Backend, ...]
) -> None:
    found = {one.checker: one for one in verify_each(broken(file, old, new), named(backends, "gitlab_ci"))}
    assert found[by].outcome == "rejected"
    assert finding in " ".join(found[by].findings)


def test_jobs_begin_where_they_should(jobs: dict[str, Any]) -> None:
    assert list(jobs) == [REVIEW, COMMENT, DEV, PROD, *DRIFTS]
    sources = {name: [rule["if"] for rule in job["rules"]] for name, job in jobs.items()}
    for name in (REVIEW, COMMENT):
        assert all('$CI_PIPELINE_SOURCE == "merge_request_event"' in rule for rule in sources[name])
    pushed = "$CI_PIPELINE_SOURCE == 'push' && $CI_COMMIT_BRANCH == 'main'"
    assert sources[DEV] == [pushed]
    assert sources[PROD] == [pushed, "$CI_PIPELINE_SOURCE == 'schedule' && $MLC_SCHEDULE == 'sundays'"]
    for name in DRIFTS:
        assert sources[name] == ["$CI_PIPELINE_SOURCE == 'schedule' && $MLC_SCHEDULE == 'mornings'"]


def test_only_what_applies_changes_anything(jobs: dict[str, Any]) -> None:
    for name, job in jobs.items():
        commands = "\n".join(job["script"])
        assert (" apply " in commands) == name.startswith("mlc-main-apply-")
        assert ("id_tokens" in job) == (name == PROD)
        assert ("MLC_COMMENT_TOKEN" in json.dumps(job)) == (name == COMMENT)


def test_an_approval_is_waited_for(jobs: dict[str, Any]) -> None:
    assert jobs[PROD]["environment"] == {"name": "production"}
    assert all((rule["when"], rule["allow_failure"]) == ("manual", False) for rule in jobs[PROD]["rules"])
    assert jobs[PROD]["needs"] == [{"job": DEV, "artifacts": False, "optional": True}]
    assert "environment" not in jobs[DEV]
    assert [jobs[name]["resource_group"] for name in (DEV, PROD)] == [
        "mlc-apply-lending-dev",
        "mlc-apply-lending-prod",
    ]


def test_what_may_write_fetches_nothing(jobs: dict[str, Any]) -> None:
    assert jobs[COMMENT]["variables"] == {"GIT_STRATEGY": "none"}
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in jobs[COMMENT]["rules"][0]["if"]


def test_images_are_named_by_their_digest(jobs: dict[str, Any], backends: tuple[Backend, ...]) -> None:
    image = f"docker.io/library/python:3.11-bookworm@{DIGEST}"
    assert {job["image"] for job in jobs.values()} == {image}
    plain = yaml.safe_load(of(backends, gitlab={}).content)
    assert all("image" not in job and "tags" not in job for job in plain.values())


@pytest.mark.parametrize(
    "hostile",
    ["a\n  image: x", 'x" && echo "y', "a: b # c", "no", "\u2028\u0085\ufeff", "$[[ inputs.x ]]", "- a"],
)
def test_hostile_values_change_no_structure(
    hostile: str, jobs: dict[str, Any], backends: tuple[Backend, ...]
) -> None:
    found = yaml.safe_load(of(backends, install=hostile).content)
    assert list(found) == list(jobs)
    for name, job in found.items():
        if name != COMMENT:
            assert job["script"][0] == hostile
            job["script"][0] = jobs[name]["script"][0]
    assert found == jobs


def test_environment_names_that_yaml_misreads(backends: tuple[Backend, ...]) -> None:
    pipeline = {
        **SPECS["pipeline.main"],
        "apply": {"no": {}, "0123": {}, "1e3": {"approval": "off"}},
        "schedules": {},
    }
    graph = graph_of({**SPECS, "pipeline.main": pipeline}, environments=["no", "0123", "1e3"])
    artifact = emitted(emit(graph, backends, True), ".gitlab/mlc-main.yml")
    jobs = yaml.safe_load(artifact.content)
    assert list(jobs)[2:] == ["mlc-main-apply-no", "mlc-main-apply-0123", "mlc-main-apply-1e3"]
    assert [jobs[name]["script"][-1] for name in list(jobs)[2:]] == [
        f"mlc -C . apply --yes env={name}" for name in ("no", "0123", "1e3")
    ]
    assert gitlab_findings(jobs) == ()


def test_a_folder_and_modules(backends: tuple[Backend, ...]) -> None:
    pipeline = {**SPECS["pipeline.main"], "folder": "teams/lending"}
    graph = graph_of({**SPECS, "pipeline.main": pipeline}, modules={"team": {"source": "../layers"}})
    artifact = emitted(emit(graph, backends, True), ".gitlab/mlc-main.yml")
    assert "#     - local: /teams/lending/.gitlab/mlc-main.yml\n" in artifact.content.decode()
    jobs = yaml.safe_load(artifact.content)
    assert jobs[DEV]["script"][1:] == [
        "mlc -C teams/lending modules install",
        "mlc -C teams/lending apply --yes env=dev",
    ]
    assert jobs[REVIEW]["script"][1] == 'mlc -C "$MLC_FOLDER" modules install'
    assert jobs[REVIEW]["variables"]["MLC_FOLDER"] == "teams/lending"
