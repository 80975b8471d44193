"""What every shape of registry has to do over the years: say where versions come from, let go of old ones, and be
copied. Imported by a test module that says which shapes it has (`shape`), like `conformance`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from mlc.drivers.registry import (
    Registry,
    aliases,
    collect,
    datasets,
    head,
    log,
    open_registry,
    register,
    remove_alias,
    set_alias,
    stood_at,
    verify_files,
    verify_log,
    version,
    versions,
)
from mlc.drivers.registry.catalogue import Indexed
from mlc.drivers.registry.copying import copy, missing, proven
from mlc.drivers.registry.lineage import lineage
from mlc.drivers.registry.retention import judged, remove
from mlc.drivers.registry.search import search, searched_whole
from mlc.ir.copying import Proof
from mlc.ir.lineage import Lineage
from mlc.ir.operation import StepFailed
from mlc.ir.profile import DatasetEntry
from mlc.ir.registry import LearnedFrom, Member
from mlc.ir.retention import Judged, Keep
from stages.registry.conformance import Shape
from stages.registry.making import SPECS, cause, described, rule_of

TRAIN, TEST, OTHER = ("1" * 64, "2" * 64, "3" * 64)
OLD, LATER = "2020-01-01T12:00:00+00:00", "2024-01-01T12:00:00+00:00"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def add(
    registry: Registry,
    onnx: bytes,
    *,
    name: str = "churn",
    train: str = TRAIN,
    members: dict[str, Member] | None = None,
    at: str = OLD,
    **facts: Any,
) -> int:
    data = LearnedFrom(dataset="loans", parts={"train": train, "test": TEST})
    describe = described(name=name, data=data, members=members or {}, **facts)
    return register(registry, name, {"onnx": onnx, "card": b"card"}, describe, at).entry.number


def add_data(registry: Registry, train: str = TRAIN, *, at: str = OLD) -> int:
    def describe(number: int, digests: dict[str, str]) -> DatasetEntry:
        parts = {"train": train, "test": TEST}
        return DatasetEntry(
            project="lending", name="loans", number=number, digest=train, parts=parts, rows={}, files=digests
        )

    return datasets.register(registry, "loans", train, {}, describe, at)[0].number


def made_of(registry: Registry, name: str, number: int, role: str = "member") -> Member:
    return Member(model=name, number=number, digest=version(registry, name, number).entry.digest, role=role)


def family(registry: Registry) -> None:
    """Two versions of data; base models of both; a stack of two models, and one that starts from it."""
    add_data(registry)
    add_data(registry, OTHER)
    add(registry, b"base 1", name="base")
    add(registry, b"base 2", name="base", train=OTHER)
    add(registry, b"apart", name="apart", train="4" * 64)
    one = {"base": made_of(registry, "base", 1), "apart": made_of(registry, "apart", 1)}
    add(registry, b"stack 1", name="stack", members=one)
    add(
        registry,
        b"warm",
        name="warm",
        train=OTHER,
        members={"warm_start": made_of(registry, "stack", 1, "warm_start")},
    )
    set_alias(registry, "stack", "production", 1, expected=None, cause=cause())


def edges(found: Lineage) -> set[tuple[str, str, str]]:
    return {(one.source.partition("#")[0], one.role, one.target) for one in found.edges}


def test_lineage_goes_up_to_data_and_down_to_what_stands_on_it(shape: Shape) -> None:
    registry = open_registry(shape.root, shape.spec)
    family(registry)
    config = "config.churn"
    up = lineage(registry, "stack", "production", "up")
    assert up.of == "stack:1"
    assert edges(up) == {
        ("dataset.loans:1", "data", "stack:1"),
        ("config.stack", "config", "stack:1"),
        ("base:1", "member", "stack:1"),
        ("apart:1", "member", "stack:1"),
        ("dataset.loans:1", "data", "base:1"),
        ("config.base", "config", "base:1"),
        ("dataset.loans", "data", "apart:1"),  # a version of the data that was never registered
        ("config.apart", "config", "apart:1"),
    }
    assert config not in {one.id for one in up.nodes}
    down = lineage(registry, "dataset/loans", 1, "down")
    assert edges(down) == {
        ("dataset.loans:1", "data", "base:1"),
        ("dataset.loans:1", "data", "stack:1"),
        ("base:1", "member", "stack:1"),
        ("stack:1", "warm_start", "warm:1"),
        ("stack:1", "alias production", "stack@production"),
    }
    (deployed,) = (one for one in down.nodes if one.kind == "deployment")
    assert (deployed.environment, deployed.name, deployed.alias) == ("prod", "web", "production")
    assert edges(lineage(registry, "dataset/loans", None, "down")) == {
        ("dataset.loans:2", "data", "base:2"),
        ("dataset.loans:2", "data", "warm:1"),
    }
    both = lineage(registry, "base", 1, "both")
    assert {("base:1", "member", "stack:1"), ("dataset.loans:1", "data", "base:1")} <= edges(both)
    with unindexed():
        assert edges(lineage(registry, "dataset/loans", 1, "down")) == edges(down)
        assert edges(lineage(registry, "stack", "production", "up")) == edges(up)


def test_lineage_of_what_is_not_there_is_refused_kindly(shape: Shape) -> None:
    registry = open_registry(shape.root, shape.spec)
    for unknown in ("churn", "dataset/loans"):
        with pytest.raises(StepFailed) as failed:
            lineage(registry, unknown, None, "both")
        assert rule_of(failed) == "unknown-version"
    family(registry)
    for name, which, says in (
        ("stak", None, 'Did you mean "stack"?'),
        ("stack", 9, "no version 9"),
        ("stack", "prod", 'no alias "prod"'),
        ("dataset/loan", None, 'Did you mean "loans"?'),
        ("dataset/loans", 9, "no version 9"),
    ):
        with pytest.raises(StepFailed) as failed:
            lineage(registry, name, which, "both")
        assert says in f"{failed.value.diagnostics[0].detail} {failed.value.diagnostics[0].help}"


def test_only_what_nobody_needs_may_go(shape: Shape) -> None:
    registry = open_registry(shape.root, shape.spec)
    family(registry)
    for nth in range(4):
        add(registry, b"churn %d" % nth)
    add(registry, b"young", at="2026-05-31T00:00:00+00:00")
    add(registry, b"last")
    for number in (1, 2):
        set_alias(
            registry,
            "churn",
            "production",
            number,
            expected=aliases(registry, "churn").get("production"),
            cause=cause(f"2026-01-0{number}T00:00:00+00:00"),
        )
    remove_alias(registry, "churn", "production", expected=2, cause=cause("2026-05-01T00:00:00+00:00"))
    keep = Keep(last=1, days=30, promoted_days=60)
    going, kept = judged(registry, keep, NOW)
    assert [(one.name, one.number) for one in going] == [("churn", 1), ("churn", 3), ("churn", 4)]
    why = {f"{one.name}:{one.number}": one.why for one in kept}
    assert why["churn:2"] == "churn@production pointed to it until 2026-05-01"
    assert why["churn:5"] == "it was registered in the last 30 days"
    assert why["churn:6"] == "it is the last one"
    assert why["stack:1"] == "stack@production points to it"
    assert why["base:1"] == "stack:1 was made of it"
    assert why["dataset/loans:1"].endswith("was made from it")
    with unindexed():
        assert judged(registry, keep, NOW) == (going, kept)
    forever = {f"{one.name}:{one.number}" for one in judged(registry, Keep(last=1, days=30), NOW)[0]}
    assert forever == {"churn:3", "churn:4"}, "what was promoted once stays where no end is given"
    before = log(registry)
    assert sorted(one.number for one in remove(registry, going, head(registry)[0])) == [1, 3, 4]
    assert [one.entry.number for one in versions(registry, "churn")] == [2, 5, 6]
    assert verify_files(registry) == verify_log(registry) == ()
    assert log(registry) == before, "the log is never cut"
    assert stood_at(registry, "churn", "production", "2026-01-01T12:00:00+00:00") == 1
    collect(registry, older_than=0)
    assert verify_files(registry) == ()
    gone = hashlib.sha256(b"churn 0").hexdigest()
    assert not registry.files.has(gone), "its bytes are gone with it"
    assert search(registry, "number > 0") == searched_whole(registry, "number > 0")
    assert add(registry, b"churn 0") == 7, "a number is never given twice"
    assert add(registry, b"churn 1") == 2
    assert [one.number for one in judged(registry, keep, NOW)[0]] == [6]


def test_what_became_needed_meanwhile_stays(shape: Shape) -> None:
    registry = open_registry(shape.root, shape.spec)
    for nth in range(3):
        add(registry, b"churn %d" % nth)
    keep = Keep(last=1, days=None)
    going, _ = judged(registry, keep, NOW)
    assert [one.number for one in going] == [1, 2]
    length = head(registry)[0]
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    with pytest.raises(StepFailed) as failed:
        list(remove(registry, going, length))
    assert rule_of(failed) == "version-kept"
    add(registry, b"stack", name="stack", members={"churn": made_of(registry, "churn", 2)})
    with pytest.raises(StepFailed, match="registered meanwhile") as failed:
        list(remove(registry, [Judged("churn", 2, OLD, "")], head(registry)[0]))
    assert rule_of(failed) == "version-kept"
    with pytest.raises(StepFailed, match="last version"):
        list(remove(registry, [Judged("churn", 3, OLD, "")], head(registry)[0]))
    assert len(versions(registry, "churn")) == 3


def test_what_was_made_of_others_goes_before_them(shape: Shape) -> None:
    registry = open_registry(shape.root, shape.spec)
    for name in ("base", "stack"):
        for nth in range(2):
            members = {"base": made_of(registry, "base", 1)} if (name, nth) == ("stack", 0) else {}
            add(registry, b"%d" % nth, name=name, members=members)
    going, _ = judged(registry, Keep(last=1, days=None), NOW)
    gone = [f"{one.name}:{one.number}" for one in remove(registry, going, head(registry)[0])]
    assert gone == ["stack:1", "base:1"]


def history(registry: Registry) -> None:
    """Everything a registry can hold: revisions, data, aliases that moved and went, versions that were collected."""
    family(registry)
    for nth in range(4):
        add(registry, b"churn %d" % nth, at=LATER)
    add(registry, b"churn 1", owner="risk-ml", at="2025-01-01T00:00:00+00:00")
    moves: list[tuple[int | None, int]] = [(None, 1), (1, 2), (2, 4)]
    for before, number in moves:
        set_alias(registry, "churn", "production", number, expected=before, cause=cause())
    set_alias(registry, "churn", "staging", 3, expected=None, cause=cause())
    remove_alias(registry, "churn", "staging", expected=3, cause=cause())
    gone = [Judged("churn", 1, OLD, ""), Judged("churn", 3, OLD, "")]
    list(remove(registry, gone, head(registry)[0]))
    collect(registry, older_than=0)


def copied(source: Registry, destination: Registry) -> Proof:
    list(copy(source, destination, missing(source, destination)))
    return proven(source, destination)


@pytest.fixture
def other(tmp_path: Path) -> Registry:
    return open_registry(tmp_path / "other", SPECS["filesystem"])


def test_a_copy_is_the_same_there_and_back(shape: Shape, other: Registry, tmp_path: Path) -> None:
    registry = open_registry(shape.root, shape.spec)
    history(other)
    proof = copied(other, registry)
    assert (proof.models, proof.datasets, proof.versions, proof.revisions) == (5, 1, 9, 10)
    assert (proof.lines, proof.aliases, proof.further) == (6, 2, [])
    assert log(registry) == log(other)
    assert verify_files(registry) == verify_log(registry) == ()
    assert versions(registry, "churn") == versions(other, "churn")
    assert search(registry, 'owner = "risk-ml"') == search(other, 'owner = "risk-ml"') != ()
    with registry.catalogue.look() as view:
        assert not isinstance(view, Indexed) or view.unnoted() == ()
    back = open_registry(tmp_path / "back", SPECS["hybrid"])
    assert copied(registry, back) == proof == proven(other, back)
    nothing = missing(other, registry)
    assert (nothing.versions, nothing.lines, nothing.files) == ({}, (), ())
    assert add(registry, b"new") == 5, "and it goes on as the first would"


def test_a_copy_goes_on_where_the_source_has_grown(shape: Shape, other: Registry) -> None:
    registry = open_registry(shape.root, shape.spec)
    history(registry)
    copied(registry, other)
    add(registry, b"churn 9")
    add(registry, b"churn 1", owner="fraud", at="2026-02-01T00:00:00+00:00")
    set_alias(registry, "churn", "production", 5, expected=4, cause=cause())
    found = missing(registry, other)
    assert (found.versions, len(found.lines)) == ({("churn", 2): 2, ("churn", 5): 0}, 1)
    with pytest.raises(StepFailed) as failed:
        proven(registry, other)
    assert rule_of(failed) == "copy-differs"
    assert copied(registry, other).revisions == 12
    gone = [Judged("churn", 2, OLD, "")]
    list(remove(registry, gone, head(registry)[0]))
    assert copied(registry, other).further == ["churn:2"], "what the source let go of stays in the copy"


def test_a_destination_that_holds_something_else_is_left_alone(shape: Shape, other: Registry) -> None:
    registry = open_registry(shape.root, shape.spec)
    add(other, b"a")
    add(registry, b"b")
    add(registry, b"c")
    before = versions(registry, "churn")
    with pytest.raises(StepFailed) as failed:
        copied(other, registry)
    assert rule_of(failed) == "copy-differs"
    said = [one.detail for one in failed.value.diagnostics]
    assert len(said) == 2, "all that differs is said at once"
    assert "churn:1 is another version" in said[0]
    assert "gone on by itself" in said[1]
    assert versions(registry, "churn") == before


@pytest.mark.parametrize("kind", ["line", "description"])
def test_two_histories_are_never_mixed(shape: Shape, other: Registry, kind: str) -> None:
    registry = open_registry(shape.root, shape.spec)
    for one, word in ((registry, "x"), (other, "y")):
        add(one, b"a")
        if kind == "line":
            set_alias(one, "churn", word, 1, expected=None, cause=cause())
        else:
            add(one, b"a", owner=word)
    with pytest.raises(StepFailed) as failed:
        copied(other, registry)
    assert rule_of(failed) == "copy-differs"


def test_a_proof_reads_the_bytes(shape: Shape, other: Registry) -> None:
    registry = open_registry(shape.root, shape.spec)
    history(other)
    copied(other, registry)
    card = version(registry, "churn", 2).entry.files["card"]
    shape.overwrite(registry, card, b"Card")
    with pytest.raises(StepFailed, match="Bytes of the destination"):
        proven(other, registry)
    registry.files.remove(card)
    with pytest.raises(StepFailed, match="are not there"):
        proven(other, registry)
    assert copied(other, registry).versions == 9, "copying again mends it"


class Stopped(Exception):
    """What a kill looks like from outside."""


@contextmanager
def stopping(registry: Registry, after: int) -> Iterator[Registry]:
    """A registry whose writes stop: each change of its catalogue and each file counts as one."""
    left = after

    def counted(act: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Stopped
            return act(*arguments)

        return counting

    class Wrapped:
        def __init__(self, inner: Any, **replaced: Any) -> None:
            self.__dict__.update(replaced, _inner=inner)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    yield Registry(
        catalogue=Wrapped(registry.catalogue, change=counted(registry.catalogue.change)),
        files=Wrapped(registry.files, put=counted(registry.files.put)),
    )


def test_a_copy_that_is_stopped_anywhere_goes_on(shape: Shape, other: Registry) -> None:
    registry = open_registry(shape.root, shape.spec)
    history(other)
    stops = 0
    while True:
        with stopping(registry, 2) as fragile:
            try:
                list(copy(other, fragile, missing(other, fragile)))
                break
            except Stopped:
                stops += 1
        assert verify_files(registry) == (), "no version names bytes that are not there"
        assert log(registry) == log(other)[: len(log(registry))]
    assert stops > 8
    proven(other, registry)


@contextmanager
def unindexed() -> Iterator[None]:
    """Whatever is asked of an index is found out by reading all."""
    with (
        mock.patch("mlc.drivers.registry.lineage.Indexed", _Never),
        mock.patch("mlc.drivers.registry.retention.Indexed", _Never),
    ):
        yield


class _Never:
    pass
