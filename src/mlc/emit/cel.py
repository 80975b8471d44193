"""The rules in CEL that a CustomResourceDefinition has beside its schema (`x-kubernetes-validations`).

Rules that compare with what was there before (`oldSelf`) do not apply to an object that is made, and are not evaluated.
Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions", section on validation rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Applied(NamedTuple):
    """A rule on the value that it is about."""

    path: str
    rule: str
    message: str
    value: Any


def rules_on(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[Applied]:
    """Every rule of a structural schema that an object has a value for."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" not in rule["rule"]:
            yield Applied(
                path, rule["rule"], rule.get("message", f"it breaks the rule {rule['rule']}"), value
            )
    if isinstance(value, Mapping):
        others = schema.get("additionalProperties")
        for name, child in value.items():
            below = schema.get("properties", {}).get(name, others)
            if isinstance(below, Mapping):
                yield from rules_on(child, below, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for place, child in enumerate(value):
            yield from rules_on(child, schema["items"], f"{path}.{place}")


def cel_findings(rules: list[Applied]) -> tuple[str, ...]:
    """The rules that do not hold. Raises ImportError where no evaluator of CEL is installed."""
    import cel

    findings = []
    for applied in rules:
        try:
            holds = cel.evaluate(applied.rule, {"self": applied.value})
        except (RuntimeError, TypeError, ValueError) as error:  # of a value that the schema refuses, too
            findings.append(f"{applied.path}: the rule {applied.rule!r} cannot be evaluated: {error}")
            continue
        if holds is not True:
            findings.append(f"{applied.path}: {applied.message}")
    return tuple(findings)
