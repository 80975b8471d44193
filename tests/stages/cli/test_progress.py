"""What stands on a terminal while steps run, and what is left of it."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.conftest import PROJECTS
from acceptance.script import environment
from mlc.cli import _progress
from mlc.cli._progress import Progress
from mlc.ir.event import Event, Finished, StepDone, StepRetried, StepStarted, StepTold
from mlc.report import apply_text
from mlc.report.terminal import Paint
from mlc.rules import training_failed

SECONDS = 120


def screen(written: str) -> str:
    """What a terminal shows: lines, going up some, and clearing what is below."""
    lines = [""]
    for part in re.split(r"(\x1b\[[0-9]*[FJ]|\r?\n)", written):
        if up := re.fullmatch(r"\x1b\[([0-9]+)F", part):
            lines = lines[: len(lines) - 1 - int(up[1])]
            lines.append("")
        elif part == "\x1b[J":
            lines[-1] = ""
        elif part in ("\n", "\r\n"):
            lines.append("")
        else:
            lines[-1] += part
    return "\n".join(lines)


def screens(written: str) -> list[str]:
    """All that stood there, one after the other."""
    return [screen(written[: found.start()]) for found in re.finditer(r"\x1b\[[0-9]+F", written)]


class Both:
    """What `apply` says and the lines below it, on the same terminal."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.progress = Progress(self.stream, Paint(), shown=True)

    def follow(self, event: Event, text: str = "") -> str:
        self.progress.follow(event, lambda: print(text, end="", file=self.stream))
        return screen(self.stream.getvalue())


def started(name: str) -> StepStarted:
    return StepStarted(name, name, "run", 1, 9)


def test_a_line_for_each_step_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "INTERVAL", 1e6)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "5")
    both = Both()
    with both.progress:
        assert both.follow(started("model.a/train")).splitlines() == [
            "  model.a/train                             0 s",
            "  0 of 9 steps",
        ]
        shown = both.follow(
            StepTold("model.a/train", "training on\n1,000,000,000 rows\x1b[2J of 老虎")
        ).splitlines()
        assert len(shown) == 2
        assert shown[0].startswith("  model.a/train                             0 s  training …")
        assert "\x1b" not in shown[0]
        assert len(shown[0]) < 60
        for name in "bcdef":
            shown = both.follow(started(f"model.{name}/train")).splitlines()
        assert shown[3] == "  0 of 9 steps · 3 more run"
        shown = both.follow(
            StepDone("model.a/train", "model.a", "run", "done", 1.0), "✓ model.a\n"
        ).splitlines()
        assert shown[0] == "✓ model.a"
        assert shown[4] == "  1 of 9 steps · 2 more run"
        why = (training_failed.found("No.", help="", address="", path=""),)
        both.follow(StepRetried("model.b/train", "model.b", 1, 3, 90.0, why))
        assert "  try 2 of …" in screen(both.stream.getvalue())
        assert both.follow(Finished("done", 1, 0, 0, 0)).splitlines() == ["✓ model.a"]
    assert screen(both.stream.getvalue()).splitlines() == ["✓ model.a"]


def test_nothing_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with Progress(stream, Paint(), shown=False) as progress:
        progress.follow(started("model.a/train"), lambda: None)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0 s"), (59.9, "59 s"), (61, "1 min 01 s"), (3600 * 3 + 120, "3 h 02 min")]
)
def test_time_reads_well(seconds: float, shown: str) -> None:
    (line, _) = apply_text.live((apply_text.Running("a", "", 0.0),), seconds, (0, 1), (80, 24), Paint())
    assert line.split("  ")[-2].strip() == shown or line.rstrip().endswith(shown)


def on_a_terminal(root: Path, *words: str, **variables: str) -> str:
    """What `mlc` writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "mlc.cli.main", *words],
        cwd=root,
        env={**environment(root), "COLUMNS": "100", "LINES": "30", "TERM": "xterm", **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    written = bytearray()
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1.0)[0]:
            continue
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


def test_on_a_terminal(tmp_path: Path) -> None:
    root = tmp_path / "small"
    shutil.copytree(PROJECTS / "small", root)
    written = on_a_terminal(root, "apply", "--yes", "-q", "env=prod")
    assert written == "", "-q is silent"

    written = on_a_terminal(root, "apply", "--yes", NO_COLOR="1")
    running = "\n".join(screens(written))
    assert re.search(r"^  model\.churn/train +[0-9]+ s  ", running, re.MULTILINE)
    assert re.search(r"^  [0-9]+ of [0-9]+ steps$", running, re.MULTILINE)
    left = screen(written)
    assert "Applied: " in left
    assert re.search(r"^✓ model\.churn/train", left, re.MULTILINE)
    assert not re.search(r"^  [0-9]+ of [0-9]+ steps", left, re.MULTILINE)
    assert not re.search(r"\x1b\[[0-9;]*m", written), "NO_COLOR"

    written = on_a_terminal(root, "apply", "--yes", "model.churn.train.seed=7", TERM="dumb")
    assert "\x1b" not in written
    assert "✓ model.churn/train" in written
