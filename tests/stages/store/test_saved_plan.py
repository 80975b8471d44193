"""A saved plan comes back as it was, or not at all: whatever is changed in it, it is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from mlc.ir.operation import Operation
from mlc.ir.plan import Change, LeftOut, Made, Narrowing, Plan, PlannedArtifact, Read, Step
from mlc.ir.span import Span
from mlc.ir.state import Move
from mlc.store import saved_plan

LINE = Span("model/a.yaml", 1, 2, 1, 3)
PLAN = Plan(
    version=2,
    tool="mlc 0",
    project="shop",
    environment="dev",
    lineage="",
    serial=0,
    steps=(
        Step(
            "move model.b",
            "model.b",
            "move",
            move=Move("model.a", "model.b", ("train",), {"model.b": {"c": 1.0}}),
        ),
        Step(
            "model.b/train",
            "model.b",
            "run",
            "retrain",
            because="because it is so",
            due_to="dataset.d",
            operation=Operation("model.b/train", "d", {"a": [1, 2.5, None, "ü"]}, settles={"o": ("a",)}),
            unknown=("model",),
            stays={"version": 1},
        ),
        Step(
            "model.b",
            "model.b",
            "update",
            changes=(Change("x", {"a": 1}, [True], None, "none", "gone", LINE, (Read("vars.x", LINE),)),),
            spec={"x": []},
        ),
        Step(
            "artifact f",
            "model.b",
            "write",
            artifact=PlannedArtifact("f", "k", "0", b"\0\xff", 1, 0, "@@", 7),
        ),
    ),
    files={"a.csv": "0"},
    tools={"d": {"d": "1"}},
    known={"dataset.d/ingest": {"train": "1"}},
    narrowing=Narrowing(("a",), (), 1, ("model.c",), (LeftOut("model.d", "create", "not selected"),)),
    made=Made("0", "1", {"mlc.yaml": "2"}),
)
SAVED = saved_plan.encode(PLAN)


def test_it_comes_back() -> None:
    assert saved_plan.decode(SAVED) == PLAN
    assert saved_plan.encode(saved_plan.decode(SAVED)) == SAVED


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.integers(0, len(SAVED) - 1), st.integers(1, 255))
@example(len(SAVED) - 1, ord("\n") ^ ord(" "))
@example(1, ord('"') ^ ord(" "))
@example(SAVED.index(b'"digest":"') + 10, 1)
def test_one_other_byte_is_refused(position: int, difference: int) -> None:
    changed = bytearray(SAVED)
    changed[position] ^= difference
    with pytest.raises(ValueError, match=r"^it "):
        saved_plan.decode(bytes(changed))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, len(SAVED)), st.binary(max_size=2), st.integers(0, 2))
def test_one_more_or_less_is_refused(position: int, more: bytes, fewer: int) -> None:
    changed = SAVED[:position] + more + SAVED[position + fewer :]
    if changed != SAVED:
        with pytest.raises(ValueError, match=r"^it "):
            saved_plan.decode(changed)


def test_an_earlier_version_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="it has version 1, and this mlc takes version 2"):
        saved_plan.decode(saved_plan.encode(structs.replace(PLAN, version=1)))
