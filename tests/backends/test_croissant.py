"""The Croissant metadata of a dataset; `platforms/` holds them to MLCommons' own reader."""

from __future__ import annotations

import json
from urllib.parse import unquote

from syrupy.assertion import SnapshotAssertion

from backends.contract_project import LOANS
from backends.croissants import ASKING, BACKEND, published, step_of, written
from mlc.emit.verify import checks_of
from stages.emit.test_quoting import naughty


def test_artifact(artifact_file: SnapshotAssertion) -> None:
    found = published(written())
    assert found.content == artifact_file(name=found.path)
    assert checks_of(found, BACKEND) == ("mlcroissant",)


def test_it_is_written_where_it_is_asked_for() -> None:
    assert step_of(LOANS) is None
    step = step_of(ASKING)
    assert step is not None
    assert step.publishes == {"croissant": "generated/dev/datasets/loans/croissant.json"}
    assert step.files == {"source": "data/loans.csv"}
    assert written()["distribution"][0]["contentUrl"] == "../../../../data/loans.csv"


def test_columns_are_told_where_the_file_holds_what_is_promised() -> None:
    assert [one["name"] for one in written()["recordSet"][0]["field"]] == list(LOANS["columns"])
    prepared = {**ASKING, "prepare": {"tidy": {"method": "drop_missing", "columns": ["income"]}}}
    for changed in (prepared, {**ASKING, "privacy": {"drop": ["purpose"]}}):
        assert "recordSet" not in written(changed)
        assert "distribution" in written(changed)
    elsewhere = written({**ASKING, "source": {"type": "sql", "url": "sqlite:///a.db", "table": "a"}})
    assert not {"recordSet", "distribution"} & set(elsewhere)


def test_what_was_not_said_is_left_out() -> None:
    silent = {name: ASKING[name] for name in ("source", "columns", "describe")}
    assert not {"description", "license", "citeAs", "creator", "keywords"} & set(written(silent))


def test_naughty_strings_stay_values() -> None:
    texts = [text for text in dict.fromkeys(naughty()) if text]
    columns = {text: {"type": "string", "description": text} for text in texts}
    for text in texts[::20]:
        nasty = {
            **ASKING,
            "description": text,
            "owner": text,
            "tags": [text],
            "licence": {"name": text, "origin": text},
        }
        found = json.loads(published(written(nasty)).content)
        assert list(found) == list(written())
        told = [found["description"], found["license"], found["citeAs"], found["creator"]["name"]]
        assert [*told, *found["keywords"]] == [text] * 5
    fields = json.loads(published(written({**ASKING, "columns": columns})).content)["recordSet"][0]["field"]
    assert [one["name"] for one in fields] == texts
    assert [one["description"] for one in fields] == texts
    assert [one["source"]["extract"]["column"] for one in fields] == texts
    assert [unquote(one["@id"].removeprefix("rows/")) for one in fields] == texts
    assert all(one["@id"].isascii() and "/" not in one["@id"][5:] for one in fields)
