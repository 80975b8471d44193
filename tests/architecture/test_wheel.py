"""What is published works where there is no checkout: built, installed and run without network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from mlc import data

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a checkout in which somebody has applied the example."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("src", "schemas", "templates", "examples"):
        shutil.copytree(
            ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__", ".mlc", "generated")
        )
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copy(ROOT / name, checkout / name)
    for made in (".mlc/state/dev.db", "generated/dev/file", "model/__pycache__/a.pyc"):
        path = checkout / "examples" / "lending" / made
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"made by a run")
    out = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(out),
        str(checkout),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def mlc(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in an environment that sees this one's packages but not this checkout."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-index",
        "--no-deps",
        "--quiet",
    ]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin" / "mlc"


def run(mlc: Path, *words: str, folder: Path) -> str:
    environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([str(mlc), *words], cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_holds_what_the_compiler_reads_and_nothing_that_a_run_made(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("schemas", "templates", "examples"):
        wanted = {
            f"mlc/_data/{folder}/{path.relative_to(data.path(folder))}"
            for path in data.path(folder).rglob("*")
            if path.is_file() and not {".mlc", "generated", "__pycache__", ".github"} & set(path.parts)
        }
        assert wanted
        assert wanted - names == set()
    parts = {part for name in names for part in name.split("/")}
    assert parts & {".mlc", "generated", "__pycache__", "src"} == set()
    ours = {name for name in names if not name.startswith("mlc/_data/examples/")}
    assert not [name for name in ours if "tests" in name.split("/")]  # an example has tests of its own
    assert {name.partition("/")[0] for name in names} == {"mlc", "mlc-0.1.0.dist-info"}


def test_begins_checks_and_renders_a_project_elsewhere(mlc: Path, tmp_path: Path) -> None:
    run(mlc, "init", "shop", folder=tmp_path)
    assert run(mlc, "validate", "--env", "all", folder=tmp_path / "shop").startswith("Valid: ")
    listed = run(mlc, "render", "--env", "all", "--out", "out", "-q", folder=tmp_path / "shop").splitlines()
    assert len(listed) > 5
    assert all((tmp_path / "shop" / "out" / line.partition("  ")[0]).is_file() for line in listed)
    assert "model" in run(mlc, "schema", folder=tmp_path).split()


def test_runs_its_own_files(mlc: Path, tmp_path: Path) -> None:
    python = mlc.with_name("python")
    where = subprocess.run(
        [str(python), "-c", "import mlc.data; print(mlc.data.path('schemas'))"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert where.stdout.decode().startswith(str(mlc.parents[1]))
