"""`export` writes ONNX and proves on the whole test set that it says what the model says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest
from onnx import TensorProto, helper

from mlc.drivers import _onnx, onnx_export, sklearn_train
from mlc.drivers._columns import model_input
from mlc.drivers._convert import ConversionError, to_onnx
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.kinds._signature import signature
from stages.drivers import lending

LINEAR = "sklearn.linear_model.LogisticRegression"
BOOSTED = "sklearn.ensemble.HistGradientBoostingClassifier"


def trained(step: Any, folder: Path, estimator: str, scale: str, **changes: Any) -> dict[str, Path]:
    """The files that `export` reads."""
    paths = lending.parts(folder)
    model = step("sklearn_train", lending.train(estimator, scale, **changes), train=paths["train"])
    return {"model": model.outputs["model"], "test": paths["test"]}


def failure(step: Any, spec: dict[str, Any], **inputs: Path) -> Diagnostic:
    with pytest.raises(StepFailed) as failed:
        step("onnx_export", spec, **inputs)
    (diagnostic,) = failed.value.diagnostics
    return diagnostic


def refusal(path: Path, **limits: Any) -> str:
    with pytest.raises(StepFailed) as failed:
        _onnx.open_session(path, **limits)
    (diagnostic,) = failed.value.diagnostics
    assert diagnostic.rule == "onnx-refused"
    return diagnostic.detail


@pytest.mark.parametrize(("estimator", "scale"), [(LINEAR, "standard"), (BOOSTED, "none")])
def test_the_onnx_form_agrees_with_the_model(step: Any, tmp_path: Path, estimator: str, scale: str) -> None:
    inputs = trained(step, tmp_path, estimator, scale)
    product = step("onnx_export", lending.export(), **inputs)
    parity = json.loads(product.outputs["parity"].read_bytes())
    assert parity["rows"] == 1000
    assert parity["label_agreement"] == 1.0
    assert parity["max_probability_difference"] < 1e-5
    assert parity["disagreeing_rows"] == []
    test = pl.read_parquet(inputs["test"])
    session = _onnx.open_session(product.outputs["onnx"])
    labels, probabilities = lending.said(_onnx.score(session, test, lending.COLUMNS))
    model = sklearn_train.load_model(inputs["model"])
    expected = model.predict_proba(model_input(test, lending.COLUMNS))
    assert labels.dtype == np.int64
    assert labels.shape == (1000,)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    np.testing.assert_array_equal(labels, expected.argmax(axis=1))


def test_the_graph_has_one_input_per_column_and_the_two_outputs(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    session = _onnx.open_session(step("onnx_export", lending.export(), **inputs).outputs["onnx"])
    assert {entry.name: (entry.type, entry.shape) for entry in session.get_inputs()} == {
        name: ("tensor(string)" if column["type"] == "string" else "tensor(float)", [None, 1])
        for name, column in lending.COLUMNS.items()
    }
    assert [(entry.name, entry.type) for entry in session.get_outputs()] == [
        ("label", "tensor(int64)"),
        ("probabilities", "tensor(float)"),
    ]


def test_the_signature_of_a_model_is_true_to_its_graph(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    session = _onnx.open_session(step("onnx_export", lending.export(), **inputs).outputs["onnx"])
    view = lending.LEARNED | {
        "dataset": {"columns": lending.COLUMNS},
        "features": {"groups": lending.groups()},
        "ensemble": None,
        "predictions": {},
        "reuse": None,
    }
    served = {"FP32": "tensor(float)", "BOOL": "tensor(float)", "BYTES": "tensor(string)"}
    promised = signature(view)
    assert [(entry["name"], served[entry["datatype"]]) for entry in promised["inputs"]] == [
        (entry.name, entry.type) for entry in session.get_inputs()
    ]
    given = lending.said(_onnx.score(session, pl.read_parquet(inputs["test"]), lending.COLUMNS))
    for entry, values in zip(promised["outputs"], given, strict=True):
        assert {"INT64": np.int64, "FP32": np.float32}[entry["datatype"]] == values.dtype
        assert len(entry["shape"]) == values.ndim
        assert entry["shape"][1:] == list(values.shape[1:])


@pytest.mark.parametrize("opset", [15, 18, 21])
def test_the_opset_is_the_one_asked_for(step: Any, tmp_path: Path, opset: int) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    product = step("onnx_export", lending.export(opset=opset), **inputs)
    imports = {entry.domain: entry.version for entry in onnx.load(product.outputs["onnx"]).opset_import}
    assert imports[""] == opset


def test_a_scaler_before_trees_is_refused_and_named(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, BOOSTED, "standard")
    exact = lending.export(max_probability_difference=1e-9)
    diagnostic = failure(step, exact, **inputs)
    assert diagnostic.rule == "parity-broken"
    assert diagnostic.refused
    assert diagnostic.path == "optimize.max_probability_difference"
    assert "these groups are scaled: numbers" in diagnostic.detail
    assert "scale: none" in diagnostic.help


def test_a_difference_without_that_trap_blames_no_scaler(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    diagnostic = failure(step, lending.export(max_probability_difference=0.0), **inputs)
    assert diagnostic.rule == "parity-broken"
    assert "scaled" not in diagnostic.detail
    assert "widen `optimize.max_probability_difference`" in diagnostic.help


def test_labels_that_differ_are_counted_and_placed(
    step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    honest = _onnx.score

    def flipping(*args: Any) -> Any:
        scored = honest(*args)
        labels, _ = lending.said(scored)
        labels[[4, 7]] = 1 - labels[[4, 7]]
        return scored

    monkeypatch.setattr(_onnx, "score", flipping)
    diagnostic = failure(step, lending.export(), **inputs)
    assert diagnostic.path == "optimize.min_label_agreement"
    assert "2 of 1,000 labels of the test set differ" in diagnostic.detail
    assert "first in rows 5, 8." in diagnostic.detail
    allowed = step("onnx_export", lending.export(min_label_agreement=0.998), **inputs)
    assert allowed.summary["disagreeing_rows"] == [5, 8]


def test_labels_that_differ_only_in_ties_say_so(
    step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forest = "sklearn.ensemble.ExtraTreesClassifier"
    inputs = trained(step, tmp_path, forest, "none", params={"n_estimators": 2, "bootstrap": True})
    model = sklearn_train.load_model(inputs["model"])
    test = pl.read_parquet(inputs["test"])
    tied = np.flatnonzero(model.predict_proba(model_input(test, lending.COLUMNS))[:, 1] == 0.5)
    assert len(tied) > 1
    honest = _onnx.score

    def tossing(*args: Any) -> Any:
        scored = honest(*args)
        labels, _ = lending.said(scored)
        labels[tied] = 1 - model.predict(model_input(test, lending.COLUMNS))[tied]
        return scored

    monkeypatch.setattr(_onnx, "score", tossing)
    diagnostic = failure(step, lending.export(), **inputs)
    assert "both classes are as probable" in diagnostic.detail
    assert "odd number" in diagnostic.help


def test_a_probability_that_is_not_a_number_is_refused(
    step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    nothing = _onnx.Scored(np.zeros(1000, np.int64), np.full((1000, 2), np.nan, np.float32), None, (0, 1))
    monkeypatch.setattr(_onnx, "score", lambda *_: nothing)
    assert "differs by 1 from" in failure(step, lending.export(), **inputs).detail


def test_missing_values_are_served_as_they_were_learned(step: Any, tmp_path: Path) -> None:
    columns = {
        "number": {"type": "number", "values": [], "nullable": True},
        "text": {"type": "string", "values": ["a", "b"], "nullable": True},
        "flag": {"type": "boolean", "values": [], "nullable": True},
    }
    groups = {
        "numbers": lending.group("number", impute="mean", scale="standard"),
        "texts": lending.group("text", impute="most_frequent", encode="one_hot"),
        "again": lending.group("text", encode="ordinal"),
        "flags": lending.group("flag", impute="most_frequent", encode="one_hot"),
    }
    random = np.random.default_rng(0)
    rows = pl.DataFrame(
        {
            "number": random.normal(size=400),
            "text": random.choice(["a", "b"], 400),
            "flag": random.random(400) < 0.5,
            "repaid": random.integers(0, 2, 400),
        }
    ).with_columns(
        pl.when(pl.Series(random.random(400) < 0.8)).then(pl.col(name)).alias(name) for name in columns
    )
    path = tmp_path / "rows.parquet"
    rows.write_parquet(path)
    spec = lending.train(LINEAR) | {"columns": columns, "groups": groups}
    model = step("sklearn_train", spec, train=path).outputs["model"]
    product = step("onnx_export", lending.export() | {"columns": columns}, model=model, test=path)
    assert product.summary["label_agreement"] == 1.0


def test_another_process_gives_the_same_bytes(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, BOOSTED, "none", params={"max_iter": 5})
    here = step("onnx_export", lending.export(), **inputs)
    (tmp_path / "there").mkdir()
    program = f"""
