"""A model's whole lifecycle as a pipeline of Kubeflow Pipelines: its intermediate representation, built as objects.

Source: the protobuf `ml_pipelines.PipelineSpec` (schema version 2.1.0) and `kfp_kubernetes.KubernetesExecutorConfig`.
"""

import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mlc.ir.address import Address
from mlc.ir.operation import Operation, digest_of
from mlc.kinds import _feeding, _signature, dataset, model
from mlc.kinds._fields import in_bytes, seconds
from mlc.kinds._kind import Scope, View

WORK = "/work"
"""Where the claim is mounted."""

SECRETS = "/run/secrets"
"""Where mlc reads secrets: a file for each."""

EFFECTS = frozenset(
    [
        *("champion", "contested_variants", "data_registration", "local", "promotion", "registration"),
        *("kubeflow_run", "kubeflow_version", "mlflow_release", "mlflow_run", "reuse"),
        *("azureml_asset", "azureml_deployment", "azureml_endpoint", "azureml_schedule", "azureml_traffic"),
    ]
)
"""Drivers that change something outside, or look at what others change: Kubeflow takes nothing of theirs from its
cache."""

_PASSED = "passed"
_LAUNCH = (
    'program_path=$(mktemp -d)\nprintf "%s" "$0" > "$program_path/ephemeral_component.py"\n'
    "_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --component_module_path "
    '"$program_path/ephemeral_component.py" "$@"\n'
)
"""How kfp runs a function whose source is an argument: its own runner knows a component by these words."""


def operations_of(view: View, scope: Scope) -> tuple[Operation, ...]:
    """The steps of a model and of all that it builds on, each after those that it reads from."""
    found: dict[str, Operation] = {}
    for address, kind, one in _resources(view):
        for operation in kind.KIND.operations(address, one, scope):
            found.setdefault(operation.id, operation)
    return tuple(found.values())


def _resources(view: View) -> Iterator[tuple[Address, Any, View]]:
    yield Address("dataset", view["dataset"]["name"]), dataset, view["dataset"]
    for member in _signature.members_of(_feeding.headed(view)).values():
        yield from _resources(member)
    yield Address("model", view["name"]), model, view


def pipeline_name(name: str, scope: Scope) -> str:
    """The name that Kubeflow knows a deployment's pipeline by: of letters, digits and - alone."""
    return dashed(f"{scope.project['project']}-{scope.environment}-{name}")


def pipeline(name: str, view: View, scope: Scope, last: Iterable[Operation]) -> dict[str, Any]:
    """The pipeline of a deployment: the steps of its model, and then its own (`last`)."""
    tasks = _tasks([*operations_of(view["model"], scope), *last])
    late = _after_gates(tasks)
    early = {task: operation for task, operation in tasks.items() if task not in late}
    common = {
        "folder": view["target"]["folder"],
        "environment": scope.environment,
    }
    components: dict[str, Any] = {
        "comp-checkout": _component("checkout", _CHECKOUT, {"description": "STRING"})
    }
    for task, operation in tasks.items():
        inputs = [*_STEP, *(["evaluation"] if _is_evaluation(operation) else []), *_reads(operation, tasks)]
        outputs = {"outputs": "STRING"} | ({_PASSED: "BOOLEAN"} if _is_gate(operation) else {})
        components[f"comp-{task}"] = _component(task, inputs, outputs, metrics=_is_evaluation(operation))
    root = {"checkout": _checkout(name, common)}
    root |= _group(["checkout", *early], tasks, common, view["target"])
    before = [*root][-1]
    if late:
        gates = [task for task, operation in early.items() if _is_gate(operation)]
        components["comp-register-if-passed"] = _conditional(late, tasks, gates, common, view["target"])
        root["register-if-passed"] = _condition(late, tasks, gates, before)
    return {
        "pipelineInfo": {
            "name": pipeline_name(name, scope),
            "displayName": f"{scope.project['project']} {scope.environment} {name}",
            **({"description": view["description"]} if view["description"] else {}),
        },
        "schemaVersion": "2.1.0",
        "sdkVersion": "mlc",
        "root": {
            "dag": {"tasks": root},
            "inputDefinitions": {"parameters": _parameters(view["target"])},
        },
        "components": components,
        "deploymentSpec": {
            "executors": {
                f"exec-{task}": {"container": _container(function, view["target"])}
                for task, function in _functions(tasks).items()
            }
        },
    }


