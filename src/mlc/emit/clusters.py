"""Artifacts for clusters and model servers against their official checkers, one by one and as Kustomize builds them.

What the schemas are blind to is held by `objects.findings`: a selector that selects nothing, a quantity that is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from mlc.emit import objects, ray
from mlc.emit.graphs import inference_graph_findings
from mlc.emit.programs import laid_out, missing, not_installed, program_of, rejected
from mlc.emit.triton import config_findings
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


NAMES = ("kubernetes", "inference-graph", "triton", "ray", "kustomize", "checkov")
CHECKOV = Path(".checkers", "checkov", "bin", "checkov")


def verify(name: str, artifact: Artifact, home: Path, beside: Sequence[Artifact]) -> Verification:
    """What one of the checkers `NAMES` says of an artifact, or of what Kustomize builds of it and its base."""
    if name == "kubernetes":
        return _kubernetes(artifact)
    if name == "inference-graph":
        return _own(inference_graph_findings(yaml.safe_load(artifact.content)))
    if name == "ray":
        return ray.verify(artifact, home)
    if name == "triton":
        return _triton(artifact)
    if name == "checkov" and not (home / CHECKOV).is_file():
        return not_installed(home / CHECKOV)
    built = _built(artifact, beside)
    if isinstance(built, Verification):
        return built
    return _checkov(built, home / CHECKOV) if name == "checkov" else _together(built)


def _kubernetes(artifact: Artifact) -> Verification:
    """The schema of Kubernetes for each object, a field that it does not know being a finding."""
    documents = list(yaml.load_all(artifact.content, Loader=_YAML_LOADER))
    findings = [] if documents else ["there is no document in the file"]
    try:
        for document in documents:
            findings += _of_schema(document)
            findings += objects.bad_values(document)
    except ImportError:
        return missing("the package kubernetes-validate is not installed")
    return Verification("rejected" if findings else "ok", "", tuple(findings))


def _of_schema(document: Any) -> list[str]:
    import kubernetes_validate

    if not isinstance(document, dict) or not all(
        isinstance(document.get(key), str) for key in ("apiVersion", "kind")
    ):
        return ["(the object): it says no apiVersion and kind"]
    try:
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(map(str, error.path)) or '(the object)'}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [f"(the object): {error.message}"]
    return []


def _triton(artifact: Artifact) -> Verification:
    """Triton's own message of a model's configuration, and what that message is blind to."""
    try:
        return _own(config_findings(artifact.content.decode(), artifact.path.split("/")[-2]))
    except ImportError:
        return missing("the package tritonclient is not installed")


def _together(built: str) -> Verification:
    """What Kustomize builds hangs together."""
    return _own(objects.findings(list(yaml.load_all(built, Loader=_YAML_LOADER))))


def _own(findings: tuple[str, ...]) -> Verification:
    """A rule of mlc's own, where the official checker is blind."""
    return Verification("rejected" if findings else "ok", "", findings)


def _checkov(built: str, program: Path) -> Verification:
    """Checkov's rules of security."""
    options = ["--framework", "kubernetes", "--skip-download", "--quiet", "--compact", "--output", "cli"]
    result = laid_out({"built.yaml": built.encode()}, [str(program), "--file", "built.yaml", *options])
    passed = result.returncode == 0 and "Failed checks: 0" in result.stdout
    return Verification("ok", "") if passed else rejected(result)


def _built(overlay: Artifact, beside: Sequence[Artifact]) -> str | Verification:
    """What `kubectl kustomize` makes of an overlay and its base, or of a folder that has no overlays."""
    program = program_of("kubectl")
    if program is None:
        return missing("kubectl is not installed")
    root, found, _ = overlay.path.partition("/overlays/")
    root = root if found else overlay.path.rpartition("/")[0]
    below = overlay.path.removeprefix(f"{root}/")
    files = {
        one.path.removeprefix(f"{root}/"): one.content for one in beside if one.path.startswith(f"{root}/")
    }
    files[below] = overlay.content
    result = laid_out(files, [program, "kustomize", below.rpartition("/")[0] or "."])
    return result.stdout if result.returncode == 0 else rejected(result)
