"""The second form of the schemas: for editors, which see one file at a time.

The checker sees a resource whole, its layers merged and its interpolations resolved. An editor sees one
layer, so here nothing is required (another layer may bring it), every value may be an interpolation, a
union shows the fields of the branch that the file chose and those of all branches where it chose none, and
`params` has the parameters of the estimator. Estimators are told once, in `estimators.json`, which the others
refer to. `mlc schema install` puts these files into a project; `python -m mlc.kinds._schemas` writes them to
`schemas/editor/`.

They are in draft 7 without `$ref` beside other keywords, which every editor understands alike.
"""

from __future__ import annotations

import json
from typing import Any

from mlc import kinds
from mlc.ir.evaluation import METRICS
from mlc.kinds import _code, _estimators, _schemas

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"
OPEN = r"\$\{|^\?\?\?$"  # an interpolation, or OmegaConf's mark of a value that another layer must give
_ANNOTATIONS = ("title", "description", "default", "examples")
_ARTICLES = {
    "integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "a map",
    "array": "a list", "null": "null", "string": "text",
}  # fmt: skip


def generate() -> dict[str, Schema]:
    """Every editor schema by file name: one per kind, `project`, `env`, `mlctest`, `backend`, and the shared
    `estimators`."""
    from msgspec.json import schema as schema_of

    resources = {name: _resource(name) for name in kinds.names()}
    found = {name: _document(name, schema) for name, schema in resources.items()}
    layered = {name: _without_defaults(schema) for name, schema in resources.items()}
    for name in ("project", "env"):
        schema = _resource(name)
        properties = schema["properties"]
        presets = {kind: {"$ref": f"#/$defs/{kind}"} for kind in layered}
        properties["presets"] |= {"properties": presets, "additionalProperties": False}
        if "patch" in properties:
            patches = {kind: _map_of(one) for kind, one in presets.items()}
            properties["patch"] |= {"properties": patches, "additionalProperties": False}
        found[name] = {**_document(name, schema), "$defs": layered}
    tests = schema_of(kinds.kind("mlctest").spec)
    found["mlctest"] = _document("mlctest", _eased(tests, tests, "mlctest", ()))
    backend = schema_of(kinds.kind("backend").spec)
    found["backend"] = _document("backend", _eased(backend, backend, "backend", ()))
    found["estimators"] = _document("estimators", {"definitions": _estimator_definitions()})
    return dict(sorted(found.items()))


def _document(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, **schema, "title": name}


