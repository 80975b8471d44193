"""MLCommons' own reader on what a dataset tells, and the rows that it reads by it."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from backends.croissants import ASKING, BACKEND, published, step_of, written
from mlc import data
from mlc.drivers import croissant
from mlc.emit.verify import verify

PYTHON = data.path(".checkers", "mlcroissant", "bin", "python")
READ = "import mlcroissant; print(len(list(mlcroissant.Dataset(jsonld='croissant.json').records('rows'))))"


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"source": {"type": "sql", "url": "sqlite:///a.db", "table": "a"}},
        {"privacy": {"drop": ["purpose"]}},
        {"description": "", "licence": None, "owner": "", "tags": []},
        {"columns": {"a/b #c": {"type": "string"}, "a b": {"type": "string"}, "%": {"type": "number"}}},
    ],
)
def test_it_is_accepted(changed: dict[str, Any]) -> None:
    found = verify(published(written({**ASKING, **changed})), BACKEND)
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize("how", ["no address", "no such file", "no such type", "no digest"])
def test_what_is_broken_is_rejected(how: str) -> None:
    broken = copy.deepcopy(written())
    field = broken["recordSet"][0]["field"][0]
    match how:
        case "no address":
            del broken["distribution"][0]["contentUrl"]
        case "no such file":
            field["source"]["fileObject"]["@id"] = "other"
        case "no such type":
            broken["distribution"][0]["@type"] = "cr:Files"
        case "no digest":
            del broken["distribution"][0]["sha256"]
    found = verify(published(broken), BACKEND)
    assert found.outcome == "rejected"
    assert found.findings


def test_rows_are_read_by_it(tmp_path: Path) -> None:
    step = step_of(ASKING)
    assert step is not None
    rows = b"id,income,purpose,member,seen,born,repaid\n1,2.5,car,true,2026-01-01T00:00:00,2000-01-01,1\n"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "loans.csv").write_bytes(rows)
    folder = tmp_path / "generated" / "dev" / "datasets" / "loans"
    folder.mkdir(parents=True)
    document = croissant.content(step.spec, hashlib.sha256(rows).hexdigest())
    (folder / "croissant.json").write_text(json.dumps(document), encoding="utf-8")

    def read() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(PYTHON), "-I", "-c", READ],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert read().stdout.strip() == "1"