def platform(document: dict[str, Any], target: View) -> dict[str, Any]:
    """What Kubernetes is told of the steps of a pipeline: the claim with the project, the time, no root."""
    claim = target["claim"]
    executor = {
        "pvcMount": [
            {
                "constant": claim,  # as older versions call it
                "pvcNameParameter": {"runtimeValue": {"constant": claim}},
                "mountPath": WORK,
            }
        ],
        **_secrets(target["secret"]),
        "activeDeadlineSeconds": str(target["timeout_minutes"] * 60),
        "securityContext": {"runAsUser": "10001", "runAsGroup": "10001", "runAsNonRoot": True},
    }
    executors = dict.fromkeys(document["deploymentSpec"]["executors"], executor)
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def _secrets(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    return {
        "secretAsVolume": [
            {
                "secretName": name,
                "secretNameParameter": {"runtimeValue": {"constant": name}},
                "mountPath": SECRETS,
                "optional": False,
            }
        ]
    }


_CHECKOUT = ("work", "folder", "environment", "deployment", "repository", "revision")
_STEP = ("work", "folder", "environment", "step", "is", "description")


def _tasks(operations: Iterable[Operation]) -> dict[str, Operation]:
    """The operations by the names of their tasks. No name has two dashes on end: those part a task and its output."""
    found: dict[str, Operation] = {}
    for operation in operations:
        plain = name = dashed(operation.id)
        number = 2
        while name in found or name in ("checkout", "register-if-passed"):
            name = f"{plain}-{number}"
            number += 1
        found[name] = operation
    return found


def dashed(text: str) -> str:
    """A name there: letters, digits and - alone."""
    return re.sub("[^a-z0-9]+", "-", text).strip("-")


def _is_gate(operation: Operation) -> bool:
    return operation.driver == "gate"


def _is_evaluation(operation: Operation) -> bool:
    return "evaluation" in operation.publishes


def _functions(tasks: dict[str, Operation]) -> dict[str, str]:
    """The function of the source that each task runs."""
    return {"checkout": "checkout"} | {
        task: "gate" if _is_gate(one) else "evaluate" if _is_evaluation(one) else "step"
        for task, one in tasks.items()
    }


def _after_gates(tasks: dict[str, Operation]) -> list[str]:
    """The tasks that read a gate's verdict, over whatever way: what is done once every gate has passed."""
    late: list[str] = []
    ids: set[str] = {operation.id for operation in tasks.values() if _is_gate(operation)}
    for task, operation in tasks.items():
        if ids.intersection(operation.needs):
            ids.add(operation.id)
            if not _is_gate(operation):
                late.append(task)
    return late


def _producers(operation: Operation, tasks: dict[str, Operation]) -> list[str]:
    return [task for task, one in tasks.items() if one.id in operation.needs]


def _reads(operation: Operation, tasks: dict[str, Operation]) -> list[str]:
    return [f"reads-{task}" for task in _producers(operation, tasks)]


def _channel(task: str, output: str) -> str:
    """The input by which a group of tasks is handed an output from outside. The two dashes are how kfp's own runner
    finds the task whose output it is."""
    return f"pipelinechannel--{task}--{output}"


def _component(
    task: str, inputs: Iterable[str], outputs: dict[str, str], *, metrics: bool = False
) -> dict[str, Any]:
    artifacts = {"metrics": {"artifactType": {"schemaTitle": "system.Metrics", "schemaVersion": "0.0.1"}}}
    return {
        "executorLabel": f"exec-{task}",
        "inputDefinitions": {"parameters": {name: {"parameterType": "STRING"} for name in inputs}},
        "outputDefinitions": {
            **({"artifacts": artifacts} if metrics else {}),
            "parameters": {name: {"parameterType": kind} for name, kind in outputs.items()},
        },
    }


def _parameters(target: View) -> dict[str, Any]:
    values = {"work": WORK, "repository": target["repository"], "revision": target["branch"]}
    return {
        name: {"parameterType": "STRING", "defaultValue": value, "isOptional": True}
        for name, value in values.items()
    }


def _checkout(name: str, common: dict[str, str]) -> dict[str, Any]:
    given = {part: _given(part) for part in ("work", "repository", "revision")}
    given |= {part: _constant(value) for part, value in {**common, "deployment": name}.items()}
    return {
        "taskInfo": {"name": "checkout"},
        "componentRef": {"name": "comp-checkout"},
        "cachingOptions": {"enableCache": False},
        "inputs": {"parameters": {part: given[part] for part in _CHECKOUT}},
    }


def _group(
    group: list[str], tasks: dict[str, Operation], common: dict[str, str], target: View
) -> dict[str, Any]:
    """Tasks one after the other: one project on one claim is changed by one at a time.

    All that a step depends on is among its inputs, so that Kubeflow may take its result from its cache: what the step
    is, the digests of what it reads, and the description of the project as it was fetched. A step that reads a file of
    the project depends on more and always runs; mlc itself sees whether there is something to do.
    """
    found: dict[str, Any] = {}
    before = [group[0]] if group[0] not in tasks else []
    for task in (one for one in group if one in tasks):
        operation = tasks[task]
        producers = _producers(operation, tasks)
        parameters = {"work": _given("work")}
        parameters |= {part: _constant(value) for part, value in common.items()}
        parameters["step"] = _constant(operation.id)
        parameters["is"] = _constant(digest_of({"driver": operation.driver, "spec": operation.spec}))
        parameters["description"] = _read_from("checkout", "description", group)
        if _is_evaluation(operation):
            parameters["evaluation"] = _constant(operation.publishes["evaluation"])
        parameters |= {f"reads-{one}": _read_from(one, "outputs", group) for one in producers}
        waits = {*before, *(one for one in ("checkout", *producers) if one in group)}
        found[task] = {
            "taskInfo": {"name": operation.id},
            "componentRef": {"name": f"comp-{task}"},
            "cachingOptions": {"enableCache": _is_cached(operation)},
            **({"dependentTasks": sorted(waits)} if waits else {}),
            "inputs": {"parameters": parameters},
            **_retried(target),
        }
        before = [task]
    return found


def _is_cached(operation: Operation) -> bool:
    return not operation.files and operation.driver.partition("+")[0] not in EFFECTS


def _read_from(task: str, output: str, group: list[str]) -> dict[str, Any]:
    """An output of a task of the same group, or as the group was handed it."""
    return _output(task, output) if task in group else _given(_channel(task, output))


def _conditional(
    late: list[str], tasks: dict[str, Operation], gates: list[str], common: dict[str, str], target: View
) -> dict[str, Any]:
    """The tasks that are done only if every gate has passed, as a component."""
    handed = dict.fromkeys(_handed(late, tasks), "STRING")
    handed |= {_channel(gate, _PASSED): "BOOLEAN" for gate in gates} | {"work": "STRING"}
    return {
        "dag": {"tasks": _group(late, tasks, common, target)},
        "inputDefinitions": {"parameters": {name: {"parameterType": kind} for name, kind in handed.items()}},
    }


def _condition(late: list[str], tasks: dict[str, Operation], gates: list[str], before: str) -> dict[str, Any]:
    outside = _handed(late, tasks)
    parameters = {"work": _given("work")}
    parameters |= {name: _output(task, output) for name, (task, output) in outside.items()}
    parameters |= {_channel(gate, _PASSED): _output(gate, _PASSED) for gate in gates}
    waits = {before, *gates, *(task for task, _ in outside.values())}
    tests = [f"inputs.parameter_values['{_channel(gate, _PASSED)}'] == true" for gate in gates]
    return {
        "taskInfo": {"name": "register if every gate passed"},
        "componentRef": {"name": "comp-register-if-passed"},
        "dependentTasks": sorted(waits),
        "inputs": {"parameters": parameters},
        "triggerPolicy": {"condition": " && ".join(tests)},
    }


def _handed(late: list[str], tasks: dict[str, Operation]) -> dict[str, tuple[str, str]]:
    """The inputs of the group: outputs of tasks outside that those within read, by the names that they get there."""
    found = {_channel("checkout", "description"): ("checkout", "description")}
    for task in late:
        for producer in _producers(tasks[task], tasks):
            if producer not in late:
                found[_channel(producer, "outputs")] = (producer, "outputs")
    return found


def _retried(target: View) -> dict[str, Any]:
    if not target["retries"]:
        return {}
    return {
        "retryPolicy": {
            "maxRetryCount": target["retries"],
            "backoffDuration": f"{math.ceil(seconds(target['backoff']))}s",
            "backoffFactor": 2.0,
            "backoffMaxDuration": "3600s",
        }
    }


def _container(function: str, target: View) -> dict[str, Any]:
    cpu, memory = target["cpu"], target["memory"]
    processors = int(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    gigabytes = in_bytes(memory) / 1e9
    return {
        "image": target["image"],
        "command": ["sh", "-ec", _LAUNCH, _source()],
        "args": ["--executor_input", "{{$}}", "--function_to_execute", function],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - within the container
        "resources": {
            # numbers for older versions, texts for newer ones
            "cpuRequest": processors,
            "cpuLimit": processors,
            "memoryRequest": gigabytes,
            "memoryLimit": gigabytes,
            "resourceCpuRequest": cpu,
            "resourceCpuLimit": cpu,
            "resourceMemoryRequest": memory,
            "resourceMemoryLimit": memory,
        },
    }


@cache
def _source() -> str:
    return Path(__file__).with_name("_kubeflow_step.py").read_text(encoding="utf-8")


def _constant(value: str) -> dict[str, Any]:
    return {"runtimeValue": {"constant": value}}


def _given(name: str) -> dict[str, Any]:
    return {"componentInputParameter": name}


def _output(task: str, output: str) -> dict[str, Any]:
    return {"taskOutputParameter": {"producerTask": task, "outputParameterKey": output}}