def _map_of(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": schema}


def _without_defaults(schema: Schema) -> Schema:
    """Where a preset or a patch stands there is no defaults list."""
    properties = {name: field for name, field in schema["properties"].items() if name != "defaults"}
    return {**schema, "properties": properties}


def _resource(name: str) -> Schema:
    root = _schemas.spec_schema(name)
    schema = _eased(root, root, name, ())
    if name != "project":
        schema["properties"]["defaults"] = _DEFAULTS
    return schema


_DEFAULTS: Schema = {
    "description": "The layers this file builds on, as Hydra composes them.",
    "type": "array",
    "items": {"anyOf": [{"type": "string"}, {"type": "object", "maxProperties": 1}]},
    "examples": [["_base", "_self_"]],
}


def _eased(schema: Schema, root: Schema, kind: str, path: tuple[str, ...]) -> Schema:
    """A schema of the checker as an editor should have it. `path` is the fields that lead to it."""
    if (kind, path) in _SHARED:
        return {"$ref": f"estimators.json#/definitions/{_SHARED[kind, path]}"}
    outer = {key: value for key, value in schema.items() if key in _ANNOTATIONS or key.startswith("x-mlc-")}
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    made = _annotated({**schema, **outer})
    if "discriminator" in schema:
        return made | _union(schema, root, kind, path)
    if "anyOf" in schema:
        return made | _any_of([_eased(branch, root, kind, path) for branch in schema["anyOf"]])
    if "enum" in schema:
        return made | {"anyOf": [{"enum": schema["enum"]}, _open(schema)]}
    return made | _typed(schema, root, kind, path)


def _annotated(schema: Schema) -> Schema:
    """What people read. Editors show the description and no other keyword, so it tells them all."""
    sentences = [schema["description"]] if "description" in schema else []
    if "x-mlc-ref" in schema:
        sentences.append(f"Names a resource: a file in `{schema['x-mlc-ref']}/`.")
    if "default" in schema and schema["default"] not in ("", [], {}):
        sentences.append(f"Default: `{json.dumps(schema['default'], ensure_ascii=False)}`.")
    if schema.get("x-mlc-change", "none") != "none":
        sentences.append(f"A change costs: {schema['x-mlc-change']}.")
    kept: Schema = {key: schema[key] for key in ("title", "default", "examples") if key in schema}
    if "default" in kept and (kept["default"] is None or isinstance(kept["default"], dict)):
        # an editor would write a map out whole, and the YAML language server stops at a null within one
        del kept["default"]
    text = " ".join(sentences)
    if text:
        kept["description"] = text
    if "`" in text:
        kept["markdownDescription"] = text  # else an editor shows the backticks
    return kept


def _typed(schema: Schema, root: Schema, kind: str, path: tuple[str, ...]) -> Schema:
    if "type" not in schema:
        return {}
    types = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    made: Schema = {"type": types[0] if types == ["string"] else list(dict.fromkeys([*types, "string"]))}
    bounds = (
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "minLength",
        "maxLength",
    )
    made |= {key: schema[key] for key in bounds if key in schema}
    if "string" not in types:
        made |= {"pattern": OPEN, "patternErrorMessage": _wanted(types, schema)}
    elif "pattern" in schema:
        made |= {"pattern": f"(?:{schema['pattern']})|{OPEN}", "patternErrorMessage": _form(schema)}
    if "items" in schema:
        made["items"] = _eased(schema["items"], root, kind, path)
    if "properties" in schema:
        made["properties"] = {
            name: _eased(field, root, kind, (*path, name)) for name, field in schema["properties"].items()
        }
    if "additionalProperties" in schema:
        more = schema["additionalProperties"]
        made["additionalProperties"] = (
            _eased(more, root, kind, (*path, "*")) if isinstance(more, dict) else more
        )
    if "propertyNames" in schema:
        made["propertyNames"] = schema["propertyNames"]
    return _special(made, kind, path)


def _special(schema: Schema, kind: str, path: tuple[str, ...]) -> Schema:
    """What a kind's type cannot say: the metrics."""
    if (kind, path) == ("gate", ("metrics",)):
        bound = schema["additionalProperties"]
        named = {
            metric.name: {**bound, "title": metric.title, "description": metric.description}
            for metric in METRICS.values()
        }
        return schema | {"properties": named, "additionalProperties": False}
    return schema


_SHARED: dict[tuple[str, tuple[str, ...]], _estimators.Place] = {
    ("model", ("train",)): "train",
    ("model", ("candidates", "*")): "train",
    ("features", ("groups", "*", "transforms", "*")): "transforms",
}
"""Where an estimator stands with its parameters."""


def _estimator_definitions() -> dict[str, Schema]:
    """The two places that name an estimator, and the parameters of each one that is offered in them."""
    found: dict[str, Schema] = {}
    for (kind, path), place in _SHARED.items():
        if place in found:
            continue  # the first tells most
        root = _schemas.spec_schema(kind)
        schema: Schema = {"$ref": f"#/$defs/{kind.capitalize()}"}
        for part in path:
            while "$ref" in schema:
                schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
            schema = schema["additionalProperties"] if part == "*" else schema["properties"][part]
        if "anyOf" in schema:  # it may be null
            said = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
            schema = next(branch for branch in schema["anyOf"] if "$ref" in branch) | said
        eased = _eased(schema, root, "", ())
        found[place] = eased | _estimator_parameters(eased["properties"], place)
        found |= {name: _parameters(name) for name in _estimators.offered(place)}
    return found


def _estimator_parameters(properties: Schema, place: _estimators.Place) -> Schema:
    """The choice of an estimator chooses what `params` takes; without one, any estimator's parameter does."""
    names = _estimators.offered(place)
    otherwise_named = _open({"enum": list(names)})
    if place == "train":  # the project's own code, whose parameters only it knows
        otherwise_named["pattern"] = f"(?:{_code.PATTERN})|{OPEN}"
    estimator = properties["estimator"] | {"anyOf": [{"enum": list(names)}, otherwise_named]}
    for key in ("type", "minLength"):
        estimator.pop(key, None)
    chosen = [
        {
            "if": _is("estimator", name),
            "then": {"properties": {"params": {"$ref": f"#/definitions/{name}"}}},
        }
        for name in names
    ]
    if place == "train":
        named = {"estimator": {"type": "string", "pattern": _code.PATTERN}}
        own = {"required": ["estimator"], "properties": named}
        chosen.append({"if": own, "then": {"properties": {"params": properties["params"]}}})
    everything: dict[str, list[str]] = {}
    for name in names:
        for parameter in (_estimators.parameter_schema(name) or {})["properties"]:
            everything.setdefault(parameter, []).append(name.rpartition(".")[2])
    anything = {
        parameter: {"description": "A parameter of " + ", ".join(owners) + "."}
        for parameter, owners in sorted(everything.items())
    }
    otherwise = {"properties": {"params": properties["params"] | {"properties": anything}}}
    rest = {key: field for key, field in properties.items() if key != "params"}
    return {
        "properties": {**rest, "estimator": estimator, "params": {}},
        "allOf": [*chosen, {"if": {"not": {"required": ["estimator"]}}, "then": otherwise}],
    }


def _parameters(name: str) -> Schema:
    """The parameters of an estimator, each with a description. What is required another layer may bring."""
    schema = _estimators.parameter_schema(name)
    assert schema is not None, name
    short = schema["title"]
    described = {
        parameter: {
            **field,
            "title": short,
            "description": f"Parameter of {short}. {field.get('description', '')}".strip(),
        }
        for parameter, field in schema["properties"].items()
    }
    eased = _eased({"type": "object", "properties": described, "additionalProperties": False}, {}, "", ())
    said = {"description": f"The parameters of {short}.", "patternErrorMessage": _wanted(["object"], {})}
    return said | {key: eased[key] for key in ("type", "pattern", "properties", "additionalProperties")}


def _union(schema: Schema, root: Schema, kind: str, path: tuple[str, ...]) -> Schema:
    """A union by a tag: the branch of the tag in this file, or the fields of all where it has none."""
    tag = schema["discriminator"]["propertyName"]
    branches = {
        name: _eased({"$ref": reference}, root, kind, path)
        for name, reference in schema["discriminator"]["mapping"].items()
    }
    named = {
        name: {key: value for key, value in branch.items() if key != "title"}
        for name, branch in branches.items()
    }
    descriptions = [branch.get("description", "") for branch in branches.values()]
    choice = {
        "description": "Which one it is.",
        "anyOf": [
            {"enum": list(branches), "enumDescriptions": descriptions},
            _open({"enum": list(branches)}),
        ],
    }
    fields: Schema = {}
    for branch in branches.values():
        fields = {**branch["properties"], **fields}
    for branch in named.values():
        branch["properties"] = {**branch["properties"], tag: {}}
    cases: list[Schema] = [{"if": _is(tag, name), "then": branch} for name, branch in named.items()]
    anything = {"properties": fields | {tag: {}}}
    return {
        "type": ["object", "string"],
        "pattern": OPEN,
        "patternErrorMessage": _wanted(["object"], {}),
        "properties": {tag: choice},
        "allOf": [*cases, {"if": {"not": {"required": [tag]}}, "then": anything}],
    }


def _is(name: str, value: str) -> Schema:
    return {"required": [name], "properties": {name: {"const": value}}}


def _any_of(branches: list[Schema]) -> Schema:
    """One schema where the branches differ by type only, which gives clearer messages than a union."""
    types = [name for branch in branches for name in _types(branch)]
    keywords = [
        key for branch in branches for key in branch if key not in ("type", "pattern", "patternErrorMessage")
    ]
    plain = all("anyOf" not in branch for branch in branches)
    if plain and "pattern" not in _strings(branches) and len(keywords) == len(set(keywords)):
        merged: Schema = {}
        for branch in branches:
            merged |= branch
        if _strings(branches):
            merged.pop("pattern", None)
            merged.pop("patternErrorMessage", None)
        else:
            wanted = [name for name in dict.fromkeys(types) if name != "string"]
            merged["patternErrorMessage"] = _wanted(wanted, {})
        return merged | {"type": list(dict.fromkeys(types))}
    return {"anyOf": [inner for branch in branches for inner in branch.get("anyOf", [branch])]}


def _types(schema: Schema) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else found


def _strings(branches: list[Schema]) -> Schema:
    """The branch that takes text of any meaning, not only an interpolation."""
    return next((branch for branch in branches if branch.get("type") == "string"), {})


def _open(schema: Schema) -> Schema:
    return {"type": "string", "pattern": OPEN, "patternErrorMessage": _wanted([], schema)}


def _wanted(types: list[str], schema: Schema) -> str:
    if "enum" in schema:
        return "One of " + ", ".join(map(json.dumps, schema["enum"])) + " is wanted, or an interpolation."
    words = " or ".join(_ARTICLES[name] for name in types)
    return f"{words[0].upper()}{words[1:]} is wanted, or an interpolation such as ${{vars.name}}."


def _form(schema: Schema) -> str:
    wanted = schema["x-mlc-form"]
    if "x-mlc-ref" in schema:
        wanted = f"the name of a {schema['x-mlc-ref']}"
    return f"{wanted[0].upper()}{wanted[1:]} is wanted, or an interpolation."
