"""A project that wants to cost time or memory gives located diagnostics in < 2 s and < 500 MB, with 1 GiB to use.

The whole command is measured, in a process of its own: `mlc validate` with its report.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.hostile import CASES, PROJECT

MOST_SECONDS = 2.0
MOST_BYTES = 500_000_000
LIMITED = Path(__file__).with_name("limited.py")

HARMLESS = {  # large, but nothing is wrong with them
    *(
        "many-anchors",
        "deep-lists",
        "huge-scalar",
        "huge-quoted-scalar",
        "huge-float",
    ),
    *("many-comments", "long-list", "long-map", "merge-keys", "large-plain-lines"),
    *("interpolation-chain", "many-columns", "folders-like-kinds", "template-that-is-large"),
    "template-of-many-values",
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_project_costs_little(name: str, tmp_path: Path) -> None:
    files = {**PROJECT, **CASES[name]()}
    for file, content in files.items():
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    command = [sys.executable, str(LIMITED), "-C", str(tmp_path), "validate"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    *said, last = done.stderr.splitlines()
    cost = json.loads(last)
    assert said == []  # neither a traceback nor an excuse
    assert cost["seconds"] < MOST_SECONDS
    assert cost["peak"] < MOST_BYTES
    assert done.returncode == (0 if name in HARMLESS else 1), done.stdout[:2000]
    places = re.findall(r"^  --> (\S+?):\d+:\d+$", done.stdout, re.MULTILINE)
    assert set(places) <= files.keys()
    assert places or name in HARMLESS, done.stdout[:2000]
