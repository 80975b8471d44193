"""Copying registries of any history from shape to shape, and back."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.drivers.registry import (
    Registry,
    aliases,
    head,
    log,
    models,
    open_registry,
    remove_alias,
    set_alias,
    verify,
    versions,
)
from mlc.drivers.registry.copying import copy, missing, proven
from mlc.drivers.registry.retention import remove
from mlc.ir.operation import StepFailed
from mlc.ir.retention import Judged
from stages.registry.lasting import add, add_data
from stages.registry.making import SPECS, cause

NAMES, NUMBERS = st.sampled_from(["churn", "fraud"]), st.integers(1, 3)
ACTS = st.one_of(
    st.tuples(
        st.just("version"), NAMES, st.sampled_from([b"a", b"b", b"c"]), st.sampled_from(["", "x", "y"])
    ),
    st.tuples(st.just("data"), st.sampled_from(["1" * 64, "2" * 64])),
    st.tuples(st.just("point"), NAMES, st.sampled_from(["production", "staging"]), NUMBERS),
    st.tuples(st.just("unpoint"), NAMES, st.sampled_from(["production", "staging"])),
    st.tuples(st.just("let go"), NAMES, NUMBERS),
)


def done(registry: Registry, act: tuple[Any, ...]) -> None:
    """One step of a history; what is refused is no step."""
    match act:
        case ("version", name, onnx, owner):
            add(registry, onnx, name=name, owner=owner)
        case ("data", train):
            add_data(registry, train)
        case ("point", name, alias, number):
            now = aliases(registry, name).get(alias)
            _tried(lambda: set_alias(registry, name, alias, number, expected=now, cause=cause()))
        case ("unpoint", name, alias):
            now = aliases(registry, name).get(alias)
            if now is not None:
                remove_alias(registry, name, alias, expected=now, cause=cause())
        case ("let go", name, number):
            going = [Judged(name, number, "", "")]
            _tried(lambda: list(remove(registry, going, head(registry)[0])))


def _tried(act: Any) -> None:
    try:
        act()
    except StepFailed as failure:
        assert failure.diagnostics[0].rule in ("unknown-version", "version-kept")


def copied(source: Registry, destination: Registry) -> Any:
    list(copy(source, destination, missing(source, destination)))
    return proven(source, destination)


@pytest.mark.parametrize(("here", "there"), [("hybrid", "filesystem"), ("filesystem", "database")])
@settings(max_examples=25, deadline=None)
@given(first=st.lists(ACTS, max_size=10), second=st.lists(ACTS, max_size=5))
def test_any_history_is_the_same_there_and_back(here: str, there: str, first: Any, second: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        roots = [Path(folder) / name for name in ("one", "two", "three")]
        specs = [SPECS[here], SPECS[there], SPECS[here]]
        one, two, three = (open_registry(root, spec) for root, spec in zip(roots, specs, strict=True))
        for act in first:
            done(one, act)
        proof = copied(one, two)
        assert copied(two, three) == proof == proven(one, three)
        for act in second:  # the source grows, and a copy goes on
            done(one, act)
        further = copied(one, two).further
        assert log(one) == log(two)
        for name in [model.name for model in models(one)]:
            gone = [one for one in further if one.startswith(f"{name}:")]
            kept = [each for each in versions(two, name) if f"{name}:{each.entry.number}" not in gone]
            assert tuple(kept) == versions(one, name)
        assert [verify(root, spec) for root, spec in zip(roots, specs, strict=True)] == [()] * 3