from pathlib import Path
from mlc.drivers import onnx_export
from mlc.ir.operation import Operation, Work
operation = Operation(id="model.x/export", driver="onnx_export", spec={lending.export()!r})
inputs = {{name: Path(path) for name, path in {[(n, str(p)) for n, p in inputs.items()]!r}}}
onnx_export.run(Work(operation, "test", Path("."), Path("there"), inputs, {{}}, {{}}, print, print))
"""
    source = str(Path(onnx_export.__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": source, "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    for path in here.outputs.values():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes(), path.name


def test_the_file_names_no_version_and_no_one(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    model = onnx.load(step("onnx_export", lending.export(), **inputs).outputs["onnx"])
    assert (model.producer_name, model.producer_version, model.doc_string) == ("mlc", "", "")
    assert len({entry.domain for entry in model.opset_import}) == len(model.opset_import)


def test_a_model_without_an_onnx_form_is_told(
    step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    diagnostic = failure(step, lending.export(opset=99), **inputs)
    assert diagnostic.rule == "export-failed"
    assert "opset 99" in diagnostic.detail


def test_a_column_called_as_an_output_is_told(step: Any, tmp_path: Path) -> None:
    rows = pl.DataFrame({"probabilities": [1.0, 2.0] * 5, "repaid": [0, 1] * 5})
    path = tmp_path / "rows.parquet"
    rows.write_parquet(path)
    columns = {"probabilities": {"type": "number", "values": [], "nullable": False}}
    spec = lending.train(LINEAR) | {"columns": columns, "groups": {"all": lending.group("probabilities")}}
    model = sklearn_train.load_model(step("sklearn_train", spec, train=path).outputs["model"])
    with pytest.raises(ConversionError, match="may not be called probabilities"):
        to_onnx(model, columns, 21)


def test_data_outside_the_file_is_refused(tmp_path: Path) -> None:
    secret = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[4])
    secret.data_location = TensorProto.EXTERNAL
    secret.external_data.add(key="location", value="../../etc/passwd")
    inside = helper.make_graph(
        [helper.make_node("Identity", ["weights"], ["y"])], "inside", [], [_value("y")], [secret]
    )
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inside, else_branch=inside)
    path = tmp_path / "model.onnx"
    path.write_bytes(_model(branch).SerializeToString())
    detail = refusal(path)
    assert "'weights'" in detail
    assert "another file" in detail


def test_a_file_above_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(_model(helper.make_node("Identity", ["x"], ["y"])).SerializeToString())
    assert "at most 10 bytes" in refusal(path, largest=10)


@pytest.mark.parametrize("content", [b"", b"not onnx at all", b"\x08\x07"])
def test_what_is_not_onnx_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert "is not an ONNX file" in refusal(path)


def test_a_graph_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(_model(helper.make_node("Identity", ["x"], ["y"])).SerializeToString())
    assert "a classifier gives label and probabilities" in refusal(path)


def test_an_operator_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(_model(helper.make_node("Steal", ["x"], ["y"])).SerializeToString())
    assert "onnxruntime cannot load" in refusal(path)


def test_no_row_scores_as_no_row(step: Any, tmp_path: Path) -> None:
    inputs = trained(step, tmp_path, LINEAR, "standard")
    session = _onnx.open_session(step("onnx_export", lending.export(), **inputs).outputs["onnx"])
    none = pl.read_parquet(inputs["test"]).head(0)
    labels, probabilities = lending.said(_onnx.score(session, none, lending.COLUMNS))
    assert labels.shape == (0,)
    assert probabilities.shape == (0, 2)


def test_telemetry_is_off_before_onnxruntime_starts() -> None:
    program = """
import builtins, os
honest = builtins.__import__
def watching(name, *rest):
    if name == "onnxruntime":
        assert os.environ.get("ORT_DISABLE_TELEMETRY") == "1"
    return honest(name, *rest)
builtins.__import__ = watching
import mlc.drivers._onnx
"""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment["PYTHONPATH"] = str(Path(_onnx.__file__).parents[2])
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def _value(name: str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, [None])


def _model(node: onnx.NodeProto) -> onnx.ModelProto:
    kind = TensorProto.BOOL if node.op_type == "If" else TensorProto.FLOAT
    graph = helper.make_graph([node], "graph", [_value("x", kind)], [_value("y")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
