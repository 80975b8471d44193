"""The model and the registered one that an alias points to: compared on the same rows, and again when that moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from mlc.drivers import champion
from mlc.drivers.registry import Cause, open_registry, register, remove_alias, set_alias
from mlc.drivers.registry.standing import champions
from mlc.ir.evaluation import Comparison, Duel
from mlc.ir.operation import Operation, Outcome, Product, Work, digest_of
from mlc.ir.registry import Entry, LearnedFrom, Signature
from mlc.store.content import digest_of as digest_of_file
from stages.evaluation.test_evaluation import loans, logistic

REGISTRY = {
    "type": "hybrid",
    "database": "sqlite:///.mlc/registry/registry.db",
    "files": ".mlc/registry/files",
}
SPEC: dict[str, Any] = {
    "task": "binary_classification",
    "label": "repaid",
    "positive": "yes",
    "seed": 3,
    "columns": {"amount": {"type": "number", "values": [], "nullable": False}},
    "name": "default_risk",
    "registry": REGISTRY,
    "duels": {
        "better": {"alias": "production", "metric": "roc_auc", "test": "delong", "confidence": 0.9},
    },
}
NOON = "2026-01-01T12:00:00+00:00"

MakeWork = Callable[..., Work]


def put(root: Path, onnx: Path, alias: str = "production") -> int:
    """Register a model, and point the alias at it."""

    def describe(number: int, digests: dict[str, str]) -> Entry:
        return Entry(
            project="lending",
            name="default_risk",
            number=number,
            digest=digests["onnx"],
            task="binary_classification",
            estimator="sklearn.linear_model.LogisticRegression",
            data=LearnedFrom(dataset="loans"),
            signature=Signature(inputs=[], outputs=[]),
            config="0" * 64,
            files=digests,
        )

    registry = open_registry(root, REGISTRY)
    number = register(registry, "default_risk", {"onnx": onnx}, describe, NOON).entry.number
    held = champions(registry, [("default_risk", alias)])[("default_risk", alias)]
    set_alias(
        registry,
        "default_risk",
        alias,
        number,
        expected=held.number if held else None,
        cause=Cause(environment="prod", deployment="web", at=NOON),
    )
    return number


def backwards(path: Path) -> Path:
    """A model that ranks the rows the other way around."""
    import onnx

    model = onnx.load(logistic(path, 1.0))
    model.graph.node[2].input[:] = ["one", "chance"]  # the negative's share in the positive's place
    model.graph.node[3].input[:] = ["chance", "negative"]
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Path]:
    return {"onnx": logistic(tmp_path / "model.onnx", 1.0), "test": loans(tmp_path / "test.parquet")}


def run(work: MakeWork, inputs: dict[str, Path], spec: dict[str, Any] = SPEC) -> tuple[Duel, Product, Work]:
    asked = work("champion", spec, inputs)
    asked = msgspec.structs.replace(
        asked, digests={name: digest_of_file(path) for name, path in inputs.items()}
    )
    product = champion.run(asked)
    found = msgspec.json.decode(product.outputs["comparison"].read_bytes(), type=Comparison)
    (duel,) = found.duels
    return duel, product, asked


def recorded(asked: Work, product: Product) -> tuple[Operation, Outcome]:
    operation = Operation(id="model.default_risk/compare", driver="champion", spec=asked.spec)
    made_from = {"input onnx": asked.digests["onnx"], "spec": digest_of(asked.spec)}
    return operation, Outcome("k", "champion", made_from, {}, product.summary)


def test_without_a_champion_there_is_nothing_to_compare_with(work: MakeWork, inputs: dict[str, Path]) -> None:
    duel, product, _ = run(work, inputs)
    assert duel.difference is None
    assert "called production yet" in duel.note
    assert product.summary["champions"] == {"production": None}


def test_the_model_itself_is_no_rival(work: MakeWork, inputs: dict[str, Path], tmp_path: Path) -> None:
    number = put(tmp_path, inputs["onnx"])
    duel, _, _ = run(work, inputs)
    assert duel.version == number
    assert duel.difference is None
    assert "version 1 itself" in duel.note


def test_both_are_scored_on_the_same_rows(work: MakeWork, inputs: dict[str, Path], tmp_path: Path) -> None:
    put(tmp_path, backwards(tmp_path / "old.onnx"))
    duel, _, _ = run(work, inputs)
    assert duel.problem == ""
    assert duel.challenger is not None
    assert duel.champion is not None
    assert duel.champion == pytest.approx(1 - duel.challenger, abs=1e-6)
    assert duel.difference is not None
    assert duel.difference.value == pytest.approx(duel.challenger - duel.champion)
    assert duel.difference.low is not None
    assert duel.difference.low > 0
    assert duel.difference.at(0.9) is not None
    assert duel.p_value is not None
    assert duel.p_value < 1e-6


def test_a_champion_that_needs_another_column_is_a_problem(
    work: MakeWork, inputs: dict[str, Path], tmp_path: Path
) -> None:
    put(tmp_path, backwards(tmp_path / "old.onnx"))
    pl.read_parquet(inputs["test"]).rename({"amount": "sum"}).with_columns(
        pl.col("sum").alias("total")
    ).write_parquet(inputs["test"])
    renamed = {**SPEC, "columns": {"sum": SPEC["columns"]["amount"]}}
    own = tmp_path / "own.onnx"
    own.write_bytes(_renamed(inputs["onnx"]))
    duel, _, _ = run(work, {**inputs, "onnx": own}, renamed)
    assert "takes the column amount" in duel.problem


def _renamed(path: Path) -> bytes:
    import onnx

    model = onnx.load(path)
    model.graph.input[0].name = "sum"
    model.graph.node[0].input[:] = ["sum"]
    content: bytes = model.SerializeToString()
    return content


def test_a_champion_whose_file_was_edited_is_a_problem(
    work: MakeWork, inputs: dict[str, Path], tmp_path: Path
) -> None:
    old = backwards(tmp_path / "old.onnx")
    put(tmp_path, old)
    kept = Path(open_registry(tmp_path, REGISTRY).files.place(digest_of_file(old)))
    kept.chmod(0o644)
    kept.write_bytes(b"another")
    duel, _, _ = run(work, inputs)
    assert "edited" in duel.problem


def test_it_is_compared_again_when_the_alias_moves_to_another_model(
    work: MakeWork, inputs: dict[str, Path], tmp_path: Path
) -> None:
    put(tmp_path, backwards(tmp_path / "old.onnx"))
    _, product, asked = run(work, inputs)
    done = [recorded(asked, product)]
    assert champion.observe(tmp_path, "dev", done) == {}
    put(tmp_path, inputs["onnx"])  # its own promotion changes nothing of what it had to beat
    assert champion.observe(tmp_path, "dev", done) == {}
    put(tmp_path, logistic(tmp_path / "third.onnx", 0.5))
    (seen,) = champion.observe(tmp_path, "dev", done).values()
    assert seen.what == (
        "production of default_risk points to version 3, and the model was compared with version 1"
    )
    registry = open_registry(tmp_path, REGISTRY)
    remove_alias(registry, "default_risk", "production", expected=3, cause=Cause("prod", "web", NOON))
    (seen,) = champion.observe(tmp_path, "dev", done).values()
    assert seen.found == "no version"
