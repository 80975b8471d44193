"""`mlc registry verify`: whether registered versions are as they were written, and whether one can be made again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.cli._console import Unfit, exit_code, paint, show_diagnostics
from mlc.rules import not_reproduced

if TYPE_CHECKING:
    from mlc.ir.checked import Checked


def verify(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Hash every file again, and the promotion log; of the version that is named, its files alone."""
    from mlc.drivers import registry

    found = registry.verify(root, spec, arguments.name)
    show_diagnostics(found, {}, arguments, answer=True)
    if not found and arguments.format == "text":
        whose = (
            "Every file of the version is as it was"
            if arguments.name
            else "Every file and the promotion log are as they were"
        )
        print(f"{whose} written.")
    return exit_code(found)


def retrain(root: Path, checked: tuple[Checked, ...], arguments: argparse.Namespace) -> int:
    """Make a version anew from its description, aside, and compare it byte for byte."""
    from mlc import reproduction
    from mlc.cli._interrupt import interruptible
    from mlc.cli._progress import Progress, is_terminal
    from mlc.report import json, reproduction_text

    if arguments.name is None:
        raise Unfit(not_reproduced.unnamed())
    live = is_terminal(sys.stderr) and arguments.format == "text" and not arguments.quiet
    with (
        Progress(sys.stderr, paint(arguments, sys.stderr), shown=live) as progress,
        interruptible(progress.interject) as stop,
    ):
        made = reproduction.retrain(
            root, checked, arguments.name, stop, lambda event: progress.follow(event, _nothing)
        )
    if arguments.format == "json":
        sys.stdout.write(json.bare(made))
        return 0 if made.reproduced else 1
    sys.stdout.write(reproduction_text.reproduction(made))
    found = () if made.reproduced else (reproduction.why(made),)
    show_diagnostics(found, {}, arguments)
    return exit_code(found)


def _nothing() -> None:
    """Only the lines of what runs are shown."""
