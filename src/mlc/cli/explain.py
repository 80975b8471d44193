"""Show where a value comes from: the winner, every value it overwrote, and the interpolations on the way.

ADDRESS is a resource such as model.churn, PATH a field in it: mlc explain model.churn.train.params.C
"""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import (
    add_project_arguments,
    guarded,
    paint,
    project_folder,
    show_diagnostics,
    write_json,
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS[.PATH]", help="what to explain")
    add_project_arguments(parser, forms=("text", "json"))


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import pipeline

    request = pipeline.request(project_folder(arguments), arguments.overrides, arguments.env, arguments.input)
    explained = pipeline.explain(request, arguments.address)
    if explained.diagnostics:
        show_diagnostics(explained.diagnostics, explained.sources, arguments)
        return 1
    if arguments.format == "json":
        from mlc.report import explain_json

        write_json(
            address=arguments.address, environments=[explain_json.explanation(one) for one in explained.found]
        )
        return 0
    from mlc.report import explain_text

    for one in explained.found:
        sys.stdout.write(explain_text.explanation(one, explained.sources, paint(arguments, sys.stdout)))
    return 0
