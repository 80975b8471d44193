"""What is told of models and data against the official readers of its formats, each in an environment of its own."""

from __future__ import annotations

from pathlib import Path

from mlc.emit.programs import missing, process
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

NAMES = ("in-toto",)


def verify(name: str, artifact: Artifact, home: Path) -> Verification:
    """What one of the checkers `NAMES` says of an artifact."""
    python = home / ".checkers" / name / "bin" / "python"
    if not python.is_file():
        return missing(f"{python} is not there; `make checkers` installs it")
    return process(artifact, [str(python), "-I", "-c", _SCRIPTS[name]])


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

_SCRIPTS = {"in-toto": _IN_TOTO}
