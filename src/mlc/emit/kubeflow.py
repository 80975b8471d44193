"""A pipeline of Kubeflow as kfp itself reads it, and what kfp lets through: names that lead nowhere.

Kubeflow's backend would find these once the pipeline runs (its packages backend/src/v2/driver and argocompiler).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mlc.emit import katib
from mlc.emit.dependencies import circles
from mlc.emit.objects import inside, mapping
from mlc.emit.programs import missing, process, python_of
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

Object = Mapping[str, Any]

NAMES = ("kfp", "katib", "kubeflow")
"""The checks that this module knows: two official ones, and mlc's own."""

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONDITION = re.compile(r"inputs\.parameter_values\['([^']*)'\]")
_TASK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def verify(name: str, artifact: Artifact, argument: str, home: Path) -> Verification:
    """What one of the checks says of an artifact."""
    if name in _OFFICIAL:
        python = python_of(name, home)
        if not python.is_file():
            return missing(f"{python} is not there; `make .checkers/{name}/.installed` installs it")
        return process(artifact, [str(python), "-I", "-W", "ignore", "-c", _OFFICIAL[name]])
    try:
        documents = [*yaml.load_all(artifact.content, Loader=_YAML_LOADER)]
    except yaml.YAMLError as error:
        return Verification("rejected", "", tuple(str(error).splitlines()))
    findings = {"pipeline": pipeline_findings, "experiment": katib.experiment_findings}
    found = findings[argument](documents)
    return Verification("rejected" if found else "ok", "", found)


def pipeline_findings(documents: Sequence[Any]) -> tuple[str, ...]:
    """Of the documents of a pipeline, itself and what Kubernetes is told: tasks, components, executors, inputs and
    outputs that are not there; inputs that nobody gives; what waits for itself; what does not say whether it may come
    from the cache."""
    spec = documents[0] if documents else None
    if not isinstance(spec, Mapping) or not _tasks(inside(spec, "root")):
        return ("the document is no pipeline with tasks",)
    return tuple(_of_pipeline(spec, documents[1:]))


def _of_pipeline(spec: Object, platforms: Sequence[Any]) -> Iterator[str]:
    components = {str(name): one for name, one in mapping(spec, "components").items()}
    executors = mapping(spec, "deploymentSpec", "executors")
    used: set[str] = set()
    for where, one in {"root": spec["root"], **components}.items():
        for task in _tasks(one).values():
            used.add(str(inside(task, "componentRef", "name")))
        yield from _of_graph(where, one, components)
    for name, one in components.items():
        if name not in used:
            yield f"components.{name}: no task is of it"
        label = inside(one, "executorLabel")
        if label is None and not _tasks(one):
            yield f"components.{name}: it has neither an executor nor tasks"
        elif label is not None and label not in executors:
            yield f"components.{name}: there is no executor {label}"
    for name, one in executors.items():
        image = str(inside(one, "container", "image"))
        if re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", image) is None:
            yield f"deploymentSpec.executors.{name}: the image {image} is not pinned by a digest"
    for platform in platforms:
        for kind, one in mapping(platform, "platforms").items():
            for name in mapping(one, "deploymentSpec", "executors"):
                if name not in executors:
                    yield f"platforms.{kind}: there is no executor {name}"


def _of_graph(where: str, holder: Any, components: Mapping[str, Any]) -> Iterator[str]:
    """The tasks of the pipeline, or of a component that has some."""
    tasks = _tasks(holder)
    waits: dict[str, list[str]] = {}
    for name, task in tasks.items():
        at = f"{where}.{name}"
        if _TASK.fullmatch(name) is None:
            yield f"{at}: no task can be called so"
        waits[name] = [str(one) for one in inside(task, "dependentTasks") or ()]
        yield from (f"{at}.dependentTasks: there is no task {one}" for one in waits[name] if one not in tasks)
        reference = inside(task, "componentRef", "name")
        component = components.get(str(reference))
        if component is None:
            yield f"{at}: there is no component {reference}"
            continue
        if not isinstance(inside(task, "cachingOptions", "enableCache"), bool) and not _tasks(component):
            yield f"{at}: it does not say whether its result may come from the cache"
        yield from _of_inputs(at, task, component, holder, tasks, components, waits[name])
        given = mapping(task, "inputs", "parameters")
        for asked in _CONDITION.findall(str(inside(task, "triggerPolicy", "condition") or "")):
            if asked not in given:
                yield f"{at}.triggerPolicy: the task has no input {asked}"
    yield from circles({name: [one for one in others if one in waits] for name, others in waits.items()})


def _of_inputs(
    at: str,
    task: Any,
    component: Any,
    holder: Any,
    tasks: Mapping[str, Any],
    components: Mapping[str, Any],
    waits: Sequence[str],
) -> Iterator[str]:
    takes, given = mapping(component, "inputDefinitions", "parameters"), mapping(task, "inputs", "parameters")
    for name, definition in takes.items():
        if name not in given and not inside(definition, "isOptional"):
            yield f"{at}.inputs.{name}: nobody gives it"
    for name, source in given.items():
        if name not in takes:
            yield f"{at}.inputs.{name}: {inside(task, 'componentRef', 'name')} takes no such input"
            continue
        wanted = inside(takes[name], "parameterType")
        around = inside(source, "componentInputParameter")
        producer = inside(source, "taskOutputParameter", "producerTask")
        if around is not None:
            kind = inside(mapping(holder, "inputDefinitions", "parameters").get(around), "parameterType")
            if kind is None:
                yield f"{at}.inputs.{name}: there is no input {around} around it"
                continue
        elif producer is not None:
            key = inside(source, "taskOutputParameter", "outputParameterKey")
            if producer not in tasks:
                yield f"{at}.inputs.{name}: there is no task {producer}"
                continue
            made = components.get(str(inside(tasks[producer], "componentRef", "name")))
            kind = inside(mapping(made, "outputDefinitions", "parameters").get(key), "parameterType")
            if kind is None:
                yield f"{at}.inputs.{name}: {producer} has no output {key}"
                continue
            if producer not in waits:
                yield f"{at}.inputs.{name}: it does not wait for {producer}, whose output it reads"
        elif inside(source, "runtimeValue") is None:
            yield f"{at}.inputs.{name}: it has no value"
            continue
        else:
            continue
        if kind != wanted:
            yield f"{at}.inputs.{name}: it is {wanted}, and is given {kind}"


def _tasks(holder: Any) -> Mapping[str, Any]:
    return mapping(holder, "dag", "tasks")


# Each message is read as strictly as protobuf can; what a pipeline holds as loose structures, by its own type.
_KFP = """
import sys, yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

with open(sys.argv[1]) as opened:
    text = opened.read()
try:
    spec, *platforms = yaml.safe_load_all(text)
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    for platform in platforms:
        json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
        for executor in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
            json_format.ParseDict(executor, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
    read = components.load_component_from_text(text)
    if read.pipeline_spec.schema_version != "2.1.0":
        raise ValueError(f"kfp reads the schema version as {read.pipeline_spec.schema_version!r}")
except Exception as error:
    print(f"{type(error).__name__}: {error}")
    sys.exit(1)
"""

_OFFICIAL = {"kfp": _KFP, "katib": katib.OFFICIAL}
