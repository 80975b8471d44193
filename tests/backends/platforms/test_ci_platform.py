"""What is emitted for CI systems, run on a repository: GitLab's jobs by gitlab-ci-local, the others' steps in order.

Asked for by name (`make test-platforms`), and then what is missing is a failure, never a skip.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.script import environment
from backends.platforms.ci_runner import Runner, azure_steps
from mlc import data
from mlc.emit.verify import gitlab_ci_local
from reviews.test_action import gitlab
from stages.git.real import commit, git

SMALL = Path(__file__).parents[2] / "acceptance" / "projects" / "small"
FOLDER = Path("ml", "shop")
PIPELINES = {
    "ci": "systems: [github_actions, gitlab_ci]\n",
    "az": "systems: [azure_pipelines]\n",
}
REST = """install: mlc rule missing-key > /dev/null
folder: ml/shop
apply:
  dev: {}
  prod: {approval: production%s}
schedules:
  mornings: {cron: "30 5 * * *", run: drift, environments: [dev]}
  mondays: {cron: "0 4 * * 1", run: apply, environments: [prod]}
"""
IDENTITY = ', identity: {role: "arn:aws:iam::123456789012:role/mlc"}'


class Place:
    """A repository, and a folder beside it with an mlc on the path of its `environment`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "repository"
        self.shop = self.repository / FOLDER
        self.environment = environment(folder)

    def mlc(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "bin" / "mlc"), "-C", str(self.shop), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    (tmp_path / "bin").mkdir()
    for name, words in (("mlc", "-P -m mlc.cli.main"), ("python", "")):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    gh = Path(__file__).parents[2] / "reviews" / "_gh.py"
    (tmp_path / "bin" / "gh").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{gh}" "$@"\n')
    (tmp_path / "bin" / "gh").chmod(0o755)
    shutil.copytree(SMALL, place.shop)
    (place.shop / "pipeline").mkdir()
    for name, systems in PIPELINES.items():
        text = systems + REST % (IDENTITY if name == "ci" else "")
        (place.shop / "pipeline" / f"{name}.yaml").write_text(text)
    assert place.mlc("render", "--out", str(place.shop)).returncode == 0
    shutil.copytree(place.shop / ".github", place.repository / ".github")
    (place.repository / ".gitlab-ci.yml").write_text("include:\n  - local: /ml/shop/.gitlab/mlc-ci.yml\n")
    (place.repository / ".gitignore").write_text(
        ".mlc/\ngenerated/\n.gitlab-ci-local/\nmlc-review/\n__pycache__/\n"
    )
    git(place.repository, "init", "--quiet")
    git(place.repository, "remote", "add", "origin", "https://gitlab.example/acme/models.git")
    commit(place.repository, "The shop")
    return place


def proposed(place: Place) -> None:
    """What is checked out for a proposal: its merge, whose first parent is the branch."""
    git(place.repository, "checkout", "--quiet", "-b", "proposal")
    layer = place.shop / "model" / "_linear.yaml"
    layer.write_text(layer.read_text() + "\n# a line\n")
    gate = place.shop / "gate" / "quality.yaml"
    text = gate.read_text()
    assert "0.7" in text
    gate.write_text(text.replace("0.7", "0.6"))
    commit(place.repository, "Looser")
    git(place.repository, "checkout", "--quiet", "-b", "merge", "main")
    git(place.repository, "merge", "--quiet", "--no-ff", "--no-edit", "proposal")


# GitLab


