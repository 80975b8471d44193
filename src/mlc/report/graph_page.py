"""The resource graph as one HTML page: what is in it. `templates/graph_page` says how it looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlc.ir.address import Address
from mlc.ir.graph import Graph, Resource
from mlc.report.graph_layout import HEIGHT, layout
from mlc.report.plan_entries import plural
from mlc.report.terminal import harmless

_LABEL = 44  # characters in a box


def page(graphs: Sequence[Graph]) -> dict[str, Any]:
    """What the template needs: texts, and the places of boxes and lines."""
    project = graphs[0].project["project"]
    environments = ", ".join(graph.environment for graph in graphs)
    number = sum(len(graph.resources) for graph in graphs)
    data: dict[str, Any] = harmlessly(
        {
            "kicker": "Resources",
            "title": f"{project} · {environments}",
            "lead": f"{number:,} resources, each to the right of what it builds on. Point at one to see what it is "
            "connected with.",
            "sections": [_section(graph, index) for index, graph in enumerate(graphs)],
        }
    )
    return data


def boxes_of(graph: Graph, prefix: str) -> tuple[dict[str, tuple[str, str, str]], list[tuple[str, str]]]:
    """Every resource as a box by its id, in the order of the graph, and every reference."""
    ids = {one.address: f"{prefix}{index}" for index, one in enumerate(graph.resources)}
    boxes = {ids[one.address]: (str(one.address), _below(one), "plain") for one in graph.resources}
    return boxes, [(ids[edge.source], ids[edge.target]) for edge in graph.edges]


def drawing(boxes: Mapping[str, tuple[str, str, str]], edges: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A picture for the template: `boxes` gives each id its label, the line below it and its class.

    An edge goes from the box that builds on another to that other.
    """
    labels = {key: _short(label) for key, (label, _, _) in boxes.items()}
    picture = layout({key: max(labels[key], boxes[key][1], key=len) for key in boxes}, edges)
    return {
        "width": picture.width,
        "height": picture.height,
        "lines": [{"source": one.source, "target": one.target, "path": one.path} for one in picture.lines],
        "boxes": [
            {
                "id": one.key,
                "class": boxes[one.key][2],
                "title": boxes[one.key][0],
                "label": labels[one.key],
                "below": boxes[one.key][1],
                "x": one.x,
                "y": one.y,
                "width": one.width,
                "height": HEIGHT,
                "text_x": round(one.x + 14, 1),
                "text_y": round(one.y + 17, 1),
                "below_y": round(one.y + 32, 1),
            }
            for one in picture.boxes
        ],
    }


def harmlessly(value: Any) -> Any:
    """Plain data with every text made harmless: an escape is no way to hide something on a page either."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Mapping):
        return {key: harmlessly(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [harmlessly(child) for child in value]
    return value


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _section(graph: Graph, number: int) -> dict[str, Any]:
    boxes, edges = boxes_of(graph, f"r{number}-")
    ids = dict(zip((one.address for one in graph.resources), boxes, strict=True))
    kinds: dict[str, int] = {}
    for one in graph.resources:
        kinds[one.address.kind] = kinds.get(one.address.kind, 0) + 1
    above: dict[Address, list[str]] = {}
    below: dict[Address, list[str]] = {}
    for edge in graph.edges:
        above.setdefault(edge.source, []).append(f"{edge.target} ({edge.path})")
        below.setdefault(edge.target, []).append(str(edge.source))
    return {
        "id": f"environment-{number}",
        "title": graph.environment,
        "lead": str(graph.project["description"]),
        "counts": [
            {"class": "plain", "text": f"{amount:,} {kind if amount == 1 else plural(kind)}"}
            for kind, amount in kinds.items()
        ],
        "notes": [],
        "graph_label": f"The resources of {graph.environment}",
        **drawing(boxes, edges),
        "entries": [
            _entry(one, ids[one.address], above.get(one.address, []), below.get(one.address, []))
            for one in graph.resources
        ],
    }


def _below(one: Resource) -> str:
    return str(one.view["owner"] or one.address.kind)


def _entry(one: Resource, name: str, above: list[str], below: list[str]) -> dict[str, Any]:
    facts = (
        ("Owner", one.view["owner"]),
        ("Tags", ", ".join(one.view["tags"])),
        ("Written", f"{one.address.kind}/{one.address.name}.yaml"),
        ("Builds on", ", ".join(dict.fromkeys(above))),
        ("Used by", ", ".join(dict.fromkeys(below))),
        ("Steps", ", ".join(operation.name for operation in one.operations)),
    )
    return {
        "id": name,
        "class": "plain",
        "symbol": "",
        "title": str(one.address),
        "cost": "",
        "because": one.view["description"],
        "names": "",
        "names_summary": "",
        "changes": (),
        "facts": [{"name": title, "text": text} for title, text in facts if text],
        "summary": "",
        "words": "",
        "lines": (),
    }
