"""`mlc import --from`: what people have already → files of the project."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlc import importers
from mlc.cli import _files
from mlc.cli._console import Unfit, agreed, paint, project_folder, show_diagnostics
from mlc.ir import written_output
from mlc.ir.diagnostic import has_errors
from mlc.rules import consent_missing, import_refused, import_unreadable
from mlc.rules._words import counted

if TYPE_CHECKING:
    from mlc.importing import Translated


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("import of what other tools made, into specs (--from)")
    group.add_argument("--from", dest="source", metavar="KIND", help=", ".join(importers.names()))
    group.add_argument("--new", metavar="DIR", help="begin a project in a folder that has none")
    group.add_argument("--project", default="", metavar="NAME", help="the name of the new project")
    group.add_argument("--name", default="", metavar="NAME", help="what the imported resource is called")
    for kind in ("dataset", "features", "model"):
        group.add_argument(
            f"--{kind}", default="", metavar="NAME", help=f"the {kind} that it is of, which is there already"
        )
    group.add_argument(
        "--task", default="", metavar="TASK", help="what the model predicts, where the source does not say"
    )
    group.add_argument(
        "--image", default="", metavar="IMAGE", help="the base image of a runtime, pinned by its digest"
    )
    group.add_argument("--yes", action="store_true", help="write without asking")
    group.add_argument("--dry-run", action="store_true", help="write nothing; say what would be written")
    group.add_argument("--diff", action="store_true", help="write nothing; show the files as they would be")


def run(arguments: argparse.Namespace) -> int:
    from mlc import importing

    if arguments.source not in importers.names():
        raise Unfit(import_unreadable.unknown_kind(arguments.source, importers.names()))
    start = Path(arguments.folder)
    paths = [(word, start / word) for word in arguments.overrides]
    if not paths:
        raise Unfit(import_refused.no_source(arguments.source))
    root = (
        _new_folder(start / arguments.new)
        if arguments.new
        else project_folder(arguments, f"mlc import --from {arguments.source} … --new my-project")
    )
    asked = importers.Asked(
        name=arguments.name,
        dataset=arguments.dataset,
        model=arguments.model,
        features=arguments.features,
        task=arguments.task,
        project=arguments.project,
        image=arguments.image,
    )
    try:
        found = importing.translate(
            arguments.source, paths, root, asked, is_new=bool(arguments.new), overwrite=arguments.overwrite
        )
    except importing.Unreadable as error:
        raise Unfit(*error.diagnostics, sources=error.sources) from None
    if has_errors(found.diagnostics):
        raise Unfit(*found.diagnostics, sources=found.sources)
    return _write(arguments, found)


def _new_folder(folder: Path) -> Path:
    """A folder may have other things in it, as a repository has. Raises Unfit where a project is there already."""
    if (folder / "mlc.yaml").exists() or (folder.exists() and not folder.is_dir()):
        raise Unfit(import_refused.project_there(str(folder)))
    return folder.resolve()


def _write(arguments: argparse.Namespace, found: Translated) -> int:
    changed = {file: text for file, text in found.texts.items() if found.before.get(file) != text}
    dry = arguments.dry_run or arguments.diff
    if arguments.format == "json":
        from mlc.report import json

        if not dry and not arguments.yes:
            raise Unfit(consent_missing.by_hand())
        if not dry:
            _files.write(found.root, dict(changed))
        files = [
            written_output.WrittenOut(file, _outcome(found, file), found.texts[file])
            for file in sorted(found.texts)
        ]
        folder = os.path.relpath(found.root, Path(arguments.folder).resolve())
        sys.stdout.write(json.translated(folder, files, found.diagnostics, written=not dry))
        return 0
    if arguments.diff:
        for file in sorted(changed):
            sys.stdout.writelines(_files.diff(found.before.get(file, ""), changed[file], file))
        show_diagnostics(found.diagnostics, found.sources, arguments)
        return 0
    show_diagnostics(found.diagnostics, found.sources, arguments)
    _say(arguments, found)
    if dry:
        return 0
    if not changed:
        return 0
    if not arguments.yes and not agreed(f"Write {counted(len(changed), 'file')}?", consent_missing.by_hand()):
        return 1
    _files.write(found.root, dict(changed))
    if not arguments.quiet:
        print(
            f"{paint(arguments, sys.stdout)(counted(len(changed), 'file'), 'bold')} written. `mlc plan` "
            "shows what applying would do."
        )
    return 0


def _outcome(found: Translated, file: str) -> written_output.Outcome:
    if file not in found.before:
        return "new"
    if found.before[file] == found.texts[file]:
        return "unchanged"
    return "changed" if file == "mlc.yaml" else "replaced"


_MARKS = {"new": "+", "unchanged": " ", "changed": "~", "replaced": "~"}


def _say(arguments: argparse.Namespace, found: Translated) -> None:
    if arguments.quiet:
        return
    for file in sorted(found.texts):
        outcome = _outcome(found, file)
        print(f"{_MARKS[outcome]} {file}{'' if outcome == 'new' else f'  ({outcome})'}")
    if all(found.before.get(file) == text for file, text in found.texts.items()):
        print("Nothing to write: all of it is there already.")