def run_jobs(place: Place, *jobs: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = gitlab_ci_local(data.path().resolve())
    assert command, "gitlab-ci-local is not there: run `make checkers` first"
    given = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
    quiet = ["--ignore-predefined-vars", ",".join(variables)]
    return subprocess.run(
        [*command, "--force-shell-executor", "--no-color", *quiet, *given, *jobs],
        cwd=place.repository,
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_gitlab_applies_looks_for_drift_and_applies_again(place: Place) -> None:
    done = run_jobs(place, "mlc-ci-apply-dev", CI_PIPELINE_SOURCE="push")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Applied: " in done.stdout
    schedule = {"CI_PIPELINE_SOURCE": "schedule", "MLC_SCHEDULE": "mornings"}
    done = run_jobs(place, "mlc-ci-drift-dev", **schedule)
    assert (done.returncode, "No drift" in done.stdout) == (0, True), done.stdout
    (changed,) = place.shop.glob("generated/dev/mlserver/web/settings.json")
    changed.write_text("{}")
    done = run_jobs(place, "mlc-ci-drift-dev", **schedule)
    assert (done.returncode, "settings.json" in done.stdout) == (1, True), done.stdout
    done = run_jobs(place, "mlc-ci-apply-dev", CI_PIPELINE_SOURCE="push")
    assert "Applied: 1 step done." in done.stdout, done.stdout
    done = run_jobs(place, "mlc-ci-apply-dev", CI_PIPELINE_SOURCE="push")
    assert "Nothing to do" in done.stdout, done.stdout
    assert git(place.repository, "status", "--porcelain") == ""


def test_gitlab_starts_only_what_an_event_is_for(place: Place) -> None:
    def listed(**variables: str) -> list[str]:
        rows = run_jobs(place, "--list", **variables).stdout.splitlines()
        return [row.split()[0] for row in rows if row.startswith("mlc-")]

    both = ["mlc-ci-apply-dev", "mlc-ci-apply-prod"]
    assert listed(CI_PIPELINE_SOURCE="push") == both
    assert listed(CI_PIPELINE_SOURCE="push", CI_COMMIT_BRANCH="other") == []
    assert listed(CI_PIPELINE_SOURCE="schedule", MLC_SCHEDULE="mornings") == ["mlc-ci-drift-dev"]
    assert listed(CI_PIPELINE_SOURCE="schedule", MLC_SCHEDULE="mondays") == ["mlc-ci-apply-prod"]
    assert listed(CI_PIPELINE_SOURCE="merge_request_event") == ["mlc-ci-review"]
    token = {"MLC_COMMENT_TOKEN": "t0ken", "CI_PROJECT_ID": "3"}
    own = {**token, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "3"}
    fork = {**token, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "4"}
    assert listed(CI_PIPELINE_SOURCE="merge_request_event", **own) == ["mlc-ci-review", "mlc-ci-comment"]
    assert listed(CI_PIPELINE_SOURCE="merge_request_event", **fork) == ["mlc-ci-review"]


def test_gitlab_reviews_and_comments_once(place: Place) -> None:
    proposed(place)
    notes: list[dict[str, Any]] = []
    with gitlab(notes) as url:
        for _ in range(2):
            done = run_jobs(
                place,
                "--needs",
                "mlc-ci-comment",
                CI_PIPELINE_SOURCE="merge_request_event",
                CI_MERGE_REQUEST_DIFF_BASE_SHA=git(place.repository, "rev-parse", "HEAD^1"),
                CI_MERGE_REQUEST_SOURCE_PROJECT_ID="3",
                CI_MERGE_REQUEST_IID="7",
                CI_PROJECT_ID="3",
                CI_API_V4_URL=url,
                MLC_COMMENT_TOKEN="t0ken",
            )
            assert done.returncode == 0, done.stdout + done.stderr
    (note,) = notes
    assert note["body"].startswith("<!-- mlc review: ml/shop -->\n")
    assert "**loosened** `gate.quality`" in note["body"]


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("job: mlc-ci-apply-dev", "job: mlc-ci-apply-test", ""),
        ("needs: [mlc-ci-review]", "needs: [review]", "review"),
        ("stage: deploy", "stage: release", "stage"),
        ("  script:", "  scripts:", "script"),
    ],
)
def test_gitlab_ci_local_rejects_what_is_broken(old: str, new: str, finding: str, place: Place) -> None:
    from mlc.emit import load_backends
    from mlc.emit.verify import verify_each
    from mlc.ir.address import Address
    from mlc.ir.artifact import artifact

    text = (place.shop / ".gitlab" / "mlc-ci.yml").read_text()
    backend = next(one for one in load_backends((data.path("templates"),)) if one.name == "gitlab_ci")
    for number, content in enumerate([text, text.replace(old, new)]):
        assert number == 0 or content != text
        one = artifact(".gitlab/mlc-ci.yml", content.encode(), "gitlab_ci", Address("pipeline", "ci"))
        found = {check.checker: check for check in verify_each(one, backend)}
        optional = number == 1 and new.startswith(
            "job: "
        )  # of an optional need, GitLab itself takes any name
        wanted = "rejected" if number and not optional else "ok"
        assert found["gitlab-ci-local"].outcome == wanted, found
        if wanted == "rejected":
            assert finding in " ".join(found["gitlab-ci-local"].findings)
        if optional:
            assert found["dependencies gitlab"].outcome == "rejected"


# GitHub


class Tokens(BaseHTTPRequestHandler):
    """Where GitHub's runner gets a token of the run from."""

    asked: list[str]

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "bearer r3quest"
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"value": "the.token.itself"}).encode())

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def tokens() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Tokens,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/token?api-version=2", asked
    server.shutdown()
    thread.join()
    server.server_close()


