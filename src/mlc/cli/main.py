"""`mlc COMMAND …`: finds the command's file and runs it."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from mlc import __version__

if TYPE_CHECKING:
    import argparse

PROLOGUE = "Terraform for machine-learning models: check, plan and apply what is described in layered YAML."
EPILOGUE = (
    "`mlc COMMAND --help` explains a command. Exit codes: 0 done, 1 error, 2 changes (when asked), 3 refused."
)


def main(argv: list[str] | None = None) -> None:
    """Run a command and exit with its code."""
    code = run(sys.argv[1:] if argv is None else argv)
    gc.freeze()  # the process ends: Python would search all that was made for cycles once more
    sys.exit(code)


def run(argv: list[str]) -> int:
    """Run a command; gives its exit code."""
    try:
        code = _run(argv)
        sys.stdout.flush()  # here, where a reader that has gone is understood, rather than as Python ends
        return code
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("MLC_TRACEBACK"):
            raise
        print(_mistake_of_ours(error), file=sys.stderr)
        return 1


def commands() -> tuple[str, ...]:
    """Every command: each file here that has no underscore in front, but this one."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    return tuple(file.stem for file in files if file.stem != "main")


def _run(argv: list[str]) -> int:
    if argv[:1] == ["help"] and len(argv) > 1:  # `mlc help plan` is `mlc plan --help`
        argv = [*argv[1:], "--help"]
    # the folder after -C may be called like a command, as `registry` is
    position = next(
        (i for i, word in enumerate(argv) if word in commands() and argv[i - 1 : i] != ["-C"]), None
    )
    if position is None:
        return _without_command(argv)
    # options may stand before the command too: `mlc -C DIR plan`
    name, rest = argv[position], argv[:position] + argv[position + 1 :]
    from mlc.cli import _parser

    command = _command(name)
    parser = _parser.Parser(f"mlc {name}", command.__doc__, getattr(command, "EPILOGUE", None))
    add_shared(parser)
    command.arguments(parser)
    try:
        arguments = parser.parse_intermixed_args(rest)
    except _parser.UsageError as error:
        print(f"{parser.format_usage()}mlc {name}: {error}", file=sys.stderr)
        return 1
    code: int = command.run(arguments)
    return code


def add_shared(parser: argparse.ArgumentParser) -> None:
    """The options that every command has."""
    shared = parser.add_argument_group("everywhere")
    shared.add_argument("-C", dest="folder", metavar="DIR", default=".", help="act as if started in DIR")
    shared.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colour the text"
    )
    shared.add_argument("-q", "--quiet", action="store_true", help="say less")
    shared.add_argument("-v", "--verbose", action="store_true", help="say more")


def _mistake_of_ours(error: Exception) -> str:
    """What to say where nothing foresaw the reason: what it was, where, and that it is not the user's fault."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = "" if last is None else f" ({Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno})"
    return (
        f"mlc stopped at something that it should have foreseen: {type(error).__name__}: {error}{where}.\n"
        "This is a mistake in mlc, not yours; please report it. MLC_TRACEBACK=1 shows the whole traceback. "
        "What was applied before is recorded, and `mlc apply` goes on where it stopped."
    )


def _without_command(argv: list[str]) -> int:
    if argv in (["--version"], ["-V"]):
        print(f"mlc {__version__}")
        return 0
    wanted = next((word for word in argv if not word.startswith("-")), None)
    if wanted is None and (not argv or argv[0] in ("-h", "--help", "help")):
        print(_overview())
        return 0 if argv else 1
    if wanted == "help":
        print(_overview())
        return 0
    from mlc.rules._words import did_you_mean

    print(
        f'mlc: there is no command "{wanted or argv[0]}". {did_you_mean(wanted or argv[0], commands())}',
        file=sys.stderr,
    )
    return 1


def _overview() -> str:
    lines = ["usage: mlc COMMAND [overrides…] [options]", "", PROLOGUE, ""]
    for name in commands():
        summary = _summary(name)
        lines.append(f"  {name:<10} {summary}")
    return "\n".join([*lines, "", EPILOGUE])


def _summary(name: str) -> str:
    """The first line of a command's docstring, read without importing what the command imports."""
    with Path(__file__).with_name(f"{name}.py").open(encoding="utf-8") as source:
        return source.readline().strip().strip('"').rstrip(".")


def _command(name: str) -> ModuleType:
    return import_module(f"mlc.cli.{name}")


if __name__ == "__main__":
    main()
