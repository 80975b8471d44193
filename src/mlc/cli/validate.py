"""Check the project: load, compose, check. No state, no network.

Reports every mistake of every file in one run.
"""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import add_project_arguments, asked, exit_code, guarded, paint, show_diagnostics


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser)
    parser.add_argument(
        "--path-prefix",
        metavar="DIR",
        default="",
        help="name files from there: where the project is a folder of the repository",
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import pipeline

    validated = pipeline.validate(asked(arguments))
    found, sources = validated.diagnostics, validated.composed.sources
    prefix = arguments.path_prefix.strip("/").removeprefix("./")
    if prefix not in ("", "."):
        from mlc.report import places

        found, sources = places.below(prefix, found), places.sources_below(prefix, sources)
    show_diagnostics(found, sources, arguments, answer=True)
    code = exit_code(validated.diagnostics)
    if code == 0 and arguments.format == "text" and not arguments.quiet:
        valid = paint(arguments, sys.stdout)("Valid", "green", "bold")
        for environment, checked in validated.checked.items():
            print(f"{valid}: {len(checked.specs)} resources · {environment}")
    return code
