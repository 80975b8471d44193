"""What a field is, what a change to it costs, and its effective value in every environment with the whole chain."""

from __future__ import annotations

import json
from typing import Any

from lsprotocol import types

from mlc.compose.explain import explain
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.explanation import Explanation, Layered
from mlc.kinds import _walk
from mlc.kinds._estimators import parameter_schema
from mlc.language_server import interpolations
from mlc.language_server.places import Field, estimator_at, field_at, field_of, place_at, place_of, spec_for
from mlc.language_server.project import Analysis
from mlc.rules.bad_estimator_parameter import describe

_LONGEST = 80


def hover(analysis: Analysis, file: str, position: types.Position) -> types.Hover | None:
    text = analysis.text(file)
    offset = text.offset(position)
    place = place_at(analysis.node(file), file, *text.line_and_column(offset))
    mention = interpolations.mention_at(text, offset)
    if mention is not None and (path := interpolations.path_of(mention.key, place)):
        said = _values(analysis, ".".join(map(str, path)))
        range_ = text.range_of(mention.start, mention.end)
    elif place is None or (field := field_of(file, place.path)) is None or not field.path:
        return None
    else:
        address = interpolations.address_of(field)
        said = [
            *_about(field, spec_for(analysis, field, file)),
            *(_values(analysis, address) if address else []),
        ]
        key = place.node.key_span
        range_ = text.range(key if place.on_key and key is not None else place.node.span)
    if not said:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(said)), range_)


def _about(field: Field, spec: Any) -> list[str]:
    """The description of a field, with its default and the cost of a change."""
    described = field_at(field.kind, field.path, spec) or {}
    parameter = _parameter(field, spec)
    sentences = [described.get("description", "")]
    if parameter is not None:
        estimator, described = parameter
        sentences = [f"Parameter of {estimator}: {describe(described)}."]
    if described.get("default") not in (None, "", [], {}):
        sentences.append(f"Default: `{_shown(described['default'])}`.")
    cost = (
        _walk.change_class(field.kind, field.path, spec) if field.kind not in ("project", "env") else "none"
    )
    if cost != "none":
        sentences.append(f"A change costs: **{cost}**.")
    text = " ".join(sentence for sentence in sentences if sentence)
    return [text] if text else []


def _parameter(field: Field, spec: Any) -> tuple[str, dict[str, Any]] | None:
    """The estimator's short name and the schema of the parameter that a field is."""
    if place_of(field.kind, field.path[:-2]) is None or field.path[-2] != "params":
        return None
    schema = parameter_schema(estimator_at(spec, field.path[:-2]) or "")
    found = (schema or {}).get("properties", {}).get(field.path[-1])
    return None if schema is None or found is None else (schema["title"], found)


def _values(analysis: Analysis, address: str) -> list[str]:
    """The value in each environment; environments that agree in the whole chain share a paragraph."""
    chains: dict[str, list[str]] = {}
    for name, document in analysis.documents.items():
        found = explain(document, address, _walk.field_at, _walk.change_class)
        if not isinstance(found, Diagnostic):
            chains.setdefault(_chain(analysis, found), []).append(name)
    paragraphs = [f"**{', '.join(names)}** {chain}" for chain, names in chains.items()]
    return [f"`{address}`", *paragraphs] if paragraphs else []


def _chain(analysis: Analysis, one: Explanation) -> str:
    lines = [_layered(analysis, one.winner)]
    lines += [f"over {_layered(analysis, lost)}" for lost in one.overwrote]
    lines += [f"reads `{key}` {_layered(analysis, read)}" for key, read in one.read]
    return "  \n".join(lines)


def _layered(analysis: Analysis, layer: Layered) -> str:
    written = f" (`{layer.written}`)" if layer.written else ""
    span = layer.span
    if span.file.startswith("<"):
        return f"`{_shown(layer.value)}`{written} — {span.file.strip('<>')}"
    return (
        f"`{_shown(layer.value)}`{written} — [{span}]({analysis.uri(span.file)}#L{span.line},{span.column})"
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False).replace("`", "'")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
