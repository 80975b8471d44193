"""A whole project on each shape of registry: applied, looked at, and then nothing is left to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faults.small import make_project, write
from mlc.cli.main import run

SHAPES = {
    "filesystem": "type: filesystem\npath: registry\n",
    "database": "type: database\ndatabase: sqlite:///.mlc/all.db\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_project_is_applied_and_at_rest(
    shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_project(tmp_path / "small")
    write(root, "registry/main.yaml", SHAPES[shape])
    asked = ["-C", str(root)]
    for environment, aliases in (("dev", {"dev": 1}), ("prod", {"dev": 1, "production": 1})):
        there = [*asked, "--env", environment]
        assert run(["apply", "--yes", *there]) == 0
        assert run(["plan", "--detailed-exitcode", *there]) == 0, "nothing is left to do"
        assert run(["drift", "--detailed-exitcode", *there]) == 0
        capsys.readouterr()
        assert run(["registry", "list", "--format", "json", *there]) == 0
        (listed,) = json.loads(capsys.readouterr().out)["models"]
        assert (listed["name"], listed["versions"], listed["aliases"]) == ("risk", 1, aliases)
    assert run(["registry", "verify", *asked]) == 0
    assert run(["registry", "show", "risk@production", *asked]) == 0
    assert "LogisticRegression" in capsys.readouterr().out
    assert run(["destroy", "--yes", *asked]) == 0
    assert run(["registry", "show", "risk:1", *asked]) == 0, "what is registered stays"
