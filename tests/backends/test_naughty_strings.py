"""Every text that an author may write, in every place of every artifact of every backend, read back and compared.

A project is laid out with a mark wherever its kinds take any text. Each backend writes it once with the mark and once
with each naughty string; what a reader of the format makes of both has to be the same, but for the string in the mark's
place. A backend or an artifact that is not held to this, or that no text reaches, fails the test until it is said why.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
import yaml

from backends import (
    azureml_project,
    cluster_project,
    kubeflow_project,
    naughty_documents,
    test_argo,
    test_mlflow,
)
from backends.contract_project import COLUMNS, LOANS
from backends.project import SPECS, graph_of
from mlc import data
from mlc.emit import emit, load_backends, quoting
from mlc.emit.templates import TemplateError
from mlc.emit.triton import read_config
from mlc.ir.backend import Backend
from mlc.kinds import kind
from stages.emit.test_quoting import naughty

MARK = "SENTINEL"
BACKENDS = load_backends((data.path("templates"),))
EMITTING = tuple(backend.name for backend in BACKENDS if backend.manifest.by == "emit")

ONLY_NAMES = (
    ".argo/mlc-argo/cronworkflows.yaml",
    ".argo/mlc-argo/workflow.yaml",
    ".github/actions/mlc-main/action.yml",
    "/.dockerignore",
    "/alertmanager.yml",
    "/compose.yaml",
    "/dashboard.json",
    "/inferencegraph.yaml",
    "/kustomization.yaml",
    "/MLproject",
    "/python_env.yaml",
    "/networkpolicy.yaml",
    "/poddisruptionbudget.yaml",
    "/horizontalpodautoscaler.yaml",
    "/externalsecret.yaml",
    "/prometheus.yml",
    "/7-component.yaml",
    "/8-job.yaml",
    "/8-sweep.yaml",
    "/9-schedule.yaml",
    "/rayjob.yaml",
    "/kserve/python/references.yaml",
    "/rayservice.yaml",
    "/requirements.txt",
    "/rollout.yaml",
    "/rules_test.yml",
    "/serve.yaml",
    "/service.yaml",
    "/deployment.yaml",
    "/serviceaccount.yaml",
    "/trainjob.yaml",
    "/mlserver/risk_server/settings.json",
)
"""Artifacts of names, numbers, images and addresses alone: all that reaches them is held to a form before."""

DERIVED = {"contract.odcs.yaml": "version"}
"""A digest of what is promised, column names included: another text gives another one."""

DIGEST = re.compile(r"[0-9a-f]{64}")
"""What Kubeflow's cache goes by: digests of what each step is made of, texts among it."""

FEW = {
    "dvc": (
        "dataset.loans",
        "features.applicant",
        "model.default_risk",
        "target.servers",
        "deployment.risk_server",
    )
}
"""Of a backend that writes something for nearly every resource, those that are enough."""


@cache
def texts() -> tuple[str, ...]:
    # an empty text is no text: what is not said is left out
    return tuple(text for text in dict.fromkeys(naughty()) if text)


def _everything() -> dict[str, dict[str, Any]]:
    """What most backends write something for."""
    kube = {"target.kube": cluster_project.SPECS["target.cluster"]}
    specs = copy.deepcopy({**kube, **cluster_project.SPECS, **SPECS})
    specs["deployment.risk_scaled"]["target"] = "kube"
    specs["pipeline.argo"] = copy.deepcopy(test_argo.PIPELINE)
    specs["dataset.told"] = copy.deepcopy({**LOANS, "columns": {**COLUMNS, MARK: {"type": "number"}}})
    specs["dataset.told"]["checks"].pop("expressions")
    for name in ("risk_scaled", "risk_ray", "risk_image"):
        specs[f"deployment.{name}"]["variables"] = {"LOG_LEVEL": MARK}
    return specs


def _on_kubeflow() -> dict[str, dict[str, Any]]:
    return {
        **{name: copy.deepcopy(SPECS[name]) for name in ("dataset.loans", "features.applicant")},
        "gate.quality": copy.deepcopy(kubeflow_project.GATE),
        "model.default_risk": {**copy.deepcopy(kubeflow_project.MODEL), "gates": ["quality"]},
        "target.kf": copy.deepcopy(kubeflow_project.TARGET),
        "deployment.risk_kf": copy.deepcopy(kubeflow_project.DEPLOYMENT),
    }


