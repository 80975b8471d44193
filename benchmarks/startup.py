"""How long the commands that people wait for take, against starting Python, in the same run.

Run: python benchmarks/startup.py [repetitions]

The example is applied once in a temporary folder, so that `plan` has nothing to do. Times are the least of
the repetitions, of whole processes: what a person waits for on an idle machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WANTED = {"--help": 0.10, "validate": 0.35, "plan": 0.35}  # seconds, where starting Python takes 0.02


def main(repetitions: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "lending"
        run(["-m", "mlc.cli.main", "init", "-q", "lending", str(project)], Path(folder))
        run(["-m", "mlc.cli.main", "apply", "--yes"], project)
        python = least(["-c", "pass"], project, repetitions)
        print(f"{'python -c pass':<26} {python:.3f} s")
        for command, wanted in WANTED.items():
            seconds = least(["-m", "mlc.cli.main", command], project, repetitions)
            print(
                f"mlc {command:<22} {seconds:.3f} s   {seconds / python:4.1f} × Python   wanted {wanted:.2f} s"
            )


def least(words: list[str], folder: Path, repetitions: int) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(repetitions):
        before = time.perf_counter()
        run(words, folder)
        times.append(time.perf_counter() - before)
    return min(times)


def run(words: list[str], folder: Path) -> None:
    # bytecode is written, as it is for whoever uses the command
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True, env=environment)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
