"""What the steps of `test_processes` do: functions of a module that a fresh interpreter can import."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from mlc.apply.processes import Errand, Failed, Succeeded
from mlc.ir.operation import Product

SECONDS = 60

Tell = Callable[[str], None]


def nothing(driver: str) -> None:
    """There is nothing to prepare."""


def talks(errand: Errand, tell: Tell) -> Succeeded | Failed:
    tell("one")
    tell("two " * 100_000)  # more than a pipe holds
    return Succeeded(errand.step, Product({"out": Path("/x")}, {"n": 1}))


def meets(errand: Errand, tell: Tell, folder: Path) -> Succeeded | Failed:
    mine = errand.operation.spec["act"]
    os.environ["ONLY"] = os.environ.get("ONLY", "") + mine
    (folder / mine).touch()
    while not (folder / {"a": "b", "b": "a"}[mine]).exists():
        time.sleep(0.01)
    return Succeeded(errand.step, Product({}, {"only": os.environ["ONLY"]}))


def dies(errand: Errand, tell: Tell) -> Succeeded | Failed:
    if errand.operation.spec["act"] == "a":
        os.kill(os.getpid(), signal.SIGKILL)
    if errand.operation.spec["act"] == "b":
        os._exit(3)
    return Succeeded(errand.step, None)


def goes_on(errand: Errand, tell: Tell, folder: Path) -> Succeeded | Failed:
    while True:
        (folder / "alive").write_bytes(b"x")
        time.sleep(0.01)


def sleeps(errand: Errand, tell: Tell) -> Succeeded | Failed:
    tell(str(os.getpid()))
    time.sleep(SECONDS)
    return Succeeded(errand.step, None)


def notes(driver: str, folder: Path) -> None:
    with (folder / driver).open("a") as file:
        file.write("x")
    raise ImportError("the step will meet it too")


def succeeds(errand: Errand, tell: Tell) -> Succeeded | Failed:
    return Succeeded(errand.step, None)
