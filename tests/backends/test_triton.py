"""Triton's model repository: a configuration that its own message takes, and that says what the graph really takes."""

from __future__ import annotations

import onnx
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of, named
from mlc import data
from mlc.drivers._convert import to_onnx
from mlc.emit import emit, load_backends
from mlc.emit.triton import _messages, read_config
from mlc.emit.verify import official, verify

BACKENDS = load_backends((data.path("templates"),))
ALL = emit(graph_of(SPECS), BACKENDS, first_environment=True)
CONFIG = emitted(ALL, "triton/risk_triton/default_risk/config.pbtxt")


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("data_type: TYPE_STRING", "data_type: TYPE_BYTES", "TYPE_BYTES"),
        ("max_batch_size: 0", "max_batchsize: 0", "max_batchsize"),
        ("count: 2", 'count: "2"', "Couldn't parse integer"),
        ('name: "default_risk"', 'name: "default', "missing ending quote"),
        ('name: "default_risk"', 'name: "other"', "its folder 'default_risk'"),
        ('name: "purpose"', 'name: "income"', "input income: there are two of this name"),
        ("dims: [-1, 1]", "dims: [0, 1]", "are no sizes"),
        ("dims: [-1, 2]", "dims: [2]", "is the number of rows, -1"),
        ("    data_type: TYPE_INT64\n", "", "output label: it has no data_type"),
        ('backend: "onnxruntime"\n', "", "neither a backend nor a platform"),
    ],
)
def test_broken_configuration_is_rejected(old: str, new: str, finding: str) -> None:
    assert verify(CONFIG, named(BACKENDS, "triton")).outcome == "ok"
    found = verify(broken(CONFIG, old, new), named(BACKENDS, "triton"))
    assert found.outcome == "rejected"
    assert any(finding in text for text in found.findings), found.findings


def test_it_declares_what_the_graph_takes_and_gives() -> None:
    """A boolean, above all: the graph takes a float, and Triton would refuse TYPE_BOOL for it."""
    columns = make_column_transformer(("passthrough", [0, 2]), (OneHotEncoder(), [1]))
    learned = Pipeline([("features", columns), ("estimator", LogisticRegression())])
    rows = [[1.0 * i, ("car", "house")[i % 2], float(i % 3 == 0)] for i in range(12)]
    import numpy as np

    learned.fit(np.array(rows, dtype=object), [i % 2 for i in range(12)])
    kinds = {"income": "number", "purpose": "string", "member": "boolean"}
    graph = onnx.load_from_string(
        to_onnx(learned, {name: {"type": kind} for name, kind in kinds.items()}, 21)
    ).graph
    types = {
        onnx.TensorProto.FLOAT: "TYPE_FP32",
        onnx.TensorProto.STRING: "TYPE_STRING",
        onnx.TensorProto.INT64: "TYPE_INT64",
    }
    messages = _messages()
    config = read_config(CONFIG.content.decode())
    for tensors, declared in ((graph.input, config.input), (graph.output, config.output)):
        assert {one.name: types[one.type.tensor_type.elem_type] for one in tensors} == {
            one.name: messages.DataType.Name(one.data_type) for one in declared
        }
        for one, said in zip(tensors, declared, strict=True):
            assert len(one.type.tensor_type.shape.dim) == len(said.dims)


def test_copies_are_the_replicas() -> None:
    (group,) = read_config(CONFIG.content.decode()).instance_group
    assert group.count == 2
    assert group.kind == group.KIND_CPU


def test_the_naughty_strings_stay_names() -> None:
    import json

    file = official("naughty_strings.json")
    if not file.is_file():
        pytest.skip(f"the list of naughty strings is not there: {file}")
    names = [name for name in dict.fromkeys(json.loads(file.read_bytes())) if name]
    loans = SPECS["dataset.loans"]
    specs = {
        **SPECS,
        "dataset.loans": {
            **loans,
            "columns": {name: {"type": "boolean"} for name in names}
            | {"defaulted": {"type": "integer", "role": "label"}},
        },
        "features.applicant": {"groups": {"all": {"columns": names}}},
    }
    content = emitted(emit(graph_of(specs), BACKENDS, True), "default_risk/config.pbtxt").content
    config = read_config(content.decode())
    assert [tensor.name for tensor in config.input] == names
    assert {tensor.data_type for tensor in config.input} == {_messages().TYPE_FP32}
    assert len(config.output) == 2
