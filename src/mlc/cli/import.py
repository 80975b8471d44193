"""Take over what exists already: files and registered versions, or what other tools made, as specs.

mlc import ADDRESS: a file that stands where an artifact would be written, or a version of a model that is registered:
it was trained elsewhere, or the state was lost. mlc import --from KIND FILE…: a model of MLflow, an InferenceService
of KServe, files of Azure ML, a dvc.yaml, a pipeline of scikit-learn become resource files that plan to the same
thing. Nothing of them is run; what does not fit is told, with the reasons.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from mlc.cli import _translating
from mlc.cli._console import (
    Unfit,
    add_project_arguments,
    checked_and_compiled,
    guarded,
    paint,
    project_folder,
)
from mlc.kinds._fields import ADDRESS_PATTERN
from mlc.rules import import_refused, several_environments

if TYPE_CHECKING:
    from mlc.apply.taking_over import Found

EPILOGUE = (
    "mlc import model.churn --version churn:3 · mlc import deployment.web env=prod --overwrite · "
    "mlc import --from kserve service.yaml --new lending"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    parser.add_argument(
        "--version",
        metavar="NAME:N",
        help="the version of a model: churn:3, churn@alias (the latest of its name)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="take over files too that differ; write over them"
    )
    _translating.add_arguments(parser)


@guarded
def run(arguments: argparse.Namespace) -> int:
    if arguments.source is not None:
        return _translating.run(arguments)
    from mlc import inquiry
    from mlc.report import apply_text, json

    addresses = [word for word in arguments.overrides if re.fullmatch(ADDRESS_PATTERN, word)]
    arguments.overrides = [word for word in arguments.overrides if word not in addresses]
    if not addresses:
        raise Unfit(import_refused.unnamed())
    root = project_folder(arguments)
    _, compiled = checked_and_compiled(arguments)
    if len(compiled) > 1:
        raise Unfit(several_environments.found("import", [one.graph.environment for one in compiled]))
    found, refused = inquiry.take_over(
        root, compiled[0], addresses, arguments.version, overwrite=arguments.overwrite
    )
    if refused:
        raise Unfit(*refused)
    if arguments.format == "json":
        sys.stdout.write(json.imported([(one.what, one.note) for one in found]))
    elif not arguments.quiet:
        sys.stdout.write(apply_text.imported(_words(found), paint(arguments, sys.stdout)))
    return 0


def _words(found: list[Found]) -> list[tuple[str, str]]:
    return [(one.what if one.outcome else f"artifact {one.what}", one.note) for one in found]
