"""Whatever a file of tests holds, it is answered: by diagnostics, or by cases that pass or fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc import trial
from mlc.report import trial_json, trial_junit, trial_text
from mlc.report.terminal import Paint
from rules.project import lay

SIGNS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))  # others are no YAML at all
WORDS = st.one_of(
    st.text(SIGNS, max_size=12),
    st.sampled_from(
        [
            "",
            ".",
            "model",
            "model.churn",
            "model.churn.train.params",
            "vars",
            "[0]",
            "a..b",
            "${vars.x}",
            "???",
        ]
    ),
)
FILES = st.sampled_from(
    ["mlc.yaml", "env/dev.yaml", "model/churn.yaml", "gate/new.yaml", "x.yaml", "model/_l.yaml"]
)
TEXTS = st.one_of(
    st.none(),
    st.text(SIGNS, max_size=30),
    st.sampled_from(
        ["{}", "[", "defaults: [x]", "mlc: 1\nproject: a\nowner: b\nenvironments: [x, y]\n", "a: ${b}"]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(WORDS, inner, max_size=2)),
    max_leaves=4,
)
CASE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "expect": st.fixed_dictionaries(
            {"diagnostics": st.just([])},
            optional={
                "values": st.dictionaries(WORDS, VALUES, max_size=3),
                "absent": st.lists(WORDS, max_size=3),
                "plan": st.dictionaries(
                    st.sampled_from(["model.churn", "gate.new", "deployment.local"]),
                    st.sampled_from(["create", "unchanged", "rename"]),
                ),
                "artifacts": st.dictionaries(WORDS, st.sampled_from(["absent", "snapshot"]), max_size=2),
            },
        )
    },
    optional={
        "env": st.sampled_from(["dev", "all", "x", ""]),
        "overrides": st.lists(WORDS, max_size=2),
        "inputs": st.dictionaries(WORDS, st.one_of(st.booleans(), st.integers(), WORDS), max_size=2),
        "files": st.dictionaries(FILES, TEXTS, max_size=3),
    },
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = lay(tmp_path_factory.mktemp("project"))
    (root / "tests").mkdir()
    return root


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(SIGNS, min_size=1, max_size=100), CASE, min_size=1, max_size=2))
def test_is_answered(root: Path, cases: dict[str, Any]) -> None:
    text = json.dumps({"cases": cases}, ensure_ascii=False)  # JSON is YAML
    (root / "tests" / "it.mlctest.yaml").write_text(text, encoding="utf-8")
    found = trial.run(root, coverage=True)
    if found.result is None:
        assert found.diagnostics
        return
    for form in (trial_json.result, trial_junit.result, lambda result: trial_text.result(result, Paint())):
        assert form(found.result)
    for case in found.result.cases:
        assert case.passed == (not case.failures)
