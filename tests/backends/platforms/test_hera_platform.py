"""The argo backend before Hera, the Python library of Argo Workflows: it reads each object and loses nothing of it.

Asked for by name (`make test-platforms`), and then a missing Hera is a failure, never a skip.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.project import broken, emitted
from backends.test_argo import ALL, CRON, SNAPSHOTS, TEMPLATE
from mlc import data
from mlc.ir.artifact import Artifact

PYTHON = data.path(".checkers", "hera", "bin", "python").absolute()
READ = """
import json, sys
from hera.workflows import CronWorkflow, Workflow, WorkflowTemplate
for document in json.load(sys.stdin):
    kind = {"CronWorkflow": CronWorkflow, "Workflow": Workflow, "WorkflowTemplate": WorkflowTemplate}[document["kind"]]
    print(json.dumps(kind.from_dict(document).to_dict()))
"""


def read_by_hera(artifact: Artifact, folder: Path) -> tuple[list[Any], subprocess.CompletedProcess[str]]:
    documents = list(yaml.safe_load_all(artifact.content))
    done = subprocess.run(
        [str(PYTHON), "-I", "-W", "ignore", "-c", READ],
        cwd=folder,
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return documents, done


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_hera_reads_all_of_it(path: str, tmp_path: Path) -> None:
    documents, done = read_by_hera(emitted(ALL, path), tmp_path)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == documents


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (TEMPLATE, "entrypoint: merge", "entrypoint: [merge]"),
        (TEMPLATE, "depends: checkout", "depends: [checkout]"),
        (CRON, "concurrencyPolicy: Forbid", "concurrencyPolicy: {}"),
    ],
)
def test_hera_refuses_what_is_broken(path: str, old: str, new: str, tmp_path: Path) -> None:
    _, done = read_by_hera(broken(emitted(ALL, path), old, new), tmp_path)
    assert done.returncode != 0
    assert "ValidationError" in done.stderr
