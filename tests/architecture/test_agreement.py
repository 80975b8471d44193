"""msgspec's fast yes and jsonschema's located no agree: whatever msgspec refuses gets a diagnostic with a place."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acceptance.conftest import PROJECTS
from mlc import data, kinds, pipeline
from mlc.check import check_schema
from mlc.ir.node import plain, wrap
from mlc.ir.span import start_of
from mlc.request import Request

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**6),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(
        ["", "x", "type", "local", "file", "csv", "stratified", "triton", "20ms", "${vars.a}", "Ü", "1"]
    ),
)
KEYS = st.sampled_from(
    ["type", "method", "min", "max", "columns", "values", "name", "unknown", "tune", "", "Ü b"]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


def specs() -> list[tuple[str, dict[str, Any]]]:
    """Every resource that the projects describe, as plain data: valid specs of each kind."""
    found: list[tuple[str, dict[str, Any]]] = []
    for root in (PROJECTS / "small", data.path("examples", "lending")):
        found += _described(root)
    return found


def _described(root: Path) -> list[tuple[str, dict[str, Any]]]:
    composed = pipeline.compose(Request(root, ("all",)))
    found: list[tuple[str, dict[str, Any]]] = [("project", plain(composed.layers.project))]
    found += [("env", plain(node)) for node in composed.layers.environments.values()]
    for document in composed.documents.values():
        nodes = [(address.kind, document.resource(address)) for address in document.addresses()]
        found += [(kind, plain(node)) for kind, node in nodes if node is not None]
    return found


SPECS = specs()


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A valid spec with up to three changes: a value replaced, an entry removed, an entry added."""
    kind, valid = draw(st.sampled_from(SPECS))
    spec = copy.deepcopy(valid)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(spec)))
        target: Any = spec
        for part in path[:-1]:
            target = target[part]
        action = draw(st.sampled_from(["replace", "remove", "add", "rename"]))
        at = target[path[-1]] if path else spec
        if action == "add" and isinstance(at, dict):
            at[draw(KEYS)] = draw(VALUES)
        elif action == "add" and isinstance(at, list):
            at.append(draw(VALUES))
        elif action == "rename" and isinstance(target, dict) and path:
            target[draw(KEYS)] = target.pop(path[-1])
        elif path and action == "remove":
            del target[path[-1]]
        elif path:
            target[path[-1]] = draw(VALUES)
    return kind, spec


@settings(max_examples=300, deadline=None, derandomize=True)
@given(mutated())
@example(("target", {"type": ["local"]}))
@example(("target", {}))
@example(("policy", {"rules": {"licence-declarde": {}}}))
@example(("pipeline", {"systems": ["github_actions"], "install": "it", "apply": {"Dev Env": {}}}))
@example(("gate", {"metrics": {"roc_auc": {"min": [1]}}}))
@example(("model", {"task": None}))
@example(
    ("dataset", {"source": {"type": "file", "path": "a"}, "columns": {"a": {"type": "integer", "min": True}}})
)
def test_what_msgspec_refuses_gets_a_diagnostic(case: tuple[str, dict[str, Any]]) -> None:
    kind, spec = case
    try:
        msgspec.convert(spec, kinds.kind(kind).spec)
        refused = False
    except msgspec.ValidationError:
        refused = True
    checked, found = check_schema(wrap(spec, start_of("file.yaml")), spec, kind, f"{kind}.it")
    assert (checked is None) == refused
    assert bool(found) == refused
    for one in found:
        assert one.severity == "error"
        assert one.primary is not None
        assert one.detail.endswith(".")
        assert one.address == f"{kind}.it"


def test_there_is_a_valid_spec_of_every_kind() -> None:
    assert {kind for kind, _ in SPECS} == {*kinds.names(), "project", "env"}
    for kind, spec in SPECS:
        assert check_schema(wrap(spec, start_of("file.yaml")), spec, kind, kind)[1] == ()
