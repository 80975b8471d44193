"""A command that says the same again, at once, while nothing that it read has changed."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import wraps
from typing import TYPE_CHECKING, TextIO

from mlc.cli._console import Unfit, paint, project_folder

if TYPE_CHECKING:
    from mlc.store.answers import Answer

Command = Callable[[argparse.Namespace], int]


_FILES = ("out", "html")  # options that name a file to write


def answered(run: Command) -> Command:
    """The command, which has to depend on nothing but its arguments and what it reads, and to change nothing.

    One that writes a file runs.
    """

    @wraps(run)
    def answered_run(arguments: argparse.Namespace) -> int:
        if any(getattr(arguments, name, None) for name in _FILES):
            return run(arguments)
        from mlc.store import answers
        from mlc.store.looks import Looked

        try:
            root = project_folder(arguments)
        except Unfit:
            return run(arguments)  # says so
        key = _key(run, arguments)
        looked = Looked()
        known = answers.recall(root, key, looked)
        if known is None:
            watch = arguments.watch = answers.Watch(root, looked)
            known = _captured(run, arguments)
            watch.keep(key, known, files_of_program())
        sys.stdout.write(known.out)
        sys.stderr.write(known.err)
        return known.code

    return answered_run


def at_rest(run: Command) -> Command:
    """A command that tells the same again, at once, where it had nothing to do and nothing that it read has changed.

    It says so itself: it puts what it told into `arguments.at_rest`, and stops `arguments.watch` before it does
    anything. Where nothing was ever applied, there is something to do.
    """

    @wraps(run)
    def at_rest_run(arguments: argparse.Namespace) -> int:
        if arguments.events or any("=" not in word for word in arguments.overrides):
            return run(arguments)  # of a saved plan
        from mlc.store import answers
        from mlc.store.looks import Looked

        try:
            root = project_folder(arguments)
        except Unfit:
            return run(arguments)  # says so
        if not (root / ".mlc").is_dir():
            return run(arguments)
        key = _key(run, arguments)
        looked = Looked()
        known = answers.recall(root, key, looked)
        if known is not None:
            sys.stdout.write(known.out)
            sys.stderr.write(known.err)
            return known.code
        watch = arguments.watch = answers.Watch(root, looked)
        try:
            code = run(arguments)
            told: Answer | None = getattr(arguments, "at_rest", None)
            if told is not None:
                watch.keep(key, told, files_of_program())
            return code
        finally:
            watch.stop()

    return at_rest_run


def stop_watching(arguments: argparse.Namespace) -> None:
    """There is something to do: what is read from here on is of no answer."""
    watch = getattr(arguments, "watch", None)
    if watch is not None:
        watch.stop()


def files_of_program() -> Iterator[str]:
    """The files that this program has been loaded from so far."""
    return filter(None, (getattr(module, "__file__", None) for module in [*sys.modules.values()]))


def _captured(run: Command, arguments: argparse.Namespace) -> Answer:
    from mlc.store.answers import Answer

    out, err = _Like(sys.stdout), _Like(sys.stderr)
    gc.disable()  # what is told is made of the same trees as what was compiled (pipeline.without_search_for_cycles)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
    finally:
        gc.enable()
    return Answer(out.getvalue(), err.getvalue(), code)


class _Like(io.StringIO):
    """Text that is taken for what another stream is: a terminal, or none."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._is_terminal = stream.isatty()

    def isatty(self) -> bool:
        return self._is_terminal


def _key(run: Command, arguments: argparse.Namespace) -> str:
    """All that is asked: the command, its words, the program that answers, and how its streams look."""
    import hashlib

    import msgspec

    from mlc import __version__

    streams = [paint(arguments, stream).on for stream in (sys.stdout, sys.stderr)]
    settings = {name: value for name, value in os.environ.items() if name.startswith("MLC_")}
    asked = [run.__module__, vars(arguments), __version__, sys.version, sys.executable, streams, settings]
    return hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()