PROJECTS: dict[str, Callable[[], dict[str, dict[str, Any]]]] = {
    "azureml": lambda: copy.deepcopy(azureml_project.SPECS),
    "kubeflow": _on_kubeflow,
    "mlflow": lambda: copy.deepcopy(test_mlflow.MLFLOW),
}
"""What is laid out for a backend, where that is not `_everything`."""


@cache
def marked(backend: str) -> dict[str, dict[str, Any]]:
    """The project with the mark in the place of every text that may be any."""
    if backend not in PROJECTS and backend != "":
        return marked("")
    specs = PROJECTS.get(backend, _everything)()
    columns = specs["dataset.loans"]["columns"]
    specs["dataset.loans"]["columns"] = {
        MARK if name == "income" else name: one for name, one in columns.items()
    }
    specs["features.applicant"]["groups"]["amounts"]["columns"] = [MARK]
    for name, spec in specs.items():
        spec.setdefault("description", "")
        if name.partition(".")[0] != "pipeline":
            spec |= {"owner": spec.get("owner", ""), "tags": ["one"]}
    graph_of(specs)
    for name, spec in specs.items():
        for path in list(_leaves(spec)):
            parent = _at(spec, path[:-1])
            before, parent[path[-1]] = parent[path[-1]], MARK
            try:
                # a text that has a form refuses the mark, or a stranger one
                for text in (MARK, "\n${{ x }}\t'\"#: {{"):
                    parent[path[-1]] = text
                    msgspec.convert(spec, kind(name.partition(".")[0]).spec)
                    graph_of(specs)
                parent[path[-1]] = MARK
            except (msgspec.ValidationError, KeyError, ValueError, AttributeError, StopIteration):
                parent[path[-1]] = before
    return specs


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(child, (*path, key))
    elif isinstance(value, str):
        yield path


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


def replaced(value: Any, text: str) -> Any:
    """A tree with a text in the place of the mark, in values and keys, whole or as a part of one."""
    match value:
        case str():
            return value.replace(MARK, text)
        case dict():
            return {replaced(key, text): replaced(child, text) for key, child in value.items()}
        case list():
            return [replaced(child, text) for child in value]
    return value


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case dict():
            return {mapped(key, change): mapped(child, change) for key, child in value.items()}
        case list():
            return [mapped(child, change) for child in value]
    return value


def artifacts_with(text: str, backend: Backend) -> dict[str, bytes]:
    specs = marked(backend.name)
    specs = {one: specs[one] for one in FEW.get(backend.name, specs)}
    graph = graph_of(replaced(specs, text), dvc=True)
    return {one.path: one.content for one in emit(graph, (backend,), first_environment=True)}


def _yaml(content: bytes) -> Any:
    return list(yaml.load_all(content, Loader=yaml.CSafeLoader))


def _pbtxt(content: bytes) -> Any:
    from google.protobuf import json_format  # type: ignore[import-untyped]

    return json_format.MessageToDict(read_config(content.decode()))


def _dockerfile(content: bytes) -> Any:
    """The words of each instruction, without the quotes."""
    told = re.sub(r"\\\n\s*", "", content.decode())
    return [list(_words(line)) for line in told.split("\n")]


def _words(line: str) -> Iterator[str]:
    """As Docker reads a line: a backslash keeps the next character, quotes hold blanks together."""
    word, quoted, escaped = "", False, False
    for char in line:
        if escaped:
            word, escaped = word + char, False
        elif char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char.isspace() and not quoted:
            yield word
            word = ""
        else:
            word += char
    assert not quoted
    assert not escaped
    yield word


def _mlmodel(content: bytes) -> Any:
    """MLflow keeps the signature as JSON within a text."""
    (found,) = _yaml(content)
    found["signature"] = {side: json.loads(text) for side, text in found["signature"].items()}
    return found


def _inferenceservice(content: bytes) -> Any:
    """The predictor that mlc writes is told the signature as JSON within a variable."""
    (found,) = _yaml(content)
    predictors = [found["spec"]["predictor"]]
    predictors += [canary["predictor"] for canary in found["spec"].get("canary", [])]
    for predictor in predictors:
        for variable in predictor["model"].get("env", []):
            variable["value"] = json.loads(variable["value"])
    return found


