"""Begin a project: a complete one from an example, that applies as it is.

mlc init DIR takes the lending example; mlc init EXAMPLE DIR a certain one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

FIRST = "lending"
"""The example that is taken where none is named."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="+", metavar="[EXAMPLE] DIR", help="an example, and the folder to make"
    )


def run(arguments: argparse.Namespace) -> int:
    from mlc import data
    from mlc.rules._words import did_you_mean

    examples = sorted(folder.parent.name for folder in data.path("examples").glob("*/mlc.yaml"))
    if len(arguments.words) > 2:
        print("mlc init takes an example and a folder: mlc init lending my-project", file=sys.stderr)
        return 1
    example, words = (
        (arguments.words[0], arguments.words[1:]) if len(arguments.words) == 2 else (FIRST, arguments.words)
    )
    if example not in examples:
        print(f'There is no example "{example}". {did_you_mean(example, examples)}', file=sys.stderr)
        return 1
    folder = Path(arguments.folder) / words[0]
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        print(
            f"{folder} exists already and is not empty; nothing was written. Name a new folder.",
            file=sys.stderr,
        )
        return 1
    _copy(data.path("examples", example), folder)
    if not arguments.quiet:
        print(f"Made {folder} from the example {example}. Next:\n  cd {folder}\n  mlc plan\n  mlc apply")
    return 0


def _copy(example: Path, folder: Path) -> None:
    """All of the example but what was made by running it, into place at once: whole or not at all."""
    made = shutil.ignore_patterns(".mlc", "generated", ".github", "__pycache__")
    beside = folder.absolute().with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(example, beside, ignore=made)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder.absolute())
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    (folder / ".gitignore").write_text(".mlc/\n", encoding="utf-8")
