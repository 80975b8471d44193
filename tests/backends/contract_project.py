"""A dataset that tells what it promises by a data contract, with a promise of every sort."""

from __future__ import annotations

from typing import Any

from backends.project import graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

BACKENDS: tuple[Backend, ...] = tuple(
    one for one in load_backends((data.path("templates"),)) if one.name == "data_contract"
)
COLUMNS: dict[str, Any] = {
    "id": {"type": "integer", "role": "id", "unique": True},
    "income": {
        "type": "number",
        "min": 0,
        "max": 1e6,
        "unit": "EUR",
        "nullable": True,
        "description": "A year's.",
    },
    "purpose": {"type": "string", "values": ["car", "no", "a: b"], "pii": True},
    "member": {"type": "boolean"},
    "seen": {"type": "datetime", "role": "time"},
    "born": {"type": "date", "nullable": True},
    "repaid": {"type": "integer", "role": "label", "values": [0, 1]},
}
LOANS: dict[str, Any] = {
    "description": "Loans, and whether they were repaid.",
    "owner": "risk-ml",
    "tags": ["credit"],
    "source": {"type": "file", "path": "data/loans.csv", "format": "csv"},
    "licence": {"name": "CC-BY-4.0", "origin": "The statistics office."},
    "columns": COLUMNS,
    "checks": {"min_rows": 3, "max_rows": 9, "expressions": {"rich": "income > 10"}},
    "describe": ["odcs"],
}


def contract_of(loans: dict[str, Any] = LOANS) -> Artifact:
    graph = graph_of({"dataset.loans": loans})
    (artifact,) = emit(graph, BACKENDS, first_environment=True)
    return artifact


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in LOANS.items() if name != field}
