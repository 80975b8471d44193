"""Nothing heavy is imported until a command needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from acceptance.conftest import PROJECTS
from acceptance.script import environment

SMALL = PROJECTS / "small"
COMPUTING = {
    "sklearn",
    "scipy",
    "numpy",
    "polars",
    "onnx",
    "onnxruntime",
    "skl2onnx",
    "skops",
    "pandas",
    "torch",
    "xgboost",
    "lightgbm",
    "onnxmltools",
}
SHARING = {"sqlalchemy", "psycopg", "pymysql", "pymongo"}
SERVING = {"starlette", "uvicorn", "orjson", "prometheus_client", "httpx"}
LANGUAGE = {"hydra", "omegaconf", "antlr4", "jsonschema"}

# the command, what it must not import, what it exits with
QUIET: tuple[tuple[list[str], set[str], int], ...] = (
    (["--help"], {*LANGUAGE, "jinja2", "yaml", "sqlite3", "asyncio"}, 0),
    (["--version"], {*LANGUAGE, "jinja2", "yaml", "sqlite3", "asyncio"}, 0),
    (["rule", "gate-refused"], {*LANGUAGE, "jinja2"}, 0),
    (["validate", "--env", "all"], {*LANGUAGE, "jinja2", "sqlite3"}, 0),
    (["explain", "model.churn.train.params.C", "env=prod"], {*LANGUAGE, "jinja2", "sqlite3"}, 0),
    (["graph"], LANGUAGE, 0),
    (["diff"], {*LANGUAGE, "sqlite3"}, 1),  # it lies in no repository
    (["render"], LANGUAGE, 0),
    (["plan"], LANGUAGE, 0),
    (["state", "list"], LANGUAGE, 0),
    (["drift"], LANGUAGE, 0),
    (["plan", "--detailed-exitcode"], LANGUAGE, 0),
)

PROGRAM = """
import json, sys
from mlc.cli.main import run
code = run(sys.argv[2:])
packages = sorted({name.partition(".")[0] for name in sys.modules})
open(sys.argv[1], "w").write(json.dumps([code, packages]))
"""


def imported(words: list[str], project: Path, folder: Path) -> tuple[int, set[str]]:
    """The exit code of a command and the packages that it imported."""
    answer = folder / "answer.json"
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(answer), *words],
        cwd=project,
        env=environment(folder),
        capture_output=True,
        check=True,
    )
    code, packages = json.loads(answer.read_text(encoding="utf-8"))
    return code, set(packages)


@pytest.mark.parametrize(("words", "more", "expected"), QUIET, ids=[" ".join(words) for words, _, _ in QUIET])
def test_imports_nothing_heavy(
    words: list[str], more: set[str], expected: int, applied: Path, tmp_path: Path
) -> None:
    code, packages = imported(words, applied, tmp_path)
    assert code == expected
    assert packages & (COMPUTING | SERVING | SHARING | more) == set()


def test_the_list_of_names_would_be_found(tmp_path: Path) -> None:
    """A command that needs them imports them under these names, so that the test above can fail."""
    _, packages = imported(["validate", "model.churn.train.seed=often"], SMALL, tmp_path)
    assert {"hydra", "jsonschema"} <= packages
    _, packages = imported(["render"], SMALL, tmp_path)
    assert "jinja2" in packages
