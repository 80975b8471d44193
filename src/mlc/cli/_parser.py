"""The words of a command line, read by argparse."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial


class UsageError(Exception):
    """The words on the command line do not fit."""


class Parser(argparse.ArgumentParser):
    """The parser of one command. Raises UsageError where argparse would exit."""

    def __init__(self, program: str, description: str | None, epilogue: str | None) -> None:
        super().__init__(
            prog=program,
            description=description,
            # argparse makes a formatter for every argument, and asks shutil for the width, which takes 2 ms to load
            formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=_columns() - 2),
            epilog=epilogue,
        )

    def error(self, message: str) -> None:  # type: ignore[override]  # exits with 1, where argparse has 2
        raise UsageError(message)


def _columns() -> int:
    """The width of the terminal as `shutil.get_terminal_size` has it."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80 if sys.__stdout__ else 80
    except (AttributeError, ValueError, OSError):
        return 80
