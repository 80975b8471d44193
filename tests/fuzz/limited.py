"""Runs `mlc` with at most 1 GiB of address space and tells what it cost: python limited.py validate …

The last line of standard error is the cost as JSON: seconds of processor time from the start of the process
(which other work on the machine does not change) and the peak of resident memory in bytes.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from mlc.cli.main import run

MOST_ADDRESSES = 1 << 30


def peak() -> int:
    """Of this process alone: unlike ru_maxrss, not of the process it was forked from."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) * 1024


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, MOST_ADDRESSES))
    code = run(sys.argv[1:])
    print(json.dumps({"seconds": time.process_time(), "peak": peak()}), file=sys.stderr)
    sys.exit(code)
