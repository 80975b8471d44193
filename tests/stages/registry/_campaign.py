"""Run as a program: kill registering and promoting at each effect. Prints how many kills there were."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from mlc.drivers.registry import (
    Registry,
    aliases,
    collect,
    head,
    log,
    models,
    open_registry,
    set_alias,
    verify,
    versions,
)
from mlc.drivers.registry.copying import copy, missing, proven
from mlc.drivers.registry.retention import judged, remove
from mlc.drivers.registry.search import search
from mlc.ir.retention import Keep
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


def three_versions(root: Path) -> None:
    two_versions(root)
    put(root, b"c")
    put(root, b"c")


def let_go(root: Path) -> None:
    """The second version goes, with its bytes; the first is pointed to."""
    registry = open_registry(root, SPEC)
    going, _ = judged(registry, Keep(last=1, days=None), datetime.now(UTC))
    list(remove(registry, going, head(registry)[0]))
    collect(registry)


def let_go_check(root: Path, done: bool) -> None:
    sound(root, [[1, 3]] if done else [[1, 2, 3], [1, 3]])
    if done:
        _no_orphans(root)
        assert [
            len(log(open_registry(root, SPEC))),
            len(search(open_registry(root, SPEC), "number > 0")),
        ] == [1, 2]


def elsewhere(root: Path) -> Registry:
    return open_registry(root, SPECS["database" if sys.argv[2] == "filesystem" else "filesystem"])


def one_after_a_gap(root: Path) -> None:
    source = elsewhere(root)
    for onnx in (b"a", b"b"):
        put_in(root, onnx, spec=SPECS["database" if sys.argv[2] == "filesystem" else "filesystem"])
    set_alias(source, "churn", "production", 2, expected=None, cause=cause())
    source.catalogue.change(lambda changes: changes.remove_version("churn", 1))  # type: ignore[attr-defined]


def copied(root: Path) -> None:
    source, destination = elsewhere(root), open_registry(root, SPEC)
    list(copy(source, destination, missing(source, destination)))


def copied_check(root: Path, done: bool) -> None:
    sound(root, [[2]] if done else [[], [2]])
    if done:
        proven(elsewhere(root), open_registry(root, SPEC))


def _no_orphans(root: Path) -> None:
    collect(open_registry(root, SPEC))
    assert collect(open_registry(root, SPEC)) == ()
    assert verify(root, SPEC) == ()


SCENARIOS = {
    "first": (nothing, first, first_check),
    "second": (one_version, second, second_check),
    "promote": (two_versions, promote, promote_check),
    "let_go": (three_versions, let_go, let_go_check),
    "copy": (one_after_a_gap, copied, copied_check),
}

if __name__ == "__main__":
    print(campaign(*SCENARIOS[sys.argv[1]]))
