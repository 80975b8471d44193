"""Look at registered models: registry list, registry show NAME (or NAME@ALIAS, NAME:3), registry verify."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from mlc.cli._console import Unfit, exit_code, guarded, name, project_folder, show_diagnostics, write_json
from mlc.rules import unknown_version


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("list", "show", "verify"), help="what to do")
    parser.add_argument(
        "name", nargs="?", type=name, help="a model: NAME, NAME@ALIAS or NAME:VERSION, for show"
    )
    parser.add_argument(
        "--env", metavar="NAME", help="whose registry; the default environment's where none is named"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    import msgspec

    from mlc.drivers import registry

    root = project_folder(arguments)
    spec = _registry(root, arguments.env)
    if arguments.action == "verify":
        found = registry.verify(root, spec)
        show_diagnostics(found, {}, arguments, answer=True)
        if not found and arguments.format == "text":
            print("Every file and the promotion log are as they were written.")
        return exit_code(found)
    if arguments.action == "list":
        models = registry.list_models(root, spec)
        if arguments.format == "json":
            write_json(models=msgspec.to_builtins(models))
            return 0
        for model in models:
            aliases = ", ".join(f"{alias} → v{number}" for alias, number in sorted(model.aliases.items()))
            print(f"{model.name:<30} v{model.latest.entry.number:<5} {aliases}")
        if not models and not arguments.quiet:
            print("Nothing is registered yet.", file=sys.stderr)
        return 0
    if arguments.name is None:
        raise Unfit(unknown_version.unnamed([model.name for model in registry.list_models(root, spec)]))
    version = registry.show(root, spec, arguments.name)
    if arguments.format == "json":
        write_json(**{"model": msgspec.to_builtins(version)})
    else:
        from mlc.report import version_text

        sys.stdout.write(version_text.version(version))
    return 0


def _registry(root: Path, environment: str | None) -> dict[str, Any]:
    """The registry that the project names, with its defaults. Raises Unfit where the project has mistakes."""
    from mlc import lower, pipeline
    from mlc.ir.diagnostic import has_errors
    from mlc.request import request

    validated = pipeline.validate(request(root, (), environment))
    if has_errors(validated.diagnostics):
        raise Unfit(*validated.diagnostics, sources=validated.composed.sources)
    checked = next(iter(validated.checked.values()))
    found: dict[str, Any] = lower.lower(checked).project["registry"]
    return found
