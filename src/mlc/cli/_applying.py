"""What `apply` and `destroy` share: doing a plan, saying how it goes, and what to do next."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._console import exit_code, paint, show_diagnostics
from mlc.cli._interrupt import interruptible
from mlc.cli._progress import Progress, is_terminal
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.event import Event, Finished, StepFailedEvent

if TYPE_CHECKING:
    from mlc.ir.plan import Plan

Located = tuple[tuple[Diagnostic, ...], Mapping[str, str]]
Locate = Callable[[tuple[Diagnostic, ...]], Located]

_CODES = {"done": 0, "failed": 1, "refused": 3, "interrupted": 130}


def add_applying_arguments(parser: argparse.ArgumentParser) -> None:
    """Consent, the log of events, and how much runs at once."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--events", metavar="FILE", help="write one JSON line per event to FILE")
    parser.add_argument(
        "--parallelism",
        metavar="N",
        type=_at_least_one,
        help="how many steps may run at once (as many as there are cores and memory)",
    )


def command(name: str, arguments: argparse.Namespace) -> str:
    """The command as it was given, to be given again."""
    words = ["mlc", name]
    if arguments.folder != ".":
        words[1:1] = ["-C", arguments.folder]
    words += arguments.overrides
    for option, values in (
        ("--env", [arguments.env] if arguments.env else []),
        ("--input", arguments.input),
        ("--select", getattr(arguments, "select", [])),
        ("--exclude", getattr(arguments, "exclude", [])),
        ("--step", getattr(arguments, "step", [])),
    ):
        for value in values:
            words += [option, value]
    if getattr(arguments, "overwrite", False):
        words.append("--overwrite")
    return shlex.join(words)


def unlocated(found: tuple[Diagnostic, ...]) -> Located:
    """What is applied without its specs knows no lines."""
    return found, {}


def apply_plan(
    root: Path, plan: Plan, arguments: argparse.Namespace, locate: Locate, again: str, verb: str = "apply"
) -> int:
    """Do a plan that was agreed to, and say what became of it; gives the exit code.

    `again` is the command that goes on where this one stopped.
    """
    from mlc import pipeline
    from mlc.report import apply_text

    colours = paint(arguments, sys.stdout)
    happened: list[Event] = []
    live = is_terminal(sys.stderr) and arguments.format == "text" and not arguments.quiet
    with (
        _event_log(arguments.events) as log,
        Progress(sys.stderr, paint(arguments, sys.stderr), shown=live) as progress,
        interruptible(progress.interject) as stop,
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
        write_result(end, found)
    else:
        sys.stdout.write(apply_text.skipped(happened, colours))
        sys.stdout.flush()
        show_diagnostics(found, sources, arguments)
        if end.outcome != "done" or not arguments.quiet:
            sys.stdout.write(apply_text.finished(end, colours, again, verb))
        if end.outcome == "done" and verb == "apply" and not arguments.quiet:
            sys.stdout.write(apply_text.whereabouts(plan, happened))
    code = _CODES[end.outcome]
    return code if code in (0, 130) else exit_code(found) or code


def write_result(end: Finished, failures: tuple[Diagnostic, ...]) -> None:
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
