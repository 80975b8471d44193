"""What is deliberately so everywhere in the source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

import mlc
from acceptance.conftest import PROJECTS
from acceptance.script import environment
from mlc import data, kinds, pipeline, request, rules
from mlc.kinds import _schemas
from mlc.request import Request

SOURCE = Path(mlc.__file__).parent
MOST_LINES = 400
LONGER = {
    "compose/defaults.py": 560,  # Hydra's defaults list is one algorithm
    "compose/interpolate.py": 540,  # so is OmegaConf's interpolation
}
PROJECTS_TO_EMIT = (PROJECTS / "small", data.path("examples", "lending"))


def modules() -> list[str]:
    return [
        ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(SOURCE.rglob("*.py"))
    ]


def test_generating_the_schemas_leaves_no_diff() -> None:
    for name, schema in _schemas.generate().items():
        written = data.path("schemas", f"{name}.json").read_text(encoding="utf-8")
        assert written == json.dumps(schema, indent=2, ensure_ascii=False) + "\n", name


def test_every_value_of_the_intermediate_representation_is_frozen() -> None:
    found = 0
    for name in modules():
        if not name.startswith("mlc.ir."):
            continue
        for value in vars(import_module(name)).values():
            if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == name:
                found += 1
                assert value.__struct_config__.frozen, value
    assert found > 30


def test_the_intermediate_representation_imports_only_itself() -> None:
    program = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('mlc.')))\n"
    )
    names = [name for name in modules() if name.startswith("mlc.ir.")]
    done = subprocess.run(
        [sys.executable, "-c", program, *names], env=environment(SOURCE), capture_output=True, check=True
    )
    assert set(done.stdout.decode().split()) == {"mlc.ir", *names}


def test_files_stay_short() -> None:
    lengths = {
        str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines())
        for path in sorted(SOURCE.rglob("*.py"))
    }
    too_long = {name: lines for name, lines in lengths.items() if lines > LONGER.get(name, MOST_LINES)}
    assert too_long == {}
    assert {
        name for name in LONGER if lengths[name] <= MOST_LINES
    } == set()  # an exception that is none any more


def test_no_file_has_a_name_that_says_nothing() -> None:
    empty_words = {"util", "utils", "helper", "helpers", "manager", "handler", "engine", "misc", "common"}
    assert [name for name in modules() if empty_words & set(name.replace("_", ".").split("."))] == []


def test_kinds_and_rules_are_found_by_their_files() -> None:
    files = {path.stem for path in (SOURCE / "kinds").glob("[a-z]*.py")}
    assert files > set(kinds.names())
    assert all(kinds.kind(name).name == name for name in files)
    assert {"project", "env"} <= files - set(kinds.names())
    assert len(rules.names()) == len(list((SOURCE / "rules").glob("[a-z]*.py")))


@pytest.mark.parametrize("project", PROJECTS_TO_EMIT, ids=lambda project: project.name)
def test_emits_the_same_bytes_in_every_process_and_environment(project: Path, tmp_path: Path) -> None:
    compiled = pipeline.compile_project(Request(project, ("all",)))[1]
    again = pipeline.compile_project(Request(project, ("all",)))[1]
    artifacts = {artifact.path: artifact.content for one in compiled for artifact in one.artifacts}
    assert artifacts
    assert artifacts == {artifact.path: artifact.content for one in again for artifact in one.artifacts}

    strange = {
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Kathmandu",
        "LANG": "tr_TR.UTF-8",
        "USER": "somebody",
        "HOME": "/",
    }
    for number, variables in enumerate(({}, strange)):
        out = tmp_path / str(number)
        subprocess.run(
            [
                sys.executable,
                "-P",
                "-m",
                "mlc.cli.main",
                "-C",
                str(project),
                "render",
                "--env",
                "all",
                "--out",
                str(out),
            ],
            cwd=tmp_path,
            env={**environment(tmp_path), **variables},
            capture_output=True,
            check=True,
        )
        assert {path: (out / path).read_bytes() for path in artifacts} == artifacts
        assert len([path for path in out.rglob("*") if path.is_file()]) == len(artifacts)


def test_rendering_reads_no_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that exist: every read while compiling is recorded."""
    read: list[str] = []

    class Watched(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            read.append(name)
            return super().__getitem__(name)

        def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
            read.append(name)
            return super().get(name, default)

    pipeline.compile_project(Request(PROJECTS / "small"))  # what importing reads is not the compiler's
    monkeypatch.setattr(os, "environ", Watched(os.environ))
    _, compiled = pipeline.compile_project(request.request(PROJECTS / "small", ["env=prod"]))
    assert compiled
    assert read == []


def test_every_pattern_is_said_in_words() -> None:
    def without_words(schema: Any) -> Iterator[Any]:
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str) and "enum" not in schema and "x-mlc-form" not in schema:
                yield schema
            for child in schema.values():
                yield from without_words(child)
        elif isinstance(schema, list):
            for child in schema:
                yield from without_words(child)

    for name in (*kinds.names(), "project", "env", "mlctest"):
        assert list(without_words(_schemas.read(name))) == []
