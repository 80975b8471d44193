"""What is told of models and data against the official readers of its formats, each in an environment of its own."""

from __future__ import annotations

from pathlib import Path

from mlc.emit.programs import process_apart
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

NAMES = ("in-toto", "openlineage")


def verify(name: str, artifact: Artifact, home: Path) -> Verification:
    """What one of the checkers `NAMES` says of an artifact."""
    return process_apart(artifact, name, home, "-c", _SCRIPTS[name])


_IN_TOTO = """
import json, sys
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

def read(given):
    Statement.copy_from_pb(json_format.ParseDict(given, statement_pb2.Statement())).validate()
    found = json_format.ParseDict(given["predicate"], provenance_pb2.Provenance())
    run = found.run_details
    for one in (*found.build_definition.resolved_dependencies, *run.builder.builder_dependencies, *run.byproducts):
        ResourceDescriptor.copy_from_pb(one).validate()

try:
    with open(sys.argv[1], encoding="utf-8") as opened:
        read(json.load(opened))
except (json_format.ParseError, ValueError, KeyError, TypeError) as error:
    print(f"{type(error).__name__}: {error}")
    sys.exit(1)
"""

_OPENLINEAGE = r"""
import enum, importlib, json, pkgutil, sys, types, typing
import attr
from openlineage.client import generated
from openlineage.client.event_v2 import RunEvent
from openlineage.client.generated.base import BaseFacet
from openlineage.client.serde import Serde

for found in pkgutil.iter_modules(generated.__path__):
    importlib.import_module(f"{generated.__name__}.{found.name}")

def facets(kind):
    for one in kind.__subclasses__():
        yield one._get_schema(), one
        yield from facets(one)

FACETS = dict(facets(BaseFacet))

def read(kind, given, where):
    '''What is given as the client's own class; what it does not know, or is of another type, is a finding.'''
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if given is None and type(None) in arguments:
            return None
        kind = next(one for one in arguments if one is not type(None))
        return read(kind, given, where)
    if kind is typing.Any:
        return given
    if origin is list:
        expect(isinstance(given, list), where, "a list", given)
        return [read(arguments[0], one, f"{where}[{i}]") for i, one in enumerate(given)]
    if origin is dict:
        expect(isinstance(given, dict), where, "a map", given)
        return {key: read(arguments[1], one, f"{where}.{key}") for key, one in given.items()}
    if attr.has(kind):
        return built(kind, given, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(given)
    wanted = (int, float) if kind is float else kind
    right = isinstance(given, wanted) and (kind is bool or not isinstance(given, bool))
    expect(right, where, kind.__name__, given)
    return given

def built(kind, given, where):
    expect(isinstance(given, dict), where, "a map", given)
    if issubclass(kind, BaseFacet):
        said = given.get("_schemaURL")
        if said not in FACETS or not issubclass(FACETS[said], kind):
            raise ValueError(f"{where}: the client knows no facet {said} here")
        kind = FACETS[said]
    hints = typing.get_type_hints(kind)
    fields = {one.name: one for one in attr.fields(kind)}
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise ValueError(f"{where}: OpenLineage has no field {', '.join(unknown)}")
    values = {name: read(hints[name], value, f"{where}.{name}") for name, value in given.items()}
    later = {name: values.pop(name) for name in list(values) if not fields[name].init}
    try:
        made = kind(**{fields[name].alias: value for name, value in values.items()})
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None
    for name, value in later.items():
        if getattr(made, name) != value:
            raise ValueError(f"{where}.{name}: it is {getattr(made, name)}")
    return made

def expect(right, where, what, given):
    if not right:
        raise ValueError(f"{where}: {given!r} is not {what}")

try:
    with open(sys.argv[1], encoding="utf-8") as opened:
        given = json.load(opened)
    made = read(RunEvent, given, "event")
    json.loads(Serde.to_json(made))
except ValueError as error:
    print(error)
    sys.exit(1)
"""

_SCRIPTS = {"in-toto": _IN_TOTO, "openlineage": _OPENLINEAGE}