def _lines(content: bytes) -> Any:
    return content.decode().split("\n")


READERS: dict[str, Callable[[bytes], Any]] = {
    "inferenceservice.yaml": _inferenceservice,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": json.loads,
    ".pbtxt": _pbtxt,
    "Dockerfile": _dockerfile,
    "MLmodel": _mlmodel,
    "MLproject": _yaml,
    "requirements.txt": _lines,
    ".dockerignore": _lines,
    ".py": _lines,
}
"""How each format is read, by the end of an artifact's name."""

UNDONE: dict[str, Callable[[str], str]] = {
    "github_actions": lambda text: text.replace("${{ '${{' }}", "${{"),
    "azure_pipelines": lambda text: text.replace("${{ '${{' }}", "${{"),
    "dvc": lambda text: text.replace("\\${", "${"),
    "prometheus": lambda text: text.replace('{{ "{{" }}', "{{"),
}
"""What a platform itself makes of a text once its YAML is read, where that is something."""


def understood(backend: str, path: str, content: bytes) -> Any:
    name = path.rpartition("/")[2]
    reader = next(reader for end, reader in READERS.items() if name.endswith(end))
    found = reader(content)
    if derived := DERIVED.get(name):
        found = [{key: value for key, value in one.items() if key != derived} for one in found]
    if backend == "kubeflow":
        return mapped(found, lambda text: "a digest" if DIGEST.fullmatch(text) else text)
    if path.endswith("compose.yaml"):
        return mapped(found, lambda text: text.replace("$$", "$"))
    return mapped(found, UNDONE.get(backend, str))


def _file(path: str) -> str:
    return "/" + path.rpartition("/")[2]


def expected(path: str, tree: Any, text: str) -> Any:
    if path.endswith(
        "Dockerfile"
    ):  # its format has no line breaks within a word, and our filter makes them spaces
        text = "".join(char if char.isprintable() else " " for char in text)
    return replaced(tree, text)


@pytest.mark.parametrize("name", EMITTING)
def test_naughty_strings_are_read_back_as_they_are(name: str) -> None:
    backend = next(one for one in BACKENDS if one.name == name)
    first = {path: understood(name, path, content) for path, content in artifacts_with(MARK, backend).items()}
    assert first, "nothing of this project is for it: lay out what is"
    free = {path for path, tree in first.items() if MARK in json.dumps(tree)}
    silent = {path for path in first if path not in free and not path.endswith(".py")}
    unheld = silent - {path for path in silent if path.endswith((*ONLY_NAMES, *{_file(one) for one in free}))}
    assert unheld == set(), "no text reaches them"
    assert free
    compared = 0
    for text in texts():
        try:
            found = artifacts_with(text, backend)
        except TemplateError as error:  # what the format cannot hold is refused, and a rule says so before
            assert _may_be_refused(name, text), (text, error)
            continue
        assert found.keys() == first.keys(), text
        for path in free:
            read = understood(name, path, found[path])
            assert read == expected(path, first[path], text), (path, text)
        compared += 1
    assert compared > 500


def _may_be_refused(backend: str, text: str) -> bool:
    """`azure_unfit` refuses variables of Azure, which no text can hold."""
    return backend == "azure_pipelines" and quoting._AZURE_VARIABLE.search(text) is not None


def test_every_backend_is_held_to_it() -> None:
    assert {backend.name for backend in BACKENDS} == {*EMITTING, *naughty_documents.DOCUMENTS}


@pytest.mark.parametrize("name", naughty_documents.DOCUMENTS)
def test_what_steps_and_commands_write_is_read_back(name: str) -> None:
    write, read = naughty_documents.DOCUMENTS[name]
    first = read(write(MARK))
    assert MARK in json.dumps(first), "no text reaches it"
    for text in texts():
        found = read(write(text))
        if (
            isinstance(found, dict) and "elements" in found
        ):  # a page shortens texts and shows what is invisible
            assert found["elements"] == first["elements"], text
        elif found is None:
            assert len(text) > 250, text
        else:
            assert found == replaced(first, text), text
