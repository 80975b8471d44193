"""What holds a set of Kubernetes objects together, which no schema of a single one sees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Object = Mapping[str, Any]

_QUANTITY = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_QUANTITIES = frozenset(["requests", "limits"])
_WORKLOADS = frozenset(["Deployment", "Rollout", "StatefulSet", "DaemonSet", "ReplicaSet"])


def findings(objects: list[Any]) -> tuple[str, ...]:
    """What is wrong with a set of objects that are applied together; empty when nothing is."""
    known = [one for one in objects if isinstance(one, Mapping)]
    if not known:
        return ("nothing is built",)
    return (*_named_twice(known), *(text for one in known for text in _of_one(one, known)))


def bad_values(document: Any) -> list[str]:
    """Quantities that are none and are smaller than they have to be, of a single object."""
    if not isinstance(document, Mapping):
        return []
    return [*_quantities(document, ()), *_own_selector(document)]


def _of_one(one: Object, others: list[Object]) -> Iterator[str]:
    yield from bad_values(one)
    pods = [_pod_labels(other) for other in others if other.get("kind") in _WORKLOADS]
    for where, selector in _selectors(one):
        if not any(_selects(selector, labels) for labels in pods):
            yield f"{_name(one)}: {where} selects no pod: {dict(selector)}"
    for where, kind, name in _references(one):
        if kind and not any(other.get("kind") == kind and _named(other) == name for other in others):
            yield f"{_name(one)}: {where} names the {kind} {name}, and there is none"
    yield from _ports(one, others)


def _named_twice(objects: list[Object]) -> Iterator[str]:
    seen: set[str] = set()
    for one in objects:
        if _name(one) in seen:
            yield f"{_name(one)}: there are two of this name"
        seen.add(_name(one))


def _quantities(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key in _QUANTITIES and isinstance(child, Mapping):
                yield from _of_resources(child, (*path, key))
            yield from _quantities(child, (*path, str(key)))
        yield from _request_over_limit(value, path)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _quantities(child, (*path, str(place)))


def _of_resources(resources: Object, path: tuple[str, ...]) -> Iterator[str]:
    for name, quantity in resources.items():
        if amount(quantity) is None:
            yield f"{'.'.join((*path, name))}: {quantity!r} is no quantity of Kubernetes"


def _request_over_limit(value: Object, path: tuple[str, ...]) -> Iterator[str]:
    requests, limits = value.get("requests"), value.get("limits")
    if isinstance(requests, Mapping) and isinstance(limits, Mapping):
        for name in requests.keys() & limits.keys():
            request, limit = amount(requests[name]), amount(limits[name])
            if request is not None and limit is not None and request > limit:
                yield f"{'.'.join((*path, 'requests', name))}: more is asked for than the limit"


def amount(quantity: Any) -> float | None:
    """A quantity of Kubernetes as a number, or None where it is no quantity.

    Source: k8s.io/apimachinery/pkg/api/resource, the grammar of `Quantity`.
    """
    if isinstance(quantity, int | float) and not isinstance(quantity, bool):
        return float(quantity)
    if not isinstance(quantity, str) or not (found := _QUANTITY.fullmatch(quantity)):
        return None
    suffix = found[2] or ""
    if suffix[:1] in ("e", "E") and suffix != "E" and suffix != "Ei":
        return float(quantity)
    number = float(quantity.removesuffix(suffix))
    if suffix.endswith("i"):
        return number * 1024.0 ** ("KMGTPE".index(suffix[0]) + 1)
    return number * _FACTORS[suffix]


_FACTORS = {
    "": 1.0,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
}


def _own_selector(one: Object) -> Iterator[str]:
    if one.get("kind") in _WORKLOADS:
        selector = inside(one, "spec", "selector", "matchLabels") or {}
        if not _selects(selector, _pod_labels(one)):
            yield f"{_name(one)}: spec.selector does not select the pods of its own template: {dict(selector)}"


def _selectors(one: Object) -> Iterator[tuple[str, Object]]:
    """The selectors that have to find a pod among the objects beside them."""
    match one.get("kind"):
        case "Service":
            if selector := inside(one, "spec", "selector"):
                yield "spec.selector", selector
        case "PodDisruptionBudget":
            yield "spec.selector", inside(one, "spec", "selector", "matchLabels") or {}
        case "NetworkPolicy":
            yield "spec.podSelector", inside(one, "spec", "podSelector", "matchLabels") or {}


def _references(one: Object) -> Iterator[tuple[str, str, str]]:
    """The objects that one needs: where it says so, their kind and their name."""
    if one.get("kind") == "HorizontalPodAutoscaler":
        target = inside(one, "spec", "scaleTargetRef") or {}
        yield "spec.scaleTargetRef", str(target.get("kind")), str(target.get("name"))
    pod = inside(one, "spec", "template", "spec") if one.get("kind") in _WORKLOADS else None
    if one.get("kind") == "ServingRuntime":  # KServe makes a pod of it
        pod = one.get("spec")
    if not isinstance(pod, Mapping):
        return
    if account := pod.get("serviceAccountName"):
        yield "serviceAccountName", "ServiceAccount", account
    for volume in pod.get("volumes", ()):
        if name := inside(volume, "configMap", "name"):
            yield "volumes", "ConfigMap", name
    for container in _containers(pod):
        for source in container.get("envFrom", ()):
            if name := inside(source, "configMapRef", "name"):
                yield "envFrom", "ConfigMap", name
        volumes = {volume.get("name") for volume in pod.get("volumes", ())}
        for mount in container.get("volumeMounts", ()):
            if mount.get("name") not in volumes:
                yield "volumeMounts", "volume", str(mount.get("name"))


def _ports(one: Object, others: list[Object]) -> Iterator[str]:
    """Ports that are named: of a Service, of what a NetworkPolicy lets in, and of probes."""
    named = {
        port.get("name")
        for other in others
        if other.get("kind") in _WORKLOADS
        for container in _containers(inside(other, "spec", "template", "spec") or {})
        for port in container.get("ports", ())
    }
    wanted: list[Any] = []
    if one.get("kind") == "Service":
        wanted = [port.get("targetPort") for port in inside(one, "spec", "ports") or ()]
    elif one.get("kind") == "NetworkPolicy":
        rules = inside(one, "spec", "ingress") or ()
        wanted = [port.get("port") for rule in rules for port in rule.get("ports", ())]
    elif one.get("kind") in _WORKLOADS:
        probes = ("startupProbe", "readinessProbe", "livenessProbe")
        wanted = [
            inside(container, probe, "httpGet", "port")
            for container in _containers(inside(one, "spec", "template", "spec") or {})
            for probe in probes
        ]
    for port in wanted:
        if isinstance(port, str) and port not in named:
            yield f"{_name(one)}: no container has a port called {port}"


def _containers(pod: Object) -> Iterable[Object]:
    return [one for one in pod.get("containers") or () if isinstance(one, Mapping)]


def _pod_labels(one: Object) -> Object:
    labels = inside(one, "spec", "template", "metadata", "labels")
    return labels if isinstance(labels, Mapping) else {}


def _selects(selector: Object, labels: Object) -> bool:
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _name(one: Object) -> str:
    return f"{one.get('kind')} {_named(one)}"


def _named(one: Object) -> Any:
    return inside(one, "metadata", "name")


def mapping(value: Any, *path: str) -> Object:
    """What stands at a path in an object, if it is a map; else an empty one."""
    found = inside(value, *path)
    return found if isinstance(found, Mapping) else {}


def inside(value: Any, *path: str) -> Any:
    """What stands at a path in an object; None where nothing does."""
    for part in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value
