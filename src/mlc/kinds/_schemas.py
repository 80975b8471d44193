"""The JSON Schemas of everything that enters or leaves, generated from the types.

`python -m mlc.kinds._schemas` writes them to `schemas/`, and their form for editors (`_editor_schemas`) to
`schemas/editor/`; a test holds that this leaves no diff.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from mlc import data, kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def read(name: str) -> dict[str, Any]:
    """A generated schema, from its file."""
    return _read(name)


@cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(data.path("schemas", f"{name}.json").read_bytes())
    return found


def generate() -> dict[str, dict[str, Any]]:
    """Every schema by file name, from the types."""
    schemas = {name: spec_schema(name) for name in (*kinds.names(), "project", "env")}
    schemas |= _documents()
    return {name: {"$schema": DIALECT, "title": name, **schema} for name, schema in sorted(schemas.items())}


def _documents() -> dict[str, dict[str, Any]]:
    """What mlc writes: the documents of `--format json`, the events of apply, and files that others read."""
    from msgspec.json import schema

    from mlc.ir import (
        backend,
        columns_out,
        copying,
        evaluation,
        event,
        installation,
        learning,
        lineage,
        module,
        outputs,
        plan,
        profile,
        registry,
        reproduction,
        retention,
        review_output,
        state,
        tracing_output,
        trial,
        written_output,
    )

    types: dict[str, Any] = {
        "backend": backend.Manifest,
        "mlctest": kinds.kind("mlctest").spec,
        "test": trial.Tested,
        "diagnostics": outputs.Diagnostics,
        "plan": outputs.Plans,
        "diff": review_output.DiffOut,
        "show": outputs.SavedPlanOut,
        "apply": outputs.Applied,
        "drift": outputs.Drifts,
        "doctor": installation.Doctor,
        "render": outputs.Rendered,
        "explain": outputs.Explained,
        "explain-artifact": tracing_output.TracedOut,
        "columns": columns_out.FeaturesOut,
        "fmt": outputs.Formatted,
        "fix": outputs.Fixed,
        "rename": outputs.Renamed,
        "import": outputs.Imported,
        "import-specs": written_output.Translated,
        "migrate": written_output.Migrated,
        "modules": outputs.Modules,
        "lock": module.Lock,
        "event": event.Event,
        "saved-plan": plan.Plan,
        "state": state.State,
        "registry-entry": registry.Entry,
        "dataset-entry": profile.DatasetEntry,
        "dataset-profile": profile.DataProfile,
        "dataset-diff": profile.DatasetDiff,
        "registry-verify": reproduction.Reproduction,
        "registry-lineage": lineage.Lineage,
        "registry-gc": retention.Retention,
        "registry-copy": copying.Copied,
        "evaluation": evaluation.Evaluation,
        "verdict": evaluation.Verdict,
        "learning-curve": learning.LearningCurve,
    }
    return {name: schema(document) for name, document in types.items()}


def spec_schema(name: str) -> dict[str, Any]:
    """The schema of a kind as its author writes it: with Hydra's defaults list."""
    from msgspec.json import schema as schema_of

    schema = schema_of(kinds.kind(name).spec)
    defaults = {
        "description": "The layers this file builds on, as Hydra composes them.",
        "type": "array",
        "x-mlc-change": "none",
    }
    for variant in _top_structs(schema):
        if "discriminator" in schema:
            variant["properties"][schema["discriminator"]["propertyName"]]["x-mlc-change"] = "replace"
        if name != "project":
            variant["properties"] = {"defaults": defaults, **variant["properties"]}
    return schema


def _top_structs(schema: dict[str, Any]) -> list[dict[str, Any]]:
    references = [schema] if "$ref" in schema else schema["anyOf"]
    return [schema["$defs"][reference["$ref"].rpartition("/")[2]] for reference in references]


def as_text(schema: dict[str, Any]) -> str:
    """A schema as its file holds it. That of the estimators is long, and only editors read it: a line for each."""
    import json

    if "definitions" not in schema:
        return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    definitions = schema["definitions"].items()
    lines = [
        f"  {json.dumps(name)}: {json.dumps(one, ensure_ascii=False, separators=(',', ':'))}"
        for name, one in definitions
    ]
    rest = json.dumps({key: one for key, one in schema.items() if key != "definitions"}, ensure_ascii=False)
    return f'{rest[:-1]}, "definitions": {{\n' + ",\n".join(lines) + "\n}}\n"


def main() -> None:
    from mlc.kinds import _editor_schemas

    for name, schema in generate().items():
        data.path("schemas", f"{name}.json").write_text(as_text(schema), encoding="utf-8")
    data.path("schemas", "editor").mkdir(exist_ok=True)
    for name, schema in _editor_schemas.generate().items():
        data.path("schemas", "editor", f"{name}.json").write_text(as_text(schema), encoding="utf-8")


if __name__ == "__main__":
    main()
