"""The rules in CEL of a definition, on the values that an object has."""

from __future__ import annotations

from typing import Any

import pytest

from mlc.emit.cel import cel_findings, rules_on

NO_DIGIT = "!has(self.name) || !self.name.matches('^[0-9]')"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "immutable"}]},
        "tasks": {
            "items": {
                "x-kubernetes-validations": [
                    {"rule": "!(has(self.a) && has(self.b))", "message": "cannot have both a and b"},
                    {"rule": NO_DIGIT},
                ]
            }
        },
        "all": {
            "additionalProperties": {"x-kubernetes-validations": [{"rule": "self > 0", "message": "low"}]}
        },
    },
}


@pytest.mark.parametrize(
    ("value", "findings"),
    [
        ({"name": "x"}, ()),
        ({"tasks": [{"a": 1}, {"b": 2}], "all": {"x": 1}}, ()),
        ({"tasks": [{"a": 1}, {"a": 1, "b": 2}]}, ("tasks.1: cannot have both a and b",)),
        ({"tasks": [{"name": "1st"}]}, (f"tasks.0: it breaks the rule {NO_DIGIT}",)),
        ({"all": {"x": 1, "y": 0}}, ("all.y: low",)),
        ({"unknown": {"x": 0}}, ()),
    ],
)  # fmt: skip
def test_rules_are_evaluated_where_there_is_a_value(value: dict[str, Any], findings: tuple[str, ...]) -> None:
    assert cel_findings(list(rules_on(value, SCHEMA))) == findings


def test_a_rule_that_cannot_be_evaluated_is_a_finding() -> None:
    (finding,) = cel_findings(list(rules_on({"all": {"x": "text"}}, SCHEMA)))
    assert finding.startswith("all.x: ")
