"""What may be written at the cursor: keys, choices, names of resources, estimators with their parameters, layers,
environments, metrics, and what an interpolation can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from lsprotocol import types

from mlc.ir.evaluation import METRICS
from mlc.kinds import _estimators
from mlc.kinds._walk import field_schema
from mlc.language_server import interpolations
from mlc.language_server.context import Context, context_at
from mlc.language_server.places import (
    Field,
    Path,
    Schema,
    estimator_at,
    field_of,
    place_of,
    schemas_at,
)
from mlc.language_server.positions import Text
from mlc.language_server.project import Analysis
from mlc.rules.bad_estimator_parameter import describe

Kinds = types.CompletionItemKind
_OPEN = re.compile(r"\$\{([^${}]*)\Z")


def items(analysis: Analysis, file: str, text: Text, position: types.Position) -> list[types.CompletionItem]:
    """The completions at a position of `text`, which may be newer than what was analysed."""
    offset = text.offset(position)
    line = text.text[text.text.rfind("\n", 0, offset) + 1 : offset]
    interpolated = _OPEN.search(line)
    if interpolated is not None:
        return list(_readable(analysis, text, interpolated.group(1), offset))
    context = context_at(text.text, file, offset)
    if context is None:
        return []
    place = text.range_of(context.start, context.end)
    if context.path[:1] == ("defaults",) and not context.is_key:
        return list(_plain(_layers(analysis, file), Kinds.File, place))
    field = field_of(file, context.path)
    if field is None:
        return []
    spec = _spec(analysis, field, context)
    if context.is_key:
        return list(_keys(analysis, field, spec, context, place))
    found = list(_values(analysis, field, spec, place))
    # `train:` with nothing behind it yet: what is written next may be its first key
    first_key = msgspec.structs.replace(context, is_key=True, siblings=frozenset())
    return found or list(_keys(analysis, field, spec, first_key, place))


def _spec(analysis: Analysis, field: Field, context: Context) -> Any:
    """The resource as analysed, with what the file says now over it."""
    known = analysis.spec(field.kind, field.name)
    inside: Any = context.bare
    for part in context.path[: len(context.path) - len(field.path)]:
        inside = inside.get(part) if isinstance(inside, dict) else None
    return _over(known, inside) if isinstance(inside, dict) else known or {}


def _over(low: Any, high: Any) -> Any:
    if isinstance(low, dict) and isinstance(high, dict):
        return {**low, **{key: _over(low.get(key), child) for key, child in high.items()}}
    return low if high is None else high


def _keys(
    analysis: Analysis, field: Field, spec: Any, context: Context, place: types.Range
) -> Iterator[types.CompletionItem]:
    for name, schema in _known_keys(analysis, field, spec).items():
        if name in context.siblings:
            continue
        written = name if context.has_colon else f"{name}: "
        yield types.CompletionItem(
            name,
            kind=Kinds.Property,
            documentation=_documentation(schema),
            text_edit=types.TextEdit(place, written),
        )


def _known_keys(analysis: Analysis, field: Field, spec: Any) -> dict[str, Schema]:
    inside = place_of(field.kind, field.path[:-1])
    if inside is not None and field.path[-1] == "params":
        return _parameters(spec, field.path[:-1], inside)
    if field.kind == "gate" and field.path == ("metrics",):
        return {metric.name: {"description": metric.description} for metric in METRICS.values()}
    if field.kind in ("project", "env") and field.path in (("presets",), ("patch",)):
        return {kind: {"description": f"For every {kind}."} for kind in _kinds()}
    if field.kind == "env" and field.path[:1] == ("patch",) and len(field.path) == 2:
        return {name: {} for name in analysis.names(str(field.path[1]))}
    found: dict[str, Schema] = {}
    for schema in schemas_at(field.kind, field.path, spec):
        found = {**schema.get("properties", {}), **found}
    return found


def _kinds() -> tuple[str, ...]:
    from mlc import kinds

    return kinds.names()


def _parameters(spec: Any, path: Path, place: _estimators.Place) -> dict[str, Schema]:
    """The parameters of the estimator that is named at a path; of all that may be, where none is known."""
    chosen = estimator_at(spec, path)
    known = chosen is not None and _estimators.parameter_schema(chosen) is not None
    names = (chosen,) if chosen is not None and known else _estimators.offered(place)
    found: dict[str, Schema] = {}
    for name in names:
        schema = _estimators.parameter_schema(name) or {}
        for parameter, field in schema.get("properties", {}).items():
            text = f"Parameter of {schema['title']}: {describe(field)}."
            found.setdefault(parameter, {**field, "description": text})
    return dict(sorted(found.items()))


def _values(
    analysis: Analysis, field: Field, spec: Any, place: types.Range
) -> Iterator[types.CompletionItem]:
    if field.path[:1] == ("environments",) and len(field.path) <= 2 and field.kind != "project":
        yield from _plain(analysis.environments, Kinds.EnumMember, place, listed=len(field.path) == 1)
        return
    inside = place_of(field.kind, field.path[:-1])
    if inside is not None and field.path[-1] == "estimator":
        yield from _plain(_estimators.offered(inside), Kinds.Class, place)
        return
    inside = place_of(field.kind, field.path[:-2])
    if inside is not None and field.path[-2] == "params":
        schema = _parameters(spec, field.path[:-2], inside).get(str(field.path[-1]), {})
        yield from _choices([schema], place)
        return
    schemas = schemas_at(field.kind, field.path, spec)
    for schema in schemas:
        items = schema.get("items")
        listed = schemas_at(field.kind, (*field.path, 0), spec) if isinstance(items, dict) else []
        for one, within in ((schema, False), *((inner, True) for inner in listed)):
            if "x-mlc-ref" in one:
                yield from _plain(analysis.names(one["x-mlc-ref"]), Kinds.Reference, place, listed=within)
            elif within:
                yield from _plain(one.get("enum", ()), Kinds.EnumMember, place, listed=True)
    yield from _choices(_tags(field, spec) or schemas, place)


def _tags(field: Field, spec: Any) -> list[Schema]:
    """The field in every branch of a union: its tag may be rewritten to that of another branch."""
    if not field.path:
        return []
    open_spec = _without(spec, field.path)
    found = (
        field_schema(schema, field.path[-1]) for schema in schemas_at(field.kind, field.path[:-1], open_spec)
    )
    branches = [schema for schema in found if schema is not None]
    return branches if len(branches) > 1 and all("enum" in schema for schema in branches) else []


def _without(spec: Any, path: Path) -> Any:
    if not isinstance(spec, dict):
        return spec
    if len(path) == 1:
        return ... if path[0] in spec else spec
    return {**spec, path[0]: _without(spec.get(path[0]), path[1:])} if path[0] in spec else spec


def _choices(schemas: Iterable[Schema], place: types.Range) -> Iterator[types.CompletionItem]:
    found: dict[str, None] = {}
    for schema in schemas:
        for one in (schema, *schema.get("anyOf", ())):
            kinds = one.get("type", ())
            if "boolean" in ([kinds] if isinstance(kinds, str) else kinds):
                found |= dict.fromkeys(("true", "false"))
            found |= dict.fromkeys(
                choice if isinstance(choice, str) else json.dumps(choice) for choice in one.get("enum", ())
            )
    yield from _plain(found, Kinds.EnumMember, place)


def _plain(
    words: Iterable[str], kind: types.CompletionItemKind, place: types.Range, *, listed: bool = False
) -> Iterator[types.CompletionItem]:
    """Words as they are, or in the brackets of a list of one."""
    for word in words:
        text = f"[{word}]" if listed else word
        yield types.CompletionItem(word, kind=kind, text_edit=types.TextEdit(place, text), filter_text=word)


def _layers(analysis: Analysis, file: str) -> list[str]:
    folder, _, own = analysis.source.name_of(file).rpartition("/")
    beside = (name for name in analysis.source.options(folder) if name != own)
    return ["_self_", *beside, *analysis.source.module_layers(folder)]


def _readable(analysis: Analysis, text: Text, written: str, offset: int) -> Iterator[types.CompletionItem]:
    """What may follow within `${`: the keys of what the parts before lead to."""
    head, dot, word = written.rpartition(".")
    place = text.range_of(offset - len(word), offset)
    known: dict[str, None] = {}
    for document in analysis.documents.values():
        node = interpolations.everything(document).at(interpolations.parts_of(head))
        if node is not None and node.is_map:
            known |= dict.fromkeys(node.value)
    if not dot:
        known |= dict.fromkeys(("input:", "secret:"))
    yield from _plain(known, Kinds.Variable, place)


def _documentation(schema: Schema) -> types.MarkupContent | None:
    sentences = [schema["description"]] if "description" in schema else []
    if schema.get("default") not in (None, "", [], {}):
        sentences.append(f"Default: `{json.dumps(schema['default'], ensure_ascii=False)}`.")
    if not sentences:
        return None
    return types.MarkupContent(types.MarkupKind.Markdown, " ".join(map(str, sentences)))
