"""Show the resource graph: who refers to whom.

`--format list` prints the addresses, one a line, dependencies first: with --select, what a selection chooses.
"""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import add_project_arguments, guarded, write_json
from mlc.cli._selection import add_selection_arguments, selected_project


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "list", "dot", "json"))
    add_selection_arguments(parser)


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.report import graph_dot, graph_text

    graphs = [one.graph for one in selected_project(arguments)]
    if arguments.format == "json":
        write_json(
            graphs=[
                {
                    "environment": graph.environment,
                    "resources": [str(resource.address) for resource in graph.resources],
                    "edges": [
                        {"source": str(e.source), "target": str(e.target), "path": e.path}
                        for e in graph.edges
                    ],
                }
                for graph in graphs
            ]
        )
        return 0
    if arguments.format == "list":
        addresses = {str(resource.address): None for graph in graphs for resource in graph.resources}
        sys.stdout.write("".join(f"{address}\n" for address in addresses))
        return 0
    form = graph_dot if arguments.format == "dot" else graph_text
    for graph in graphs:
        sys.stdout.write(form.graph(graph))
    return 0
