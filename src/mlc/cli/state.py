"""Look at what was applied: state list, state show."""

from __future__ import annotations

import argparse
import json
import sys

from mlc.cli._console import Unfit, guarded, name, one_environment, project_folder, write_json
from mlc.rules import not_in_state


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "show"), help="list every entry, or show one")
    parser.add_argument(
        "name", nargs="?", type=name, help="an address, an operation or an artifact's path, for show"
    )
    parser.add_argument("--env", metavar="NAME", help="the environment; the first where none is named")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    import msgspec

    from mlc import workspace

    root = project_folder(arguments)
    environment = one_environment(root, arguments.env)
    state = workspace.state(root, environment)
    entries = {
        **{("resource", name): spec for name, spec in state.resources.items()},
        **{("operation", name): msgspec.to_builtins(outcome) for name, outcome in state.operations.items()},
        **{("artifact", name): msgspec.to_builtins(artifact) for name, artifact in state.artifacts.items()},
    }
    if arguments.action == "list":
        listed = sorted(entries)
        if arguments.format == "json":
            write_json(
                environment=environment,
                lineage=state.lineage,
                serial=state.serial,
                entries=[{"type": kind, "name": name} for kind, name in listed],
            )
        else:
            for kind, name in listed:
                print(f"{kind:<10} {name}")
            if not listed and not arguments.quiet:
                print(f"Nothing has been applied to {environment} yet.", file=sys.stderr)
        return 0
    found = {kind: value for (kind, name), value in entries.items() if name == arguments.name}
    if not found:
        raise Unfit(not_in_state.found(arguments.name, environment, [name for _, name in entries]))
    if arguments.format == "json":
        write_json(environment=environment, name=arguments.name, **found)
    else:
        for kind, value in found.items():
            print(f"{kind} {arguments.name} · {environment}")
            print(json.dumps(value, indent=2, ensure_ascii=False))
    return 0
