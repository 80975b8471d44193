"""Find what was changed from outside since it was applied.

Files edited or removed, registered versions, aliases, local deployments: what was recorded, what is there, and since
when, if that is known. `mlc apply` undoes it; --accept takes it as it is, until what mlc would make of it changes.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mlc.cli._console import (
    Unfit,
    add_project_arguments,
    agreed,
    compiled_project,
    guarded,
    paint,
    project_folder,
)
from mlc.rules import consent_missing, no_such_drift, several_environments

if TYPE_CHECKING:
    from pathlib import Path

    from mlc.ir.drift import Drift, Drifted
    from mlc.ir.state import State
    from mlc.pipeline import Compiled


def arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser, forms=("text", "json"))
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="NAME",
        help="take it as it is: an address, an operation or a path that was changed from outside",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask (--accept)")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 when there is drift")


@guarded
def run(arguments: argparse.Namespace) -> int:
    from mlc import states, workspace

    root = project_folder(arguments)
    compiled = compiled_project(arguments)
    if arguments.accept:
        if len(compiled) > 1:
            environments = [one.graph.environment for one in compiled]
            raise Unfit(several_environments.found("drift --accept", environments))
        return _accept(root, compiled[0], arguments)
    found = []
    for one in compiled:
        state = states.read(root, one.graph.environment)
        found.append((one, state, workspace.drifted(root, one.graph, state)))
    _show(found, arguments)
    drift = any(drifted.found for _, _, drifted in found)
    return 2 if drift and arguments.detailed_exitcode else 0


def _show(found: list[tuple[Compiled, State, Drifted]], arguments: argparse.Namespace) -> None:
    from mlc.report import drift_json, drift_text

    if arguments.format == "json":
        by_name = [(one.graph.environment, state, drifted) for one, state, drifted in found]
        sys.stdout.write(drift_json.drifts(by_name))
        return
    for one, state, drifted in found:
        project, environment = one.graph.project["project"], one.graph.environment
        colours = paint(arguments, sys.stdout)
        sys.stdout.write(
            drift_text.drifted(project, environment, state, drifted, colours, verbose=arguments.verbose)
        )


def _accept(root: Path, compiled: Compiled, arguments: argparse.Namespace) -> int:
    """Take drift into the state: what it says of the world is then so, and no plan undoes it."""
    from mlc import states, workspace
    from mlc.ir.drift import Drifted, accepting
    from mlc.report import drift_json, drift_text

    environment = compiled.graph.environment
    with states.held(root, environment) as held:
        state = held.store.read()
        found = workspace.drifted(root, compiled.graph, state).found
        chosen = _chosen(arguments.accept, found, environment)
        if arguments.format == "text" and not arguments.quiet:
            sys.stdout.write(drift_text.taken(chosen, environment, paint(arguments, sys.stdout)))
            sys.stdout.flush()
        if not arguments.yes and not agreed("Take this as it is?", consent_missing.by_hand()):
            return 1
        kept = states.keep(root, environment, state).relative_to(root).as_posix()
        held.store.replace(accepting(state, chosen))
        after = held.store.read()
    if arguments.format == "json":
        sys.stdout.write(drift_json.drifts([(environment, after, Drifted((), chosen))]))
    elif not arguments.quiet:
        print(
            f"The state of {environment} is at serial {after.serial}. It was kept as {kept}; "
            f"`mlc state push --force {kept}` goes back."
        )
    return 0


def _chosen(names: list[str], found: tuple[Drift, ...], environment: str) -> tuple[Drift, ...]:
    """The drift that goes by the names. Raises Unfit with every name that none goes by."""
    known = sorted({name for one in found for name in (one.name, one.address)})
    unknown = [no_such_drift.found(name, environment, known) for name in names if name not in known]
    if unknown:
        raise Unfit(*unknown)
    return tuple(one for one in found if one.name in names or one.address in names)
