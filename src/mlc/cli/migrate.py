"""Bring the specs to this version of the language: comments, order and quotes kept.

Each step from version to version edits the files; the project is composed before and after, and nothing is written
unless it says the same in every environment. Migrating again changes nothing.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mlc.cli import _files
from mlc.cli._console import Unfit, guarded, paint, project_folder, show_diagnostics
from mlc.ir.diagnostic import has_errors
from mlc.ir.span import start_of
from mlc.rules import invalid_utf8
from mlc.rules._words import counted

if TYPE_CHECKING:
    from mlc.migrating import Migrated

EPILOGUE = "mlc migrate --diff · mlc migrate · mlc validate"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="give an input a value"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 where a file would change"
    )
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import migrating

    root = project_folder(arguments)
    contents = _files.contents(root)
    texts = {
        file: text for file, content in contents.items() if (text := _files.decoded(content)) is not None
    }
    if migrating.PROJECT not in texts:
        raise Unfit(invalid_utf8.found(start_of(migrating.PROJECT), 0))
    migrated = migrating.migrate(root, texts, arguments.input)
    if has_errors(migrated.diagnostics):
        raise Unfit(*migrated.diagnostics, sources=migrated.sources)
    dry = arguments.check or arguments.diff
    if migrated.texts and not dry:
        _files.write(root, migrated.texts)
    if arguments.format == "json":
        from mlc.report import json

        steps = [(step.before, step.after, step.edits) for step in migrated.steps]
        files = sorted(migrated.texts)
        written = bool(files) and not dry
        sys.stdout.write(json.migrated(migrated.version, steps, files, migrated.diagnostics, written=written))
        return 1 if arguments.check and migrated.texts else 0
    if arguments.diff:
        for file in sorted(migrated.texts):
            sys.stdout.writelines(_files.diff(texts[file], migrated.texts[file], file))
    show_diagnostics(migrated.diagnostics, texts, arguments)
    if not arguments.diff:
        _say(arguments, migrated, dry=dry)
    return 1 if arguments.check and migrated.texts else 0


def _say(arguments: argparse.Namespace, migrated: Migrated, *, dry: bool) -> None:
    if arguments.quiet and not arguments.check:
        return
    if not migrated.steps:
        print(f"Nothing to migrate: version {migrated.version} of the language, which this mlc reads.")
        return
    for step in migrated.steps:
        places = counted(len(step.edits), "place")
        print(f"version {step.before} → {step.after}: {places}")
    for file in sorted(migrated.texts):
        print(f"  {file}")
    done = "would be migrated" if dry else "migrated; `mlc validate` looks at all of it"
    print(f"{paint(arguments, sys.stdout)(counted(len(migrated.texts), 'file'), 'bold')} {done}.")
