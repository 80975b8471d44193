"""The Data Contract CLI on what is emitted, and on the rows of an example by its contract."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from backends.contract_project import BACKENDS, LOANS, contract_of, without
from backends.project import broken
from backends.test_examples import artifacts_of
from mlc import data
from mlc.emit.verify import verify

CLI = data.path(".checkers", "datacontract", "bin", "datacontract")


@pytest.mark.parametrize("without_field", ["", "description", "licence", "tags", "owner", "checks"])
def test_the_contract_is_accepted(without_field: str) -> None:
    found = verify(contract_of(without(without_field)), BACKENDS[0])
    assert (found.outcome, found.findings) == ("ok", ())


def test_the_contract_of_other_sources_is_accepted() -> None:
    loans = {**LOANS, "source": {"type": "sql", "url": "sqlite:///a.db", "table": "a"}}
    assert verify(contract_of(loans), BACKENDS[0]).outcome == "ok"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: DataContract", "kind: Contract"),
        ("logicalType: timestamp", "logicalType: datetime"),
        ("metric: rowCount", "metric: rows"),
        ("status: active", "state: active"),
        ("required: true", "required: always"),
    ],
)
def test_what_is_broken_is_rejected(old: str, new: str) -> None:
    found = verify(broken(contract_of(), old, new), BACKENDS[0])
    assert found.outcome == "rejected"
    assert found.findings


def test_the_rows_of_an_example_keep_the_contract_and_others_do_not(tmp_path: Path) -> None:
    example = data.path("examples", "penguins")
    (contract,) = (
        one for one in artifacts_of(example) if one.path.endswith("/dev/datasets/penguins/contract.odcs.yaml")
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "contract.yaml").write_bytes(contract.content)
    rows = (example / "data" / "penguins.csv").read_text(encoding="utf-8")
    for text, code in ((rows, 0), (rows.replace("Gentoo", "Puffin"), 1)):
        (tmp_path / "data" / "penguins.csv").write_text(text, encoding="utf-8")
        said = subprocess.run(
            [str(CLI), "test", "contract.yaml"],
            cwd=tmp_path,
            env={"PATH": os.defpath, "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert said.returncode == code, said.stdout + said.stderr
