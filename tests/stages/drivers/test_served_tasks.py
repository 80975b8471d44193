"""A model of every task is trained, exported, deployed and asked: it answers what the estimator says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from mlc.drivers._bundle import current
from mlc.drivers._columns import model_input
from mlc.drivers._parity import relative_difference
from mlc.drivers._protocol import answer, metadata, read_request
from mlc.drivers._serving import infer, load
from mlc.drivers._skops import load_model
from mlc.kinds._signature import signature
from stages.drivers import measured
from stages.serve._model import deploy, place

ESTIMATORS = {
    "multiclass_classification": ("sklearn.ensemble.HistGradientBoostingClassifier", "none"),
    "regression": ("sklearn.linear_model.Ridge", "standard"),
    "anomaly_detection": ("sklearn.ensemble.IsolationForest", "none"),
    "clustering": ("sklearn.cluster.KMeans", "standard"),
}


ALONE: dict[str, Any] = {"ensemble": None, "predictions": {}, "reuse": None}
"""What a view says of a model that depends on no other."""


def asked(step: Any, folder: Path, task: str) -> tuple[dict[str, Any], dict[str, Any], Any, Any]:
    """The answer's outputs by name, what is promised of them, the estimator and the table that it was asked about."""
    estimator, scale = ESTIMATORS[task]
    paths = measured.parts(task, folder)
    model = step("sklearn_train", measured.train(task, estimator, scale, {}), train=paths["train"])
    exported = step(
        "onnx_export", measured.export(task), model=model.outputs["model"], test=paths["test"]
    ).outputs["onnx"]
    columns = measured.columns(task)
    label = {
        "type": "string" if task == "multiclass_classification" else "number",
        "values": measured.CLASSES,
    }
    view = {
        "task": task,
        "label": "label",
        "dataset": {"columns": {**columns, "label": label}},
        "features": {"groups": measured.groups(task)},
        **ALONE,
    }
    deploy(folder, onnx_bytes=exported.read_bytes(), signature=signature(view), nullable=[])
    loaded = load(current(place(folder)))
    test = measured.split(task)[1]
    body = {
        "inputs": [
            {"name": name, "datatype": "FP32", "shape": [test.height, 1], "data": test[name].to_list()}
            for name in columns
        ]
    }
    request = read_request(loaded, orjson.dumps(body), 1000)
    said = orjson.loads(answer(loaded, request, infer(loaded, request.feeds, request.outputs)))
    promised = {one["name"]: one for one in metadata(loaded)["outputs"]}
    table = model_input(test, columns)
    return (
        {one["name"]: one for one in said["outputs"]},
        promised,
        load_model(model.outputs["model"]),
        table,
    )


@pytest.mark.parametrize("task", ESTIMATORS)
def test_a_served_model_answers_what_the_estimator_says(step: Any, tmp_path: Path, task: str) -> None:
    given, promised, model, table = asked(step, tmp_path, task)
    assert list(given) == list(promised)
    for name, one in given.items():
        assert one["datatype"] == promised[name]["datatype"]
        assert one["shape"] == [table.height, *promised[name]["shape"][1:]]
    predicted = model.predict(table)
    if task == "multiclass_classification":
        assert given["label"]["data"] == [measured.CLASSES[place] for place in predicted]
        shares = np.array(given["probabilities"]["data"]).reshape(-1, 3)
        np.testing.assert_allclose(shares, model.predict_proba(table), atol=1e-5)
    if task == "regression":
        assert relative_difference(np.array(given["value"]["data"]), predicted).max() < 1e-5
    if task == "anomaly_detection":
        assert given["label"]["data"] == (predicted == -1).astype(int).tolist()
        assert 0 < sum(given["label"]["data"]) < table.height
        np.testing.assert_allclose(given["score"]["data"], -model.decision_function(table), atol=1e-5)
    if task == "clustering":
        assert given["label"]["data"] == predicted.tolist()
        assert len({*given["label"]["data"]}) == 8
