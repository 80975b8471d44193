"""Mend what can be mended: apply the fixes that diagnostics carry, comments and order kept.

Safe fixes keep the meaning that you must have had; --unsafe applies guesses too. Every fix is tried first: one that
brings a new error in any environment is taken back. Exits as `mlc validate` would after it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mlc.cli import _files
from mlc.cli._console import asked, exit_code, guarded, paint, show_diagnostics
from mlc.edit.fixing import Findings, Fixing
from mlc.ir import outputs
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.request import Request
from mlc.rules._words import counted

if TYPE_CHECKING:
    from mlc.pipeline import Opened


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "overrides", nargs="*", default=[], help="Hydra overrides: env=prod model.churn.train.params.C=0.5 …"
    )
    parser.add_argument("--env", metavar="NAME", help="the environment (or several with commas, or all)")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="give an input a value"
    )
    parser.add_argument("--unsafe", action="store_true", help="apply guesses too: look at what they did")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; say what would be done")
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import pipeline
    from mlc.edit.fixing import fix

    request = asked(arguments)
    before, other = _texts(request.root)
    project = pipeline.open_project(request.root)

    def check(texts: Mapping[str, str]) -> Findings:
        changed = {file: text for file, text in texts.items() if text != before[file]}
        return _findings(request, pipeline.with_files(project, changed), texts, other)

    fixing = fix(before, check, unsafe=arguments.unsafe)
    changed = {file: text for file, text in fixing.texts.items() if text != before[file]}
    dry = arguments.dry_run or arguments.diff
    if changed and not dry:
        _files.write(request.root, changed)
    if arguments.format == "json":
        from mlc.report import json

        done = [outputs.FixedOut(**_place(one)) for one in fixing.done]
        undone = [outputs.UndoneOut(**_place(one.finding), because=one.because) for one in fixing.undone]
        sys.stdout.write(
            json.fixed(sorted(changed), done, undone, fixing.left, written=bool(changed) and not dry)
        )
        return exit_code(fixing.left)
    if arguments.diff:
        for file in sorted(changed):
            sys.stdout.writelines(_files.diff(before[file], changed[file], file))
    _say(arguments, fixing, len(changed), dry=dry)
    show_diagnostics(
        fixing.left, {**project.source.texts, **fixing.texts}, arguments, answer=not arguments.diff
    )
    return exit_code(fixing.left)


def _texts(root: Path) -> tuple[dict[str, str], frozenset[str]]:
    """The files that can be edited, and the names of those that are no text."""
    contents = _files.contents(root)
    texts = {
        file: text for file, content in contents.items() if (text := _files.decoded(content)) is not None
    }
    return texts, frozenset(contents.keys() - texts.keys())


def _findings(request: Request, project: Opened, texts: Mapping[str, str], other: frozenset[str]) -> Findings:
    from mlc import load, pipeline

    found = pipeline.validate(request, project).diagnostics
    everywhere = found
    if request.environments != ("all",):
        everywhere = pipeline.validate(
            msgspec.structs.replace(request, environments=("all",)), project
        ).diagnostics
    unreadable = {file for file, text in texts.items() if has_errors(load.read(text, file).diagnostics)}
    return Findings(found, everywhere, frozenset(unreadable) | other)


def _say(arguments: argparse.Namespace, fixing: Fixing, files: int, *, dry: bool) -> None:
    """What was done, file by file, and what was not."""
    style = paint(arguments, sys.stdout)
    for one in fixing.done if not arguments.quiet else ():
        place = _place(one)
        guess = " (a guess)" if place["safety"] == "unsafe" else ""
        print(f"{place['file']}:{place['line']}  {place['title']}{guess}  [{one.rule}]")
    for undone in fixing.undone:
        place = _place(undone.finding)
        print(f"{place['file']}:{place['line']}  not done: {place['title']}, for {undone.because}")
    if not arguments.quiet:
        verb = "would be applied" if dry else "applied"
        print(
            f"{style(counted(len(fixing.done), 'fix', 'fixes'), 'bold')} {verb} in {counted(files, 'file')}"
        )
    guesses = sum(one.fix is not None and one.fix.safety == "unsafe" for one in fixing.left)
    if guesses and not arguments.unsafe and not arguments.quiet:
        print(f"{counted(guesses, 'guess', 'guesses')} more with --unsafe")


def _place(one: Diagnostic) -> dict[str, Any]:
    """A fix as the JSON form has it: at the place of its finding."""
    assert one.fix is not None
    span = one.primary.span if one.primary is not None else one.fix.edits[0].span
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "rule": one.rule,
        "title": one.fix.title,
        "safety": one.fix.safety,
    }
