"""Show where a value comes from: the winner, every value it overwrote, and the interpolations on the way.

ADDRESS is a resource such as model.churn, PATH a field in it: mlc explain model.churn.train.params.C
The path of an artifact, as `mlc render` lists it, shows where each of its lines comes from; FILE:LINE shows one of them
with all the layers behind it: mlc explain generated/prod/kserve/online/inferenceservice.yaml:12
A map is shown as YAML in which every line ends in its origin. `mlc explain features.NAME --columns` shows the columns
that come out of features on each dataset, as far as they are known before apply. `mlc explain --unused` finds what is
written and changes nothing in any environment: values that never win, layers, variables, presets that nobody uses.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mlc.cli._console import (
    DIAGNOSTIC_FORMS,
    Unfit,
    add_project_arguments,
    asked,
    exit_code,
    guarded,
    paint,
    project_folder,
    show_diagnostics,
)
from mlc.ir.diagnostic import has_errors

_FORMS = ("text", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS[.PATH] | FILE[:LINE]", nargs="?", help="what to explain")
    parser.add_argument(
        "--annotate", action="store_true", help="as YAML, every line with its origin (maps are shown so)"
    )
    parser.add_argument(
        "--columns", action="store_true", help="the columns that come out of features; takes features.NAME"
    )
    parser.add_argument(
        "--unused", action="store_true", help="find what changes nothing in any environment; takes no ADDRESS"
    )
    add_project_arguments(parser, forms=DIAGNOSTIC_FORMS)


@guarded
def run(arguments: argparse.Namespace) -> int:
    wrong = _misused(arguments)
    if wrong:
        print(f"mlc explain: {wrong}", file=sys.stderr)
        return 1
    if arguments.columns:
        return _columns(arguments)
    return _unused(arguments) if arguments.unused else _explain(arguments)


def _misused(arguments: argparse.Namespace) -> str:
    """What is wrong with the words of the command line taken together, or nothing."""
    if arguments.columns:
        if arguments.unused or arguments.annotate:
            return f"--columns goes without --{'unused' if arguments.unused else 'annotate'}."
        parts = (arguments.address or "").split(".")
        if len(parts) != 2 or parts[0] != "features":
            return "--columns shows what comes out of features: `mlc explain features.NAME --columns`."
    if arguments.unused:
        if arguments.address is not None or arguments.env is not None:
            return "--unused looks at every resource in every environment; name neither."
        return "--annotate shows a value; --unused shows none." if arguments.annotate else ""
    if arguments.address is None:
        return "say what to explain, as in `mlc explain model.churn`; or `mlc explain --unused`."
    if arguments.format not in _FORMS:
        return f"--format {arguments.format} is a form of diagnostics; a value is shown as text or json."
    return ""


def _explain(arguments: argparse.Namespace) -> int:
    from mlc import inquiry, tracing

    if tracing.is_path(arguments.address, project_folder(arguments)):
        return _trace(arguments)

    composed, explained = inquiry.explain(asked(arguments), arguments.address)
    if has_errors(composed.diagnostics):
        raise Unfit(*composed.diagnostics, sources=composed.sources)
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.explained(arguments.address, explained))
        return 0
    from mlc.report import explain_text, explain_yaml

    painted = paint(arguments, sys.stdout)
    for index, one in enumerate(explained):
        if arguments.annotate or explain_yaml.is_shown_so(one):
            sys.stdout.write(explain_yaml.explanation(one, painted, first=index == 0))
        else:
            sys.stdout.write(explain_text.explanation(one, composed.sources, painted))
    return 0


def _trace(arguments: argparse.Namespace) -> int:
    from mlc import tracing

    wanted = asked(arguments)
    here = Path(arguments.folder).resolve().relative_to(wanted.root).as_posix()
    validated, traced = tracing.trace(wanted, arguments.address, here)
    if traced is None:
        errors = [one for one in validated.diagnostics if one.severity == "error"]
        raise Unfit(*errors, sources=validated.composed.sources)
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.traced(traced))
        return 0
    from mlc.report import tracing_text

    painted = paint(arguments, sys.stdout)
    if len(traced.lines) == 1:
        sys.stdout.write(tracing_text.line(traced, validated.composed.sources, painted))
    else:
        sys.stdout.write(tracing_text.artifact(traced, painted))
    return 0


def _columns(arguments: argparse.Namespace) -> int:
    from mlc import inquiry

    validated, found = inquiry.columns_out(asked(arguments), arguments.address)
    if has_errors(validated.diagnostics):
        raise Unfit(*validated.diagnostics, sources=validated.composed.sources)
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.columns_out(arguments.address, found))
        return 0
    from mlc.report import columns_text

    sys.stdout.write(columns_text.columns(arguments.address, found, paint(arguments, sys.stdout)))
    return 0


def _unused(arguments: argparse.Namespace) -> int:
    from mlc import inquiry

    composed, found = inquiry.unused(asked(arguments))
    if has_errors(composed.diagnostics):
        raise Unfit(*composed.diagnostics, sources=composed.sources)
    show_diagnostics(found, composed.sources, arguments, answer=True)
    if not found and arguments.format == "text" and not arguments.quiet:
        print("Everything that is written is used in some environment.")
    return exit_code(found)
