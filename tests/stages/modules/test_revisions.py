"""Two revisions of a project that lock two versions of a module: `mlc diff` compares them side by side."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlc import inquiry, review
from mlc.cli import main
from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic
from mlc.modules import install, update
from stages.git.real import commit, git
from stages.modules.places import declared, project, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The first commit locks a seed of 5, the second one of 6; both are installed."""
    made = project(tmp_path / "project", "source: ../layers", {".gitignore": ".mlc/\n"})
    git(made, "init", "--quiet")
    for seed in (5, 6):
        write(tmp_path / "layers", {"model/_tabular.yaml": f"train: {{seed: {seed}}}\n"})
        update(made, declared(made), ())
        commit(made)
    return made


def test_a_version_that_differs_is_the_cause(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["-C", str(root), "diff", "HEAD~1"]) == 0
    said = capsys.readouterr().out
    assert "train.seed 5 → 6" in said
    assert "model/_tabular.yaml:1:15" in said
    assert main.run(["-C", str(root), "diff", "HEAD", "--detailed-exitcode"]) == 0


def test_a_revision_without_its_module_is_not_compared(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(root / ".mlc")
    assert main.run(["-C", str(root), "modules", "install"]) == 0
    assert main.run(["-C", str(root), "diff", "HEAD~1"]) == 1
    assert "Run `mlc modules install --revision HEAD~1`" in capsys.readouterr().err
    (root / "mlc.lock").write_text("damaged")  # the revision's own lock counts
    assert main.run(["-C", str(root), "modules", "install", "--revision", "HEAD~1"]) == 1
    assert "module-differs" in capsys.readouterr().err  # the folder holds the newer files
    write(tmp_path / "layers", {"model/_tabular.yaml": "train: {seed: 5}\n"})
    assert main.run(["-C", str(root), "modules", "install", "--revision", "HEAD~1"]) == 0
    git(root, "checkout", "--quiet", "mlc.lock")
    capsys.readouterr()
    assert main.run(["-C", str(root), "diff", "HEAD~1"]) == 0
    assert "train.seed 5 → 6" in capsys.readouterr().out


def test_a_commit_cannot_bring_files_of_a_module(root: Path) -> None:
    """What somebody committed below `.mlc` is not what is installed here."""
    for file in (root / ".mlc").rglob("_tabular.yaml"):
        file.chmod(0o644)
        file.write_text("train: {seed: 99}\n")
    (root / ".gitignore").unlink()
    (root / ".mlc" / ".gitignore").unlink()
    commit(root)
    source = review.source_at(root, "HEAD")
    assert isinstance(source, Source)
    found = inquiry.declared_modules(source)
    install(root, found.declared, (), found.lock)
    compared = review.run(root, "HEAD", "HEAD")
    assert compared.found == ()


def test_a_revision_that_is_none(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(review.source_at(root, "nowhere"), Diagnostic)
    assert main.run(["-C", str(root), "modules", "install", "--revision", "nowhere"]) == 1
    assert "revision-unknown" in capsys.readouterr().err
    assert main.run(["-C", str(root), "modules", "update", "--revision", "HEAD"]) == 1
    assert "--revision belongs to install" in capsys.readouterr().err
