"""The parameters of an estimator that is trained for several tasks: those of any, and what is otherwise in each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlc.drivers._parameter_schemas import Parameters, Schema, default_of, merged


def together(found: Sequence[Parameters]) -> Parameters:
    """What may be set in some task: for an editor, which does not know the task. What is refused, denied or required
    is so in every one."""
    first, rest = found[0], found[1:]
    names = dict.fromkeys(name for one in found for name in one.properties)
    return Parameters(
        properties={
            name: _any([one.properties[name] for one in found if name in one.properties]) for name in names
        },
        refused={
            name: why for name, why in first.refused.items() if all(name in one.refused for one in rest)
        },
        denied={
            name: limit
            for name, limit in first.denied.items()
            if all(one.denied.get(name) == limit for one in rest)
        },
        required=[name for name in first.required if all(name in one.required for one in rest)],
    )


def apart(one: Parameters, common: Parameters) -> dict[str, Any]:
    """What a task has otherwise than `common`: `properties` (null where there is none), and whole what else differs."""
    properties = {
        name: one.properties.get(name)
        for name in common.properties
        if one.properties.get(name) != common.properties[name]
    }
    whole = {
        "required": (one.required, common.required),
        "x-mlc-not-settable": (one.refused, common.refused),
        "x-mlc-denied": (one.denied, common.denied),
    }
    differs = {name: mine for name, (mine, theirs) in whole.items() if mine != theirs}
    return ({"properties": properties} if properties else {}) | differs


def _any(schemas: Sequence[Schema]) -> Schema:
    if all(schema == schemas[0] for schema in schemas):
        return schemas[0]
    branches: list[Schema] = []
    for schema in schemas:
        bare = {key: value for key, value in schema.items() if key != "default"}
        branches += bare.get("anyOf", [bare])
    kept = default_of(schemas[0]["default"]) if "default" in schemas[0] else {}
    return merged(_enumerated_once(branches)) | kept


def _enumerated_once(branches: Sequence[Schema]) -> list[Schema]:
    """The branches with their enumerations as one."""
    others = [branch for branch in branches if "enum" not in branch]
    truths = any(branch.get("type") == "boolean" for branch in others)
    values = [
        value
        for branch in branches
        for value in branch.get("enum", ())
        if not (truths and isinstance(value, bool))
    ]
    # true and 1 are equal to Python, and not to JSON
    once = list({(type(value), value): value for value in values}.values())
    return [*others, *([{"enum": once}] if once else [])]
