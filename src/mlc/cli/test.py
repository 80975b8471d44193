"""Run the project's own tests of its configuration: files that end in .mlctest.yaml.

A case says in which environment, with which overrides, inputs and files, and what must be so then: values, what is
absent, mistakes, what a plan would do, and emitted files. Nothing is run, and no state is read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import Unfit, guarded, paint, project_folder, show_diagnostics


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", help="files of tests, or folders of them; all where none is named"
    )
    parser.add_argument(
        "-k", dest="pattern", default="", metavar="TEXT", help="only cases with TEXT in their name or file"
    )
    parser.add_argument("--coverage", action="store_true", help="also say what no case has exercised")
    parser.add_argument("--update", action="store_true", help="write the snapshots of artifacts anew")
    parser.add_argument(
        "--format", choices=("text", "json", "junit"), default="text", help="the form of the output"
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import trial

    root = project_folder(arguments)
    tried = trial.run(
        root,
        [Path(arguments.folder) / path for path in arguments.paths],
        pattern=arguments.pattern,
        update=arguments.update,
        coverage=arguments.coverage,
    )
    if tried.result is None:
        raise Unfit(*tried.diagnostics, sources=tried.sources)
    if arguments.format == "json":
        from mlc.report import trial_json

        sys.stdout.write(trial_json.result(tried.result))
    elif arguments.format == "junit":
        from mlc.report import trial_junit

        sys.stdout.write(trial_junit.result(tried.result))
    else:
        from mlc.report import trial_text

        show_diagnostics(tried.diagnostics, tried.sources, arguments)  # warnings
        colours = paint(arguments, sys.stdout)
        sys.stdout.write(
            trial_text.result(tried.result, colours, quiet=arguments.quiet, verbose=arguments.verbose)
        )
    return 0 if tried.result.passed else 1
