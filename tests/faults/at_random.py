"""Kills at random moments, three in a row, while four steps may run at once; then all must be as if nothing had been.

A run begins with nothing applied, with a project that was edited since it was applied (a model with a new name, one
that is gone, one with other parameters, a deployment more), or with `mlc destroy`. As a program it goes on until so
many kills have struck, writes a line per run, and keeps the folders of those in which something did not hold:

    PYTHONPATH=tests python -m faults.at_random 1000 SEED FOLDER
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from faults.forking import Server
from faults.small import LOGISTIC, make_project, model, write
from faults.soundness import REGISTRY, folders, remembered, settled_files, strays
from mlc.drivers.registry import list_models, open_registry, promotion_log, verify, versions
from mlc.store.content import Content
from mlc.store.state import read_state

KILLS = 3
APPLY = ("apply", "--yes", "--parallelism", "4")
DESTROY = ("destroy", "--yes", "--parallelism", "4")

MODELS = {"risk": 1.0, "second": 0.5, "third": 2.0}

_LEAST_LEFT = 0.3
"""Of the time of an undisturbed run: what the next one takes at least, however far the killed one came."""

_BY_TIME = 0.5
"""Of the kills; the others come soon after an event, so that commands which mostly plan are met at work too."""

_SOON = 0.02

_MEASURED_EVERY = 15
"""Runs after which it is measured again how long an undisturbed one takes: other things run on a machine."""


class Scene(NamedTuple):
    """`before` is the folder that a run begins with, `killed` the command that is killed, `seconds` how long it
    and how many events it takes undisturbed, and `wanted` what must be in the end."""

    name: str
    before: Path
    killed: tuple[str, ...]
    seconds: float
    events: int
    wanted: dict[str, Any]


class Struck(NamedTuple):
    """A command that was to be killed: whether it was, or had come to its end; and what was recorded by then."""

    killed: bool
    recorded: int


def make_wide(root: Path) -> Path:
    """A project of three models that know nothing of each other, each with its deployments."""
    make_project(root)
    for name, c in MODELS.items():
        write(root, f"model/{name}.yaml", model(LOGISTIC.replace("1.0", str(c))))
        write(root, f"deployment/{name}_here.yaml", f"model: {name}\ntarget: here\n")
    return root


def edit(root: Path) -> None:
    """Something of everything: a step of each action is in the plan that follows."""
    settings = (root / "mlc.yaml").read_text(encoding="utf-8")
    write(root, "mlc.yaml", settings + "moved: {model.second: model.renamed}\n")
    (root / "model/second.yaml").rename(root / "model/renamed.yaml")
    write(root, "deployment/second_here.yaml", "model: renamed\ntarget: here\n")
    for gone in ("model/third.yaml", "deployment/third_here.yaml", "deployment/image.yaml"):
        (root / gone).unlink()
    write(root, "model/risk.yaml", model(LOGISTIC.replace("1.0", "4.0"), "Another."))
    write(root, "deployment/more.yaml", "model: risk\ntarget: container\nruntime: serving\nalias: next\n")


def scenes(server: Server, folder: Path) -> tuple[Scene, ...]:
    """The beginnings, and what each comes to when nothing disturbs it."""
    fresh = make_wide(folder / "fresh")
    applied = folder / "applied"
    shutil.copytree(fresh, applied)
    _done(server, applied, APPLY)
    edited = folder / "edited"
    shutil.copytree(applied, edited, symlinks=True)
    edit(edited)
    return (
        scene(server, "applied from nothing", fresh, APPLY),
        scene(server, "applied after edits", edited, APPLY),
        scene(server, "destroyed and applied", applied, DESTROY),
    )


def scene(server: Server, name: str, before: Path, killed: tuple[str, ...]) -> Scene:
    """What the folder `before` comes to, and how long it takes now."""
    root = before.with_name(f"{before.name}-undisturbed")
    shutil.copytree(before, root, symlinks=True)
    log = before.with_name(f"{before.name}-events")
    log.unlink(missing_ok=True)
    started = time.monotonic()
    _done(server, root, (*killed, "--events", str(log)))
    seconds = time.monotonic() - started
    _done(server, root, APPLY)
    _assert_idle(server, root)
    wanted = _found(root)
    shutil.rmtree(root)
    return Scene(name, before, killed, seconds, _lines(log), wanted)


def killed_in_a_row(server: Server, scene: Scene, root: Path, draw: random.Random) -> list[Struck]:
    """One run in the folder `root`: what was struck. Raises AssertionError for whatever does not hold."""
    shutil.copytree(scene.before, root, symlinks=True)
    struck = []
    left = scene.seconds
    for kill in range(KILLS):
        log = root.with_name(f"{root.name}-events-{kill}")
        wait = draw.uniform(0, left)
        running = server.start(root, *scene.killed, "--events", str(log))
        if draw.random() < _BY_TIME:
            time.sleep(wait)
        else:
            _wait_for(log, draw.randrange(1, scene.events), 2 * scene.seconds)
            time.sleep(draw.uniform(0, _SOON))
        running.send(signal.SIGKILL)
        ended = running.wait()
        assert ended.code in (0, -signal.SIGKILL), ended
        left = max(left - wait, _LEAST_LEFT * scene.seconds)
        log.unlink(missing_ok=True)
        struck.append(Struck(ended.code != 0, assert_readable(root)))
    assert_comes_to(server, root, scene)
    return struck


def assert_comes_to(server: Server, root: Path, scene: Scene) -> None:
    """The next run does what is left, the one after nothing, and all is as if nothing had happened."""
    if scene.killed != APPLY:
        _done(server, root, scene.killed)
        assert assert_readable(root) == 0
    _done(server, root, APPLY)
    _assert_idle(server, root)
    assert_readable(root)
    found = _found(root)
    for part, wanted in scene.wanted.items():
        assert found[part] == wanted, f"{part}: {found[part]} instead of {wanted}"


def _wait_for(log: Path, lines: int, seconds: float) -> None:
    """Until so much has happened, or the command is at its end, or has been at it for long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _lines(log) < lines:
        if log.exists() and b'"event":"finished"' in log.read_bytes():
            return
        time.sleep(0.002)


