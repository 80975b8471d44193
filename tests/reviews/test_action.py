"""What CI runs, run: the shell lines of `action.yml` and of GitLab's component, on a real repository."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.script import environment
from backends import _root_action
from mlc import data
from reviews import repository
from stages.git.real import commit, git

ROOT = Path(__file__).parents[2]
REQUESTS = Path(__file__).parent / "requests"
OFFICIAL = ROOT.parent / "shared" / "official" / "github-action.schema.json"


def action() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(_root_action.FILE.read_bytes())
    return read


def step(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in action()["runs"]["steps"] if one["name"] == name)
    return found


def component() -> tuple[dict[str, Any], dict[str, Any]]:
    """The inputs and the jobs of GitLab's component, with the inputs' values in their places."""
    spec, jobs = data.path("templates", "review.yml").read_text(encoding="utf-8").split("\n---\n")
    inputs = yaml.safe_load(spec)["spec"]["inputs"]
    values = {name: one["default"] for name, one in inputs.items()}
    values |= {"install": "python3 --version > /dev/null", "folder": "ml/shop"}
    for name, value in values.items():
        jobs = jobs.replace(f"$[[ inputs.{name} ]]", value)
    return inputs, yaml.safe_load(jobs)


@pytest.fixture
def merged(tmp_path: Path) -> Path:
    """What GitHub checks out for a pull request: the merge of the branch and the proposal, and their two parents."""
    shop = repository.made(tmp_path / "origin")
    git(shop, "checkout", "--quiet", "-b", "proposal")
    layer = shop / repository.FOLDER / "model" / "_tabular.yaml"
    layer.write_text(layer.read_text().replace("max_iter: 100", "max_iter: 300"))
    commit(shop)
    git(shop, "checkout", "--quiet", "main")
    gate = shop / repository.FOLDER / "gate" / "quality.yaml"
    gate.write_text(gate.read_text().replace("0.8", "0.81"))
    commit(shop, "Somebody else's")
    git(shop, "checkout", "--quiet", "-b", "merge")
    git(shop, "merge", "--quiet", "--no-ff", "--no-edit", "proposal")
    git(tmp_path, "clone", "--quiet", "--depth=2", "--branch=merge", f"file://{shop}", "checkout")
    return tmp_path / "checkout"


def played(
    script: str, checkout: Path, folder: Path, variables: dict[str, str], shell: list[str]
) -> subprocess.CompletedProcess[str]:
    """A step's lines as a runner starts them, with this interpreter's mlc on the path."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    (commands / "mlc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m mlc.cli.main "$@"\n')
    (commands / "gh").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("_gh.py")}" "$@"\n'
    )
    for one in commands.iterdir():
        one.chmod(0o755)
    (folder / "script").write_text(script, encoding="utf-8")
    return subprocess.run(
        [*shell, str(folder / "script")],
        cwd=checkout,
        env={**environment(folder), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


def reviewed(checkout: Path, place: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    values = {name: str(one["default"]) for name, one in action()["inputs"].items()} | inputs
    variables = {
        "ACTION": str(ROOT),
        "FOLDER": values["folder"],
        "BASE": values["base"],
        "HEAD": values["head"],
        "VALIDATE": values["validate"],
        "ENVIRONMENTS": values["environments"],
        "LINKS": "https://git.example/acme/models/blob",
    }
    assert set(variables) == set(step("Review")["env"])
    runner = {"RUNNER_TEMP": str(place), "GITHUB_STEP_SUMMARY": str(place / "summary.md")}
    return played(step("Review")["run"], checkout, place, {**variables, **runner}, BASH)


def commented(folder: Path) -> subprocess.CompletedProcess[str]:
    variables = {"GH_TOKEN": "t0ken", "REPOSITORY": "acme/models", "NUMBER": "7"}
    assert set(variables) == set(step("Comment")["env"])
    runner = {"RUNNER_TEMP": str(folder), "COMMENTS": str(folder / "comments.json")}
    return played(step("Comment")["run"], folder, folder, {**variables, **runner}, BASH)


def comments(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "comments.json").read_text(encoding="utf-8"))
    return found


def test_the_action_at_the_top_is_the_one_that_is_emitted() -> None:
    assert _root_action.FILE.read_bytes() == _root_action.text()
    assert _root_action.COMPONENT.read_bytes() == _root_action.component()


def test_the_review_of_a_merge_needs_no_more_than_two_commits(merged: Path, tmp_path: Path) -> None:
    done = reviewed(merged, tmp_path, folder="ml/shop")
    assert (done.returncode, done.stderr) == (0, "")
    out = tmp_path / "mlc-review"
    assert {path.name for path in out.iterdir()} == {
        "comment.md",
        "review.md",
        "review.json",
        "plan.json",
        "mlc.sarif",
    }
    comment = (out / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("<!-- mlc review: ml/shop -->\n### mlc: 3 models train again")
    assert "gate.quality" not in comment, "what somebody else has merged is no part of the change"
    assert (tmp_path / "summary.md").read_text(encoding="utf-8") == comment
    assert json.loads((out / "review.json").read_bytes())["resources"]
    assert json.loads((out / "plan.json").read_bytes())["plans"]
    assert json.loads((out / "mlc.sarif").read_bytes())["runs"]
    assert git(merged, "status", "--porcelain") == ""


def test_a_change_is_reviewed_without_its_files_where_only_its_commits_were_fetched(tmp_path: Path) -> None:
    """The way for forks: the branch is checked out, and the change is nothing but objects of git."""
    shop = repository.made(tmp_path / "origin")
    copy = repository.proposed(shop, REQUESTS / "loosened_gate" / "script", tmp_path / "fork")
    git(shop, "fetch", "--quiet", str(copy), "proposal:refs/mlc/change")
    inputs = {"folder": "ml/shop", "base": "HEAD...refs/mlc/change", "head": "", "validate": "false"}
    done = reviewed(shop, tmp_path, **inputs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    out = tmp_path / "mlc-review"
    assert {path.name for path in out.iterdir()} == {"comment.md", "review.md", "review.json"}
    assert "**loosened** `gate.quality`" in (out / "comment.md").read_text(encoding="utf-8")
    assert "0.72" not in (shop / repository.FOLDER / "gate" / "quality.yaml").read_text()


@pytest.mark.parametrize("request_", ["typo", "secret", "hostile"])
def test_mistakes_fail_the_job_once_everything_is_written(request_: str, tmp_path: Path) -> None:
    shop = repository.made(tmp_path / "origin")
    copy = repository.proposed(shop, REQUESTS / request_ / "script", tmp_path / "copy")
    done = reviewed(copy, tmp_path, folder="ml/shop")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines
    assert all(line.startswith(("::error title=", "::warning title=")) for line in lines)
    located = [line for line in lines if ",file=" in line]
    assert located
    assert all(",file=ml/shop/" in line for line in located)
    out = tmp_path / "mlc-review"
    assert "new error" in (out / "comment.md").read_text(encoding="utf-8")
    for result in json.loads((out / "mlc.sarif").read_bytes())["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert place.startswith("ml/shop/")
    assert "ghp_abc" not in "".join(path.read_text(encoding="utf-8") for path in out.iterdir()) + done.stdout


def test_values_stay_words(merged: Path, tmp_path: Path) -> None:
    hostile = '$(touch owned) `touch owned`; touch owned #"'
    done = reviewed(merged, tmp_path, folder="ml/shop", head=hostile, environments="dev;touch owned")
    assert done.returncode == 1
    assert not list(tmp_path.rglob("owned"))


def test_there_is_one_comment_however_often_it_runs(merged: Path, tmp_path: Path) -> None:
    assert reviewed(merged, tmp_path, folder="ml/shop").returncode == 0
    body = (tmp_path / "mlc-review" / "comment.md").read_text(encoding="utf-8")
    theirs = [
        {"id": 1, "user": {"type": "User"}, "body": body},
        {"id": 2, "user": {"type": "Bot"}, "body": f"Quoting:\n{body}"},
        {"id": 3, "user": {"type": "Bot"}, "body": "<!-- mlc review: ml/other -->\nAnother project's"},
    ]
    (tmp_path / "comments.json").write_text(json.dumps(theirs), encoding="utf-8")
    for _ in range(2):
        done = commented(tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        found = comments(tmp_path)
        assert found[:3] == theirs
        assert [(one["id"], one["body"]) for one in found[3:]] == [(4, body)]
    (tmp_path / "mlc-review" / "comment.md").write_text(body + "Now.\n", encoding="utf-8")
    assert commented(tmp_path).returncode == 0
    assert [one["body"] for one in comments(tmp_path)[3:]] == [body + "Now.\n"]


@pytest.mark.parametrize(("body", "code"), [("", 0), ("Buy now!\n<!-- mlc review: . -->\n", 1)])
def test_what_is_no_review_is_not_posted(body: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "mlc-review").mkdir()
    (tmp_path / "mlc-review" / "comment.md").write_text(body, encoding="utf-8")
    (tmp_path / "comments.json").write_text("[]", encoding="utf-8")
    assert commented(tmp_path).returncode == code
    assert comments(tmp_path) == []


def test_the_official_checkers_accept_the_action(tmp_path: Path) -> None:
    bin_folder = Path(sys.executable).parent
    for command in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-actions"],
        *([["check-jsonschema", "--schemafile", str(OFFICIAL)]] if OFFICIAL.is_file() else []),
        ["zizmor", "--offline", "--pedantic", "--no-config", "--no-progress", "--color=never"],
    ):
        program = [str(bin_folder / command[0]), *command[1:]]
        done = subprocess.run([*program, str(_root_action.FILE)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_official_schema_accepts_the_component(tmp_path: Path) -> None:
    inputs, jobs = component()
    assert set(inputs) == {"stage", "image", "install", "folder", "environments"}
    checker = [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.gitlab-ci"]
    for number, (document, accepted) in enumerate([(jobs, True), ({**jobs, "bad": {"scripts": []}}, False)]):
        file = tmp_path / f"{number}.yml"
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        done = subprocess.run(
            [*checker, "--data-transform", "gitlab-ci", str(file)], capture_output=True, check=False
        )
        assert (done.returncode == 0) == accepted


def test_what_may_write_on_gitlab_reads_no_file_of_the_change() -> None:
    _, jobs = component()
    comment = jobs["mlc-comment"]
    assert comment["variables"] == {"GIT_STRATEGY": "none"}
    (rule,) = comment["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule["if"]
    assert "MLC_COMMENT_TOKEN" not in json.dumps(jobs["mlc-review"])
    assert "mlc" not in {line.split()[0] for line in comment["script"][0].splitlines() if line.strip()}


class Notes(BaseHTTPRequestHandler):
    """The part of GitLab's API that a comment needs, two notes a page."""

    notes: list[dict[str, Any]]

    def do_GET(self) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "t0ken"
        if self.path == "/user":
            return self.answer({"id": 5})
        page = int(self.path.rpartition("page=")[2])
        following = str(page + 1) if len(self.notes) > 2 * page else ""
        return self.answer(self.notes[2 * page - 2 : 2 * page], following)

    def do_POST(self) -> None:
        assert self.path == "/projects/3/merge_requests/7/notes"
        self.notes.append({"id": len(self.notes) + 1, "author": {"id": 5}, "body": self.sent()})
        self.answer({})

    def do_PUT(self) -> None:
        number = int(self.path.rpartition("/")[2])
        self.notes[number - 1]["body"] = self.sent()
        self.answer({})

    def sent(self) -> str:
        read: str = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        return read

    def answer(self, value: Any, following: str = "") -> None:
        self.send_response(200)
        self.send_header("X-Next-Page", following)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def gitlab(notes: list[dict[str, Any]]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Notes,), {"notes": notes}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_component_reviews_and_comments_once(merged: Path, tmp_path: Path) -> None:
    _, jobs = component()
    base = git(merged, "rev-parse", "HEAD^1")
    variables = {
        **{name: str(value) for name, value in jobs["mlc-review"]["variables"].items()},
        "CI_PROJECT_DIR": str(merged),
        "CI_PROJECT_URL": "https://gitlab.example/acme/models",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
    }
    script = "\n".join(jobs["mlc-review"]["script"])
    done = played(script, merged, tmp_path, variables, ["sh", "-e"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    out = merged / "mlc-review"
    body = (out / "comment.md").read_text(encoding="utf-8")
    assert "3 models train again" in body
    assert json.loads((out / "code-quality.json").read_bytes()) == []
    others = [{"id": n, "author": {"id": 9}, "body": body} for n in (1, 2, 3)]
    notes = [*others]
    with gitlab(notes) as url:
        named = {
            "CI_API_V4_URL": url,
            "MLC_COMMENT_TOKEN": "t0ken",
            "CI_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "7",
        }
        for _ in range(2):
            done = played(jobs["mlc-comment"]["script"][0], merged, tmp_path, named, ["sh", "-e"])
            assert (done.returncode, done.stderr) == (0, "")
            assert notes[:3] == others
            assert [one["body"] for one in notes[3:]] == [body]
        (out / "comment.md").write_text("/merge\n", encoding="utf-8")
        assert played(jobs["mlc-comment"]["script"][0], merged, tmp_path, named, ["sh", "-e"]).returncode == 1
    assert len(notes) == 4


def hooks() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_bytes())
    return read


def test_the_hooks_of_pre_commit_say_what_the_command_line_takes(tmp_path: Path) -> None:
    shop = repository.made(tmp_path / "repository") / repository.FOLDER
    layer = shop / "model" / "_tabular.yaml"
    layer.write_text(layer.read_text().replace("seed: 7", "seed:   8").replace("profile", "profil"))
    codes = {}
    for hook in hooks():
        done = played(f"{hook['entry']} -C ml/shop", tmp_path / "repository", tmp_path, {}, BASH)
        codes[hook["id"]] = done.returncode
        assert hook["pass_filenames"] is False
    assert codes == {"mlc-validate": 1, "mlc-fmt": 0}
    assert "seed: 8" in layer.read_text()
