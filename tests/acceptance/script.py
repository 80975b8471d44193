"""Runs the script of a case line by line and writes down what each line said.

A case is a folder with `script`, `expected` and, where it needs them, `files/` to lay over its project. The first
line of a script names the project that it is run in a copy of: `# project: small`. `#` begins a comment; any other
line is given to bash, with `mlc` (this interpreter's) and `reset` (the project as it was at first) on its path.

`expected` holds each line after `$ `, its standard output as it is, its standard error after `! `, and its exit
code where that is not 0. What may differ between two runs stands in it as `<name>`; `PLACEHOLDERS` is all of it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlc

PLACEHOLDERS = (
    # a step that takes less than a twentieth of a second says nothing about its time
    (re.compile(r"^(✓ .*?)(?: ·)? +[0-9.]+ s$", re.MULTILINE), r"\1"),
    (re.compile(r"[0-9]+ µs"), "<time>"),
    (re.compile(r"[0-9.e-]+ms \(95% interval [0-9.e-]+ms–[0-9.e-]+ms\)"), "<time>"),
    (re.compile(r"probabilities within [0-9.e-]+"), "probabilities within <difference>"),
    (re.compile(r"\b([0-9a-f]{2}/[0-9a-f]{2}/)?[0-9a-f]{64}\b"), "<sha256>"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"), "<lineage>"),
    (re.compile(r"\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.+]+Z?"), "<date>"),
    (re.compile(r"http://127\.0\.0\.1:[0-9]+"), "http://127.0.0.1:<port>"),
)
SECONDS = 120


@contextmanager
def place() -> Iterator[Path]:
    """A folder whose name is as long wherever the tests run, so that lines of text break at the same words."""
    folder = Path(tempfile.mkdtemp(prefix="mlc", dir=Path("/tmp").resolve()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def prepare(case: Path, project: Path | None, folder: Path) -> Path:
    """A copy of the project (none: an empty folder) with the case's own files over it."""
    copy = folder / "project"
    if project is None:
        copy.mkdir()
    else:
        shutil.copytree(project, copy, symlinks=True)
    if (case / "files").is_dir():
        shutil.copytree(case / "files", copy, dirs_exist_ok=True)
    shutil.copytree(copy, folder / "first", symlinks=True)
    commands = folder / "bin"
    commands.mkdir()
    for name, text in (
        ("mlc", f'exec "{sys.executable}" -P -m mlc.cli.main "$@"'),
        ("reset", f'find "{copy}" -mindepth 1 -delete && cp -a "{folder}/first/." "{copy}"'),
    ):
        (commands / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (commands / name).chmod(0o755)
    return copy


def play(script: str, folder: Path) -> str:
    """What a script says, run in the folder that `prepare` made."""
    said = []
    for line in script.splitlines():
        if not line.strip() or line.startswith("#"):
            said.append(line + "\n")
            continue
        said.append(f"$ {line}\n" + _run(line, folder))
    return "".join(said)


def environment(folder: Path) -> dict[str, str]:
    """Nothing of the caller's own environment but where the compiler is."""
    return {
        "PATH": os.pathsep.join((str(folder / "bin"), "/usr/local/bin", "/usr/bin", "/bin")),
        "PYTHONPATH": str(Path(mlc.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }


def _run(line: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder / "project",
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        preexec_fn=on_one_core,
    )
    out, err = (
        _constant(text.decode("utf-8", "backslashreplace"), folder) for text in (done.stdout, done.stderr)
    )
    said = out if not out or out.endswith("\n") else out + "\n[no newline at the end]\n"
    said += "".join(f"! {text}".rstrip() + "\n" for text in err.splitlines())
    return said + (f"[exit {done.returncode}]\n" if done.returncode else "")


def on_one_core() -> None:
    """Steps that run at once end in any order; on one core they end in the order of the plan."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})


def _constant(text: str, folder: Path) -> str:
    text = text.replace(str(folder / "project"), "<project>").replace(str(folder), "<folder>")
    for pattern, placeholder in PLACEHOLDERS:
        text = pattern.sub(placeholder, text)
    return text
