"""The lineage of datasets and models; `platforms/` holds them to the client of OpenLineage."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from backends.lineages import ASKING, BACKEND, FACTS, of_data, of_model, published, step_of
from mlc.emit.dependencies import openlineage_findings
from mlc.emit.verify import checks_of
from mlc.ir.address import Address

MODEL = Address("model", "default_risk")
SOURCE = ("file", "data/loans.csv")


def lineage(event: dict[str, Any]) -> dict[str, list[tuple[str, str, str, bool]]]:
    """Of each column of the first output: the columns it comes from, and how."""
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    return {
        name: [
            (one["field"], how["type"], how["subtype"], how["masking"])
            for one in found["inputFields"]
            for how in one["transformations"]
        ]
        for name, found in fields.items()
    }


@pytest.mark.parametrize(("event", "address"), [(of_data, Address("dataset", "loans")), (of_model, MODEL)])
def test_artifact(
    event: Callable[[], dict[str, Any]], address: Address, artifact_file: SnapshotAssertion
) -> None:
    found = published(event(), address)
    assert found.content == artifact_file(name=found.path)
    assert checks_of(found, BACKEND) == ("openlineage", "dependencies openlineage")
    assert openlineage_findings(event()) == ()


def test_it_is_written_where_it_is_asked_for() -> None:
    assert step_of({**ASKING, "describe": ["odcs"]}) is None
    step = step_of(ASKING)
    assert step is not None
    assert step.publishes == {"lineage": "generated/dev/datasets/loans/lineage.openlineage.json"}
    assert step.files == {"source": "data/loans.csv"}


def test_the_same_run_has_the_same_id_and_another_another() -> None:
    first = of_data()["run"]["runId"]
    assert of_data()["run"]["runId"] == first
    assert of_model()["run"]["runId"] != first
    step = step_of(ASKING)
    assert step is not None
    from mlc.drivers import data_lineage

    other = data_lineage.content(step.spec, FACTS, {"train": "b" * 64}, {"ingest": {"spec": "8" * 64}})
    assert other["run"]["runId"] != first


def test_columns_come_from_where_preparation_takes_them() -> None:
    columns = {
        **ASKING["columns"],
        "monthly": {"type": "number", "nullable": True},
        "before": {"type": "number", "nullable": True},
        "double": {"type": "number", "nullable": True},
    }
    prepare = {
        "full": {"method": "drop_missing", "columns": ["purpose"]},
        "bound": {"method": "clip", "column": "income", "max": 5},
        "month": {"method": "derive", "into": "monthly", "expression": "income / 12 if member else 0.0"},
        "lagged": {"method": "lag", "of": "monthly", "into": "before", "by": ["purpose"]},
        "twice": {"method": "derive", "into": "double", "expression": "before * 2"},
    }
    event = of_data({**ASKING, "columns": columns, "prepare": prepare})
    found = lineage(event)
    assert found["member"] == [("member", "DIRECT", "IDENTITY", False)]
    assert found["income"] == [("income", "DIRECT", "TRANSFORMATION", False)]
    assert {one[0] for one in found["monthly"]} == {"income", "member"}
    assert [one for one in found["before"] if one[1] == "INDIRECT"] == [
        ("purpose", "INDIRECT", "WINDOW", False),
        ("seen", "INDIRECT", "WINDOW", False),
    ]
    assert {one[0] for one in found["double"]} == {"income", "member", "purpose", "seen"}
    whole = event["outputs"][0]["facets"]["columnLineage"]["dataset"]
    assert [(one["field"], one["transformations"][0]["subtype"]) for one in whole] == [("purpose", "FILTER")]
    assert openlineage_findings(event) == ()
    assert "monthly" not in [one["name"] for one in event["inputs"][0]["facets"]["schema"]["fields"]]


def test_of_people_no_figure_is_told() -> None:
    private = {"pseudonymise": {"columns": ["purpose"], "key": "${secret:KEY}"}}
    event = of_data({**ASKING, "privacy": private})
    assert event["inputs"][0]["inputFacets"] == {}
    assert all(one["outputFacets"] == {} for one in event["outputs"])
    assert lineage(event)["purpose"] == [("purpose", "DIRECT", "TRANSFORMATION", True)]
    noisy = {"differential_privacy": {"epsilon": 1.0, "key": "${secret:KEY}"}}
    assert of_data({**ASKING, "profile": noisy})["inputs"][0]["inputFacets"] == {}


def test_what_was_promised_stands_with_what_came_of_it() -> None:
    facts = {
        **FACTS,
        "rows": {**FACTS["rows"], "quarantined": 1, "prepared": 5},
        "broken_promises": [{"column": "income", "promise": "columns.income.max", "rows": 1, "first": []}],
    }
    found = of_data(facts=facts)["inputs"][0]["inputFacets"]
    assertions = {
        (one.get("column", ""), one["assertion"]): one for one in found["dataQualityAssertions"]["assertions"]
    }
    assert assertions["income", "max"]["success"] is False
    assert assertions["income", "max"]["actual"] == "1 rows break it"
    assert assertions["income", "min"]["success"] is True
    assert assertions["", "expression"]["expected"] == "income > 10"
    assert ("income", "not_null") not in assertions
    assert found["dataQualityMetrics"]["columnMetrics"] == {}, "not the source's own any more"
    untouched = of_data()["inputs"][0]["inputFacets"]["dataQualityMetrics"]["columnMetrics"]
    assert untouched["income"] == {"nullCount": 1, "distinctCount": 4, "min": 2.5, "max": 90.0}
    assert untouched["seen"] == {"nullCount": 0, "distinctCount": 6}


@pytest.mark.parametrize(
    ("source", "namespace", "name", "uri"),
    [
        ({"type": "file", "path": "a/../b c.csv"}, "file", "b c.csv", "file:b%20c.csv"),
        ({"type": "sklearn", "name": "iris"}, "pkg:pypi/scikit-learn", "iris", "pkg:pypi/scikit-learn#iris"),
        (
            {
                "type": "sql",
                "url": "postgresql+psycopg://reader:p@db.example/loans?x=1",
                "table": "public.loans",
            },
            "postgres://db.example:5432",
            "loans.public.loans",
            "postgres://db.example:5432/loans",
        ),
        (
            {"type": "sql", "url": "sqlite:///data/a.db", "query": "select 1"},
            "file",
            "data/a.db/query",
            "file:data/a.db",
        ),
        (
            {"type": "object_store", "url": "https://me:secret@store.example/a/b.csv?sig=secret"},
            "https://store.example",
            "a/b.csv",
            "https://store.example/a/b.csv",
        ),
        (
            {"type": "object_store", "url": "s3://lake/loans/*.parquet"},
            "s3://lake",
            "loans/*.parquet",
            "s3://lake/loans/%2A.parquet",
        ),
        (
            {"type": "object_store", "url": "file:///mnt/a.parquet"},
            "file",
            "/mnt/a.parquet",
            "file:///mnt/a.parquet",
        ),
    ],
)
def test_a_source_is_named_without_what_is_secret(
    source: dict[str, Any], namespace: str, name: str, uri: str
) -> None:
    event = of_data({**ASKING, "source": source})
    found = event["inputs"][0]
    assert (found["namespace"], found["name"]) == (namespace, name)
    assert found["facets"]["dataSource"]["uri"] == uri
    assert "secret" not in json.dumps(event)
    assert ("sql" in event["job"]["facets"]) == ("query" in source)
    assert ("columnLineage" in event["outputs"][0]["facets"]) == ("query" not in source)
    assert openlineage_findings(event) == ()


def test_a_model_says_what_it_learned_from() -> None:
    event = of_model()
    names = [one["name"] for one in event["inputs"]]
    assert names == ["dataset.loans.train", "dataset.loans.test", "model.linear"]
    assert event["inputs"][1]["inputFacets"]["dataQualityMetrics"]["rowCount"] == 2
    label = lineage(event)["label"]
    assert ("defaulted", "DIRECT", "AGGREGATION", False) in label
    assert ("income", "DIRECT", "TRANSFORMATION", False) in label
    assert "loan_id" not in [one[0] for one in label]


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("not over", "eventType: START is not COMPLETE"),
        ("made nothing", "outputs: the run made nothing"),
        ("data twice", "inputs: two are ('file', 'data/loans.csv')"),
        ("no such input", "is no input of the run"),
        ("no such column of the input", "data/loans.csv has no column incomes"),
        ("no such column", "dataset.loans.train has no column incomes"),
        ("no name", "says no namespace or no name"),
    ],
)
def test_what_the_client_does_not_see_is_rejected(how: str, finding: str) -> None:
    event = copy.deepcopy(of_data())
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"]
    match how:
        case "not over":
            event["eventType"] = "START"
        case "made nothing":
            event["outputs"] = []
        case "data twice":
            event["inputs"] *= 2
        case "no such input":
            fields["income"]["inputFields"][0]["name"] = "data/other.csv"
        case "no such column of the input":
            fields["income"]["inputFields"][0]["field"] = "incomes"
        case "no such column":
            fields["incomes"] = fields.pop("income")
        case "no name":
            event["outputs"][0]["namespace"] = ""
    assert finding in "\n".join(openlineage_findings(event))


def test_what_is_no_event_is_a_finding() -> None:
    documents: tuple[Any, ...] = (None, [], "text", {}, {"run": 1})
    for document in documents:
        assert openlineage_findings(document) == ("the document is no event of a run",)
