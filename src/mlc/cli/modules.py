"""Shared layers of a project: modules update, modules install, modules list.

`update` fetches what mlc.yaml declares (or only the modules named), and writes mlc.lock: commit it. `install` brings
exactly what mlc.lock says, in a fresh checkout and in CI. `list` says how it stands with each module, and what its
source would give now. No other command reads anything outside the project.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlc.cli._console import Unfit, guarded, paint, project_folder, show_diagnostics
from mlc.ir import outputs
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.module import Locked
from mlc.ir.operation import StepFailed
from mlc.rules import unknown_module

if TYPE_CHECKING:
    from mlc.compose.source import Source
    from mlc.modules import Installed, Row, Updated


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("update", "install", "list"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="modules; all of them where none is named")
    parser.add_argument("--offline", action="store_true", help="for list: do not look at the sources")
    parser.add_argument(
        "--revision",
        metavar="REV",
        help="for install: what another revision of git has locked, for mlc diff to compare with",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from msgspec import structs

    from mlc import inquiry, modules

    root = project_folder(arguments)
    if arguments.revision and arguments.action != "install":
        print("mlc modules: --revision belongs to install.", file=sys.stderr)
        return 1
    found = inquiry.declared_modules(_source(root, arguments.revision))
    names = [one.name for one in found.declared]
    unknown = tuple(unknown_module.found(name, names) for name in arguments.names if name not in names)
    if unknown or has_errors(found.diagnostics):
        raise Unfit(*found.diagnostics, *unknown, sources=found.sources)
    problems: tuple[Diagnostic, ...] = ()
    try:
        if arguments.action == "update":
            listed = [_updated(one) for one in modules.update(root, found.declared, arguments.names)]
        elif arguments.action == "install":
            listed = [
                _installed(one) for one in modules.install(root, found.declared, arguments.names, found.lock)
            ]
        else:
            wanted = [one for one in found.declared if not arguments.names or one.name in arguments.names]
            rows = modules.listed(root, wanted, found.lock, look=not arguments.offline)
            listed = [_row(one) for one in rows]
            problems = tuple(
                structs.replace(row.problem, severity="warning") for row in rows if row.problem is not None
            )
    except StepFailed as failure:
        raise Unfit(*failure.diagnostics, sources=found.sources) from failure
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.modules(listed, problems))
        return 0
    if not arguments.quiet or arguments.action == "list":
        from mlc.report import modules_text

        sys.stdout.write(modules_text.modules(listed, paint(arguments, sys.stdout)))
    if not listed and not arguments.quiet:
        print("mlc.yaml declares no modules.", file=sys.stderr)
    show_diagnostics(problems, found.sources, arguments)
    return 0


def _source(root: Path, revision: str | None) -> Source:
    """The files of the project, or those of a revision. Raises Unfit where there is none."""
    from mlc import load
    from mlc.compose.source import Source

    if revision is None:
        return Source(load.read, root)
    from mlc import review

    found = review.source_at(root, revision)
    if isinstance(found, Diagnostic):
        raise Unfit(found)
    return found


def _updated(one: Updated) -> outputs.ModuleOut:
    before, after = one.before, one.after
    there = after or before
    assert there is not None, one.name
    was, now = (dict(locked.files) if locked is not None else {} for locked in (before, after))
    changed = [path for path in now if path in was and was[path] != now[path]]
    same = (
        before is not None
        and after is not None
        and (before.digest, before.resolved) == (after.digest, after.resolved)
    )
    return outputs.ModuleOut(
        name=one.name,
        source=there.source,
        outcome="added"
        if before is None
        else "removed"
        if after is None
        else "unchanged"
        if same
        else "updated",
        locked=_shown(there),
        was=_shown(before) if before is not None and after is not None else "",
        digest=there.digest,
        files_added=sorted(now.keys() - was.keys()),
        files_changed=changed,
        files_removed=sorted(was.keys() - now.keys()),
    )


def _installed(one: Installed) -> outputs.ModuleOut:
    return outputs.ModuleOut(
        name=one.name,
        source=one.locked.source,
        outcome="installed" if one.is_new else "unchanged",
        locked=_shown(one.locked),
        digest=one.locked.digest,
    )


def _row(row: Row) -> outputs.ModuleOut:
    return outputs.ModuleOut(
        name=row.declared.name,
        source=row.declared.source,
        outcome=row.state,
        locked="" if row.locked is None else _shown(row.locked),
        available=row.available or "",
        digest="" if row.locked is None else row.locked.digest,
    )


def _shown(locked: Locked) -> str:
    """What a module was resolved to; of a folder, which has no versions, the beginning of its digest."""
    return str(locked.resolved) or locked.digest[:12]
