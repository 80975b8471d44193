"""Applying in the small: what a failing step stops, and that each effect is recorded before the next."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs

from mlc.apply import LONGEST_WAIT, Stop, apply, waits_for
from mlc.apply.budget import Budget
from mlc.apply.effects import Effects, perform
from mlc.apply.processes import Died, Errand, Heard, Told
from mlc.drivers import Driver
from mlc.ir.event import Event, Finished, StepDone, StepFailedEvent, StepRetried, StepSkipped, StepStarted
from mlc.ir.operation import Operation, Product, StepFailed, Work
from mlc.ir.plan import VERSION, Plan, Step
from mlc.rules import gate_refused, training_failed
from mlc.store.content import Content
from mlc.store.files import write_atomically
from mlc.store.state import StateStore, opened, read_state

Act = Callable[[Work], None]


def run(
    tmp_path: Path,
    acts: Mapping[str, Act],
    stop: Stop | None = None,
    effect: bool = False,
    cores: int = 1,
    **retried: Any,
) -> list[Event]:
    """Apply one step per act; "b<a" is the step b that depends on a. Twice the same acts, twice the same keys."""
    with opened(tmp_path / "dev.db") as store:
        steps = tuple(_step(name, **retried) for name in acts)
        plan = Plan(VERSION, "mlc", "p", "dev", "", 0, steps, tools={"d": {}})
        effects = _effects(tmp_path, store, {_id(name): act for name, act in acts.items()}, effect)
        return list(apply(plan, effects, stop or Stop(), Budget(cores, 1 << 30)))


class Here:
    """Does each errand at once, in this process, so that what the acts do can be seen."""

    def __init__(self, root: Path, driver: Any) -> None:
        self._root, self._driver = root, driver
        self._said: list[Heard] = []

    def start(self, errand: Errand) -> None:
        self._said.append(
            perform(
                errand,
                lambda text: self._said.append(Told(errand.step, text)),
                root=self._root,
                load=lambda _: self._driver,
                render=lambda *_: b"",
            )
        )

    def heard(self, seconds: float | None) -> list[Heard]:
        if not self._said and seconds:
            time.sleep(seconds)
        said, self._said = self._said, []
        return said


def _effects(root: Path, store: StateStore, acts: Mapping[str, Act], effect: bool) -> Effects:
    def driven(work: Work) -> Product:
        acts[work.operation.id](work)
        path = work.folder / "out"
        path.write_text(work.operation.id, encoding="utf-8")
        return Product({"out": path})

    driver: Any = SimpleNamespace(run=driven)
    return Effects(
        applied=store.read(),
        root=root,
        cache=root / "steps",
        scratch=root / "scratch",
        state=store,
        content=Content(root / "content"),
        workers=Here(root, driver),
        declared=lambda name: Driver(name, 1, (), effect, undoes=False),
        tools=lambda _: {},
        write=write_atomically,
        file_digest=lambda _: "",
        place=lambda path: root / path,
    )


def _id(name: str) -> str:
    return f"model.{name.partition('<')[0]}/train"


def _step(name: str, **retried: Any) -> Step:
    _, _, need = name.partition("<")
    operation = Operation(id=_id(name), driver="d", spec={"name": name}, **retried)
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


def test_the_steps_of_a_failed_one_that_ran_meanwhile_are_kept(tmp_path: Path) -> None:
    failure = StepFailed(training_failed.found("No.", help="", address="model.a", path=""))
    events = run(tmp_path, {"a": raising(failure), "b": fine, "c<a": fine, "d<b": fine}, cores=2)
    assert sorted(of(events, StepDone)) == ["model.b/train", "model.d/train"]
    assert of(events, StepSkipped) == ["model.c/train"]
    assert events[-1] == Finished("failed", 2, 1, 1, 0)


def test_a_full_disk_is_told_once_by_steps_that_run_together(tmp_path: Path) -> None:
    full = raising(OSError(errno.ENOSPC, "No space left on device"))
    events = run(tmp_path, {"a": full, "b": full, "c": fine}, cores=2)
    assert rules_of(events) == ["disk-full"]
    assert of(events, StepSkipped) == ["model.b/train", "model.c/train"]


@pytest.mark.parametrize("cores", [1, 3])
def test_the_events_of_a_step_come_in_order(tmp_path: Path, cores: int) -> None:
    def telling(work: Work) -> None:
        work.tell("working")

    failing = raising(StepFailed(training_failed.found("No.", help="", address="", path="")))
    acts = {"a": telling, "b": telling, "c<a": failing, "d<c": fine, "e": telling}
    events = run(tmp_path, acts, cores=cores)
    said: dict[str, list[str]] = {}
    for event in events[:-1]:
        assert not isinstance(event, Finished)
        said.setdefault(event.step.removeprefix("model.").removesuffix("/train"), []).append(
            type(event).__name__
        )
    told = ["StepStarted", "StepTold", "StepDone"]
    assert said == {
        "a": told,
        "b": told,
        "c": ["StepStarted", "StepFailedEvent"],
        "d": ["StepSkipped"],
        "e": told,
    }


class Unsteady:
    """Fails so many times, and then does not."""

    def __init__(self, times: int, error: Exception) -> None:
        self.times, self.error, self.tried = times, error, 0

    def __call__(self, work: Work) -> None:
        self.tried += 1
        if self.tried <= self.times:
            raise self.error


PASSING = StepFailed(training_failed.found("Locked.", help="", address="", path=""), passing=True)


def test_what_may_pass_is_tried_again(tmp_path: Path) -> None:
    act = Unsteady(2, PASSING)
    events = run(tmp_path, {"a": act, "b": fine, "c<a": fine}, retries=3, backoff=0.01)
    retried = [event for event in events if isinstance(event, StepRetried)]
    assert [(one.tried, one.retries, one.seconds) for one in retried] == [(1, 3, 0.01), (2, 3, 0.02)]
    assert of(events, StepStarted).count("model.a/train") == 1
    assert of(events, StepDone) == ["model.b/train", "model.a/train", "model.c/train"], (
        "others go on meanwhile"
    )
    assert events[-1] == Finished("done", 3, 0, 0, 0)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_does_not_pass_fails_in_the_end(tmp_path: Path) -> None:
    act = Unsteady(99, PASSING)
    events = run(tmp_path, {"a": act}, retries=2, backoff=0.01)
    assert (act.tried, rules_of(events)) == (3, ["training-failed"])
    assert events[-1] == Finished("failed", 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ConnectionRefusedError("nobody there"), 2),
        (TimeoutError("no answer"), 2),
        (OSError(errno.ENETUNREACH, "no network"), 2),
        (StepFailed(training_failed.found("A mistake.", help="", address="", path="")), 1),
        (StepFailed(gate_refused.found("No.", "", address=""), passing=True), 1),
        (OSError(errno.EIO, "a broken disk"), 1),
        (KeyError("a bug"), 1),
    ],
)
def test_only_what_may_pass_is_tried_again(tmp_path: Path, error: Exception, tries: int) -> None:
    act = Unsteady(1, error)
    run(tmp_path, {"a": act}, retries=5, backoff=0.01)
    assert act.tried == tries


def test_the_wait_doubles_up_to_a_bound() -> None:
    waits = [waits_for(30.0, tried) for tried in (1, 2, 3, 4, 5, 6, 2000)]
    assert waits == [30.0, 60.0, 120.0, 240.0, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


def test_who_waits_for_a_retry_can_be_stopped(tmp_path: Path) -> None:
    stop = Stop()

    def failing(_: Work) -> None:
        stop.wanted = True
        raise PASSING

    events = run(tmp_path, {"a": failing}, stop, retries=1, backoff=1e6)
    assert events[-1] == Finished("interrupted", 0, 0, 0, 1)


def test_a_process_that_is_killed_fails_its_step_only(tmp_path: Path) -> None:
    class Killing(Here):
        def start(self, errand: Errand) -> None:
            if errand.step == "model.a/train":
                self._said.append(Died(errand.step, 9))
            else:
                super().start(errand)

    with opened(tmp_path / "dev.db") as store:
        steps = tuple(_step(name) for name in ("a", "b<a", "c"))
        plan = Plan(VERSION, "mlc", "p", "dev", "", 0, steps, tools={"d": {}})
        effects = _effects(tmp_path, store, {_id(name): fine for name in ("a", "b", "c")}, False)
        effects = structs.replace(effects, workers=Killing(tmp_path, effects.workers._driver))  # type: ignore[attr-defined]
        events = list(apply(plan, effects, Stop(), Budget(2, 1 << 30)))
    assert rules_of(events) == ["step-killed"]
    assert of(events, StepDone) == ["model.c/train"]
    assert list((tmp_path / "scratch").iterdir()) == []
