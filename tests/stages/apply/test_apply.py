"""Applying in the small: what a failing step stops, and that each effect is recorded before the next."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlc.apply import Stop, apply
from mlc.apply.effects import Effects
from mlc.ir.event import Event, Finished, StepDone, StepFailedEvent, StepSkipped
from mlc.ir.operation import Operation, Product, StepFailed, Work
from mlc.ir.plan import VERSION, Plan, Step
from mlc.rules import training_failed
from mlc.store.content import Content
from mlc.store.files import write_atomically
from mlc.store.state import StateStore, opened, read_state

Act = Callable[[Work], None]


def run(
    tmp_path: Path, acts: Mapping[str, Act], stop: Stop | None = None, effect: bool = False
) -> list[Event]:
    """Apply one step per act; "b<a" is the step b that depends on a. Twice the same acts, twice the same keys."""
    with opened(tmp_path / "dev.db") as store:
        plan = Plan(VERSION, "mlc", "p", "dev", "", 0, tuple(_step(name) for name in acts), tools={"d": {}})
        effects = _effects(tmp_path, store, {_id(name): act for name, act in acts.items()}, effect)
        return list(apply(plan, effects, stop or Stop()))


def _effects(root: Path, store: StateStore, acts: Mapping[str, Act], effect: bool) -> Effects:
    def driven(work: Work) -> Product:
        acts[work.operation.id](work)
        path = work.folder / "out"
        path.write_text(work.operation.id, encoding="utf-8")
        return Product({"out": path})

    driver: Any = SimpleNamespace(EFFECT=effect, run=driven)
    return Effects(
        applied=store.read(),
        root=root,
        cache=root / "steps",
        scratch=root / "scratch",
        state=store,
        content=Content(root / "content"),
        driver=lambda _: driver,
        tools=lambda _: {},
        render=lambda *_: b"",
        tell=lambda *_: None,
        write=write_atomically,
        file_digest=lambda _: "",
        place=lambda path: root / path,
    )


def _id(name: str) -> str:
    return f"model.{name.partition('<')[0]}/train"


def _step(name: str) -> Step:
    _, _, need = name.partition("<")
    operation = Operation(id=_id(name), driver="d", spec={"name": name})
    depends = (_id(need),) if need else ()
    return Step(_id(name), operation.address, "run", operation=operation, depends_on=depends)


def fine(_: Work) -> None:
    pass


def raising(error: Exception) -> Act:
    def act(work: Work) -> None:
        (work.folder / "half").write_text("half", encoding="utf-8")
        raise error

    return act


def of(events: list[Event], kind: type[Event]) -> list[str]:
    return [event.step for event in events if isinstance(event, kind) and not isinstance(event, Finished)]


def rules_of(events: list[Event]) -> list[str]:
    return [one.rule for event in events if isinstance(event, StepFailedEvent) for one in event.diagnostics]


def test_a_failed_step_stops_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    failure = StepFailed(training_failed.found("No.", help="", address="model.a", path=""))
    events = run(tmp_path, {"a": raising(failure), "b<a": fine, "c<b": fine, "d": fine})
    assert of(events, StepDone) == ["model.d/train"]
    assert of(events, StepSkipped) == ["model.b/train", "model.c/train"]
    assert events[-1] == Finished("failed", 1, 1, 2, 0)
    assert list(read_state(tmp_path / "dev.db").operations) == ["model.d/train"]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x/model.skops"), "disk-full"),
        (OSError("No space left on device (os error 28): train.parquet"), "disk-full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk-full"),
        (OSError(errno.EACCES, "Permission denied", "/x"), "not-writable"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "not-writable"),
        (OSError(errno.EIO, "Input/output error"), "step-broke"),
        (KeyError("a bug"), "step-broke"),
    ],
)
def test_what_the_system_refused_is_told_as_what_it_is(tmp_path: Path, error: Exception, rule: str) -> None:
    events = run(tmp_path, {"a": raising(error), "b": fine})
    assert rules_of(events) == [rule]
    # on a full disk nothing is tried any more; everything else takes only its own step with it
    assert of(events, StepDone) == ([] if rule == "disk-full" else ["model.b/train"])


def test_a_full_disk_is_known_under_what_a_library_makes_of_it(tmp_path: Path) -> None:
    def act(_: Work) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise StepFailed(training_failed.found("No.", help="", address="", path="")) from error

    assert rules_of(run(tmp_path, {"a": act})) == ["disk-full"]


def test_each_effect_is_recorded_before_the_next(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def look(_: Work) -> None:
        seen.append(sorted(read_state(tmp_path / "dev.db").operations))

    run(tmp_path, {"a": look, "b<a": look, "c<b": look})
    assert seen == [[], ["model.a/train"], ["model.a/train", "model.b/train"]]


def test_a_stop_finishes_the_running_step(tmp_path: Path) -> None:
    stop = Stop()

    def stopping(_: Work) -> None:
        stop.wanted = True

    acts = {"a": stopping, "b": fine}
    events = run(tmp_path, acts, stop)
    assert of(events, StepDone) == ["model.a/train"]
    assert events[-1] == Finished("interrupted", 1, 0, 0, 1)
    again = run(tmp_path, {"a": raising(AssertionError("done already")), "b": fine})
    assert [event.how for event in again if isinstance(event, StepDone)] == ["unchanged", "done"]


def test_a_damaged_outcome_is_made_again(tmp_path: Path) -> None:
    content = Content(tmp_path / "content")
    run(tmp_path, {"a": fine})
    (digest,) = content.digests()
    content.location(digest).chmod(0o644)
    content.location(digest).write_text("damaged", encoding="utf-8")
    again = run(tmp_path, {"a": fine})
    assert [event.how for event in again if isinstance(event, StepDone)] == ["done"]
    assert content.is_intact(digest)


def test_an_effect_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    runs: list[str] = []
    acts: Mapping[str, Act] = {"a": lambda work: runs.append(work.operation.id)}
    for effect, expected in ((False, 1), (False, 1), (True, 2)):
        (tmp_path / "dev.db").unlink(missing_ok=True)
        run(tmp_path, acts, effect=effect)
        assert len(runs) == expected
