"""Print the JSON Schema of a kind, of the project, or of a document that mlc writes."""

from __future__ import annotations

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", help="a schema, such as model or plan; all are listed where none is named"
    )


def run(arguments: argparse.Namespace) -> int:
    from mlc import data
    from mlc.rules._words import did_you_mean

    names = sorted(file.stem for file in data.path("schemas").glob("*.json"))
    if arguments.name is None:
        print("\n".join(names))
        return 0
    if arguments.name not in names:
        print(
            f'There is no schema "{arguments.name}". {did_you_mean(arguments.name, names)}', file=sys.stderr
        )
        return 1
    sys.stdout.write(data.path("schemas", f"{arguments.name}.json").read_text(encoding="utf-8"))
    return 0
