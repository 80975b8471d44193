"""Do the plan.

Plans and asks before it applies; a saved plan is applied exactly, or refused when it is stale. Independent steps
run at once. The first Ctrl-C (or SIGTERM) finishes the running steps and stops, the second stops now; either
way the next apply goes on there.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._answers import at_rest, stop_watching
from mlc.cli._applying import (
    Locate,
    Located,
    add_applying_arguments,
    apply_plan,
    command,
    unlocated,
)
from mlc.cli._console import (
    Unfit,
    add_project_arguments,
    agreed,
    checked_and_compiled,
    guarded,
    paint,
    project_folder,
)
from mlc.cli._plan_file import read_plan
from mlc.cli._selection import add_selection_arguments, add_step_argument, selected_plans
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.event import Finished
from mlc.rules import bad_plan_file, consent_missing, foreign_file, several_environments

if TYPE_CHECKING:
    from mlc.ir.plan import Plan


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    add_selection_arguments(parser)
    add_step_argument(parser)
    add_applying_arguments(parser)
    parser.add_argument(
        "--overwrite", action="store_true", help="with --yes: replace files too that mlc did not write"
    )


@at_rest
@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.report import json, plan_text

    root = project_folder(arguments)
    saved = [word for word in arguments.overrides if "=" not in word and not word.startswith("~")]
    plan, locate = _saved_plan(saved, arguments) if saved else _fresh_plan(root, arguments)
    said = ""
    if arguments.format == "text" and not arguments.quiet:
        said = plan_text.plan(plan, paint(arguments, sys.stdout), verbose=arguments.verbose)
    elif arguments.format == "json" and plan.is_empty:
        said = json.applied(Finished("done", 0, 0, 0, 0), ())
    sys.stdout.write(said)
    if plan.is_empty:
        if not saved and not arguments.warned:
            from mlc.store.answers import Answer

            arguments.at_rest = Answer(said, "", 0)
        return 0
    stop_watching(arguments)
    foreign = [
        (step.artifact.path, step.address)
        for step in plan.steps
        if step.artifact is not None and step.artifact.foreign
    ]
    if foreign and arguments.yes and not arguments.overwrite and not saved:
        raise Unfit(foreign_file.found(foreign))
    # A saved plan has been looked at already: naming it is the consent.
    question = f"Apply this to {plan.environment}?"
    if not saved and not arguments.yes and not agreed(question, consent_missing.found()):
        return 1
    # a plan that was begun does not fit any more: what is left is planned again
    again = shlex.join(["mlc", "apply", "--env", plan.environment]) if saved else command("apply", arguments)
    return apply_plan(root, plan, arguments, locate, again)


def _saved_plan(words: list[str], arguments: argparse.Namespace) -> tuple[Plan, Locate]:
    """Raises Unfit where the file holds no plan or was changed since it was saved."""
    if (
        len(arguments.overrides) > 1
        or arguments.env
        or arguments.input
        or arguments.select
        or arguments.exclude
        or arguments.step
    ):
        raise Unfit(
            bad_plan_file.found(
                words[0], "a saved plan is applied as it is, without overrides or a selection"
            )
        )
    return read_plan(Path(arguments.folder), words[0]), unlocated


def _fresh_plan(root: Path, arguments: argparse.Namespace) -> tuple[Plan, Locate]:
    """A plan of the configuration as it is, and how to find the lines that a failure concerns."""
    from mlc import inquiry, pipeline

    validated, compiled = checked_and_compiled(arguments)
    arguments.warned = bool(validated.diagnostics)
    if len(compiled) > 1:
        raise Unfit(several_environments.found("apply", [one.graph.environment for one in compiled]))

    def locate(found: tuple[Diagnostic, ...]) -> Located:
        return inquiry.located(found, compiled[0]), validated.composed.sources

    planned = selected_plans(root, compiled, arguments, programs=True)[0]
    return pipeline.with_origins(planned, compiled[0].graph), locate
