"""Searching a registry: what a search means, and what is said of one that means nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlc.drivers.registry.search import parsed
from mlc.ir.operation import StepFailed
from stages.registry.making import rule_of

FACTS: dict[str, Any] = {
    "name": "churn",
    "number": 3,
    "owner": "risk-ml",
    "gated": True,
    "tags": ["tabular", "west"],
    "alias": ["production"],
    "params": {"max_iter": 100, "solver": "lbfgs"},
    "metrics": {"roc_auc": {"value": 0.93, "low": 0.91, "high": None}},
    "created": "2026-01-01T12:00:00+00:00",
}


@pytest.mark.parametrize(
    "asked",
    [
        'metrics.roc_auc.low > 0.9 and owner = "risk-ml"',
        "owner == 'risk-ml' or number = 9",
        "not number < 3",
        "0.9 < metrics.roc_auc.value <= 0.93",
        'tags = "west"',
        '"west" in tags and "east" not in tags',
        "gated",
        "gated = true and not gated = false",
        'alias = "production"',
        "metrics.roc_auc.high = null",
        "metrics.accuracy.value = null",
        'metrics.accuracy.value != 1 and owner != "="',
        '"risk" in owner',
        'created >= "2026"',
        "params.max_iter >= 100 and params.solver in 'lbfgs newton'",
        "number > -1",
    ],
)
def test_what_a_search_fits(asked: str) -> None:
    assert parsed(asked)(FACTS)


@pytest.mark.parametrize(
    "asked",
    [
        "metrics.roc_auc.high > 0",  # what is not known is neither more nor less
        "metrics.roc_auc.high <= 9",
        "metrics.accuracy.value > 0",
        "metrics.accuracy.value < 0",
        'number > "2"',
        'number = "3"',
        "gated = 1",
        "gated > 0",
        "owner",
        "owner.deeper = 1",
        'tags = "east"',
    ],
)
def test_what_it_does_not_fit(asked: str) -> None:
    assert not parsed(asked)(FACTS)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("metric.roc_auc.low > 0.9", 'Did you mean "metrics"?'),
        ("owner = risk", "quotation marks"),
        ("owner =", "cannot be understood"),
        ("", "cannot be understood"),
        ("1 + 1", "nothing that is true or false"),
        ("'churn'", "nothing that is true or false"),
        ("name()", "nothing that is true or false"),
        ("name = open('x')", "facts, numbers, texts"),
        ("name is null", "it compares by"),
        ("[number for number in name] = 1", "facts, numbers, texts"),
        ("number = 1 and " * 300 + "gated", "are the most"),
        ("not " * 400 + "gated", ""),
    ],
)
def test_what_means_nothing_is_said(asked: str, says: str) -> None:
    if asked.startswith("not not"):
        assert parsed(asked)(FACTS)
        return
    with pytest.raises(StepFailed) as failed:
        parsed(asked)
    assert rule_of(failed) == "bad-search"
    found = failed.value.diagnostics[0]
    assert says in f"{found.detail} {found.help}"


@given(st.text(max_size=60))
def test_any_text_is_a_search_or_told_to_be_none(asked: str) -> None:
    try:
        assert parsed(asked)(FACTS) in (True, False)
    except StepFailed as failure:
        assert failure.diagnostics[0].rule == "bad-search"
