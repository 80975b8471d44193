"""Whether a value is one that a parameter of an estimator takes."""

from __future__ import annotations

from typing import Any


def is_valid(value: Any, field: dict[str, Any]) -> bool:
    """Whether a value fits the few keywords that parameters use.

    Every run checks every parameter, and importing jsonschema for that would cost more than all the rest;
    a test holds that the two agree. Only a map, which is rare, is left to it.
    """
    if isinstance(value, dict):
        from jsonschema import Draft202012Validator

        return Draft202012Validator(field).is_valid(value)
    if "anyOf" in field:
        return any(is_valid(value, branch) for branch in field["anyOf"])
    if isinstance(field.get("type"), list):
        return any(is_valid(value, {**field, "type": name}) for name in field["type"])
    if "enum" in field:
        return any(value == choice and type(value) is type(choice) for choice in field["enum"])
    if "type" in field and not isinstance(value, _TYPES[field["type"]]):
        return False
    if isinstance(value, bool) and field.get("type", "boolean") != "boolean":
        return False
    if isinstance(value, list):
        fits = field.get("minItems", 0) <= len(value) <= field.get("maxItems", len(value))
        return fits and all(is_valid(item, field.get("items", {})) for item in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (
            value >= field.get("minimum", value)
            and value <= field.get("maximum", value)
            and ("exclusiveMinimum" not in field or value > field["exclusiveMinimum"])
            and ("exclusiveMaximum" not in field or value < field["exclusiveMaximum"])
        )
    return True


_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (),
}


def is_whole(field: dict[str, Any], ends: list[float]) -> bool:
    """Whether what lies between two ends is tried as whole numbers: the parameter takes these, and no fractions there.

    A parameter may take a whole number from 1 or a share below 1: from 1 to 200 it is the first.
    """
    if any(end != int(end) or not is_valid(int(end), field) for end in ends):
        return False
    return not all(is_valid(float(end), _of_numbers(field)) for end in ends)


def _of_numbers(field: dict[str, Any]) -> dict[str, Any]:
    """The branches of a schema that fractions fit."""
    branches = field.get("anyOf", [field])
    kept = [
        {**branch, "type": "number"}
        for branch in branches
        if "number" in ([branch["type"]] if isinstance(branch.get("type"), str) else branch.get("type", ()))
    ]
    return {"anyOf": kept}
