"""Show the resource graph: who refers to whom."""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import add_project_arguments, compiled_project, guarded, write_json


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "dot", "json"))


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.report import graph_dot, graph_text

    graphs = [one.graph for one in compiled_project(arguments)]
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
    form = graph_dot if arguments.format == "dot" else graph_text
    for graph in graphs:
        sys.stdout.write(form.graph(graph))
    return 0
