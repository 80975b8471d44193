"""A part of the rows to choose by: it moves no row of the test, nothing is learned from it, and variants read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from mlc import lower, pipeline
from mlc.drivers import _leakage, variants
from mlc.ir.operation import StepFailed
from mlc.ir.variant import Variants
from mlc.request import Request
from rules.project import lay
from stages.drivers import lending
from stages.drivers.test_files import failure, ingest, saved
from stages.drivers.test_splits import group, of_visits, time, visits
from stages.selection import steps

HASHED = [
    {"method": "random", "test": 0.3, "seed": 0},
    {"method": "stratified", "by": "left", "test": 0.3, "seed": 0},
    group(),
    group(method="stratified_group", by="left"),
]


def divided(step: Any, tmp_path: Path, split: dict[str, Any], rows: int = 200) -> dict[str, pl.DataFrame]:
    product = step("files", of_visits(split), source=saved(visits(rows), tmp_path))
    names = [name for name in ("train", "validation", "test") if name in product.outputs]
    found = {name: pl.read_parquet(product.outputs[name]) for name in names}
    for name, part in found.items():
        assert product.summary[name] == part.height == product.summary["split"][name]
    return found


@pytest.mark.parametrize("split", HASHED, ids=lambda split: split["method"])
def test_it_is_taken_from_what_would_be_trained_on(step: Any, tmp_path: Path, split: dict[str, Any]) -> None:
    before = divided(step, tmp_path, split)
    after = divided(step, tmp_path, {**split, "validation": 0.3})
    assert "validation" not in before
    assert after["test"].equals(before["test"])
    assert set(after["train"]["id"]) | set(after["validation"]["id"]) == set(before["train"]["id"])
    assert set(after["train"]["id"]).isdisjoint(after["validation"]["id"])
    assert 10 < after["validation"].height < 110
    if "group" in split["method"]:
        parts = [set(part["household"]) for part in after.values()]
        assert sum(map(len, parts)) == len(set.union(*parts))


@pytest.mark.parametrize("split", HASHED[:3], ids=lambda split: split["method"])
def test_rows_that_are_appended_move_no_old_one(step: Any, tmp_path: Path, split: dict[str, Any]) -> None:
    split = {**split, "validation": 0.3}
    before, after = divided(step, tmp_path, split, 120), divided(step, tmp_path, split, 200)
    for name, part in before.items():
        assert set(part["id"]) <= set(after[name]["id"])


def test_in_time_it_lies_between_with_a_gap_on_either_side(step: Any, tmp_path: Path) -> None:
    split = time(gap=5 * 86400.0, validation=0.25, validation_from=None)
    found = divided(step, tmp_path, split, 200)
    days: dict[str, Any] = {name: (part["day"].min(), part["day"].max()) for name, part in found.items()}
    assert found["validation"].height == 50
    for earlier, later in (("train", "validation"), ("validation", "test")):
        assert (days[later][0] - days[earlier][1]).days >= 5
    split = time(test_from="2026-05-01", validation_from="2026-03-01")
    found = divided(step, tmp_path, split, 200)
    assert str(found["validation"]["day"].min()) == "2026-03-01"
    assert str(found["train"]["day"].max()) == "2026-02-28"


def test_a_column_may_name_it(step: Any, tmp_path: Path) -> None:
    split = {"method": "column", "by": "household", "test_values": ["h1"], "train_values": []}
    found = divided(step, tmp_path, {**split, "validation_values": ["h2", "h3"]})
    assert set(found["validation"]["household"]) == {"h2", "h3"}
    assert set(found["train"]["household"]).isdisjoint({"h1", "h2", "h3"})


def test_an_empty_one_is_refused(step: Any, tmp_path: Path) -> None:
    split = {"method": "random", "test": 0.3, "seed": 0, "validation": 0.0001}
    (told,) = failure(step, of_visits(split), source=saved(visits(20), tmp_path))
    assert told.rule == "split-impossible"
    assert "The validation part has no row" in told.detail


def test_nothing_is_learned_from_it(step: Any, tmp_path: Path) -> None:
    """What is imputed is the mean of the rows to train on alone."""
    split = {"method": "random", "test": 0.2, "seed": 0, "validation": 0.4}
    impute = {"name": "fill", "method": "impute", "columns": ["height"], "strategy": "mean", "value": None}
    frame = visits(100).with_columns(
        height=pl.when(pl.col("id") % 5 == 0).then(None).otherwise(pl.col("id").cast(pl.Float64))
    )
    spec = of_visits(split)
    spec["columns"]["height"] = {**spec["columns"]["height"], "nullable": True, "min": None, "max": None}
    whole = step("files", spec, source=saved(frame, tmp_path))
    train = pl.read_parquet(whole.outputs["train"])
    expected = train["height"].mean()
    product = step("files", {**spec, "prepare": [impute]}, source=saved(frame, tmp_path))
    filled = pl.read_parquet(product.outputs["validation"]).filter(pl.col("id") % 5 == 0)
    assert filled.height > 3
    assert filled["height"].to_list() == pytest.approx([expected] * filled.height)


def test_rows_that_stand_in_two_parts_are_found(tmp_path: Path) -> None:
    loans = pl.read_parquet(lending.LOANS).head(300)
    train, validation, test = loans.head(100), loans.slice(100, 100), loans.slice(200, 100)
    columns = {name: {"role": "feature"} for name in lending.COLUMNS}
    checks = {"duplicates": "warning", "identifiers": "off", "giveaways": "off", "future": "off"}
    spec = {"columns": columns, "label": "repaid", "checks": {"leakage": checks}}
    assert _leakage.found(spec, train, test, validation) == []
    again = pl.concat([validation.head(95), train.head(5)])
    (told,) = _leakage.found(spec, train, test, again)
    assert told["text"] == "5 of 100 rows to choose by stand, but for their id, among those to train on"
    (told,) = _leakage.found(spec, train, pl.concat([test.head(97), validation.head(3)]), validation)
    assert told["text"] == "3 of 100 rows to test on stand, but for their id, among those to choose by"


def test_variants_are_chosen_by_it_and_the_test_is_met_once(step: Any, tmp_path: Path) -> None:
    paths = lending.parts(tmp_path)
    loans = pl.read_parquet(lending.LOANS).slice(3000, 700)
    paths["validation"] = tmp_path / "validation.parquet"
    loans.write_parquet(paths["validation"])
    train = lending.train(steps.BOOSTED, "none", params={"max_iter": 20})
    model = step("sklearn_train", train, train=paths["train"]).outputs["model"]
    exported = step("onnx_export", lending.export(), model=model, test=paths["test"]).outputs["onnx"]
    bounds = {"max_probability_difference": 1e-4, "min_label_agreement": 1.0}
    loose = {"max_probability_difference": 1.0, "min_label_agreement": 0.5}
    spec = {
        **lending.LEARNED,
        "opset": 21,
        "variants": [{"name": "whole", **bounds}, {"name": "half", "prune": 0.5, **loose}],
        "choose": {"smallest": "size"},
        "metric": "roc_auc",
        "evaluate": {**lending.LEARNED, "name": "loan", "seed": 0, "confidences": [0.95]},
        "measure": {"columns": lending.COLUMNS},
        "gates": {},
    }
    inputs = {"onnx": exported, "model": model, "train": paths["train"], "test": paths["test"]}

    def optimised(**more: Any) -> tuple[Variants, dict[str, Any]]:
        made = variants.run(steps.work(tmp_path, "variants", {**spec, **more}, **inputs, **kept))  # type: ignore[arg-type]
        return (
            msgspec.json.decode(made.outputs["variants"].read_bytes(), type=Variants),
            msgspec.json.decode(made.outputs["parity"].read_bytes()),
        )

    kept: dict[str, Path] = {}
    by_test, proof = optimised()
    assert (by_test.rows, proof["rows"]) == ("test", 1000)
    kept = {"validation": paths["validation"]}
    by_validation, proof = optimised()
    assert by_validation.rows == "validation"
    assert by_validation.chosen == "half"
    assert proof["rows"] == 1000  # what the gates are told of the one chosen is of the whole test set
    assert by_validation.variants[0].metrics != by_test.variants[0].metrics
    # a form that holds on the rows to choose by, and not on the test set, is not served
    paths["validation"].unlink()
    loans.head(1).write_parquet(paths["validation"])
    strict = [{"name": "half", "prune": 0.5, "max_probability_difference": 1.0, "min_label_agreement": 1.0}]
    with pytest.raises(StepFailed) as failed:
        optimised(variants=strict)
    assert failed.value.diagnostics[0].rule == "parity-broken"


def test_the_part_goes_where_it_is_read(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
            "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, "
            "left: {type: integer, role: label}}\n"
            "profile: {}\nsplit: {method: stratified, test: 0.2, validation: 0.1}\n",
            "model/churn.yaml": "task: binary_classification\ndataset: people\nfeatures: basic\n"
            "train: {estimator: sklearn.ensemble.RandomForestClassifier}\n"
            "optimize: {variants: {whole: {}, half: {prune: 0.5}}, choose: {smallest: size}}\n",
        },
    )
    validated = pipeline.validate(Request(tmp_path))
    assert not validated.diagnostics
    (graph,) = (lower.lower(checked) for checked in validated.checked.values())
    operations = {one.id: one for resource in graph.resources for one in resource.operations}
    reading = {name for name, one in operations.items() if "validation" in one.inputs}
    assert reading == {"dataset.people/profile", "model.churn/optimize", "model.churn/register"}
    assert operations["dataset.people/ingest"].spec["split"]["validation"] == 0.1


def test_without_one_a_step_is_told_nothing_of_it(tmp_path: Path) -> None:
    """The keys of the steps of projects that have none stay what they were."""
    assert "validation" not in ingest()["split"]
    lay(tmp_path, {})
    validated = pipeline.validate(Request(tmp_path))
    (graph,) = (lower.lower(checked) for checked in validated.checked.values())
    operations = {one.id: one for resource in graph.resources for one in resource.operations}
    assert set(operations["dataset.people/ingest"].spec["split"]) == {"method", "by", "test", "seed"}
