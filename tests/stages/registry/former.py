"""Registries as version 1 of their tables and folders wrote them, and what holds when this mlc goes on with them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from mlc.drivers.registry import Registry, open_registry, remove_alias, verify
from mlc.drivers.registry.catalogue import Indexed
from mlc.drivers.registry.search import search, searched_whole
from stages.registry.making import SPECS, cause, put

VERSION_1 = Path(__file__).with_name("version_1")


def laid(shape: str, root: Path) -> Registry:
    """A registry of version 1, in a shape that needs no server."""
    for name, content in _written(shape).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content)
        else:
            with closing(sqlite3.connect(path)) as rows:
                _fill(rows, content)
    return open_registry(root, SPECS[shape])


def rows_of_version_1() -> dict[str, list[dict[str, Any]]]:
    """What stands in each table of version 1 where the bytes are in the database as well, for other servers."""
    (content,) = _written("database").values()
    with closing(sqlite3.connect(":memory:")) as rows:
        _fill(rows, content)
        rows.row_factory = sqlite3.Row
        tables = [name for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in rows.execute(f"SELECT * FROM {name}")] for name in tables}


def check_it_is_taken_further(root: Path, spec: Mapping[str, Any]) -> None:
    """It is read as it is; who registers next puts all of it into the index, and nothing is lost."""
    registry = open_registry(root, spec)
    assert verify(root, spec) == ()
    asked = 'metrics.accuracy.value > 0.75 and owner = "risk-ml"'
    assert [(one.entry.name, one.entry.number) for one in search(registry, asked)] == [("churn", 1)]
    put(root, b"d", accuracy=0.99, owner="risk-ml", spec=spec)
    assert [one.entry.number for one in search(registry, asked)] == [1, 3]
    assert remove_alias(registry, "churn", "production", expected=2, cause=cause())
    assert search(registry, asked) == searched_whole(registry, asked)
    assert verify(root, spec) == ()
    with registry.catalogue.look() as view:
        assert isinstance(view, Indexed)
        assert view.unnoted() == (), "who registered has put the others into the index as well"


def _written(shape: str) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((VERSION_1 / f"{shape}.json").read_text())
    return written


def _fill(rows: sqlite3.Connection, content: Mapping[str, Any]) -> None:
    rows.executescript("\n".join(content["sql"]))
    rows.execute(f"PRAGMA user_version = {content['user_version']}")
    rows.commit()
