"""What is installed beside mlc: optional packages, official checkers, platforms; and how to get what is not.

It starts the checkers and platforms that it finds, to ask for their versions. Nothing of it has to be installed: each
is needed only for what stands beside it. Within a project the checkers of its own backends are among them.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mlc.cli._console import Unfit, guarded, paint, project_folder

if TYPE_CHECKING:
    from mlc.ir.backend import Backend


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    import platform

    from mlc import __version__, pipeline
    from mlc.emit import installed
    from mlc.ir.installation import Doctor
    from mlc.report import doctor_text, json

    backends = (*pipeline.backends(), *_own(arguments))
    found = Doctor(
        mlc=__version__,
        python=platform.python_version(),
        found=[*installed.packages(), *installed.checkers(backends), *installed.platforms()],
    )
    if arguments.format == "json":
        sys.stdout.write(json.bare(found))
    else:
        sys.stdout.write(doctor_text.doctor(found, paint(arguments, sys.stdout)))
    return 0


def _own(arguments: argparse.Namespace) -> tuple[Backend, ...]:
    """The backends of the project that the command is started in, if it is started in one; what is wrong with them
    `mlc validate` tells."""
    from mlc import own_backends, pipeline

    try:
        root = project_folder(arguments)
    except Unfit:
        return ()
    project = pipeline.open_project(root)
    return own_backends.load(project.source, project.layers.project, project.layers.modules)[0]
