"""A small project whose deployment is on Azure Machine Learning, with the imitation of `az` on the PATH."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from faults.small import make_project, write
from mlc.cli import main
from stages.azureml import az_imitation

TARGET = """\
type: azureml
subscription: 00000000-0000-4000-8000-000000000000
resource_group: ml-prod
workspace: risk
register_data: true
jobs:
  compute: cpu-cluster
  image: ghcr.io/acme/mlc@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
  repository: https://github.com/acme/small.git
  cron: "30 3 * * 1"
"""
RUNTIME = """\
python: "3.11"
image: python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
packages: {azureml-inference-server-http: "1.5.1", numpy: "2.4.6", onnxruntime: "1.32.0"}
"""
DEPLOYMENT = "model: risk\ntarget: azure\nruntime: served\nlifecycle: {retries: 3, backoff: 10ms}\n"


class Azure:
    """A project, the workspace it is applied to, and what is said to both."""

    def __init__(self, root: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.home, self.capsys = root, home, capsys

    def mlc(self, *words: str) -> tuple[int, str]:
        self.capsys.readouterr()
        code = main.run(["-C", str(self.root), *words])
        said = self.capsys.readouterr()
        return code, said.out + said.err

    def apply(self, expect: int = 0) -> str:
        code, said = self.mlc("apply", "--yes")
        assert code == expect, said
        return said

    def rest(self) -> str:
        """What `plan` says, which has to be nothing."""
        code, said = self.mlc("plan", "--detailed-exitcode")
        assert code == 0, said
        return said

    def deploy(self, text: str, name: str = "online") -> None:
        write(self.root, f"deployment/{name}.yaml", DEPLOYMENT + text)

    def another_version(self, seed: int) -> None:
        write(
            self.root,
            "model/risk.yaml",
            (self.root / "model/risk.yaml").read_text().replace("C: 1.0", f"C: {seed}.5"),
        )

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads((self.home / "state.json").read_text())
        return found

    def items_write(self, items: dict[str, dict[str, Any]]) -> None:
        (self.home / "state.json").write_text(json.dumps(items))

    def change(self, key: str, **fields: Any) -> None:
        """What somebody does in the portal."""
        items = self.items
        items[key] |= fields
        (self.home / "state.json").write_text(json.dumps(items))

    def fail(self, *faults: dict[str, Any]) -> None:
        (self.home / "faults.json").write_text(json.dumps([{"times": 1, **one} for one in faults]))

    @property
    def log(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.home / "log.jsonl").read_text().splitlines()]

    def forget_log(self) -> None:
        (self.home / "log.jsonl").write_text("")

    @property
    def changes(self) -> list[str]:
        """The commands that changed something, since the log was forgotten."""
        return [
            " ".join(words[1:3]) for words in self.log if len(words) > 2 and words[2] not in ("show", "list")
        ]

    def has(self, command: str) -> bool:
        """Whether what a command makes is in the workspace."""
        path = self.home / "state.json"
        return path.exists() and any(key.startswith(command.split()[0] + "/") for key in self.items)

    def shares_sent(self) -> list[str]:
        """How requests were shared, one after the other."""
        return (self.home / "shares.txt").read_text().splitlines()

    def names(self, noun: str) -> list[str]:
        return sorted(key.partition("/")[2] for key in self.items if key.startswith(f"{noun}/"))

    def traffic(self, endpoint: str = "small-dev-online") -> dict[str, int]:
        shares = self.items[f"online-endpoint/{endpoint}"].get("traffic") or {}
        return {name: share for name, share in shares.items() if share}


@pytest.fixture(scope="session")
def applied_locally(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project without its deployments, applied once: what is trained is copied to each test."""
    root = make_project(tmp_path_factory.mktemp("azureml") / "project")
    shutil.rmtree(root / "deployment")
    assert main.run(["-C", str(root), "apply", "--yes", "--quiet"]) == 0
    return root


@pytest.fixture
def azure(
    applied_locally: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Azure:
    root, home = tmp_path / "project", tmp_path / "azure"
    shutil.copytree(applied_locally, root, symlinks=True)
    write(root, "target/azure.yaml", TARGET)
    write(root, "runtime/served.yaml", RUNTIME)
    write(root, "deployment/online.yaml", DEPLOYMENT)
    for name, value in az_imitation.lay(tmp_path / "bin", home).items():
        monkeypatch.setenv(name, value)
    return Azure(root, home, capsys)
