"""The strict reading of a CustomResourceDefinition."""

from __future__ import annotations

from typing import Any

import pytest

from mlc.emit.crd import crd_findings

SPEC: dict[str, Any] = {
    "type": "object",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "format": "int32", "minimum": 1},
        "quantity": {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": "^[0-9]+(Mi)?$",
        },
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "open": {"type": "object", "additionalProperties": {"type": "string"}},
        "maybe": {"type": "string", "nullable": True},
        "named": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "template": {"type": "object", "x-kubernetes-embedded-resource": True},
        "either": {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
    },
}
DEFINITION: dict[str, Any] = {
    "spec": {
        "group": "example.io",
        "names": {"kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            },
            {"name": "v0", "served": False, "schema": {"openAPIV3Schema": {"type": "object"}}},
        ],
    }
}


def findings(metadata: dict[str, Any] | None = None, **spec: Any) -> tuple[str, ...]:
    thing = {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": metadata or {"name": "a"}}
    return crd_findings({**thing, "spec": {"size": 1, **spec}}, DEFINITION)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"quantity": 5},
        {"quantity": "5Mi"},
        {"free": {"any": {"thing": 1}}},
        {"open": {"a": "b"}},
        {"maybe": None},
        {"named": [{"name": "a"}, {"name": "b"}]},
        {"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}},
        {"either": {"a": "x"}},
    ],
)
def test_what_fits_has_no_findings(spec: dict[str, Any]) -> None:
    assert findings(**spec) == ()


@pytest.mark.parametrize(
    ("spec", "finding"),
    [
        ({"sise": 1}, "spec.sise: the definition has no such field"),
        ({"size": "1"}, "spec.size: '1' is not of type 'integer'"),
        ({"size": 2**31}, "spec.size: 2147483648 is greater than the maximum of 2147483647"),
        ({"size": 0}, "spec.size: 0 is less than the minimum of 1"),
        ({"quantity": "5MB"}, "spec.quantity: '5MB' does not match"),
        ({"quantity": True}, "spec.quantity: True is not of type 'integer', 'string'"),
        ({"open": {"a": 1}}, "spec.open.a: 1 is not of type 'string'"),
        ({"open": None}, "spec.open: None is not of type 'object'"),
        ({"named": [{"name": "a"}, {"name": "a"}]}, "spec.named: two entries have the same name"),
        ({"named": [{"name": "a", "x": 1}]}, "spec.named.0.x: the definition has no such field"),
        ({"set": ["a", "a"]}, "spec.set: "),
        ({"template": {"spec": {}}}, "spec.template.spec: the definition has no such field"),
        ({"either": {"a": "x", "b": "y"}}, "spec.either: "),
    ],
)
def test_what_does_not_fit_is_named(spec: dict[str, Any], finding: str) -> None:
    found = findings(**spec)
    assert len(found) == 1
    assert found[0].startswith(finding)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"name": "a_b"},
        {"name": "a\n"},
        {"name": "a" * 64},
        {"name": "a", "label": {}},
        {"name": "a", "labels": {"a b": "c"}},
        {"name": "a", "labels": {"a": "b_"}},
        {"name": "a", "annotations": {"a": 1}},
    ],
)
def test_metadata_is_held_to_kubernetes_own_rules(metadata: dict[str, Any]) -> None:
    document = {"apiVersion": "example.io/v1", "kind": "Thing", "metadata": metadata, "spec": {"size": 1}}
    assert len(crd_findings(document, DEFINITION)) == 1


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"apiVersion": "example.io/v0", "kind": "Thing"},
        {"apiVersion": "example.io/v1", "kind": "Thin"},
    ],
)
def test_another_document_is_refused(document: Any) -> None:
    assert len(crd_findings(document, DEFINITION)) == 1
