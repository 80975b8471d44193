"""Run as a program: kill registering and promoting at each effect. Prints how many kills there were."""

from __future__ import annotations

import sys
from pathlib import Path

from mlc.drivers.registry import aliases, collect, log, models, open_registry, set_alias, verify, versions
from stages.registry.making import SPECS, cause
from stages.registry.making import put as put_in
from stages.store.killing import campaign

SPEC = SPECS[sys.argv[2]]


def put(root: Path, onnx: bytes) -> None:
    put_in(root, onnx, spec=SPEC)


def nothing(_: Path) -> None:
    pass


def one_version(root: Path) -> None:
    put(root, b"a")
    set_alias(open_registry(root, SPEC), "churn", "production", 1, expected=None, cause=cause())


def two_versions(root: Path) -> None:
    one_version(root)
    put(root, b"b")


def numbers(root: Path) -> list[int]:
    registry = open_registry(root, SPEC)
    found = versions(registry, "churn") if models(registry) else ()
    assert all(len(version.revisions) == 1 for version in found)
    return [version.entry.number for version in found]


def sound(root: Path, may: list[list[int]]) -> None:
    assert verify(root, SPEC) == ()
    assert numbers(root) in may, (numbers(root), may)


def first(root: Path) -> None:
    put(root, b"a")


def first_check(root: Path, done: bool) -> None:
    sound(root, [[1]] if done else [[], [1]])
    if done:
        _no_orphans(root)


def second(root: Path) -> None:
    put(root, b"b")


def second_check(root: Path, done: bool) -> None:
    sound(root, [[1, 2]] if done else [[1], [1, 2]])
    if done:
        _no_orphans(root)


def promote(root: Path) -> None:
    registry = open_registry(root, SPEC)
    now = aliases(registry, "churn").get("production")
    set_alias(registry, "churn", "production", 2, expected=now, cause=cause())


def promote_check(root: Path, done: bool) -> None:
    sound(root, [[1, 2]])
    registry = open_registry(root, SPEC)
    points = aliases(registry, "churn")["production"]
    assert points == 2 if done else points in (1, 2)
    assert [line.number for line in log(registry)] == [1, 2][:points]


def _no_orphans(root: Path) -> None:
    collect(open_registry(root, SPEC))
    assert collect(open_registry(root, SPEC)) == ()
    assert verify(root, SPEC) == ()


SCENARIOS = {
    "first": (nothing, first, first_check),
    "second": (one_version, second, second_check),
    "promote": (two_versions, promote, promote_check),
}

if __name__ == "__main__":
    print(campaign(*SCENARIOS[sys.argv[1]]))
