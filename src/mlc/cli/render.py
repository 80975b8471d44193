"""Emit every artifact; touches no state.

Without --out the artifacts are listed; with it they are written below a folder. What only a run can know
(a model card, an evaluation report) is written by `mlc apply`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import add_project_arguments, guarded, write_json
from mlc.cli._selection import add_selection_arguments, selected_project


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    add_selection_arguments(parser)
    parser.add_argument("--out", metavar="DIR", help="write the artifacts below this folder")


@guarded
def run(arguments: argparse.Namespace) -> int:
    compiled = selected_project(arguments)
    artifacts = {artifact.path: artifact for one in compiled for artifact in one.artifacts}
    if arguments.out:
        from mlc.store.files import write_if_changed

        for path, artifact in artifacts.items():
            write_if_changed(Path(arguments.out) / path, artifact.content, mode=0o644)
    if arguments.format == "json":
        listed = [
            {"path": path, "backend": found.backend, "address": str(found.address), "digest": found.digest}
            for path, found in artifacts.items()
        ]
        write_json(artifacts=listed)
        return 0
    for path, artifact in artifacts.items():
        print(f"{path}  ({artifact.backend}, {artifact.address})")
    written = f" written to {arguments.out}" if arguments.out else "; --out DIR writes them"
    if not arguments.quiet:
        print(f"{len(artifacts)} artifacts{written}", file=sys.stderr)
    return 0
