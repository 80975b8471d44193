"""Remove everything that was applied to an environment.

Shows what goes and asks. Written files, local deployments and the records of the state go; registered versions,
their aliases and the promotion log stay, as do earlier results, so that what comes back is not trained again.
"""

from __future__ import annotations

import argparse
import sys

from mlc.cli._applying import add_applying_arguments, apply_plan, command, unlocated, write_result
from mlc.cli._console import (
    Unfit,
    add_project_arguments,
    agreed,
    asked,
    guarded,
    paint,
    project_folder,
)
from mlc.ir.event import Finished
from mlc.rules import consent_missing, several_environments


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    add_applying_arguments(parser)


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import inquiry, pipeline
    from mlc.report import apply_text, plan_text

    root = project_folder(arguments)
    composed = pipeline.compose(asked(arguments))
    if not composed.documents:
        raise Unfit(*composed.diagnostics, sources=composed.sources)
    environments = [*composed.documents]
    if len(environments) > 1:
        raise Unfit(several_environments.found("destroy", environments))
    plan, refused = inquiry.destruction(root, environments[0])
    if refused:
        raise Unfit(*refused)
    shown = arguments.format == "text" and not arguments.quiet
    if shown:
        sys.stdout.write(plan_text.plan(plan, paint(arguments, sys.stdout), verbose=arguments.verbose))
    if plan.is_empty:
        if arguments.format == "json":
            write_result(Finished("done", 0, 0, 0, 0), ())
        return 0
    if shown:
        sys.stdout.write(apply_text.kept(plan))
        sys.stdout.flush()
    question = f"Destroy all of this in {plan.environment}?"
    if not arguments.yes and not agreed(question, consent_missing.found()):
        return 1
    return apply_plan(root, plan, arguments, unlocated, command("destroy", arguments), "destroy")
