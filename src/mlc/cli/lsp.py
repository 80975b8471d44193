"""Serve an editor: diagnostics, completion, definitions, hover, rename and quick fixes, over standard input and output.

The editor starts it. It reads only the project and the files that are open; it writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stdio", action="store_true", help="talk over standard input and output, as it does anyway"
    )


def run(_: argparse.Namespace) -> int:
    missing = [name for name in ("pygls", "lsprotocol") if find_spec(name) is None]
    if missing:
        print(
            f"mlc lsp needs {' and '.join(missing)}, which "
            f"{'is' if len(missing) == 1 else 'are'} not installed: pip install 'mlc[lsp]'",
            file=sys.stderr,
        )
        return 1
    if sys.stdin.isatty():
        print(
            "mlc lsp talks to an editor, not to a terminal. Let your editor start it: its command is `mlc lsp`, "
            "for files of the language yaml.",
            file=sys.stderr,
        )
        return 1
    from mlc.language_server import server

    server.start()
    return 0
