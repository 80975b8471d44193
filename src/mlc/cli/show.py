"""Show a saved plan: what `mlc apply FILE` would do.

Reads the file and, where it stands in a project, whether the plan still fits; nothing is applied.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import Unfit, guarded, paint, project_folder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a plan that `mlc plan -o FILE` saved")
    parser.add_argument("--html", metavar="FILE", help="write it as a page with the graph of what changes")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import workspace
    from mlc.cli._plan_file import read_plan
    from mlc.report import json, show_text

    planned = read_plan(Path(arguments.folder), arguments.file)
    stale, edited = None, None
    root = _project(arguments)
    if root is not None:
        stale, edited = workspace.stale(root, planned), workspace.edited(root, planned)
    if arguments.html:
        from mlc.cli._page import write_page
        from mlc.report import plan_page

        write_page(Path(arguments.folder) / arguments.html, plan_page.page([planned]))
    if arguments.format == "json":
        sys.stdout.write(json.saved_plan(planned, stale, edited))
    else:
        colours = paint(arguments, sys.stdout)
        sys.stdout.write(
            show_text.saved_plan(arguments.file, planned, stale, edited, colours, verbose=arguments.verbose)
        )
    return 0


def _project(arguments: argparse.Namespace) -> Path | None:
    """The project that the command is started in; None outside of one."""
    try:
        return project_folder(arguments)
    except Unfit:
        return None
