"""target-cannot: a deployment asks for what its target cannot do.

Why it matters: what a target cannot do would be left out without a word, and the service would not be what was
described.
How to mend it: leave it out, or take a target that can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The target cannot do this.")
SCOPE = "upstream"

_IMAGE = "ghcr.io/acme/shop@sha256:" + "0" * 64
_CANARY = "rollout: {strategy: canary, steps: {first: {traffic: 10%, hold: 30m}}}\n"
_CLUSTER = "type: kubernetes\nnamespace: shop\n"
BAD = {
    "target/cluster.yaml": _CLUSTER,
    "deployment/local.yaml": f"model: churn\ntarget: cluster\nimage: {_IMAGE}\n{_CANARY}",
}
GOOD = {
    "target/cluster.yaml": f"{_CLUSTER}controller: argo_rollouts\n",
    "deployment/local.yaml": f"model: churn\ntarget: cluster\nimage: {_IMAGE}\n{_CANARY}",
}

Reason = tuple[tuple[str, ...], str]
"""The path of what is asked for, and a sentence on why it cannot be and what can."""

_TAKES = {"image": ("kubernetes", "ray"), "variables": ("kubernetes", "azureml"), "shares": ("kserve",)}
"""The targets that take a field of a deployment which others have no use for."""

_BESIDE = ("azureml",)
"""The targets that keep two versions beside one another under one name, and that score files in batches."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is None:
            continue
        of_target = _OF_TARGET.get(target["type"])
        named = _name_of_job(address.name, target)
        model = subject.named("model", deployment["model"])
        only = () if target["type"] in _BESIDE else _only_beside(deployment)
        found = _one_server(deployment) if of_target is None else of_target(deployment, target)
        elsewhere = _elsewhere(subject, deployment)
        inside = _inside(model, target) if model is not None else ()
        for path, why in (*_not_taken(deployment, target), *found, *only, *elsewhere, *inside, *named):
            yield RULE.at(
                subject.span(address, *path),
                f"The target {deployment['target']} has the type {target['type']}. {why}",
                text=f"not on a target of the type {target['type']}",
                address=str(address),
                path=".".join(path),
            )


