"""Show what apply would do, and why.

Compares what is described with what was applied. With -o the plan is saved, `mlc apply FILE` does exactly it and
`mlc show FILE` shows it; with --html it is also written as a page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._answers import answered, files_of_program
from mlc.cli._console import (
    Unfit,
    add_project_arguments,
    asked,
    checked_and_compiled,
    guarded,
    paint,
    project_folder,
    show_diagnostics,
)
from mlc.cli._selection import add_selection_arguments, selected_plans
from mlc.rules import several_environments

if TYPE_CHECKING:
    from mlc.ir.plan import Plan
    from mlc.pipeline import Validated


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    add_selection_arguments(parser)
    parser.add_argument("-o", dest="out", metavar="FILE", help="save the plan (of one environment)")
    parser.add_argument("--html", metavar="FILE", help="write it as a page with the graph of what changes")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 when there are changes")


@answered
@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.report import json, plan_text

    code = _in_parts(arguments)
    if code is not None:
        return code
    plans = _apart(arguments)
    if plans is None:
        validated, compiled = checked_and_compiled(arguments)
        if arguments.out and len(compiled) > 1:
            raise Unfit(several_environments.found("plan -o", [one.graph.environment for one in compiled]))
        root = project_folder(arguments)
        plans = selected_plans(root, compiled, arguments)
        if arguments.out:
            from mlc import pipeline

            whole = pipeline.with_origins(plans[0], compiled[0].graph)
            _save(root, whole, validated, Path(arguments.folder) / arguments.out)
    if arguments.html:
        from mlc.cli._page import write_page
        from mlc.report import plan_page

        write_page(Path(arguments.folder) / arguments.html, plan_page.page(plans))
    if arguments.format == "json":
        sys.stdout.write(json.plans(plans))
    else:
        sys.stdout.write(plan_text.plans(plans, paint(arguments, sys.stdout), verbose=arguments.verbose))
        if arguments.out and not arguments.quiet:
            print(
                f"Saved to {arguments.out}; `mlc apply {arguments.out}` does exactly this.", file=sys.stderr
            )
    changes = any(not planned.is_empty for planned in plans)
    return 2 if changes and arguments.detailed_exitcode else 0


def _save(root: Path, planned: Plan, validated: Validated, file: Path) -> None:
    """Save a plan with what it was made by and from."""
    from msgspec import structs

    from mlc import own_backends, workspace
    from mlc.store import saved_plan
    from mlc.store.files import write_atomically

    files = [name for name in validated.composed.sources if not name.startswith("<")]
    made = workspace.made_from(root, files, own_backends.files(validated.backends))
    write_atomically(file, saved_plan.encode(structs.replace(planned, made=made)), mode=0o600)


def _in_parts(arguments: argparse.Namespace) -> int | None:
    """Say what the parts of a large project tell; None where the whole has to be compiled."""
    others = (arguments.out, arguments.html, arguments.select, arguments.exclude, arguments.overrides)
    if arguments.format != "text" or arguments.verbose or any(others):
        return None
    wanted = asked(arguments)
    from mlc import parts

    if not parts.is_of_use(wanted):
        return None
    from mlc.parts import planning
    from mlc.report import plan_text

    try:
        done = planning.plan(wanted, watch=getattr(arguments, "watch", None), modules=files_of_program())
    except Exception:  # whatever it is, the whole tells of it as ever
        return None
    show_diagnostics(done.diagnostics, done.texts, arguments)
    sys.stdout.write(plan_text.shown(done.shown, paint(arguments, sys.stdout)))
    changes = any(not one.is_empty for one in done.shown)
    return 2 if changes and arguments.detailed_exitcode else 0


def _apart(arguments: argparse.Namespace) -> tuple[Plan, ...] | None:
    """The plans of a large project in several environments; None where one process makes them."""
    wanted = asked(arguments)
    several = len(wanted.environments) > 1 or wanted.environments == ("all",)
    if not several or arguments.out or arguments.select or arguments.exclude:
        return None
    from mlc import apart, pipeline

    if not apart.is_of_use():
        return None
    watch = getattr(arguments, "watch", None)
    opened = pipeline.open_project(wanted.root)
    done = apart.plans(wanted, opened, apart.Paths if watch is None else lambda: watch)
    if done is None:
        return None
    if watch is not None:
        watch.add(done.read, done.listed)
        watch.is_certain &= done.is_certain
    if arguments.format == "text":
        show_diagnostics(done.diagnostics, opened.source.texts, arguments)
    return done.plans
