"""A Kubernetes object against the schema of its CustomResourceDefinition, as strictly as an API server
that was asked for `fieldValidation=Strict`: a field that the schema does not know is a finding.

Its rules in CEL are evaluated by `cel`; defaulting and admission webhooks are not.
Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions", section on structural schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z"
_LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z"
_LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z"
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_JUNCTORS = ("allOf", "anyOf", "oneOf", "not")
_CONSTRAINTS = (
    "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
    "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "multipleOf", "required",
)  # fmt: skip

_METADATA: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": _NAME, "maxLength": 63},
        "namespace": {"type": "string", "pattern": _NAME, "maxLength": 63},
        "labels": {
            "type": "object",
            "propertyNames": {"pattern": _LABEL_KEY},
            "additionalProperties": {"type": "string", "pattern": _LABEL_VALUE},
        },
        "annotations": {
            "type": "object",
            "propertyNames": {"pattern": _LABEL_KEY},
            "additionalProperties": {"type": "string"},
        },
        "finalizers": {"type": "array", "items": {"type": "string"}},
    },
}


def crd_findings(document: Any, definition: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with an object, each with the path of the field; empty when nothing is.

    `definition` is the CustomResourceDefinition (`apiextensions.k8s.io/v1`) as plain data.
    """
    if not isinstance(document, Mapping):
        return ("the document is not an object",)
    spec = definition["spec"]
    versions = {
        f"{spec['group']}/{version['name']}": version for version in spec["versions"] if version["served"]
    }
    version = versions.get(str(document.get("apiVersion")))
    if version is None or document.get("kind") != spec["names"]["kind"]:
        return (
            f"apiVersion {document.get('apiVersion')!r} and kind {document.get('kind')!r} are not what is "
            f"defined: {', '.join(versions)} and {spec['names']['kind']}",
        )
    schema = strict_schema(version["schema"]["openAPIV3Schema"], root=True)
    errors = _validator()(schema).iter_errors(_with_name(document))
    return tuple(sorted(finding for error in errors for finding in _in_words(error)))


def _with_name(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with the name that the API server makes of `generateName`: five characters after it."""
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping) or "name" in metadata or "generateName" not in metadata:
        return document
    others = {key: value for key, value in metadata.items() if key != "generateName"}
    return {**document, "metadata": {**others, "name": f"{metadata['generateName']}0a1b2"}}


def schema_of(document: Any, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The structural schema of the version that an object says it is of; empty where there is none."""
    said = document.get("apiVersion") if isinstance(document, Mapping) else None
    for version in definition["spec"]["versions"]:
        if said == f"{definition['spec']['group']}/{version['name']}":
            schema: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]
            return schema
    return {}


def strict_schema(schema: Mapping[str, Any], root: bool = False) -> dict[str, Any]:
    """The JSON Schema that refuses what a structural schema does not name."""
    strict: dict[str, Any] = {key: schema[key] for key in (*_CONSTRAINTS, *_JUNCTORS) if key in schema}
    if schema.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
        strict.pop("anyOf", None)
    elif "type" in schema:
        strict["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
    if schema.get("format") in _RANGES:
        low, high = _RANGES[schema["format"]]
        strict["minimum"] = max(low, strict.get("minimum", low))
        strict["maximum"] = min(high, strict.get("maximum", high))
    if "items" in schema:
        strict["items"] = strict_schema(schema["items"])
    if keys := schema.get("x-kubernetes-list-map-keys"):
        strict["x-kubernetes-list-map-keys"] = keys
    if schema.get("x-kubernetes-list-type") == "set":
        strict["uniqueItems"] = True
    if schema.get("type") == "object":
        strict |= _strict_object(schema, root)
    return strict


def _strict_object(schema: Mapping[str, Any], root: bool) -> dict[str, Any]:
    properties = {name: strict_schema(child) for name, child in schema.get("properties", {}).items()}
    if root or schema.get("x-kubernetes-embedded-resource"):
        text = {"type": "string", "minLength": 1}
        properties |= {"apiVersion": text, "kind": text, "metadata": _METADATA}
    strict: dict[str, Any] = {"properties": properties}
    others = schema.get("additionalProperties", False)
    if isinstance(others, Mapping):
        strict["additionalProperties"] = strict_schema(others)
    elif not others and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict["additionalProperties"] = False
    return strict


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend as _extend

    extend: Any = _extend  # the library's stubs leave it untyped

    def unique_by_keys(validator: Any, keys: list[str], items: Any, _: Any) -> Iterator[ValidationError]:
        if not validator.is_type(items, "array"):
            return
        seen = set()
        for item in items:
            key = tuple(str(item.get(name)) for name in keys) if isinstance(item, Mapping) else ()
            if key in seen:
                yield ValidationError(f"two entries have the same {' and '.join(keys)}")
            seen.add(key)

    return extend(Draft202012Validator, {"x-kubernetes-list-map-keys": unique_by_keys})


def _in_words(error: Any) -> Iterator[str]:
    path = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties":
        for name in sorted(set(error.instance) - set(error.schema.get("properties", {}))):
            yield f"{path + '.' if path else ''}{name}: the definition has no such field"
    else:
        yield f"{path or '(the object)'}: {error.message}"
