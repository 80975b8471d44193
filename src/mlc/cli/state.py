"""Look at what was applied, and change what is known of it.

list                every entry
show NAME           one entry: an address, an operation or an artifact's path
pull                the whole state as one JSON document, wherever it is kept
mv FROM TO          give a resource another address, as `moved` in mlc.yaml does
rm NAME…            forget entries: nothing is destroyed, and what is described is planned anew
push FILE           put a document that `pull` printed in the state's place (- reads standard input)
unlock ID           take a lock away that its holder left behind
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.cli._console import (
    Unfit,
    agreed,
    guarded,
    name,
    one_environment,
    paint,
    project_folder,
    write_json,
)
from mlc.ir.state import Name, State, entries, renamed, without
from mlc.rules import consent_missing, not_in_state, state_change_refused, unlock_refused

if TYPE_CHECKING:
    from mlc.store.records import Identity, StateStore

_TAKES = {
    "list": (0, 0),
    "show": (0, 1),
    "pull": (0, 0),
    "mv": (2, 2),
    "rm": (1, 10_000),
    "push": (1, 1),
    "unlock": (0, 1),
}
"""How many words an action takes, at least and at most."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=tuple(_TAKES), help="what to do")
    parser.add_argument("names", nargs="*", type=name, metavar="NAME", help="what the action is about")
    parser.add_argument("--env", metavar="NAME", help="the environment; the first where none is named")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")
    parser.add_argument("--yes", action="store_true", help="do not ask (mv, rm, push)")
    parser.add_argument(
        "--force", action="store_true", help="push a state that is older, or another's, all the same"
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    least, most = _TAKES[arguments.action]
    if not least <= len(arguments.names) <= most:
        wanted = {
            (0, 0): "no name",
            (0, 1): "one name",
            (1, 1): "one file",
            (2, 2): "two addresses, FROM and TO",
        }
        print(
            f"mlc state {arguments.action}: takes {wanted.get((least, most), 'one or more names')}, "
            f"and {len(arguments.names)} were given",
            file=sys.stderr,
        )
        return 1
    root = project_folder(arguments)
    return _ACTIONS[arguments.action](root, one_environment(root, arguments.env), arguments)


def _list(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    from mlc import states
    from mlc.report import state_text

    state = states.read(root, environment)
    listed = tuple(entries(state))
    if arguments.format == "json":
        write_json(
            environment=environment,
            lineage=state.lineage,
            serial=state.serial,
            entries=[{"type": kind, "name": entry} for kind, entry in listed],
        )
    else:
        sys.stdout.write(state_text.listing(listed))
        if not listed and not arguments.quiet:
            print(_why_empty(state, environment), file=sys.stderr)
    return 0


def _why_empty(state: State, environment: str) -> str:
    if not state.serial:
        return f"Nothing has been applied to {environment} yet."
    return f"Nothing is applied to {environment}: all that was has been destroyed or forgotten (serial {state.serial})."


def _show(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    import msgspec

    from mlc import states
    from mlc.report import state_text

    wanted = next(iter(arguments.names), None)
    held = entries(states.read(root, environment))
    found: dict[str, Any] = {
        kind: msgspec.to_builtins(value) for (kind, entry), value in held.items() if entry == wanted
    }
    if wanted is None or not found:
        raise Unfit(not_in_state.found(wanted, environment, [entry for _, entry in held]))
    if arguments.format == "json":
        write_json(environment=environment, name=wanted, **found)
    else:
        for kind, value in found.items():
            sys.stdout.write(state_text.entry(kind, wanted, environment, value))
    return 0


def _pull(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    from mlc import states
    from mlc.store.records import document

    state = states.read(root, environment)
    if not state.lineage and not arguments.quiet:
        print(f"Nothing has been applied to {environment} yet.", file=sys.stderr)
    sys.stdout.write(document(state).decode())
    return 0


def _mv(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    from mlc import drivers
    from mlc.plan import by_hand
    from mlc.report import state_text

    was, now = arguments.names
    with _changing(root, environment) as (store, state):
        change = by_hand.move(state, was, now, environment, lambda driver: drivers.driver(driver).undoes)
        shown = state_text.move(state, change, environment, paint(arguments, sys.stdout))
        names: list[Name] = [("resource", was)]
        names += [("operation", f"{was}/{operation}") for operation in change.operations]
        if _consented(shown, arguments):
            return _done(root, store, state, renamed(state, change), names, arguments)
    return 1


def _rm(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    from mlc.plan import by_hand
    from mlc.report import state_text

    with _changing(root, environment) as (store, state):
        names = by_hand.forgotten(state, arguments.names, environment)
        if _consented(
            state_text.forgotten(state, names, environment, paint(arguments, sys.stdout)), arguments
        ):
            return _done(root, store, state, without(state, names), names, arguments)
    return 1


def _push(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    from mlc import states
    from mlc.plan import by_hand
    from mlc.report import state_text

    (file,) = arguments.names
    state = by_hand.pushed(file, _content(file, arguments))
    project = states.settings(root).project
    with _changing(root, environment) as (store, current):
        become = by_hand.replacement(file, state, current, project, environment, force=arguments.force)
        if become is None:
            if arguments.format == "json":
                return _written(current, (), "", arguments)
            print(f"The state of {environment} says the same already.")
            return 0
        if _consented(state_text.pushed(state, current, become.serial, environment), arguments):
            return _done(root, store, current, state, tuple(entries(state)), arguments, become)
    return 1


def _unlock(root: Path, environment: str, arguments: argparse.Namespace) -> int:
    from mlc import states

    if not arguments.names:
        raise Unfit(unlock_refused.unnamed())
    print(states.unlock(root, environment, arguments.names[0]))
    return 0


_ACTIONS: dict[str, Callable[[Path, str, argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "pull": _pull,
    "mv": _mv,
    "rm": _rm,
    "push": _push,
    "unlock": _unlock,
}


@contextmanager
def _changing(root: Path, environment: str) -> Iterator[tuple[StateStore, State]]:
    """The state to change, while nobody else changes it."""
    from mlc import states

    with states.held(root, environment) as held:
        yield held.store, held.store.read()


def _consented(shown: str, arguments: argparse.Namespace) -> bool:
    """Show what would be done, and ask. Raises Unfit where nobody can be asked."""
    if arguments.format == "text" and not arguments.quiet:
        sys.stdout.write(shown)
        sys.stdout.flush()
    return arguments.yes or agreed("Change the state like this?", consent_missing.by_hand())


def _done(
    root: Path,
    store: StateStore,
    before: State,
    after: State,
    names: tuple[Name, ...] | list[Name],
    arguments: argparse.Namespace,
    become: Identity | None = None,
) -> int:
    """Keep the state as it was, change it, and say so."""
    from mlc import states

    kept = states.keep(root, before.environment, before) if before.serial else None
    store.replace(after, become)
    shown = "" if kept is None else kept.relative_to(root).as_posix()
    return _written(store.read(), names, shown, arguments)


def _written(
    state: State, names: tuple[Name, ...] | list[Name], kept: str, arguments: argparse.Namespace
) -> int:
    if arguments.format == "json":
        write_json(
            environment=state.environment,
            lineage=state.lineage,
            serial=state.serial,
            entries=[{"type": kind, "name": entry} for kind, entry in names],
            kept=kept,
        )
    elif not arguments.quiet:
        back = f" It was kept as {kept}; `mlc state push --force {kept}` goes back." if kept else ""
        print(f"The state of {state.environment} is at serial {state.serial}.{back}")
    return 0


def _content(file: str, arguments: argparse.Namespace) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return (Path(arguments.folder) / file).read_bytes()
    except OSError as error:
        why = f"it cannot be read ({error.strerror})"
        raise Unfit(state_change_refused.not_a_state(file, why)) from error
