"""The lines that differ between what stands in a file and what is to stand there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.plan.changes import lines_between

LINES = st.lists(st.sampled_from(["a", "b", "", "- x", "+ y", "@@ z", "--- q"]), max_size=12)


def patched(before: list[str], diff: str) -> list[str]:
    """What a unified difference makes of a text."""
    after, at = [], 0
    for line in diff.splitlines()[2:]:
        if line.startswith("@@"):
            start = int(line.split()[1].split(",")[0][1:])
            start = start - 1 if line.split()[1].partition(",")[2] != "0" else start
            after += before[at:start]
            at = start
        elif line.startswith("+"):
            after.append(line[1:])
        elif line.startswith("-"):
            at += 1
        else:
            after.append(before[at])
            at += 1
    return after + before[at:]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(LINES.filter(bool), LINES)
def test_the_difference_makes_the_one_out_of_the_other(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before) + "\n", "\n".join(after) + "\n" if after else ""
    added, removed, diff = lines_between(old.encode(), new.encode(), "file")
    assert patched(before, diff) == after
    assert added - removed == len(after) - len(before)
    assert (diff == "") == (before == after)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"", b"a\nb\n", (2, 0)),
        (b"a\0\n", b"a\0\nb\n", (1, 0)),
        (b"\xff\n", b"a\n", (1, 1)),
        (b"a\n" * 6000, b"a\n" * 6000 + b"b\n", (1, 0)),
        (b"x" * 300_000, b"y" * 300_000, (1, 1)),
    ],
    ids=["new", "zero", "not UTF-8", "many lines", "long lines"],
)
def test_what_cannot_be_compared_line_by_line_is_counted(
    before: bytes, after: bytes, expected: tuple[int, int]
) -> None:
    assert lines_between(before, after, "file") == (*expected, "")
