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
    parser.add_argument(
        "--annotate", action="store_true", help="as YAML, every line with its origin (maps are shown so)"
    )
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
    from mlc.report import explain_text, explain_yaml

    painted = paint(arguments, sys.stdout)
    for index, one in enumerate(explained):
        if arguments.annotate or explain_yaml.is_shown_so(one):
            sys.stdout.write(explain_yaml.explanation(one, painted, first=index == 0))
        else:
            sys.stdout.write(explain_text.explanation(one, composed.sources, painted))
    return 0
