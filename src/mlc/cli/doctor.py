"""What is installed beside mlc: optional packages, official checkers, platforms; and how to get what is not.

It starts the checkers and platforms that it finds, to ask for their versions. Nothing of it has to be installed: each
is needed only for what stands beside it.
"""

from __future__ import annotations

import argparse
import sys

from mlc.cli._console import guarded, paint


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    import platform

    from mlc import __version__, pipeline
    from mlc.emit import installed
    from mlc.ir.installation import Doctor
    from mlc.report import doctor_text, json

    found = Doctor(
        mlc=__version__,
        python=platform.python_version(),
        found=[*installed.packages(), *installed.checkers(pipeline.backends()), *installed.platforms()],
    )
    if arguments.format == "json":
        sys.stdout.write(json.bare(found))
    else:
        sys.stdout.write(doctor_text.doctor(found, paint(arguments, sys.stdout)))
    return 0
