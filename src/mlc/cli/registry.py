"""Look at registered models, and move their aliases: registry list, show NAME (or NAME@ALIAS, NAME:3), search, log.

search finds versions by what is known of them: registry search 'metrics.roc_auc.low > 0.9 and owner = "risk-ml"'.
promote NAME:3 ALIAS points an alias at a version, rollback NAME ALIAS to the one before; log [NAME] says where aliases
have pointed, and show NAME@ALIAS --at 2026-01-15 what stood there then.

verify [NAME] hashes what is registered again; with --retrain it makes the version anew from its description and
compares it byte for byte.

lineage NAME@ALIAS (or NAME:3, dataset.NAME:2) says what a version was made from and what depends on it, down to the
deployments that stand on it; --up and --down show one side.

gc shows which versions need not be kept, by the registry's field `keep`, and takes them out with --yes; then it removes
the files that no version names. copy SOURCE DEST copies all of one of the project's registries into another, goes on
where it was stopped, and proves that both are the same; with --verify it only proves.

diff compares two versions of a dataset that has a `profile`: registry diff dataset.NAME (its last two),
dataset.NAME:1 (that and the last), or dataset.NAME:1 dataset.NAME:3.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlc.cli import _keeping, _promoting
from mlc.cli._console import Unfit, guarded, name, project_folder, write_json
from mlc.cli._verifying import retrain, verify
from mlc.rules import not_reproduced, unknown_version

if TYPE_CHECKING:
    from mlc.ir.checked import Checked
    from mlc.ir.graph import Graph


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=_ACTIONS, help="what to do")
    parser.add_argument(
        "name", nargs="?", type=name, help="a model: NAME, NAME@ALIAS or NAME:VERSION; what to search for"
    )
    parser.add_argument(
        "other",
        nargs="?",
        type=name,
        help="the alias; of diff, the other version of the dataset; of copy, the registry to copy to",
    )
    parser.add_argument("--at", metavar="TIME", help="show: what an alias pointed to then")
    parser.add_argument("--dry-run", action="store_true", help="gc, copy: only say what would be done")
    parser.add_argument("--yes", action="store_true", help="gc: take versions out without asking")
    parser.add_argument("--verify", action="store_true", help="copy: only prove that both are the same")
    parser.add_argument("--up", action="store_true", help="lineage: only what it was made from")
    parser.add_argument("--down", action="store_true", help="lineage: only what depends on it")
    parser.add_argument("--retrain", action="store_true", help="verify: make the version anew and compare")
    parser.add_argument(
        "--env", metavar="NAME", help="whose registry; the default environment's where none is named"
    )
    parser.add_argument(
        "--format",
        choices=_FORMS,
        default="text",
        help="the form of the output; dot and mermaid of lineage alone",
    )


@guarded
def run(arguments: argparse.Namespace) -> int:
    import msgspec

    from mlc.drivers import registry

    root = project_folder(arguments)
    if arguments.retrain:
        return _retrain(root, arguments)
    if arguments.format not in ("text", "json") and arguments.action != "lineage":
        raise Unfit(unknown_version.no_picture(arguments.format))
    project = _lowered(root, arguments.env)
    if arguments.action == "copy":
        return _keeping.copy(root, _registries(project), arguments)
    spec: dict[str, Any] = project.project["registry"]
    if arguments.action == "verify":
        return verify(root, spec, arguments)
    if arguments.action == "diff":
        return _diff(root, spec, arguments)
    if arguments.action in _OF_AN_ALIAS:
        return _OF_AN_ALIAS[arguments.action](root, spec, arguments)
    if arguments.other is not None:
        raise Unfit(unknown_version.one_too_many(arguments.other, arguments.action))
    if arguments.action == "gc":
        keep = _registries(project).get(spec.get("name", ""), {}).get("keep")
        return _keeping.collect(root, spec, arguments, keep)
    if arguments.action in _OTHERS:
        return _OTHERS[arguments.action](root, spec, arguments)
    if arguments.action == "list":
        models = registry.list_models(root, spec)
        data = registry.list_datasets(root, spec)
        if arguments.format == "json":
            told = {"datasets": msgspec.to_builtins(data)} if data else {}
            write_json(models=msgspec.to_builtins(models), **told)
            return 0
        for model in models:
            aliases = ", ".join(f"{alias} → v{number}" for alias, number in sorted(model.aliases.items()))
            print(f"{model.name:<30} v{model.latest.entry.number:<5} {aliases}")
        for latest in data:
            print(f"{'dataset.' + latest.entry.name:<30} v{latest.entry.number:<5}")
        if not models and not data and not arguments.quiet:
            print("Nothing is registered yet.", file=sys.stderr)
        return 0
    if arguments.name is None:
        raise Unfit(unknown_version.unnamed([model.name for model in registry.list_models(root, spec)]))
    named = (
        arguments.name
        if arguments.at is None
        else _promoting.stood_at(root, spec, arguments.name, arguments.at)
    )
    version = registry.show(root, spec, named)
    if arguments.format == "json":
        write_json(**{"model": msgspec.to_builtins(version)})
    else:
        from mlc.report import version_text

        sys.stdout.write(version_text.version(version))
    return 0


def _search(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Versions by what is known of them, a line each."""
    import msgspec

    from mlc.drivers.registry import open_registry
    from mlc.drivers.registry.search import search
    from mlc.rules import bad_search

    if arguments.name is None:
        raise Unfit(bad_search.missing())
    found = search(open_registry(root, spec), arguments.name)
    if arguments.format == "json":
        write_json(versions=msgspec.to_builtins(found))
        return 0
    for one in found:
        aliases = ", ".join(one.aliases)
        print(f"{one.entry.name}:{one.entry.number:<5} {one.entry.estimator:<50} {aliases}".rstrip())
    if not found and not arguments.quiet:
        print("No version fits.", file=sys.stderr)
    return 0


