"""What gives the label away is found in the rows, on real data too, and what is right is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mlc.drivers import _leakage, _privacy
from mlc.ir.operation import StepFailed
from mlc.store.secrets import Secret
from stages.drivers.lending import LOANS
from stages.drivers.test_files import column, failure, ingest, people, saved

EVERYTHING = dict.fromkeys(("duplicates", "identifiers", "giveaways", "future"), "warning")
NOW = datetime(2026, 11, 26)


def spec(table: pl.DataFrame, label: str = "repaid", **answers: str) -> dict[str, Any]:
    roles = {label: "label", "id": "id"}
    columns = {name: {"role": roles.get(name, "feature")} for name in table.columns}
    return {"columns": columns, "label": label, "id": "id", "checks": {"leakage": EVERYTHING | answers}}


def halves(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = table.with_row_index("n")
    return rows.filter(pl.col("n") % 2 == 0).drop("n"), rows.filter(pl.col("n") % 2 == 1).drop("n")


def checks(table: pl.DataFrame, **answers: str) -> list[tuple[str, str | None]]:
    found = _leakage.found(spec(table, **answers), *halves(table))
    return [(one["check"], one["column"]) for one in found]


@pytest.fixture(scope="module")
def loans() -> pl.DataFrame:
    return pl.read_parquet(LOANS).head(8000)


def test_nothing_is_found_in_the_loans(loans: pl.DataFrame) -> None:
    assert checks(loans) == []


def test_a_feature_that_is_the_label_in_other_words_is_found(loans: pl.DataFrame) -> None:
    table = loans.with_columns(
        status=pl.when(pl.col("repaid") == 1).then(pl.lit("closed")).otherwise(pl.lit("late")),
        paid=pl.col("repaid") * 1000.0 + pl.col("driver_tenure"),
    )
    assert checks(table) == [("giveaways", "status"), ("giveaways", "paid")]
    assert checks(table, giveaways="off") == []


def test_a_feature_that_decides_most_rows_is_left_alone(loans: pl.DataFrame) -> None:
    noisy = loans.with_columns(
        status=pl.when(pl.col("id") % 7 == 0).then(1 - pl.col("repaid")).otherwise("repaid")
    )
    assert checks(noisy) == []


def test_a_feature_of_single_values_decides_nothing_on_rows_it_has_not_seen(loans: pl.DataFrame) -> None:
    table = loans.with_columns(key=pl.col("id").hash(3).cast(pl.String))
    assert checks(table) == [("identifiers", "key")]


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (pl.col("id") * 1, True),
        (pl.col("id").cast(pl.String) + "-x", True),
        (pl.col("id").cast(pl.Float64) * 1.7, False),
        (pl.col("id") * 1_000, False),
        (pl.col("id") // 3, False),
        ("a sentence of " + pl.col("id").cast(pl.String), False),
    ],
)
def test_what_names_rows_is_found(loans: pl.DataFrame, made: pl.Expr, found: bool) -> None:
    table = loans.select("id", "repaid", "salary_range").with_columns(it=made)
    assert (("identifiers", "it") in checks(table)) == found


def test_the_same_number_in_other_units_is_found() -> None:
    table = pl.DataFrame({"id": range(400), "x": [n * n % 977 for n in range(400)]}).with_columns(
        repaid=pl.col("x") * 2.54 + 1, y=(pl.col("x") + (pl.col("id") % 7) * 20)
    )
    assert checks(table, identifiers="off", duplicates="off") == [("giveaways", "x")]


def test_rows_in_both_parts_are_found(loans: pl.DataFrame) -> None:
    train, test = halves(loans.unique([name for name in loans.columns if name != "id"], maintain_order=True))
    twice = pl.concat([test, train.head(5).with_columns(pl.col("id") + 1_000_000)])
    (found,) = _leakage.found(spec(loans), train, twice)
    assert (found["check"], found["rows"]) == ("duplicates", 5)


def test_rows_that_have_to_be_alike_are_no_finding(loans: pl.DataFrame) -> None:
    assert checks(loans.select("id", "salary_range", "repaid")) == []


def test_times_that_have_not_come_are_found() -> None:
    table = pl.DataFrame({"at": [NOW, NOW + timedelta(seconds=1), None], "n": [1, 2, 3]})
    (found,) = _leakage.future(spec(table), table, NOW)
    assert (found["column"], found["rows"]) == ("at", 1)
    assert _leakage.future(spec(table, future="off"), table, NOW) == []


def test_a_warning_is_told_and_an_error_stops_the_step(step: Any, tmp_path: Path) -> None:
    frame = pl.concat([people(), people().with_columns(pl.col("id") + 40, left=1 - pl.col("left"))] * 1)
    frame = pl.concat([frame, frame.with_columns(pl.col("id") + 80)])
    frame = frame.with_columns(
        status=pl.when(pl.col("left") == 1).then(pl.lit("gone")).otherwise(pl.lit("here"))
    )
    asked = ingest(checks={"min_rows": 1, "max_quarantined": 0.0, "leakage": EVERYTHING})
    asked["columns"]["status"] = column("string")
    product = step("files", asked, source=saved(frame, tmp_path))
    assert any(one.startswith("`status` alone decides the label") for one in product.summary["warnings"])
    asked["checks"]["leakage"] = EVERYTHING | {"giveaways": "error"}
    (told,) = failure(step, asked, source=saved(frame, tmp_path))
    assert told.rule == "leakage-found"
    assert told.refused
    assert told.path == "checks.leakage.giveaways"


ANONYMITY = {"columns": ["city", "age"], "k": 3, "otherwise": "error", "max_suppressed": 0.5}


def crowd() -> pl.DataFrame:
    return pl.DataFrame({"city": ["a"] * 4 + ["b"] * 3 + ["c"] * 2 + [None], "age": [1] * 10})


def test_rare_combinations_stop_the_step() -> None:
    with pytest.raises(StepFailed) as failed:
        _privacy.anonymous({"k_anonymity": ANONYMITY}, crowd(), "dataset.x")
    (told,) = failed.value.diagnostics
    assert told.rule == "anonymity-broken"
    assert told.detail.startswith(
        "3 rows (30.00%) have a combination of city and age that fewer than 3 rows share."
    )


def test_rare_combinations_are_left_out_or_told() -> None:
    rows, told, warnings = _privacy.anonymous(
        {"k_anonymity": ANONYMITY | {"otherwise": "suppress"}}, crowd(), "dataset.x"
    )
    assert rows["city"].to_list() == ["a"] * 4 + ["b"] * 3
    assert told == {
        "columns": ["city", "age"],
        "k": 3,
        "smallest": 1,
        "combinations": 4,
        "rows_of_rarer": 3,
        "suppressed": 3,
    }
    assert warnings == []
    rows, _, warnings = _privacy.anonymous(
        {"k_anonymity": ANONYMITY | {"otherwise": "warning"}}, crowd(), "dataset.x"
    )
    assert rows.height == 10
    assert len(warnings) == 1
    with pytest.raises(StepFailed, match=r"lets 20\.00% be left out"):
        _privacy.anonymous(
            {"k_anonymity": ANONYMITY | {"otherwise": "suppress", "max_suppressed": 0.2}},
            crowd(),
            "dataset.x",
        )


def test_a_pseudonym_is_the_hmac_of_the_text() -> None:
    """RFC 4231, test case 2: its first 128 bits."""
    column = pl.Series("x", ["what do ya want for nothing?", None, "7"])
    made = _privacy.pseudonyms(column, Secret("Jefe"))
    assert made[0] == "5bdcc146bf60754e6a042426089575c7"
    assert made[1] is None
    assert made[2] == _privacy.pseudonyms(pl.Series("y", [7]), Secret("Jefe"))[0]
    assert made[2] != _privacy.pseudonyms(pl.Series("y", [7]), Secret("Jeff"))[0]


def test_pseudonyms_stand_in_every_output(step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "KEY").write_text("k" * 32)
    monkeypatch.setenv("MLC_SECRETS", str(tmp_path))
    frame = people().with_columns(
        email=pl.lit("canary-") + pl.col("id").cast(pl.String), phone=pl.lit("555-canary")
    )
    frame = frame.with_columns(age=pl.when(pl.col("id") == 3).then(999).otherwise("age"))
    privacy = {
        "drop": ["phone"],
        "pseudonymise": {"columns": ["email"], "key": "${secret:KEY}", "key_version": ""},
    }
    asked = ingest(checks={"min_rows": 1, "max_quarantined": 0.1}, privacy=privacy)
    asked["columns"]["email"] = column("string", unique=True)
    product = step("files", asked, source=saved(frame, tmp_path))
    quarantine = pl.read_parquet(product.outputs["quarantine"])
    assert len(quarantine["email"][0]) == 32
    assert product.summary["dropped_columns"] == []
    for path in product.outputs.values():
        table = path.read_bytes() if path.suffix == ".json" else repr(pl.read_parquet(path).rows()).encode()
        assert b"canary" not in table
    assert "canary" not in repr(product.summary)
    asked["checks"]["max_quarantined"] = 0.0
    asked["columns"]["email"] = column("string", role="id")
    (told,) = failure(step, asked | {"id": "email"}, source=saved(frame, tmp_path))
    assert "canary" not in told.detail
