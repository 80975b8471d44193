"""Run as a program: serves the folder given, tells its URL on standard output."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from mlc.drivers.server import Limits, serve

if __name__ == "__main__":
    limits = msgspec.json.decode(sys.argv[2], type=Limits)
    serve(Path(sys.argv[1]), "127.0.0.1", 0, lambda url: print(url, flush=True), limits)
