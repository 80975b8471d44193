"""Do the plan.

Plans and asks before it applies; a saved plan is applied exactly, or refused when it is stale. Independent steps
run at once. The first Ctrl-C (or SIGTERM) finishes the running steps and stops, the second stops now; either
way the next apply goes on there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._console import (
    Unfit,
    add_project_arguments,
    checked_and_compiled,
    exit_code,
    guarded,
    paint,
    project_folder,
    show_diagnostics,
)
from mlc.cli._interrupt import interruptible
from mlc.cli._plan_file import read_plan
from mlc.cli._progress import Progress, is_terminal
from mlc.cli._selection import add_selection_arguments, selected_plans
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.event import Event, Finished, StepFailedEvent
from mlc.rules import bad_plan_file, consent_missing, several_environments

if TYPE_CHECKING:
    from mlc.ir.plan import Plan

Located = tuple[tuple[Diagnostic, ...], Mapping[str, str]]
Locate = Callable[[tuple[Diagnostic, ...]], Located]

_CODES = {"done": 0, "failed": 1, "refused": 3, "interrupted": 130}


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    add_selection_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--events", metavar="FILE", help="write one JSON line per event to FILE")
    parser.add_argument(
        "--parallelism",
        metavar="N",
        type=_at_least_one,
        help="how many steps may run at once (as many as there are cores and memory)",
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc.report import plan_text

    root = project_folder(arguments)
    saved = [word for word in arguments.overrides if "=" not in word and not word.startswith("~")]
    plan, locate = _saved_plan(saved, arguments) if saved else _fresh_plan(root, arguments)
    if arguments.format == "text" and not arguments.quiet:
        sys.stdout.write(plan_text.plan(plan, paint(arguments, sys.stdout), verbose=arguments.verbose))
    if plan.is_empty:
        if arguments.format == "json":
            _write_result(Finished("done", 0, 0, 0, 0), ())
        return 0
    # A saved plan has been looked at already: naming it is the consent.
    if not saved and not arguments.yes and not _agreed(plan):
        return 1
    return _apply(root, plan, arguments, locate)


def _saved_plan(words: list[str], arguments: argparse.Namespace) -> tuple[Plan, Locate]:
    """Raises Unfit where the file holds no plan or was changed since it was saved."""
    if (
        len(arguments.overrides) > 1
        or arguments.env
        or arguments.input
        or arguments.select
        or arguments.exclude
    ):
        raise Unfit(
            bad_plan_file.found(
                words[0], "a saved plan is applied as it is, without overrides or a selection"
            )
        )
    return read_plan(Path(arguments.folder), words[0]), _unlocated


def _fresh_plan(root: Path, arguments: argparse.Namespace) -> tuple[Plan, Locate]:
    """A plan of the configuration as it is, and how to find the lines that a failure concerns."""
    from mlc import inquiry

    validated, compiled = checked_and_compiled(arguments)
    if len(compiled) > 1:
        raise Unfit(several_environments.found("apply", [one.graph.environment for one in compiled]))

    def locate(found: tuple[Diagnostic, ...]) -> Located:
        return inquiry.located(found, compiled[0]), validated.composed.sources

    return selected_plans(root, compiled, arguments)[0], locate


def _unlocated(found: tuple[Diagnostic, ...]) -> Located:
    """A saved plan knows no lines."""
    return found, {}


def _agreed(plan: Plan) -> bool:
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise Unfit(consent_missing.found())
    try:
        answer = input(f"Apply this to {plan.environment}? Only yes is taken for an answer: ")
    except EOFError:
        answer = ""
    if answer.strip() != "yes":
        print("Nothing was done.")
        return False
    return True


def _apply(root: Path, plan: Plan, arguments: argparse.Namespace, locate: Locate) -> int:
    from mlc import pipeline
    from mlc.report import apply_text

    colours = paint(arguments, sys.stdout)
    happened: list[Event] = []
    live = is_terminal(sys.stderr) and arguments.format == "text" and not arguments.quiet
    with (
        _event_log(arguments.events) as log,
        interruptible() as stop,
        Progress(sys.stderr, paint(arguments, sys.stderr), shown=live) as progress,
    ):
        for event in pipeline.apply(root, plan, stop, arguments.parallelism):
            log(event)
            happened.append(event)
            text = (
                apply_text.event(event, colours, quiet=arguments.quiet) if arguments.format == "text" else ""
            )
            progress.follow(event, lambda: _write(text))  # noqa: B023 - called before the next event comes
    end = next(event for event in happened if isinstance(event, Finished))
    failures = [one for event in happened if isinstance(event, StepFailedEvent) for one in event.diagnostics]
    found, sources = locate(tuple(failures))
    if arguments.format == "json":
        _write_result(end, found)
    else:
        sys.stdout.write(apply_text.skipped(happened, colours))
        sys.stdout.flush()
        show_diagnostics(found, sources, arguments)
        if end.outcome != "done" or not arguments.quiet:
            sys.stdout.write(apply_text.finished(end, colours))
        if end.outcome == "done" and not arguments.quiet:
            sys.stdout.write(apply_text.whereabouts(plan, happened))
    code = _CODES[end.outcome]
    return code if code in (0, 130) else exit_code(found) or code


def _write_result(end: Finished, failures: tuple[Diagnostic, ...]) -> None:
    from mlc.report import json

    sys.stdout.write(json.applied(end, failures))


def _write(text: str) -> None:
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()


def _at_least_one(word: str) -> int:
    number = int(word) if word.isascii() and word.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number of steps, from 1: not {word}")
    return number


@contextmanager
def _event_log(file: str | None) -> Iterator[Callable[[Event], None]]:
    if file is None:
        yield _ignore
        return
    import msgspec

    with Path(file).open("ab", buffering=0) as log:

        def write(event: Event) -> None:
            with suppress(OSError):  # a log that cannot be written is no reason to stop applying
                log.write(msgspec.json.encode(event) + b"\n")

        yield write


def _ignore(_: Event) -> None:
    """Nobody asked for a log."""
