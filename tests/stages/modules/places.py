"""Sources of modules as tests make them: git repositories with tags, installed packages, folders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mlc import inquiry, load, pipeline
from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.module import LOCK, Declared, Lock, read_lock
from mlc.request import Request
from rules.project import lay

PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
USING = (
    "defaults: [acme/_tabular, _self_]\ntask: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)


def project(root: Path, source: str, more: Mapping[str, str] | None = None) -> Path:
    """The project of the rules' examples with the module `acme`, whose `model/_tabular.yaml` a model builds on."""
    files = {"mlc.yaml": f"{PROJECT}modules: {{acme: {{{source}}}}}\n", "model/churn.yaml": USING}
    return lay(root, files, more or {})


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


class Repository:
    """A git repository with a working tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", ".")

    def git(self, *words: str, given: bytes | None = None) -> str:
        names = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
        done = subprocess.run(
            ["git", *who, *words],
            cwd=self.folder,
            env={**os.environ, **names},
            input=given,
            check=True,
            capture_output=True,
        )
        return done.stdout.decode().strip()

    def commit(self, files: Mapping[str, str], tag: str = "") -> str:
        """A commit with these files over those there are; its name."""
        write(self.folder, files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", tag or "a change")
        if tag:
            self.git("tag", "--annotate", "--message", tag, tag)
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, entries: list[tuple[str, str, str]]) -> str:
        """A commit whose tree no working tree could make: mode, object and name of each entry."""
        lines = "".join(f"{mode} {_type(mode)} {name}\t{path}\0" for mode, name, path in entries)
        tree = self.git("mktree", "--missing", "-z", given=lines.encode())
        commit = self.git("commit-tree", tree, "-m", "made")
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def blob(self, text: str) -> str:
        return self.git("hash-object", "-w", "--stdin", given=text.encode())


def _type(mode: str) -> str:
    return {"040000": "tree", "160000": "commit"}.get(mode, "blob")


def package(site: Path, version: str, files: Mapping[str, str], name: str = "acme_mlc_layers") -> None:
    """A package as pip installs it into a folder of sys.path, with code that must never run."""
    import shutil

    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    shutil.rmtree(site / name, ignore_errors=True)
    write(site / name, {"__init__.py": "raise SystemExit('the package was imported')\n", **files})
    record = "".join(f"{name}/{file},,\n" for file in ("__init__.py", *files))
    write(
        site / f"{name}-{version}.dist-info",
        {
            "METADATA": f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n",
            "RECORD": record,
            "INSTALLER": "pip\n",
        },
    )


def declared(root: Path) -> tuple[Declared, ...]:
    found = inquiry.declared_modules(Source(load.read, root))
    assert found.diagnostics == ()
    return found.declared


def content(root: Path) -> bytes:
    return (root / LOCK).read_bytes()


def lock(root: Path) -> Lock:
    made = read_lock((root / LOCK).read_bytes())
    assert isinstance(made, Lock), made
    return made


def diagnostics(root: Path) -> tuple[Diagnostic, ...]:
    return pipeline.validate(Request(root, ("all",))).diagnostics


def rules_of(root: Path) -> list[str]:
    return [one.rule for one in diagnostics(root)]


def value(root: Path, *path: str | int) -> object:
    """An effective value of the first environment."""
    composed = pipeline.compose(Request(root))
    assert composed.diagnostics == ()
    (document,) = composed.documents.values()
    node = document.root.at(path)
    return None if node is None else node.value
