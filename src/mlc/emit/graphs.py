"""What KServe's definition of an InferenceGraph is blind to: nodes that are not there, and shares that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def inference_graph_findings(document: Any) -> tuple[str, ...]:
    """What is wrong with the nodes of a graph; empty when nothing is."""
    spec = document.get("spec") if isinstance(document, Mapping) else None
    nodes = spec.get("nodes") if isinstance(spec, Mapping) else None
    if not isinstance(nodes, Mapping):
        return ("spec.nodes: there is no node",)
    found = [] if "root" in nodes else ["spec.nodes: there is no node called root, at which requests come in"]
    for name, node in nodes.items():
        found += _of_node(f"spec.nodes.{name}", node, nodes)
    return tuple(found)


def _of_node(path: str, node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterator[str]:
    steps = node.get("steps") or []
    if not steps:
        yield f"{path}.steps: there is no step"
    for place, step in enumerate(steps):
        targets = [key for key in ("serviceName", "serviceUrl", "nodeName") if step.get(key)]
        if len(targets) != 1:
            yield f"{path}.steps.{place}: it has to name one service or one node, and names {len(targets)}"
        if step.get("nodeName") and step["nodeName"] not in nodes:
            yield f"{path}.steps.{place}.nodeName: there is no node {step['nodeName']}"
    if node.get("routerType") == "Splitter":
        weights = [step.get("weight") for step in steps]
        if any(weight is None or weight <= 0 for weight in weights) or sum(weights) != 100:
            yield f"{path}.steps: the weights {weights} are no shares of 100"