def _lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _done(server: Server, root: Path, words: tuple[str, ...]) -> None:
    ended = server.run(root, *words)
    assert ended.code == 0, ended


def _assert_idle(server: Server, root: Path) -> None:
    ended = server.run(root, *APPLY)
    assert ended.code == 0, ended
    assert "Nothing to do" in ended.out, ended


def _found(root: Path) -> dict[str, Any]:
    registry = open_registry(root, REGISTRY)
    models = [one.name for one in list_models(root, REGISTRY)]
    return {
        "files": settled_files(root),
        "folders": folders(root),
        "state": remembered(root),
        "versions": {
            name: [(one.entry.number, len(one.revisions), one.aliases) for one in versions(registry, name)]
            for name in models
        },
        "promotions": sorted((line.name, line.alias, line.number) for line in promotion_log(root, REGISTRY)),
        "strays": strays(root),
    }


def assert_readable(root: Path) -> int:
    """Whatever happened: state and registry can be read, and nothing is torn. Gives how much the state holds."""
    state = read_state(root / ".mlc/state/dev.db")
    assert verify(root, REGISTRY) == ()
    for store in (root / ".mlc/content", root / ".mlc/registry/files"):
        content = Content(store)
        assert [digest for digest in content.digests() if not content.is_intact(digest)] == []
    return len(state.resources) + len(state.operations) + len(state.artifacts)


def _campaign(kills: int, seed: int, folder: Path, log: Callable[[dict[str, Any]], object]) -> Iterator[str]:
    """Run until so many kills have struck; gives what did not hold."""
    (folder / "output").mkdir(parents=True)
    server = Server(folder / "output")
    (folder / "scenes").mkdir()
    every = [*scenes(server, folder / "scenes")]
    number = struck_in_all = 0
    while struck_in_all < kills:
        which = number % len(every)
        if number % _MEASURED_EVERY == which and number > which:
            again = scene(server, *every[which][:3])
            if again.wanted != every[which].wanted:
                yield f"run {number}, {again.name}: undisturbed, it came to something else than at first"
            every[which] = again
        one = every[which]
        told: dict[str, Any] = {"run": number, "scene": one.name, "seconds": round(one.seconds, 2)}
        root = folder / f"run-{number}"
        try:
            struck = killed_in_a_row(server, one, root, random.Random(f"{seed}/{number}"))
        except AssertionError as error:
            yield f"run {number}, {one.name}: {error}"
            log({**told, "failed": str(error)[:4000]})
        else:
            shutil.rmtree(root)
            struck_in_all += sum(strike.killed for strike in struck)
            log({**told, "struck": struck, "kills": struck_in_all})
        for output in (folder / "output").iterdir():
            shutil.rmtree(output)
        number += 1
    server.close()


def _main(kills: int, seed: int, folder: Path) -> int:
    with (folder.with_suffix(".jsonl")).open("a", encoding="utf-8", buffering=1) as lines:
        found = list(_campaign(kills, seed, folder, lambda line: lines.write(json.dumps(line) + "\n")))
    for one in found:
        print(one)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
