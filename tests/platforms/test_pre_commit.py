"""The hooks of `.pre-commit-hooks.yaml` under pre-commit itself: it installs this checkout's mlc from its commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reviews import repository
from stages.git.real import commit, git

ROOT = Path(__file__).parents[2]
PRE_COMMIT = ROOT / ".checkers" / "pre-commit" / "bin" / "pre-commit"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert PRE_COMMIT.exists(), "`make checkers` installs pre-commit"
    made = repository.made(tmp_path_factory.mktemp("hooks") / "repository")
    (made / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {ROOT}\n  rev: {git(ROOT, 'rev-parse', 'HEAD')}\n  hooks:\n"
        "  - {id: mlc-fmt, args: [-C, ml/shop]}\n  - {id: mlc-validate, args: [-C, ml/shop]}\n"
    )
    commit(made)
    return made


def ran(shop: Path) -> subprocess.CompletedProcess[str]:
    variables = {"PRE_COMMIT_HOME": str(shop.parent / "cache"), "HOME": str(shop.parent), "LC_ALL": "C.UTF-8"}
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "PATH"}
    command = [str(PRE_COMMIT), "run", "--all-files", "--color=never"]
    return subprocess.run(
        command, cwd=shop, env={**pip, **variables}, capture_output=True, text=True, check=False
    )


def test_the_hooks_pass_and_fail_as_the_project_does(shop: Path) -> None:
    done = ran(shop)
    assert done.returncode == 0, done.stdout + done.stderr
    layer = shop / repository.FOLDER / "model" / "_tabular.yaml"
    whole = layer.read_text()
    layer.write_text(whole.replace("seed: 7", "seed:   8").replace("features: profile", "features: profil"))
    git(shop, "add", "--all")
    done = ran(shop)
    assert done.returncode == 1
    assert "mlc fmt" in done.stdout
    assert "files were modified by this hook" in done.stdout
    assert "unresolved-reference" in done.stdout
    assert "seed: 8\n" in layer.read_text()
    shutil.rmtree(shop.parent / "cache")