def _diff(root: Path, spec: dict[str, Any], arguments: argparse.Namespace) -> int:
    """Two versions of a dataset: what is there, and what moved."""
    import msgspec

    from mlc.drivers.registry import comparing, open_registry
    from mlc.report import dataset_diff_text

    named = [one for one in (arguments.name, arguments.other) if one is not None]
    found = comparing.compared(open_registry(root, spec), named)
    if arguments.format == "json":
        write_json(**msgspec.to_builtins(found))
    else:
        sys.stdout.write(dataset_diff_text.diff(found))
    return 0


def _retrain(root: Path, arguments: argparse.Namespace) -> int:
    if arguments.action != "verify":
        raise Unfit(not_reproduced.only_verify(arguments.action))
    return retrain(root, _checked(root, arguments.env or "all"), arguments)


def _lowered(root: Path, environment: str | None) -> Graph:
    """The project in one environment. Raises Unfit where it has mistakes."""
    from mlc import lower

    return lower.lower(_checked(root, environment)[0])


def _registries(project: Graph) -> dict[str, dict[str, Any]]:
    """Every registry that the project describes, by name; `default` is what it has where it names none."""
    found = {one.address.name: dict(one.view) for one in project.resources if one.address.kind == "registry"}
    spec = project.project["registry"]
    return found if spec.get("name") in found else {"default": spec, **found}


def _checked(root: Path, environment: str | None) -> tuple[Checked, ...]:
    """The project in the environments asked for. Raises Unfit where it has mistakes."""
    from mlc import pipeline
    from mlc.ir.diagnostic import has_errors
    from mlc.request import request

    validated = pipeline.validate(request(root, (), environment))
    if has_errors(validated.diagnostics):
        raise Unfit(*validated.diagnostics, sources=validated.composed.sources)
    return tuple(validated.checked.values())


_OF_AN_ALIAS = {"promote": _promoting.promote, "rollback": _promoting.rollback}
_OTHERS = {"log": _promoting.log, "search": _search, "lineage": _keeping.lineage}
_ACTIONS = ("list", "show", "search", "lineage", "promote", "rollback", "log", "verify", "gc", "copy", "diff")
_FORMS = ("text", "json", "dot", "mermaid")
