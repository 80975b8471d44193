"""Steps in processes of their own, whichever way their nursery is made."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import pytest

from mlc import forking
from mlc.apply.processes import Died, Errand, Heard, Processes, Succeeded, Told
from mlc.ir.operation import Operation, Product
from stages.apply.errands import SECONDS, dies, goes_on, meets, notes, nothing, sleeps, succeeds, talks


@pytest.fixture(autouse=True, params=["forked", "fresh"])
def _nursery(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """These steps use no library with threads, so that forking is harmless whatever runs beside."""
    monkeypatch.setattr(forking, "is_safe", lambda: request.param == "forked")


def errand(name: str) -> Errand:
    return Errand("run", Operation(id=f"model.{name}/train", driver="d", spec={"act": name}), "dev")


def until_ended(processes: Processes, steps: int) -> list[Heard]:
    heard: list[Heard] = []
    deadline = time.monotonic() + SECONDS
    while sum(not isinstance(one, Told) for one in heard) < steps:
        assert time.monotonic() < deadline, heard
        heard += processes.heard(1.0)
    return heard


def test_what_a_step_says_and_gives_comes_in_order() -> None:
    with Processes(talks, nothing) as processes:
        processes.start(errand("a"))
        heard = until_ended(processes, 1)
    assert heard[:2] == [Told("model.a/train", "one"), Told("model.a/train", "two " * 100_000)]
    assert heard[2] == Succeeded("model.a/train", Product({"out": Path("/x")}, {"n": 1}))


def test_two_run_at_once_and_each_apart(tmp_path: Path) -> None:
    """Each waits for the other's file, so that one after the other would never end."""
    with Processes(partial(meets, folder=tmp_path), nothing) as processes:
        for name in ("a", "b"):
            processes.start(errand(name))
        heard = until_ended(processes, 2)
    given = {one.step: one.product.summary for one in heard if isinstance(one, Succeeded) and one.product}
    assert given == {"model.a/train": {"only": "a"}, "model.b/train": {"only": "b"}}


def test_a_process_that_is_killed_takes_nothing_else_along() -> None:
    with Processes(dies, nothing) as processes:
        for name in ("a", "b", "c"):
            processes.start(errand(name))
        heard = until_ended(processes, 3)
    assert sorted(heard, key=lambda one: one.step) == [
        Died("model.a/train", signal.SIGKILL),
        Died("model.b/train", 0),
        Succeeded("model.c/train", None),
    ]


def test_what_still_runs_dies_with_the_one_that_applies(tmp_path: Path) -> None:
    """Killed, it has no time to tell anybody."""
    applying = os.fork()
    if applying == 0:
        processes = Processes(partial(goes_on, folder=tmp_path), nothing)
        processes.start(errand("a"))
        time.sleep(SECONDS)
        os._exit(0)
    deadline = time.monotonic() + SECONDS
    while not (tmp_path / "alive").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(applying, signal.SIGKILL)
    os.waitpid(applying, 0)
    while True:
        (tmp_path / "alive").unlink(missing_ok=True)
        time.sleep(0.3)
        if not (tmp_path / "alive").exists():
            break
        assert time.monotonic() < deadline, "it goes on"


def test_leaving_kills_what_still_runs(tmp_path: Path) -> None:
    with Processes(sleeps, nothing) as processes:
        processes.start(errand("a"))
        (told,) = processes.heard(SECONDS)
    assert isinstance(told, Told)
    deadline = time.monotonic() + SECONDS
    while Path(f"/proc/{told.text}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_driver_is_made_ready_once(tmp_path: Path) -> None:
    with Processes(succeeds, partial(notes, folder=tmp_path)) as processes:
        for name in ("a", "b", "c"):
            processes.start(errand(name))
        until_ended(processes, 3)
    assert (tmp_path / "d").read_text() == "x"