def _not_taken(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    for field, types in _TAKES.items():
        if deployment[field] and target["type"] not in types:
            yield (
                (field,),
                f'It takes no "{field}", as a target of the type {" or ".join(types)} does. Leave it out.',
            )


def _only_beside(deployment: dict[str, Any]) -> Iterator[Reason]:
    strategy = deployment["rollout"]["strategy"]
    if strategy in ("blue_green", "shadow") and deployment["mode"] == "online":
        yield (
            ("rollout", "strategy"),
            f"The rollout {strategy} needs a target that keeps two versions beside one another, as one of the type "
            f"{' or '.join(_BESIDE)} does. Take all_at_once, or such a target.",
        )
    if deployment["mode"] == "batch":
        yield (
            ("mode",),
            f"It answers requests. To score files, take a target of the type {' or '.join(_BESIDE)}.",
        )


def _elsewhere(subject: Subject, deployment: dict[str, Any]) -> Iterator[Reason]:
    for name, share in deployment["shares"].items():
        other = subject.named("deployment", share["deployment"])
        if other is not None and other["target"] != deployment["target"]:
            yield (
                ("shares", name, "deployment"),
                f"{share['deployment']} is on the target {other['target']}. Requests are shared on one target only.",
            )


def _name_of_job(name: str, target: dict[str, Any]) -> Iterator[Reason]:
    """KubeRay takes no long name of a RayJob, as it calls more after it."""
    if target["type"] == "ray" and target["job"] is not None and len(f"{name}-train-") + 5 > _LONGEST_RAY_JOB:
        most = _LONGEST_RAY_JOB - len("-train-") - 5
        yield (
            ("target",),
            f"The RayJob that trains is called after the deployment, and KubeRay takes {_LONGEST_RAY_JOB} characters. "
            f"Give the deployment a name of {most} characters or fewer, or leave `job` out of the target.",
        )


def _inside(model: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    """What cannot be taken apart again into models of their own."""
    if target["type"] != "triton" or not target["ensembles"]:
        return
    if model["ensemble"] is not None and model["ensemble"]["method"] == "chain":
        yield (
            ("model",),
            "The links of a chain stand within one another, and have no columns between them that the ensemble could "
            "hand over. Deploy the last model of the chain, or leave `ensembles` out of the target.",
        )
    if model["reuse"] is not None and model["reuse"]["as"] == "features":
        yield (
            ("model",),
            "It asks a version of the registry, of which only that version knows what goes in. Leave `ensembles` out "
            "of the target: one graph serves it.",
        )


def _no_canary(deployment: dict[str, Any]) -> Iterator[Reason]:
    if deployment["rollout"]["strategy"] == "canary":
        yield (
            ("rollout", "strategy"),
            "It serves one version at a time. Take all_at_once, or a target of the type kserve, or of the type "
            "kubernetes with the controller argo_rollouts.",
        )


def _one_server(deployment: dict[str, Any]) -> Iterator[Reason]:
    yield from _no_canary(deployment)
    if deployment["autoscaling"] is not None:
        yield (
            ("autoscaling",),
            "It is one server, and nothing starts a second one. Leave it out, or take a target of the type kubernetes, "
            "kserve or ray.",
        )


def _kubernetes(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    rollout, scaling = deployment["rollout"], deployment["autoscaling"]
    if rollout["strategy"] == "canary" and target["controller"] == "deployment":
        yield (
            ("rollout", "strategy"),
            "A Deployment of Kubernetes has no canary. Write `controller: argo_rollouts` in the target, or take "
            "all_at_once.",
        )
    elif rollout["strategy"] == "canary" and rollout["stable"] is not None:
        yield ("rollout", "stable"), "Argo Rollouts knows itself which version is stable. Leave it out."
    if scaling is not None and scaling["cpu"] is None:
        yield (
            ("autoscaling",),
            "Kubernetes itself does not count requests. Say how busy the processors may be, as in `cpu: 70%`.",
        )
    if scaling is not None and scaling["min"] == 0:
        yield (
            ("autoscaling", "min"),
            "It cannot scale to nothing. Take at least 1, or a target of the type kserve.",
        )
    if deployment["port"] == 0:
        yield ("port",), "What calls it has to know the port. Take one from 1024 up."


def _kserve(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    standard, scaling = target["mode"] == "standard", deployment["autoscaling"]
    if deployment["rollout"]["strategy"] == "canary":
        yield from _canary_of_kserve(deployment["rollout"], standard)
    if scaling is not None and standard and scaling["cpu"] is None:
        yield (
            ("autoscaling",),
            "In the mode standard, KServe does not count requests. Say how busy the processors may be, as in "
            "`cpu: 70%`.",
        )
    if scaling is not None and standard and scaling["min"] == 0:
        yield ("autoscaling", "min"), "In the mode standard, it cannot scale to nothing. Take at least 1."
    if scaling is not None and not standard and scaling["cpu"] is not None:
        yield (
            ("autoscaling", "cpu"),
            "In the mode knative, KServe scales by requests at once. Leave it out, or write `mode: standard` in the "
            "target.",
        )
    if (given := sum(int(share["traffic"].rstrip("%")) for share in deployment["shares"].values())) >= 100:
        yield (
            ("shares",),
            f"Others answer {given}% of the requests, and none are left for this one. Give them less.",
        )


def _canary_of_kserve(rollout: dict[str, Any], standard: bool) -> Iterator[Reason]:
    for place, (name, step) in enumerate(rollout["steps"].items()):
        if place > 0:
            yield (
                ("rollout", "steps", name),
                "KServe holds one step, until somebody changes it. Leave one step, and raise it when you have looked.",
            )
        elif step["hold"] is not None:
            yield (
                ("rollout", "steps", name, "hold"),
                "KServe does not go on by itself. Leave the time out: the step holds until somebody changes it.",
            )
    if standard and rollout["stable"] is None:
        yield (
            ("rollout",),
            "In the mode standard, both versions are named. Say the alias of the other one, as in "
            "`stable: production`.",
        )
    if not standard and rollout["stable"] is not None:
        yield (
            ("rollout", "stable"),
            "In the mode knative, KServe keeps the version before this one itself. Leave it out.",
        )


def _triton(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:  # noqa: ARG001 - as its neighbours
    yield from _no_canary(deployment)
    if deployment["autoscaling"] is not None:
        yield ("autoscaling",), 'It runs a fixed number of copies of a model. Say it in "replicas".'


_LONGEST_RAY_JOB = 47
"""Characters of a RayJob's name that KubeRay takes; five of them are drawn by Kubernetes."""


def _ray(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:  # noqa: ARG001 - as its neighbours
    yield from _no_canary(deployment)
    if deployment["autoscaling"] is not None and deployment["autoscaling"]["cpu"] is not None:
        yield ("autoscaling", "cpu"), "Ray Serve scales by requests at once. Leave it out."
    if deployment["port"] == 0:
        yield ("port",), "What calls it has to know the port. Take one from 1024 up."


def _azureml(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    rollout, batch = deployment["rollout"], deployment["mode"] == "batch"
    if deployment["autoscaling"] is not None:
        yield (
            ("autoscaling",),
            "An endpoint of Azure has a fixed number of instances; Azure Monitor scales them, by a setting of its own. "
            'Say their number in "replicas".',
        )
    if batch and rollout["strategy"] != "all_at_once":
        yield (
            ("rollout", "strategy"),
            "A batch endpoint has one version that answers by default, and shares nothing. Take all_at_once.",
        )
    if batch and target["compute"] is None:
        yield ("mode",), "Batches need a cluster. Name it as `compute` in the target."
    if rollout["strategy"] == "canary" and rollout["stable"] is not None:
        yield ("rollout", "stable"), "mlc sees at the endpoint which version answers. Leave it out."
    if rollout["strategy"] == "shadow" and int(rollout["traffic"].rstrip("%")) > _MOST_MIRRORED:
        yield (
            ("rollout", "traffic"),
            f"Azure copies {_MOST_MIRRORED}% of the requests at most. Take less.",
        )
    for name, text in deployment["variables"].items():
        if text.startswith("${secret:") and target["key_vault"] is None:
            yield (
                ("variables", name),
                "A secret is read from a Key Vault there. Name it as `key_vault` in the target.",
            )
        elif "${{" in text:
            yield ("variables", name), "Azure takes ${{…}} for a reference of its own. Write it another way."


def _kubeflow(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:  # noqa: ARG001 - as its neighbours
    elsewhere = (
        "It trains and registers; what is registered is served by a deployment of the same model on KServe"
    )
    if deployment["rollout"]["strategy"] == "canary":
        yield ("rollout", "strategy"), f"{elsewhere}, which can have a canary. Take all_at_once here."
    if deployment["autoscaling"] is not None:
        yield ("autoscaling",), f"{elsewhere}, which scales. Leave it out here."


def _mlflow(deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:  # noqa: ARG001 - as its neighbours
    yield from _no_canary(deployment)
    if deployment["autoscaling"] is not None:
        yield ("autoscaling",), 'MLflow\'s server has a fixed number of workers. Say it in "replicas".'
    if deployment["port"] == 0:
        yield ("port",), "What calls it has to know the port. Take one from 1024 up."


_MOST_MIRRORED = 50


_OF_TARGET: dict[str, Callable[[dict[str, Any], dict[str, Any]], Iterator[Reason]]] = {
    "kubernetes": _kubernetes,
    "kserve": _kserve,
    "triton": _triton,
    "ray": _ray,
    "azureml": _azureml,
    "kubeflow": _kubeflow,
    "mlflow": _mlflow,
}
