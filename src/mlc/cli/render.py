"""Emit every artifact; touches no state.

Without --out the artifacts are listed; with it they are written below a folder. What only a run can know
(a model card, an evaluation report) is written by `mlc apply`. --verify lets the official checkers that are
installed look at each artifact (`mlc doctor` lists them), and starts them for it; a finding is led back to the
lines of YAML that what it is about comes from.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._console import add_project_arguments, guarded, paint
from mlc.cli._selection import add_selection_arguments, selected_project

if TYPE_CHECKING:
    from mlc.ir.backend import Verification
    from mlc.pipeline import Compiled


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    add_selection_arguments(parser)
    parser.add_argument("--out", metavar="DIR", help="write the artifacts below this folder")
    parser.add_argument(
        "--verify", action="store_true", help="ask the official checkers; exit with 1 where one rejects"
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.report import render_text

    compiled = selected_project(arguments)
    artifacts = {artifact.path: artifact for one in compiled for artifact in one.artifacts}
    if arguments.out:
        from mlc.store.files import write_if_changed

        for path, artifact in artifacts.items():
            write_if_changed(Path(arguments.out) / path, artifact.content, mode=0o644)
    checked = _checked(compiled) if arguments.verify else None
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.rendered(artifacts.values(), checked))
    else:
        sys.stdout.write(render_text.artifacts(artifacts.values(), checked, paint(arguments, sys.stdout)))
        if not arguments.quiet:
            written = f" written to {arguments.out}" if arguments.out else "; --out DIR writes them"
            verified = f"; {render_text.counted(checked)}" if checked is not None else ""
            print(f"{len(artifacts)} artifacts{written}{verified}", file=sys.stderr)
    rejected = checked is not None and any(
        one.outcome == "rejected" for found in checked.values() for one in found
    )
    return 1 if rejected else 0


def _checked(compiled: tuple[Compiled, ...]) -> dict[str, tuple[Verification, ...]]:
    """What each official checker says of each artifact, by path, and where the values stand that findings are about."""
    from msgspec import structs

    from mlc.emit import provenance
    from mlc.emit.verify import verify_each

    everything = tuple(artifact for one in compiled for artifact in one.artifacts)
    checked: dict[str, tuple[Verification, ...]] = {}
    for one in compiled:
        first = one.graph.environment == one.graph.project["environments"][0]
        for artifact in one.artifacts:
            backend = next(found for found in one.backends if found.name == artifact.backend)
            checked[artifact.path] = tuple(
                said
                if said.outcome != "rejected"
                else structs.replace(
                    said,
                    origins=tuple(
                        provenance.places(finding, artifact, backend, one.graph, first)
                        for finding in said.findings
                    ),
                )
                for said in verify_each(artifact, backend, beside=everything)
            )
    return checked
