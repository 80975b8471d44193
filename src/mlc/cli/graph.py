"""Show the resource graph: who refers to whom.

`--format list` prints the addresses, one a line, dependencies first: with --select, what a selection chooses.
`dot` and `mermaid` are for other tools, `svg` is a picture, and `html` a page to look around in.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from mlc.cli._console import Unfit, add_project_arguments, guarded, write_json
from mlc.cli._selection import add_selection_arguments, selected_project
from mlc.ir.graph import Graph
from mlc.rules import several_environments

FORMS = ("text", "list", "dot", "mermaid", "svg", "html", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=FORMS)
    add_selection_arguments(parser)


@guarded
def run(arguments: argparse.Namespace) -> int:
    graphs = [one.graph for one in selected_project(arguments)]
    if arguments.format == "json":
        _write_json(graphs)
    elif arguments.format == "list":
        addresses = {str(resource.address): None for graph in graphs for resource in graph.resources}
        sys.stdout.write("".join(f"{address}\n" for address in addresses))
    elif arguments.format == "html":
        from mlc.cli._page import page
        from mlc.report import graph_page

        sys.stdout.write(page(graph_page.page(graphs)))
    else:
        if arguments.format == "svg" and len(graphs) > 1:
            names = [graph.environment for graph in graphs]
            raise Unfit(several_environments.found("graph --format svg", names))
        form = _form(arguments.format)
        sys.stdout.write("".join(form(graph) for graph in graphs))
    return 0


def _form(name: str) -> Callable[[Graph], str]:
    if name == "svg":
        from mlc.report import graph_svg

        return graph_svg.graph
    from mlc.report import graph_dot, graph_mermaid, graph_text

    return {"dot": graph_dot.graph, "mermaid": graph_mermaid.graph, "text": graph_text.graph}[name]


def _write_json(graphs: Sequence[Graph]) -> None:
    write_json(
        graphs=[
            {
                "environment": graph.environment,
                "resources": [str(resource.address) for resource in graph.resources],
                "edges": [
                    {"source": str(e.source), "target": str(e.target), "path": e.path} for e in graph.edges
                ],
            }
            for graph in graphs
        ]
    )
