"""Format the project's YAML files: one form for all, comments and order kept.

Two spaces a level, one behind a colon; quotes only where they matter; brackets stay where they fit 100 columns.
A formatted file means the same, and formatting it again changes nothing; both are verified before it is written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli import _files
from mlc.cli._console import Unfit, guarded, paint, project_folder, show_diagnostics
from mlc.ir import outputs
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.rules import formatting_failed, project_missing
from mlc.rules._words import counted


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders; all of the project where none is named"
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 where a file would change"
    )
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import load
    from mlc.edit import FormattingFailed, format_text

    missing = [name for name in arguments.paths if not Path(arguments.folder, name).exists()]
    if missing:
        print(f"There is no {' and no '.join(missing)}; nothing was formatted.", file=sys.stderr)
        return 1
    root, files = _wanted(arguments)
    changed: dict[str, tuple[str, str]] = {}
    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for file in files:
        content = (root / file).read_bytes()
        mistakes = tuple(one for one in load.read(content, file).diagnostics if one.severity == "error")
        if mistakes:
            found += mistakes
            sources[file] = content.decode("utf-8", "replace")
            continue
        text = content.decode("utf-8")
        try:
            formatted = format_text(text, file, load.read)
        except FormattingFailed as failure:
            found.append(formatting_failed.found(file, str(failure)))
            continue
        if formatted != text:
            changed[file] = (text, formatted)
    dry = arguments.check or arguments.diff
    for file, (_, formatted) in changed.items() if not dry else ():
        _files.write(
            root, {file: formatted}
        )  # each by itself: one that cannot be written keeps no other back
    _show(arguments, files, changed, tuple(found), sources, written=not dry)
    return 1 if has_errors(tuple(found)) or (arguments.check and changed) else 0


def _wanted(arguments: argparse.Namespace) -> tuple[Path, tuple[str, ...]]:
    """A folder, and the files to format by their path below it. Raises Unfit where there is no such folder."""
    if not arguments.paths:
        root = project_folder(arguments)
        return root, _files.config_files(root)
    start = Path(arguments.folder).resolve()
    if not start.is_dir():
        raise Unfit(project_missing.no_folder(arguments.folder))
    files: list[str] = []
    for name in arguments.paths:
        path = start / name
        if ".mlc" in path.resolve().parts:
            print(f"{name} is a module's or mlc's own, and was left as it is.", file=sys.stderr)
        elif path.is_dir():
            files += _files.yaml_files(start, path)
        else:
            files.append(path.relative_to(start).as_posix() if path.is_relative_to(start) else str(path))
    return start, tuple(dict.fromkeys(files))


def _show(
    arguments: argparse.Namespace,
    files: tuple[str, ...],
    changed: dict[str, tuple[str, str]],
    found: tuple[Diagnostic, ...],
    sources: dict[str, str],
    *,
    written: bool,
) -> None:
    if arguments.format == "json":
        from mlc.report import json

        failed = {one.primary.span.file for one in found if one.primary is not None}
        listed = [
            outputs.FormattedFile(
                file, "changed" if file in changed else "failed" if file in failed else "unchanged"
            )
            for file in files
        ]
        sys.stdout.write(json.formatted(listed, found, written=written))
        return
    for file, (before, after) in changed.items():
        if arguments.diff:
            sys.stdout.writelines(_files.diff(before, after, file))
        elif not arguments.quiet or arguments.check:
            print(f"{'Formatted' if written else 'Would change'} {file}")
    show_diagnostics(found, sources, arguments)
    if not arguments.quiet and not arguments.diff:
        left = len(files) - len(changed) - len({one.primary.span.file for one in found if one.primary})
        done = paint(arguments, sys.stdout)(f"{counted(len(changed), 'file')}", "bold")
        print(f"{done} {'formatted' if written else 'to format'}, {left:,} already in form")
