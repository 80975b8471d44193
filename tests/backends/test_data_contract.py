"""The data contract of a dataset; `platforms/` holds it to the Data Contract CLI, and real rows to it."""

from __future__ import annotations

from typing import Any

import yaml
from syrupy.assertion import SnapshotAssertion

from backends.contract_project import LOANS, contract_of, without
from stages.emit.test_quoting import naughty

PATH = "generated/prod/datasets/loans/contract.odcs.yaml"


def read(loans: dict[str, Any] = LOANS) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(contract_of(loans).content)
    return found


def test_artifact(artifact_file: SnapshotAssertion) -> None:
    artifact = contract_of()
    assert artifact.path == PATH
    assert artifact.content == artifact_file(name=PATH)
    assert contract_of().content == artifact.content


def test_every_promise_is_told() -> None:
    (table,) = read()["schema"]
    columns = {one["name"]: one for one in table["properties"]}
    assert list(columns) == list(LOANS["columns"])
    assert columns["income"]["logicalTypeOptions"] == {"minimum": 0, "maximum": 1_000_000}
    assert columns["purpose"]["quality"] == [
        {"metric": "invalidValues", "arguments": {"validValues": ["car", "no", "a: b"]}, "mustBe": 0}
    ]
    assert columns["purpose"]["classification"] == "personal"
    assert columns["seen"]["logicalType"] == "timestamp"
    assert [name for name, one in columns.items() if not one["required"]] == ["income", "born"]
    assert [name for name, one in columns.items() if one.get("primaryKey")] == ["id"]
    assert table["quality"][:2] == [
        {"metric": "rowCount", "mustBeGreaterOrEqualTo": 3},
        {"metric": "rowCount", "mustBeLessOrEqualTo": 9},
    ]
    assert table["quality"][2]["description"] == "income > 10"


def test_the_version_is_that_of_what_is_promised() -> None:
    columns = LOANS["columns"]
    reworded = {**columns, "income": {**columns["income"], "description": "Of a year."}}
    stricter = {**columns, "income": {**columns["income"], "max": 10}}
    assert read({**LOANS, "columns": reworded})["version"] == read()["version"]
    assert read({**LOANS, "columns": stricter})["version"] != read()["version"]


def test_the_source_is_named_where_it_is_what_is_promised() -> None:
    assert [one["path"] for one in read()["servers"]] == ["data/loans.csv"]
    prepared = {**LOANS, "prepare": {"tidy": {"method": "drop_missing", "columns": ["income"]}}}
    assert "servers" not in read(prepared)
    assert "servers" not in read({**LOANS, "privacy": {"drop": ["purpose"]}})
    assert "servers" not in read({**LOANS, "source": {"type": "sql", "url": "sqlite:///a.db", "table": "a"}})


def test_what_was_not_said_is_left_out() -> None:
    assert "description" not in read(without("description"))
    assert "customProperties" not in read(without("licence"))
    assert "tags" not in read(without("tags"))


def test_naughty_strings_stay_values() -> None:
    plain = read()
    texts = [text for text in dict.fromkeys(naughty()) if text]
    for start in range(0, len(texts), 6):
        group = texts[start : start + 6]
        first, last = group[0], group[-1]
        described = {"type": "string", "values": group, "description": first}
        nasty = {
            **LOANS,
            "description": first,
            "tags": group,
            "licence": {"name": first, "origin": last},
            "columns": {text: {**described, "unit": text} for text in group},
            "checks": {**LOANS["checks"], "expressions": dict(zip(group, reversed(group), strict=True))},
        }
        found = read(nasty)
        assert list(found) == list(plain)
        assert found["description"]["purpose"] == first
        assert found["tags"] == group
        assert [one["value"] for one in found["customProperties"]] == [first, last]
        (table,) = found["schema"]
        assert [one["name"] for one in table["properties"]] == group
        assert [one["customProperties"][1]["value"] for one in table["properties"]] == group
        for one in table["properties"]:
            assert one["description"] == first
            assert one["quality"][0]["arguments"]["validValues"] == group
        said = [(one["name"], one["description"]) for one in table["quality"][2:]]
        assert said == list(zip(group, reversed(group), strict=True))
