"""Searches by Katib and trainings by Trainer: jobs on the same claim as the pipeline, built as objects.

Source: kubeflow.org/v1beta1 Experiment and trainer.kubeflow.org/v1alpha1 TrainJob.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from mlc.ir.metrics import METRICS
from mlc.ir.operation import Operation
from mlc.kinds._kind import Scope, View
from mlc.kinds._kubeflow_pipeline import SECRETS, WORK, operations_of, pipeline_name
from mlc.kinds._spaces import spelled

PARTS = {"app.kubernetes.io/managed-by": "mlc"}
_SCRATCH = "/tmp"  # noqa: S108 - within the pod, an emptyDir
_USER = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "runAsGroup": 10001,
    "fsGroup": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_RIGHTS = {
    "allowPrivilegeEscalation": False,
    "privileged": False,
    "capabilities": {"drop": ["ALL"]},
}


def experiments(name: str, view: View, scope: Scope) -> list[dict[str, Any]]:
    """An Experiment for each candidate whose parameters are searched; none where Katib is not asked for."""
    search = view["target"]["search"]
    if search is None or view["model"]["tune"] is None:
        return []
    return [
        _experiment(
            f"{pipeline_name(name, scope)}-{candidate}".replace("_", "-"), candidate, tune, view, scope
        )
        for candidate, tune in spaces_of(view["model"], scope).items()
    ]


def spaces_of(model: View, scope: Scope) -> Mapping[str, dict[str, Any]]:
    """Of each candidate that is tuned what the step `tune` is told: metric, space, trials, folds."""
    steps = {operation.id: operation for operation in operations_of(model, scope)}
    found: Mapping[str, dict[str, Any]] = steps[f"model.{model['name']}/tune"].spec["tune"]
    return found


def train_job(name: str, view: View, scope: Scope) -> dict[str, Any]:
    """The TrainJob that does the steps of a model up to its training."""
    target, trainer = view["target"], view["target"]["trainer"]
    last = _training(view["model"], scope)
    words = ["mlc", "-C", _folder(target), "apply", "--yes", "--env", scope.environment, "--step", last.id]
    resources = {"cpu": target["cpu"], "memory": target["memory"]}
    pod = {
        "securityContext": _USER,
        "volumes": _volumes(target),
        "containers": [{"name": "node", "securityContext": _RIGHTS, "volumeMounts": _mounts(target)}],
    }
    template = {"spec": {"template": {"spec": pod}}}
    return {
        "apiVersion": "trainer.kubeflow.org/v1alpha1",
        "kind": "TrainJob",
        "metadata": _metadata(f"{pipeline_name(name, scope)}-train", view, scope),
        "spec": {
            "runtimeRef": {
                "apiGroup": "trainer.kubeflow.org",
                "kind": "ClusterTrainingRuntime",
                "name": trainer["runtime"],
            },
            "activeDeadlineSeconds": target["timeout_minutes"] * 60,
            "trainer": {
                "image": target["image"],
                "command": words[:1],
                "args": words[1:],
                "numNodes": 1,
                "numProcPerNode": 1,
                "resourcesPerNode": {"requests": resources, "limits": resources},
                "env": [{"name": "HOME", "value": _SCRATCH}],
            },
            "runtimePatches": [
                {
                    "manager": "mlc/render",
                    "trainingRuntimeSpec": {
                        "template": {"spec": {"replicatedJobs": [{"name": "node", "template": template}]}}
                    },
                }
            ],
        },
    }


def _training(model: View, scope: Scope) -> Operation:
    """The step by which a model is trained, with those that it feeds on inside."""
    own = [one for one in operations_of(model, scope) if one.address == f"model.{model['name']}"]
    return next(one for one in reversed(own) if one.name in ("train", "join"))


def _experiment(name: str, candidate: str, tune: dict[str, Any], view: View, scope: Scope) -> dict[str, Any]:
    target, search, metric = view["target"], view["target"]["search"], tune["metric"]
    space = {one["parameter"]: one for one in tune["space"]}
    words = [
        "mlc",
        "-C",
        _folder(target),
        "try",
        "--env",
        scope.environment,
        f"model.{view['model']['name']}",
    ]
    # Katib puts the values into the text as they are; `katib-cannot` refuses those that would leave the quotes
    values = [f"'{parameter}=${{trialParameters.p{i}}}'" for i, parameter in enumerate(space)]
    line = " ".join([shlex.join([*words, candidate]), *values])
    resources = {"cpu": target["cpu"], "memory": target["memory"]}
    container = {
        "name": "trial",
        "image": target["image"],
        "command": ["sh", "-c"],
        "args": [line],
        "env": [{"name": "HOME", "value": _SCRATCH}],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": _RIGHTS,
        "volumeMounts": _mounts(target),
    }
    pruned = {"earlyStopping": _median_stop(tune)} if tune["prune"] == "median" else {}
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": _metadata(name, view, scope),
        "spec": {
            "objective": {
                "type": "maximize" if METRICS[metric].better == "higher" else "minimize",
                "objectiveMetricName": metric,
                "metricStrategies": [{"name": metric, "value": "latest"}],
            },
            "algorithm": {
                "algorithmName": "tpe",
                "algorithmSettings": [{"name": "random_state", "value": str(tune["seed"])}],
            },
            **pruned,
            "maxTrialCount": tune["trials"],
            "parallelTrialCount": min(search["parallel"], tune["trials"]),
            "maxFailedTrialCount": min(search["failures"], tune["trials"]),
            "resumePolicy": "Never",
            "parameters": [{"name": parameter, **_feasible(one)} for parameter, one in space.items()],
            "metricsCollectorSpec": {"collector": {"kind": "StdOut"}},
            "trialTemplate": {
                "retain": False,
                "primaryContainerName": "trial",
                "successCondition": 'status.conditions.#(type=="Complete")#|#(status=="True")#',
                "failureCondition": 'status.conditions.#(type=="Failed")#|#(status=="True")#',
                "trialParameters": [
                    {"name": f"p{i}", "description": parameter, "reference": parameter}
                    for i, parameter in enumerate(space)
                ],
                "trialSpec": {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "spec": {
                        "backoffLimit": 0,
                        "activeDeadlineSeconds": target["timeout_minutes"] * 60,
                        "template": {
                            "metadata": {"annotations": {"sidecar.istio.io/inject": "false"}},
                            "spec": {
                                "automountServiceAccountToken": False,
                                "restartPolicy": "Never",
                                "securityContext": _USER,
                                "volumes": _volumes(target),
                                "containers": [container],
                            },
                        },
                    },
                },
            },
        },
    }


def _median_stop(tune: dict[str, Any]) -> dict[str, Any]:
    """As a search of mlc gives up trials: once four came through, those whose mean after the first folds is worse than
    the median. Katib looks at one number of folds only: half of them."""
    start = max(1, tune["folds"]["count"] // 2)
    return {
        "algorithmName": "medianstop",
        "algorithmSettings": [
            {"name": "min_trials_required", "value": "4"},
            {"name": "start_step", "value": str(start)},
        ],
    }


def _feasible(one: dict[str, Any]) -> dict[str, Any]:
    if "choice" in one:
        return {
            "parameterType": "categorical",
            "feasibleSpace": {"list": [spelled(choice) for choice in one["choice"]]},
        }
    kind = next(kind for kind in ("log", "int", "float") if kind in one)
    is_whole = kind == "int" or one.get("whole", False)
    low, high = (str(int(end)) if is_whole else repr(float(end)) for end in one[kind])
    distribution = {"distribution": "logUniform"} if kind == "log" else {}
    return {
        "parameterType": "int" if is_whole else "double",
        "feasibleSpace": {"min": low, "max": high, **distribution},
    }


def _metadata(name: str, view: View, scope: Scope) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": view["target"]["namespace"],
        "labels": {**PARTS, "app.kubernetes.io/part-of": scope.project["project"]},
        "annotations": {"mlc/project": scope.project["project"], "mlc/model": view["model"]["name"]},
    }


def _folder(target: View) -> str:
    folder = target["folder"].strip("/")
    return WORK if folder in ("", ".") else f"{WORK}/{folder}"


def _volumes(target: View) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "work", "persistentVolumeClaim": {"claimName": target["claim"]}},
        {"name": "scratch", "emptyDir": {}},
    ]
    if target["secret"] is not None:
        found.append({"name": "secrets", "secret": {"secretName": target["secret"]}})
    return found


def _mounts(target: View) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "work", "mountPath": WORK},
        {"name": "scratch", "mountPath": _SCRATCH},
    ]
    if target["secret"] is not None:
        found.append({"name": "secrets", "mountPath": SECRETS, "readOnly": True})
    return found
