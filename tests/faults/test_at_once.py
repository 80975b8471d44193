"""Two who apply at the same time: to one environment, and to two that share registry, store and cache."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

from faults.forking import Server
from faults.small import SLOW, make_project
from faults.soundness import REGISTRY, Reference, assert_sound, strays
from mlc.drivers.registry import open_registry, promotion_log, versions

LONG_TRAINING = SLOW.replace("ITERATIONS", "1000000")


def test_one_environment_has_one_at_a_time(server: Server, tmp_path: Path) -> None:
    root = make_project(tmp_path / "small", LONG_TRAINING)
    first = server.start(root, "apply", "--yes")
    lock = root / ".mlc/state/dev.lock"
    deadline = time.monotonic() + 30
    while not (lock.exists() and lock.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    refused = server.run(root, "apply", "--yes")
    assert refused.code == 1
    assert "error[state-locked]" in refused.err
    assert f"process {first.pid} on {socket.gethostname()}" in refused.err
    first.send(signal.SIGKILL)
    assert first.wait().code == -signal.SIGKILL
    make_project(root)  # something that is trained soon
    freed = server.run(root, "apply", "--yes")
    assert freed.code == 0, freed
    assert strays(root) == []


def test_of_eight_at_once_each_wins_or_is_refused(server: Server, root: Path) -> None:
    running = [server.start(root, "apply", "--yes") for _ in range(8)]
    ended = [one.wait() for one in running]
    assert 0 in [one.code for one in ended]
    for one in ended:
        refusals = ("error[state-locked]", "error[plan-stale]")
        assert one.code == 0 or (one.code == 1 and any(rule in one.err for rule in refusals)), one
    assert "Nothing to do" in server.run(root, "apply", "--yes").out
    assert [one.entry.number for one in versions(open_registry(root, REGISTRY), "risk")] == [1]
    assert len(promotion_log(root, REGISTRY)) == 1


def test_two_environments_apply_at_once(server: Server, reference: Reference, root: Path) -> None:
    running = {name: server.start(root, "apply", "--yes", f"env={name}") for name in ("dev", "prod")}
    for name, one in running.items():
        ended = one.wait()
        assert ended.code == 0, (name, ended)
    for name in running:
        assert "Nothing to do" in server.run(root, "apply", "--yes", f"env={name}").out
        assert_sound(root, reference, name)
    (version,) = versions(open_registry(root, REGISTRY), "risk")
    assert version.aliases == ("dev", "production")
    assert sorted(line.alias for line in promotion_log(root, REGISTRY)) == ["dev", "production"]
    assert strays(root) == []
