"""What the definitions of Argo's objects are blind to: names that one template, task or object calls another by.

Argo's controller refuses a workflow for these only once it runs (its packages workflow/validate and workflow/common).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from mlc.emit.dependencies import circles
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification

Object = Mapping[str, Any]

_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIELD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
_TASK = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)(?:\.([A-Za-z]+))?")
_RESULTS = frozenset(
    ["Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed"]
)
_VARIABLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ROOTS = frozenset(
    ["inputs", "workflow", "tasks", "steps", "outputs", "item", "pod", "node", "retries", "lastRetry"]
)


def verify(artifact: Artifact, beside: Sequence[Artifact]) -> Verification:
    """What is wrong with the objects of a file, among those that it was emitted with."""
    folder = artifact.path.rpartition("/")[0]
    others = [one for one in beside if one.path.rpartition("/")[0] == folder and one.path != artifact.path]
    try:
        objects = _read(artifact)
        around = [document for one in others for document in _read(one)]
    except yaml.YAMLError as error:
        return Verification("rejected", "", tuple(str(error).splitlines()))
    if not objects:
        return Verification("rejected", "", ("there is no document in the file",))
    found = tuple(finding for one in objects for finding in argo_findings(one, [*objects, *around]))
    return Verification("rejected" if found else "ok", "", found)


def argo_findings(document: Any, beside: Sequence[Any]) -> tuple[str, ...]:
    """Of a Workflow, a WorkflowTemplate or a CronWorkflow: templates, tasks and parameters that are not there, are
    not given or are called alike; what waits for itself; a WorkflowTemplate that is not among the objects `beside`."""
    spec = _spec(document)
    if spec is None:
        return ("the document is no object of Argo Workflows",)
    shared = _shared(spec, beside)
    if shared is None:
        name = spec["workflowTemplateRef"].get("name")
        return (f"workflowTemplateRef: there is no WorkflowTemplate {name}",)
    return tuple(_of_spec(spec, shared))


def _of_spec(spec: Object, shared: Object) -> Iterator[str]:
    own = _entries(spec, "templates")
    templates = {str(one.get("name")): one for one in [*_entries(shared, "templates"), *own]}
    entrypoint = spec.get("entrypoint", shared.get("entrypoint"))
    if entrypoint not in templates:
        yield f"entrypoint: there is no template {entrypoint}"
    parameters = _parameters(shared.get("arguments")) | _parameters(spec.get("arguments"))
    if spec is not shared:
        for name in sorted(parameters.keys() - _parameters(shared.get("arguments")).keys()):
            yield f"arguments.parameters: the WorkflowTemplate has no parameter {name}"
    for name, given in parameters.items():
        if not given:
            yield f"arguments.parameters.{name}: it has no value"
    yield from _names("template", own)
    volumes = {one.get("name") for one in _entries(spec, "volumes")}
    for template in own:
        yield from _of_template(template, templates, parameters, volumes)


def _of_template(
    template: Object, templates: Mapping[str, Object], parameters: Object, volumes: set[Any]
) -> Iterator[str]:
    where = f"templates.{template.get('name')}"
    tasks = _entries(template.get("dag"), "tasks")
    names = [str(task.get("name")) for task in tasks]
    yield from _names("task", tasks)
    waits: dict[str, list[str]] = {}
    for task in tasks:
        at = f"{where}.{task.get('name')}"
        waits[str(task.get("name"))] = [str(name) for name in task.get("dependencies") or ()]
        if "depends" in task:
            if "dependencies" in task:
                yield f"{at}: it has both depends and dependencies"
            waits[str(task.get("name"))] += [name for name, _ in _TASK.findall(str(task["depends"]))]
            yield from _of_depends(f"{at}.depends", str(task["depends"]))
        yield from (
            f"{at}: there is no task {name}" for name in waits[str(task.get("name"))] if name not in names
        )
        yield from _of_call(at, task, templates)
    yield from circles({name: [one for one in others if one in waits] for name, others in waits.items()})
    for mount in _entries(template.get("container"), "volumeMounts"):
        if mount.get("name") not in volumes:
            yield f"{where}.volumeMounts: there is no volume {mount.get('name')}"
    yield from _of_variables(where, template, set(parameters), names)


def _of_depends(at: str, text: str) -> Iterator[str]:
    """The language of `depends`: tasks and how they ended, with && || ! and parentheses."""
    for _, result in _TASK.findall(text):
        if result and result not in _RESULTS:
            yield f"{at}: no task ends as {result}; as one of {', '.join(sorted(_RESULTS))}"
    words = _TASK.sub("x", text).replace("&&", " and ").replace("||", " or ").replace("!", " not ")
    try:
        if re.search(r"[^a-z()\s]", words):
            raise SyntaxError
        ast.parse(words.strip(), mode="eval")
    except SyntaxError:
        yield f"{at}: {text!r} cannot be read"


def _of_call(at: str, task: Object, templates: Mapping[str, Object]) -> Iterator[str]:
    called = templates.get(str(task.get("template")))
    if called is None:
        yield f"{at}: there is no template {task.get('template')}"
        return
    given = _parameters(task.get("arguments"))
    takes = _parameters(called.get("inputs"))
    for name in sorted(given.keys() - takes.keys()):
        yield f"{at}.arguments: the template {task['template']} takes no parameter {name}"
    for name in sorted(takes.keys() - given.keys()):
        if not takes[name]:
            yield f"{at}.arguments: the parameter {name} of the template {task['template']} is not given"
    yield from (f"{at}.arguments.{name}: it has no value" for name, has in given.items() if not has)


def _of_variables(where: str, template: Object, parameters: set[str], tasks: list[str]) -> Iterator[str]:
    """What stands between `{{` and `}}`, which Argo replaces before a step runs."""
    known = {"inputs": set(_parameters(template.get("inputs"))), "workflow": parameters}
    for place, text in _texts(template, where):
        for variable in _VARIABLE.findall(text):
            root, *path = variable.strip().split(".")
            if root.startswith("="):
                continue  # an expression of its own language
            if root not in _ROOTS:
                yield f"{place}: Argo knows no variable {variable.strip()}"
            elif root in known and path[:1] == ["parameters"] and path[1:2] and path[1] not in known[root]:
                yield f"{place}: there is no parameter {path[1]} of the {'template' if root == 'inputs' else root}"
            elif root == "tasks" and path[:1] and path[0] not in tasks:
                yield f"{place}: there is no task {path[0]}"


def _names(word: str, entries: Sequence[Object]) -> Iterator[str]:
    names = [str(one.get("name")) for one in entries]
    yield from (f"two {word}s are called {name}" for name in sorted({n for n in names if names.count(n) > 1}))
    yield from (f"{name} cannot be the name of a {word}" for name in names if not _FIELD.fullmatch(name))


def _shared(spec: Object, beside: Sequence[Any]) -> Object | None:
    """The specification that a spec builds on: the WorkflowTemplate's that it names, else itself."""
    reference = spec.get("workflowTemplateRef")
    if not isinstance(reference, Mapping):
        return spec
    for one in beside:
        if (
            isinstance(one, Mapping)
            and one.get("kind") == "WorkflowTemplate"
            and one.get("metadata", {}).get("name") == reference.get("name")
        ):
            return _spec(one)
    return None


def _spec(document: Any) -> Object | None:
    if not isinstance(document, Mapping) or not isinstance(document.get("spec"), Mapping):
        return None
    spec = (
        document["spec"].get("workflowSpec") if document.get("kind") == "CronWorkflow" else document["spec"]
    )
    return spec if isinstance(spec, Mapping) else None


def _parameters(holder: Any) -> dict[str, bool]:
    """Parameters by name, and whether each has a value of its own."""
    return {
        str(one.get("name")): any(key in one for key in ("value", "valueFrom", "default"))
        for one in _entries(holder, "parameters")
    }


def _entries(holder: Any, field: str) -> list[Object]:
    found = holder.get(field) if isinstance(holder, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _texts(child, f"{place}.{key}")
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _texts(child, f"{place}[{i}]")


def _read(artifact: Artifact) -> list[Any]:
    return list(yaml.load_all(artifact.content, Loader=_YAML_LOADER))
