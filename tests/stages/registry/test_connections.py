"""How often a registry is connected to: once for a command, however many questions it asks."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from mlc.drivers.registry import list_models, models, open_registry, set_alias, version
from mlc.store import databases
from stages.registry.making import SPECS, cause, put

SPEC = SPECS["hybrid"]


@pytest.mark.parametrize(("shape", "opens"), [("hybrid", "sqlite3.connect"), ("database", "engine")])
def test_questions_go_by_one_connection(shape: str, opens: str, tmp_path: Path) -> None:
    put(tmp_path, b"a", spec=SPECS[shape])
    real: Any = sqlite3.connect if shape == "hybrid" else databases.engine_of
    where = "sqlite3.connect" if shape == "hybrid" else "mlc.store.catalogue_tables.engine_of"
    with mock.patch(where, side_effect=real) as connecting:
        registry = open_registry(tmp_path, SPECS[shape])
        for _ in range(5):
            assert version(registry, "churn").entry.number == 1
        assert connecting.call_count == 1, opens
        set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
        assert version(registry, "churn", "production").aliases == ("production",)
        assert connecting.call_count == {"hybrid": 2, "database": 1}[shape], (
            "SQLite: one to read, one to write"
        )


def test_a_database_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    put(tmp_path / "one", b"a", spec=SPEC)
    put(tmp_path / "two", b"a", spec=SPEC)
    put(tmp_path / "two", b"b", spec=SPEC)
    registry = open_registry(tmp_path / "one", SPEC)
    assert [model.versions for model in models(registry)] == [1]
    shutil.copytree(
        tmp_path / "two/.mlc/registry/files", tmp_path / "one/.mlc/registry/files", dirs_exist_ok=True
    )
    (tmp_path / "two/.mlc/registry/registry.db").replace(tmp_path / "one/.mlc/registry/registry.db")
    assert [model.versions for model in models(registry)] == [2]


def test_a_process_that_was_forked_opens_its_own(tmp_path: Path) -> None:
    put(tmp_path, b"a", spec=SPEC)
    registry = open_registry(tmp_path, SPEC)
    assert version(registry, "churn").entry.number == 1
    child = os.fork()
    if child == 0:
        fine = version(registry, "churn").entry.number == 1
        put(tmp_path, b"b", spec=SPEC)
        set_alias(registry, "churn", "production", 2, expected=None, cause=cause())
        os._exit(0 if fine else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert version(registry, "churn", "production").entry.number == 2
    assert [model.versions for model in list_models(tmp_path, SPEC)] == [2]


def test_two_questions_at_once_have_a_connection_each(tmp_path: Path) -> None:
    put(tmp_path, b"a", spec=SPEC)
    registry = open_registry(tmp_path, SPEC)
    with registry.catalogue.look() as first, registry.catalogue.look() as second:
        assert first is not None
        assert second is not None
        put(tmp_path, b"b", spec=SPEC)
        assert first.latest("churn") == second.latest("churn")
    assert version(registry, "churn").entry.number == 2
