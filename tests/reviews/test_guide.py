"""The files that docs/pull-requests.md shows are accepted by the official checkers, and say what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlc.cli.main import run
from reviews.test_action import ROOT, action, component, hooks

GUIDE = (ROOT / "docs" / "pull-requests.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL))
WORKFLOWS = [name for name in FILES if name.startswith(".github/workflows/")]
BIN = Path(sys.executable).parent


def read(name: str) -> Any:
    return yaml.safe_load(FILES[name])


@pytest.mark.parametrize("name", WORKFLOWS)
@pytest.mark.parametrize(
    "command",
    [
        ["actionlint", "-no-color", "-shellcheck=", "-pyflakes="],
        ["zizmor", "--offline", "--pedantic", "--no-config", "--no-progress", "--color=never"],
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
    ],
    ids=lambda command: command[0],
)
def test_the_workflows_are_accepted(name: str, command: list[str], tmp_path: Path) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(FILES[name], encoding="utf-8")
    words = [str(BIN / command[0]), *command[1:], name]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflows_give_the_action_what_it_takes() -> None:
    assert len(WORKFLOWS) == 2
    for name in WORKFLOWS:
        for job in read(name)["jobs"].values():
            for step in job["steps"]:
                if step["uses" if "uses" in step else "run"].startswith("acme/mlc@"):
                    assert set(step["with"]) <= set(action()["inputs"])
            writes = "write" in job["permissions"].values()
            checks_out = any(step.get("uses", "").startswith("actions/checkout@") for step in job["steps"])
            assert not (writes and checks_out)


def test_the_merge_request_gives_the_component_what_it_takes() -> None:
    (included,) = read(".gitlab-ci.yml")["include"]
    assert set(included["inputs"]) <= set(component()[0])
    assert "/review@" in included["component"]


def test_the_hooks_are_there() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == {hook["id"] for hook in hooks()}


def test_the_command_line_is_as_it_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"^\$ mlc (diff[^#\n]*)", GUIDE, re.MULTILINE)
    assert len(shown) == 5
    (tmp_path / "mlc.yaml").write_text("mlc: 1\n")
    for line in shown:
        assert run(["-C", str(tmp_path), *line.split()]) == 1  # it lies in no repository
        out, err = capsys.readouterr()
        assert "revision-unreadable" in out + err
