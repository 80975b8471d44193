"""JSON over several lines comes out as Python's own encoder writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlc.emit import quoting

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([1, 2, 4]))
def test_as_python_writes_it(value: Any, indent: int) -> None:
    written = quoting.json(value, indent)
    assert json.loads(written) == value
    expected = json.dumps(value, ensure_ascii=False, indent=indent)
    if expected.replace("\n", "").isprintable():  # else it is escaped
        assert written == expected


@pytest.mark.parametrize("value", [{"a": "\ud800"}, [], {}, [[], {}], 10**30, 1e-7])
def test_what_is_rare(value: Any) -> None:
    assert json.loads(quoting.json(value, 2)) == value
