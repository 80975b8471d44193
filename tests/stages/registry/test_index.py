"""The index of facts: what it finds is what looking at every version finds, whatever was done before."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.drivers.registry import Registry, open_registry, register, set_alias
from mlc.drivers.registry.catalogue import Indexed
from mlc.drivers.registry.facts import Is
from mlc.drivers.registry.narrowing import narrowed
from mlc.drivers.registry.search import search, searched_whole
from mlc.drivers.registry.versions import catch_up
from mlc.ir.registry import Member, Metric
from stages.registry.former import check_it_is_taken_further, laid
from stages.registry.making import NOON, SPECS, cause, described, put

WORDS = st.sampled_from(["risk-ml", "fraud", "", "Risk-ML", "é", "a" * 200, "a" * 200 + "b", "east", "x y"])
NUMBERS = st.sampled_from([None, 0.0, -0.0, 0.1, 0.9, 0.9000000000000001, 1.0, 1e-9, -3.5, 1e300])
METRICS = st.dictionaries(
    st.sampled_from(["roc_auc", "accuracy"]),
    st.builds(lambda value, low, high: Metric(value=value, low=low, high=high), NUMBERS, NUMBERS, NUMBERS),
)


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "owner": WORDS,
        "tags": st.lists(WORDS, max_size=3),
        "gated": st.booleans(),
        "metrics": METRICS,
        "params": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([1, 2.5, "x", None, True])),
        "members": st.just({"m": Member(model="base", number=1, digest="1" * 64)}),
    },
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["churn", "fraud"]), st.sampled_from([b"a", b"b", b"c"]), FACTS), max_size=6
)

QUOTED = WORDS.map(json.dumps)
FIELDS = st.sampled_from(
    [
        "owner",
        "tags",
        "gated",
        "name",
        "number",
        "alias",
        "task",
        "created",
        "metrics.roc_auc.low",
        "metrics.accuracy.value",
        "metrics.roc_auc.confidence",
        "params.a",
        "data.dataset",
        "data",
    ]
)
CONSTANTS = st.one_of(
    QUOTED,
    st.sampled_from(
        ["0", "1", "-3.5", "0.9", "9007199254740993", "1e999", "true", "false", "null", '"churn"', '"p"']
    ),
)
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "in", "not in"])
COMPARED = st.one_of(
    st.builds("{} {} {}".format, FIELDS, OPERATORS, CONSTANTS),
    st.builds("{} {} {}".format, CONSTANTS, OPERATORS, FIELDS),
    st.builds("{} < {} <= {}".format, CONSTANTS, FIELDS, CONSTANTS),
    st.sampled_from(["gated", "not gated", '"p" in alias']),
)
SEARCHES = st.recursive(
    COMPARED,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=5,
)


def filled(registry: Registry, steps: list[Any]) -> None:
    for name, onnx, facts in steps:
        register(registry, name, {"onnx": onnx}, described(name=name, **facts), NOON)
    if steps:
        set_alias(registry, steps[0][0], "p", 1, expected=None, cause=cause())


@pytest.mark.parametrize("shape", SPECS)
@settings(max_examples=40, deadline=None)
@given(steps=STEPS, searches=st.lists(SEARCHES, min_size=1, max_size=8))
def test_it_finds_what_looking_at_all_finds(shape: str, steps: list[Any], searches: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registry = open_registry(Path(folder), SPECS[shape])
        filled(registry, steps)
        for asked in searches:
            assert search(registry, asked) == searched_whole(registry, asked), asked


@pytest.mark.parametrize(
    ("asked", "is_asked"),
    [
        ('metrics.roc_auc.low > 0.9 and owner = "risk-ml"', True),
        ('owner = "a" or tags = "b"', True),
        ('owner = "a" or params.depth = 3', False),
        ('not owner = "a"', False),
        ("gated", True),
        ('"east" in tags', True),
        ('"risk" in owner', False),
        ("metrics.roc_auc.low = null", False),
    ],
)
def test_what_an_index_is_asked(asked: str, is_asked: bool) -> None:
    assert (narrowed(asked) is not None) == is_asked


@pytest.mark.parametrize("shape", SPECS)
def test_a_search_reads_what_may_fit_alone(shape: str, tmp_path: Path) -> None:
    for nth in range(5):
        put(tmp_path, b"%d" % nth, accuracy=nth / 10, spec=SPECS[shape])
    registry = open_registry(tmp_path, SPECS[shape])
    with registry.catalogue.look() as view:
        assert isinstance(view, Indexed)
        found = view.seek(Is("metrics.accuracy.value", ">", 0.35))
        assert found == {("churn", 5)}
        assert view.unnoted() == ()


@pytest.mark.parametrize("shape", SPECS)
def test_what_version_1_wrote_is_read_and_taken_further(shape: str, tmp_path: Path) -> None:
    laid(shape, tmp_path)
    check_it_is_taken_further(tmp_path, SPECS[shape])


def test_one_registration_catches_up_with_some(tmp_path: Path) -> None:
    registry = laid("hybrid", tmp_path)
    set_alias(registry, "churn", "staging", 1, expected=None, cause=cause())
    with registry.catalogue.look() as view:
        assert isinstance(view, Indexed)
        assert len(view.unnoted()) == 4
    catch_up(registry, most=3)
    with registry.catalogue.look() as view:
        assert isinstance(view, Indexed)
        assert len(view.unnoted()) == 1


def folders(root: Path) -> Registry:
    put(root, b"a", accuracy=0.9, spec=SPECS["filesystem"])
    put(root, b"b", accuracy=0.7, spec=SPECS["filesystem"])
    return open_registry(root, SPECS["filesystem"])


GOOD = "metrics.accuracy.value > 0.8"


def numbers(registry: Registry, asked: str = GOOD) -> list[int]:
    assert search(registry, asked) == searched_whole(registry, asked)
    return [one.entry.number for one in search(registry, asked)]


def test_what_came_into_folders_by_another_way_is_found(tmp_path: Path) -> None:
    """As by a pull: a version and a description that no writer of this machine put there."""
    ours, theirs = folders(tmp_path / "ours"), folders(tmp_path / "theirs")
    assert numbers(ours) == [1]
    put(tmp_path / "theirs", b"c", accuracy=0.95, spec=SPECS["filesystem"])
    put(tmp_path / "theirs", b"b", accuracy=0.85, spec=SPECS["filesystem"])
    assert numbers(theirs) == [1, 2, 3]
    for name in ("models", "files"):
        shutil.copytree(
            tmp_path / "theirs/registry" / name,
            tmp_path / "ours/registry" / name,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=lambda folder, names: [one for one in names if (Path(folder) / one).is_symlink()],
        )
    assert numbers(ours) == [1, 2, 3]
    shutil.rmtree(tmp_path / "ours/registry/models/churn/versions/1")
    assert numbers(ours) == [2, 3]


def test_an_index_that_is_damaged_or_gone_is_made_anew(tmp_path: Path) -> None:
    registry = folders(tmp_path)
    index = tmp_path / "registry/.index"
    assert not index.exists(), "who registers does without"
    assert numbers(registry) == [1]
    assert (index / ".gitignore").read_text() == "*\n"
    (index / "facts.db").write_bytes(b"no database" * 1000)
    for name in ("facts.db-wal", "facts.db-shm"):
        (index / name).unlink(missing_ok=True)
    assert numbers(registry) == [1]
    shutil.rmtree(index)
    assert numbers(registry) == [1]
    with sqlite3.connect(index / "facts.db") as rows:
        rows.execute("PRAGMA user_version = 9")
    rows.close()
    assert numbers(registry) == [1]


def test_folders_that_may_not_be_written_to_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = folders(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    assert numbers(registry) == [1]
    assert not (tmp_path / "registry/.index/facts.db").exists()
