"""Explain a diagnostic rule: what it finds, why that matters, how to mend it, an example of bad and of good."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="a rule; all are listed where none is named")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


def run(arguments: argparse.Namespace) -> int:
    from mlc import rules
    from mlc.rules._words import did_you_mean

    if arguments.name is not None and arguments.name not in rules.names():
        print(
            f'There is no rule "{arguments.name}". {did_you_mean(arguments.name, rules.names())}',
            file=sys.stderr,
        )
        return 1
    names = rules.names() if arguments.name is None else (arguments.name,)
    described = [_described(name) for name in names]
    if arguments.format == "json":
        from mlc.report import json

        sys.stdout.write(json.document(rules=described))
    elif arguments.name is None:
        for one in described:
            print(f"{one['rule']:<30} {one['severity']:<8} {one['summary']}")
    else:
        _print(described[0])
    return 0


def _described(name: str) -> dict[str, Any]:
    from mlc import rules

    module = rules.module(name)
    return {
        "rule": name,
        "severity": module.RULE.severity,
        "summary": module.RULE.summary,
        "explanation": (module.__doc__ or "").partition("\n\n")[2].strip(),
        "bad": getattr(module, "BAD", {}),
        "good": getattr(module, "GOOD", {}),
    }


def _print(one: dict[str, Any]) -> None:
    print(f"{one['rule']} ({one['severity']}): {one['summary']}\n\n{one['explanation']}")
    for title, files in (("Bad", one["bad"]), ("Good", one["good"])):
        for file, text in files.items():
            shown = text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
            body = "".join(f"    {line}\n" for line in shown.splitlines())
            print(f"\n{title}, {file}:\n{body}", end="")
