"""An artifact against a JSON Schema that stands beside its template, in a backend of a project's own.

The schema is a stranger's: a pattern in it may take for ever, a reference may lead anywhere. So it is held against the
artifact in a process that has few seconds and little memory, and references lead nowhere but into the schema itself.
"""

from __future__ import annotations

import subprocess
import sys

from mlc.emit.programs import laid_out, rejected
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend, Verification

PREFIX = "jsonschema "

_PROGRAM = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
import yaml
from jsonschema.exceptions import SchemaError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

with open("schema") as file:
    schema = json.load(file)
with open("artifact") as file:
    documents = list(yaml.load_all(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
kind = validator_for(schema)
found = []
try:
    kind.check_schema(schema)
    for number, document in enumerate(documents or [None]):
        before = f"document {number + 1}: " if len(documents) > 1 else ""
        for error in kind(schema, registry=Registry()).iter_errors(document):
            message = error.message if len(error.message) <= 300 else error.message[:299] + "…"
            found.append(f"{before}{error.json_path}: {message}")
except SchemaError as error:
    found = [f"the schema itself is wrong at {error.json_path}: {error.message[:300]}"]
except Unresolvable as error:
    found = [f"the schema refers to {error.ref}, which is not in it"]
except RecursionError:
    found = ["it is nested too deeply"]
print("\\n".join(" ".join(one.split()) for one in found[:100]))
sys.exit(1 if found else 0)
"""


def verify(check: str, artifact: Artifact, backend: Backend) -> Verification:
    """What the schema that a check names says of an artifact of JSON or YAML."""
    schema = backend.templates[check.removeprefix(PREFIX)]
    files = {"schema": schema.encode("utf-8"), "artifact": artifact.content}
    try:
        result = laid_out(files, [sys.executable, "-I", "-X", "utf8", "-c", _PROGRAM])
    except subprocess.TimeoutExpired:
        return Verification("rejected", check, ("it takes longer than a minute",))
    if result.returncode == 0:
        return Verification("ok", check)
    if result.returncode < 0 or (result.returncode > 1 and not result.stdout):
        return Verification("rejected", check, ("the schema takes too long, or too much memory",))
    if "MemoryError" in result.stderr:
        return Verification("rejected", check, ("the schema takes too much memory",))
    return Verification("rejected", check, rejected(result).findings)
