"""Whatever a request says, it is answered or refused with a sentence; nothing else happens."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.drivers._bundle import current
from mlc.drivers._protocol import Asked, answer, read_request
from mlc.drivers._serving import Loaded, Refused, infer, load
from stages.serve._model import deploy, place, request

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["FP32", "BYTES", "BOOL", "age", "city", "label"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "shape", "data", "datatype", "parameters", "binary_data_size"]), inner
        )
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    root: Path = tmp_path_factory.mktemp("project")
    deploy(root)
    return load(current(place(root)))


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a JSON value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, inner in steps for path in places(inner, (*at, key)))]


def ask(loaded: Loaded, body: bytes) -> tuple[Asked | None, str]:
    try:
        return read_request(loaded, body, 100), ""
    except Refused as refused:
        return None, str(refused)


WHOLE = {**request(30, 41), "id": "a", "outputs": [{"name": "label"}, {"name": "probabilities"}]}


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(path=st.sampled_from(places(WHOLE)), value=VALUES)
def test_a_request_with_anything_anywhere_is_answered_or_refused(
    loaded: Loaded, path: tuple[Any, ...], value: Any
) -> None:
    body = copy.deepcopy(WHOLE) if path else value
    if path:
        inside: Any = body
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = value
    asked, refusal = ask(loaded, orjson.dumps(body))
    if asked is None:
        assert refusal.endswith(".")
        assert len(refusal) < 400
        return
    try:
        answers = infer(loaded, asked.feeds, asked.outputs)
    except ArithmeticError:
        assert np.isnan(asked.feeds["age"]).any()
        return
    told = orjson.loads(answer(loaded, asked, answers))
    assert [one["shape"][0] for one in told["outputs"]] == [asked.rows] * len(asked.outputs)