def github(place: Place, **event: Any) -> Runner:
    context = {
        "github": {
            "repository": "acme/models",
            "server_url": "https://git.example",
            "token": "t0ken",
            **event,
        }
    }
    return Runner(place.repository, place.folder, dict(place.environment), context, {}, [])


def workflow(place: Place) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(
        (place.repository / ".github" / "workflows" / "mlc-ci.yml").read_bytes()
    )
    return read


def test_github_reviews_a_pull_request_and_comments_once(place: Place) -> None:
    proposed(place)
    comments = place.folder / "comments.json"
    comments.write_text("[]")
    for _ in range(2):
        pull_request = {"number": "7", "head": {"repo": {"full_name": "acme/models"}}}
        runner = github(place, event_name="pull_request", event={"pull_request": pull_request})
        runner.environment["COMMENTS"] = str(comments)
        found = runner.run(workflow(place))
        assert {name for name, result in found.items() if result == "success"} == {"review", "publish"}, (
            runner.log
        )
        assert set(found.values()) == {"success", "skipped"}
    (comment,) = json.loads(comments.read_bytes())
    assert "**loosened** `gate.quality`" in comment["body"]
    fork = {"number": "7", "head": {"repo": {"full_name": "stranger/models"}}}
    runner = github(place, event_name="pull_request", event={"pull_request": fork})
    assert {name for name, result in runner.run(workflow(place)).items() if result != "skipped"} == {"review"}


def test_github_applies_a_merge_in_order_and_looks_for_drift(
    place: Place, tokens: tuple[str, list[str]]
) -> None:
    url, asked = tokens
    runner = github(place, event_name="push")
    runner.environment |= {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "r3quest"}
    found = runner.run(workflow(place))
    applied = {"apply-dev", "apply-prod"}
    assert {name for name, result in found.items() if result == "success"} == applied, "\n".join(runner.log)
    assert asked == ["/token?api-version=2&audience=sts.amazonaws.com"]
    token = place.folder / "temp" / "mlc-token"
    assert (token.read_text(), oct(token.stat().st_mode)[-3:]) == ("the.token.itself", "600")
    said = [line.split(": ")[0] for line in runner.log if not line.startswith("  ")]
    assert said == sorted(said), "dev comes before prod"
    assert place.mlc("plan", "--env", "all", "--detailed-exitcode").returncode == 0

    runner = github(place, event_name="schedule", event={"schedule": "30 5 * * *"})
    assert {name for name, result in runner.run(workflow(place)).items() if result == "success"} == {
        "drift-dev"
    }
    (place.shop / "generated" / "dev" / "mlserver" / "web" / "settings.json").unlink()
    runner = github(place, event_name="schedule", event={"schedule": "30 5 * * *"})
    assert runner.run(workflow(place))["drift-dev"] == "failure"


def test_github_applies_prod_on_its_schedule_alone(place: Place, tokens: tuple[str, list[str]]) -> None:
    runner = github(place, event_name="schedule", event={"schedule": "0 4 * * 1"})
    runner.environment |= {
        "ACTIONS_ID_TOKEN_REQUEST_URL": tokens[0],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "r3quest",
    }
    found = runner.run(workflow(place))
    assert {name for name, result in found.items() if result == "success"} == {"apply-prod"}, runner.log


def test_github_does_not_apply_prod_after_a_failure(place: Place) -> None:
    gate = place.shop / "gate" / "quality.yaml"
    gate.write_text(gate.read_text().replace("0.7", "0.999"))
    runner = github(place, event_name="push")
    found = runner.run(workflow(place))
    assert (found["apply-dev"], found["apply-prod"]) == ("failure", "skipped")


# Azure


def test_azure_reviews_and_applies(place: Place) -> None:
    document = yaml.safe_load((place.shop / ".azure-pipelines" / "mlc-az.yml").read_bytes())
    stages = {stage["stage"]: stage for stage in document["stages"]}
    git(place.repository, "checkout", "--quiet", "main")
    said = azure_steps(stages["apply_dev"], place.repository, place.folder, place.environment)
    assert "Applied: " in said
    assert "No drift" in azure_steps(stages["drift_dev"], place.repository, place.folder, place.environment)
    proposed(place)
    said = azure_steps(stages["review"], place.repository, place.folder / "staging", place.environment)
    assert said.splitlines()[-1] == f"##vso[task.uploadsummary]{place.folder}/staging/mlc-review/comment.md"
    out = place.folder / "staging" / "mlc-review"
    assert "**loosened** `gate.quality`" in (out / "comment.md").read_text()
    assert (out / "junit.xml").read_text().startswith("<?xml")
    assert json.loads((out / "plan.json").read_bytes())["plans"]
