"""What the commands share: where text goes, how it looks, and where the project is."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.operation import StepFailed
from mlc.report.terminal import Paint
from mlc.request import Request, request
from mlc.rules import _system, project_missing

if TYPE_CHECKING:
    from mlc.pipeline import Compiled, Validated

DIAGNOSTIC_FORMS = ("text", "concise", "json", "github", "gitlab", "sarif", "junit")
_FOR_MACHINES = ("json", "github", "gitlab", "sarif", "junit")


class Unfit(Exception):
    """The command cannot go on; the diagnostics say why. `sources` holds the texts that they point into."""

    def __init__(self, *diagnostics: Diagnostic, sources: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.diagnostics = diagnostics
        self.sources = sources or {}


def add_project_arguments(parser: argparse.ArgumentParser, forms: tuple[str, ...] = DIAGNOSTIC_FORMS) -> None:
    """Overrides, the environment, inputs and the output form."""
    parser.add_argument(
        "overrides", nargs="*", default=[], help="Hydra overrides: env=prod model.churn.train.params.C=0.5 …"
    )
    parser.add_argument("--env", metavar="NAME", help="the environment (or several with commas, or all)")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="give an input a value"
    )
    parser.add_argument("--format", choices=forms, default="text", help="the form of the output")


def name(word: str) -> str:
    """A word that names something. Other commands take `env=prod` among their words; here it would be lost."""
    if word.startswith("env="):
        raise argparse.ArgumentTypeError(f"this command takes the environment as --env {word[4:]}")
    return word


def project_folder(arguments: argparse.Namespace, begun_by: str = "mlc init lending my-project") -> Path:
    """The project that the command is started in: the nearest folder upwards with an mlc.yaml.

    Raises Unfit where there is none, which names what begins one.
    """
    start = Path(arguments.folder).resolve()
    if not start.is_dir():
        raise Unfit(project_missing.no_folder(arguments.folder))
    for folder in (start, *start.parents):
        if (folder / "mlc.yaml").is_file():
            return folder
    raise Unfit(project_missing.found(start, begun_by))


def paint(arguments: argparse.Namespace, stream: TextIO) -> Paint:
    """Colours for a terminal, unless NO_COLOR or the user says no."""
    if arguments.color != "auto":
        return Paint(arguments.color == "always")
    return Paint(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def asked(arguments: argparse.Namespace) -> Request:
    """What the words on the command line ask for."""
    return request(project_folder(arguments), arguments.overrides, arguments.env, arguments.input)


def compiled_project(arguments: argparse.Namespace) -> tuple[Compiled, ...]:
    """The project in every environment asked for. Shows warnings; raises Unfit for mistakes."""
    return checked_and_compiled(arguments)[1]


def checked_and_compiled(arguments: argparse.Namespace) -> tuple[Validated, tuple[Compiled, ...]]:
    """The same, with what was found on the way."""
    from mlc import pipeline

    validated, compiled = pipeline.compile_project(asked(arguments))
    if has_errors(validated.diagnostics):
        raise Unfit(*validated.diagnostics, sources=validated.composed.sources)
    if arguments.format == "text":
        show_diagnostics(validated.diagnostics, validated.composed.sources, arguments)
    return validated, compiled


def one_environment(root: Path, name: str | None) -> str:
    """The environment named, or the default one. Raises Unfit where the project has no such environment."""
    from mlc import pipeline

    composed = pipeline.compose(request(root, (), name))
    if len(composed.documents) != 1:
        raise Unfit(*composed.diagnostics, sources=composed.sources)
    return next(iter(composed.documents))


def agreed(question: str, missing: Diagnostic) -> bool:
    """Ask on the terminal. Raises Unfit with `missing` where there is none."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise Unfit(missing)
    try:
        answer = input(f"{question} Only yes is taken for an answer: ")
    except EOFError:
        answer = ""
    if answer.strip() != "yes":
        print("Nothing was done.")
        return False
    return True


def guarded(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """A command that shows the diagnostics it is stopped by."""

    def guarded_run(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except Unfit as unfit:
            show_diagnostics(unfit.diagnostics, unfit.sources, arguments)
            return exit_code(unfit.diagnostics)
        except StepFailed as failure:
            show_diagnostics(failure.diagnostics, {}, arguments)
            return exit_code(failure.diagnostics)
        except BrokenPipeError:
            raise
        except OSError as error:  # a full disk, a folder that may not be written, …
            found = (_system.found(f"mlc {run.__module__.rpartition('.')[2]}", error),)
            show_diagnostics(found, {}, arguments)
            return exit_code(found)

    return guarded_run


def show_diagnostics(
    found: tuple[Diagnostic, ...],
    sources: Mapping[str, str],
    arguments: argparse.Namespace,
    *,
    answer: bool = False,
) -> None:
    """Diagnostics in the form asked for: on standard output where they are the answer or a machine reads."""
    form = getattr(arguments, "format", "text")
    if form in _FOR_MACHINES:
        sys.stdout.write(_for_machines(form, found, sources))
        return
    if not found:
        return
    stream = sys.stdout if answer else sys.stderr
    if form == "concise":
        from mlc.report import concise

        stream.write(concise.diagnostics(found))
    else:
        from mlc.report import text

        shown = found if not arguments.quiet else tuple(one for one in found if one.severity == "error")
        stream.write(text.diagnostics(shown, sources, paint(arguments, stream)))


def _for_machines(form: str, found: tuple[Diagnostic, ...], sources: Mapping[str, str]) -> str:
    """A form that is one document, or that a machine picks out of a log."""
    if form == "junit":
        from mlc.report import junit

        return junit.diagnostics(found, sources)
    written: str = import_module(f"mlc.report.{form}").diagnostics(found)
    return written


def exit_code(found: tuple[Diagnostic, ...]) -> int:
    """1 for a mistake, 3 where all that stands in the way is a policy or a gate, else 0."""
    if not has_errors(found):
        return 0
    return 3 if all(one.refused for one in found if one.severity == "error") else 1


def write_json(**members: Any) -> None:
    from mlc.report import json

    sys.stdout.write(json.document(**members))
