"""`--select` and `--exclude`, for the commands that take them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._console import Unfit, compiled_project, project_folder
from mlc.ir.diagnostic import Diagnostic
from mlc.report.terminal import encodable
from mlc.rules import bad_selection

if TYPE_CHECKING:
    from mlc.ir.plan import Plan
    from mlc.ir.selection import Selection
    from mlc.pipeline import Compiled


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    """The two options; each may be given several times."""
    group = parser.add_argument_group("what it is about")
    group.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="WHAT",
        help='only these: "model.churn+2", "+deployment.web", "@model.churn", tag:, path:, owner:, kind:, '
        "state:modified+ (a space joins, a comma narrows)",
    )
    group.add_argument("--exclude", action="append", default=[], metavar="WHAT", help="all but these")


def add_step_argument(parser: argparse.ArgumentParser) -> None:
    """Single steps, for platforms that run each in a place of its own."""
    parser.add_argument(
        "--step",
        action="append",
        default=[],
        metavar="STEP",
        help="only this step, and what has to be done before it, such as model.churn/train; may be given several times",
    )


def selected_project(arguments: argparse.Namespace) -> tuple[Compiled, ...]:
    """What is selected of the project in every environment asked for. Raises Unfit for mistakes."""
    selection = selection_of(arguments)
    compiled = compiled_project(arguments)
    if selection is None:
        return compiled
    from mlc import inquiry

    narrower, mistakes = inquiry.selected(project_folder(arguments), compiled, selection)
    _refuse(mistakes, arguments)
    return narrower


def selected_plans(
    root: Path, compiled: tuple[Compiled, ...], arguments: argparse.Namespace, *, programs: bool = False
) -> tuple[Plan, ...]:
    """A plan per environment, of what is selected. `programs` is whether they may be started to look at the world.

    Raises Unfit for mistakes in the selection, where a plan would destroy what is protected, and where it refers to
    versions in the registry that it cannot use.
    """
    from mlc import inquiry

    steps = tuple(map(encodable, getattr(arguments, "step", ())))
    selection = selection_of(arguments)
    if steps and selection is not None:
        raise Unfit(bad_selection.with_steps())
    planned, mistakes = (
        plans_of_steps(root, compiled, steps, programs=programs)
        if steps
        else inquiry.plans(root, compiled, selection, programs=programs)
    )
    _refuse(mistakes, arguments)
    forbidden = inquiry.unfit(root, compiled, planned) or inquiry.forbidden(root, compiled, planned)
    if forbidden:
        files = {one.primary.span.file for one in forbidden if one.primary is not None}
        raise Unfit(*forbidden, sources={file: _text(root / file) for file in files})
    return planned


def plans_of_steps(
    root: Path, compiled: tuple[Compiled, ...], steps: tuple[str, ...], *, programs: bool = False
) -> tuple[tuple[Plan, ...], tuple[Diagnostic, ...]]:
    """A plan per environment of some steps and what has to be done before them; and the steps that there are not.

    Raises StepFailed for an unreadable state.
    """
    from mlc import pipeline
    from mlc.plan.narrowed import only

    known = {
        operation.id: None
        for one in compiled
        for resource in one.graph.resources
        for operation in resource.operations
    }
    environments = [one.graph.environment for one in compiled]
    mistakes = [bad_selection.no_step(name, environments, known) for name in steps if name not in known]
    if mistakes:
        return (), tuple(mistakes)
    return tuple(only(pipeline.plan(root, one, programs=programs), steps) for one in compiled), ()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


def selection_of(arguments: argparse.Namespace) -> Selection | None:
    """What was asked for, or None where nothing was. Raises Unfit for mistakes in it."""
    if not arguments.select and not arguments.exclude:
        return None
    from mlc.pipeline import LANGUAGE
    from mlc.select.grammar import parse

    selection, mistakes = parse(*_texts(arguments), LANGUAGE.kinds)
    _refuse(mistakes, arguments)
    return selection


def _refuse(mistakes: tuple[Diagnostic, ...], arguments: argparse.Namespace) -> None:
    if mistakes and not any(one.labels for one in mistakes):  # of steps, which have no grammar
        raise Unfit(*mistakes)
    if mistakes:
        from mlc.ir.span import COMMAND_LINE
        from mlc.select.grammar import source

        raise Unfit(*mistakes, sources={COMMAND_LINE: source(*_texts(arguments))})


def _texts(arguments: argparse.Namespace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of both options; bytes that are no UTF-8 stand in them as escapes."""
    return tuple(map(encodable, arguments.select)), tuple(map(encodable, arguments.exclude))
