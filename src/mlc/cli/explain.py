"""Show where a value comes from: the winner, every value it overwrote, and the interpolations on the way.

ADDRESS is a resource such as model.churn, PATH a field in it: mlc explain model.churn.train.params.C
"""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import Unfit, add_project_arguments, asked, guarded, paint
from mlc.ir.diagnostic import has_errors


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS[.PATH]", help="what to explain")
    add_project_arguments(parser, forms=("text", "json"))


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import pipeline

    composed, explained = pipeline.explain(asked(arguments), arguments.address)
    if has_errors(composed.diagnostics):
        raise Unfit(*composed.diagnostics, sources=composed.sources)
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.explained(arguments.address, explained))
        return 0
    from mlc.report import explain_text

    for one in explained:
        sys.stdout.write(explain_text.explanation(one, composed.sources, paint(arguments, sys.stdout)))
    return 0
