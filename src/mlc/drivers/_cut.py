"""A part of an ONNX graph: what lies between some tensors, as a model of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

TYPES = {"TYPE_FP32": TensorProto.FLOAT, "TYPE_INT64": TensorProto.INT64, "TYPE_STRING": TensorProto.STRING}
"""Triton's types in ONNX."""


def cut(
    whole: onnx.ModelProto, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]
) -> onnx.ModelProto:
    """The part that makes `outputs` of `inputs`: tensors with `name`, `type` (Triton's) and `dims` (-1: any number).

    Raises ValueError where the outputs follow from something else, too.
    """
    given = {one["name"] for one in inputs}
    made_by = {name: node for node in whole.graph.node for name in node.output if name}
    constants = {one.name: one for one in whole.graph.initializer}
    wanted, pending = set(), [one["name"] for one in outputs]
    used: set[str] = set()
    while pending:
        name = pending.pop()
        if not name or name in given or name in used:
            continue
        used.add(name)
        node = made_by.get(name)
        if node is None:
            if name not in constants:
                raise ValueError(f"{name} is neither given nor made")
            continue
        if id(node) not in wanted:
            wanted.add(id(node))
            pending += _read(node)
    part = onnx.ModelProto()
    part.CopyFrom(whole)
    graph = part.graph
    kept = [node for node in whole.graph.node if id(node) in wanted]
    for field in (graph.node, graph.input, graph.output, graph.value_info, graph.initializer):
        del field[:]
    graph.node.extend(kept)
    graph.initializer.extend(one for name, one in constants.items() if name in used)
    graph.input.extend(map(_declared, inputs))
    graph.output.extend(map(_declared, outputs))
    onnx.checker.check_model(part)
    return part


def _read(node: Any) -> list[str]:
    """What a node reads, also by the graphs within it."""
    names = list(node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            inside = {name for inner in graph.node for name in inner.output} | {
                one.name for one in graph.input
            }
            inside |= {one.name for one in graph.initializer}
            names += [name for inner in graph.node for name in _read(inner) if name not in inside]
    return names


def _declared(tensor: Mapping[str, Any]) -> Any:
    dims = [None if size == -1 else size for size in tensor["dims"]]
    return helper.make_tensor_value_info(tensor["name"], TYPES[tensor["type"]], dims)
