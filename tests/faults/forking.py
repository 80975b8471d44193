"""A process with everything imported that forks one child per `mlc` command.

An apply spends most of its time on imports; a fork has them already, and is a process of its own all the
same: it can be killed, it gets signals, its locks die with it. Run as a program it serves requests, one
JSON line each: {"start": {...}} gives the child's process id, {"wait": id} its exit status.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = 120


class Ended(NamedTuple):
    """`code` is the exit code, or minus the number of the signal that killed it."""

    code: int
    out: str
    err: str


class Running(NamedTuple):
    server: Server
    pid: int
    folder: Path

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        code = self.server.ask({"wait": self.pid})
        texts = [(self.folder / name).read_text(encoding="utf-8") for name in ("out", "err")]
        return Ended(code, texts[0], texts[1])


class Server:
    """Starts `mlc` commands. `folder` takes their output; `shim` is the library built from shim.c, if any."""

    def __init__(self, folder: Path, shim: Path | None = None) -> None:
        self._folder = folder
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "PYTHONDONTWRITEBYTECODE": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
                "POLARS_MAX_THREADS": "1",
                **({} if shim is None else {"LD_PRELOAD": str(shim)}),
            },
        )

    def start(self, root: Path, *words: str, fault: dict[str, Any] | None = None, uid: int = 0) -> Running:
        """Start `mlc WORDS` in `root`; `fault` is for `injection.arm`, `uid` a user to become."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        for name in ("out", "err"):  # also of a child that is killed before it opens them
            (folder / name).touch()
        pid = self.ask(
            {"start": {"root": str(root), "words": words, "to": str(folder), "fault": fault, "uid": uid}}
        )
        return Running(self, pid, folder)

    def run(self, root: Path, *words: str, fault: dict[str, Any] | None = None, uid: int = 0) -> Ended:
        return self.start(root, *words, fault=fault, uid=uid).wait()

    def ask(self, request: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _serve() -> None:
    _import_everything()
    ended: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            answer = os.fork()
            if answer == 0:
                _become(**request["start"])
        else:
            answer = _code_of(request["wait"], ended)
        print(answer, flush=True)


def _code_of(child: int, ended: dict[int, int]) -> int:
    while child not in ended:
        found, status = os.waitpid(-1, 0)
        ended[found] = os.waitstatus_to_exitcode(status)
    return ended.pop(child)


def _import_everything() -> None:
    """What the commands import when they need it; nothing is run, so that there are no threads to lose."""
    import importlib
    import pkgutil

    import onnxruntime
    import polars
    import skl2onnx
    import sklearn.ensemble
    import sklearn.linear_model
    import sklearn.neural_network
    import skops.io

    import mlc.drivers.registry
    import mlc.kinds
    import mlc.report
    import mlc.rules

    assert {onnxruntime, polars, skl2onnx, sklearn, skops}
    for package in (mlc.drivers, mlc.drivers.registry, mlc.kinds, mlc.report, mlc.rules):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if module.name != "mlc.kinds._kubeflow_step":  # it runs in containers that have kfp
                importlib.import_module(module.name)
    for name in ("apply", "destroy", "plan", "registry", "state", "validate"):
        importlib.import_module(f"mlc.cli.{name}")
    for name in ("apply", "emit", "lower", "pipeline", "workspace"):
        importlib.import_module(f"mlc.{name}")


def _become(root: str, words: list[str], to: str, fault: dict[str, Any] | None, uid: int) -> None:
    """The child: never returns."""
    from mlc.cli.main import run

    signal.alarm(SECONDS)  # what hangs is a failure, not a test run without end
    for name, number in (("out", 1), ("err", 2)):
        handle = os.open(Path(to) / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin.close()
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    os.chdir(root)
    if uid:
        os.setgid(uid)
        os.setuid(uid)
    report: Callable[[], object] = bool
    if fault is not None:
        from faults import injection

        report = injection.arm(Path(root), **fault)
    try:
        code = run([*words])
    except SystemExit as stop:
        code = int(stop.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    report()
    os._exit(code)


if __name__ == "__main__":
    _serve()
