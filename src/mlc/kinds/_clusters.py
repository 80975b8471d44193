"""What templates for clusters are told of a deployment: names, quantities and objects as Kubernetes spells them."""

import hashlib
import math
from typing import Any

from msgspec import json

from mlc.kinds import _feeding
from mlc.kinds._fields import in_bytes, percent
from mlc.kinds._kind import Scope, View
from mlc.kinds._kserve_server import runs_python, signature_variable
from mlc.kinds._ray_job import job_told
from mlc.kinds._rollouts import canary_of
from mlc.kinds._signature import own_columns, signature, tensors


def cluster_facts(name: str, view: View, scope: Scope, alias: str) -> dict[str, Any]:
    """The facts of a deployment that have to do with where it runs."""
    facts: dict[str, Any] = {
        "service_name": service_name(name),
        "memory": _quantity(view["resources"]["memory"]),
        "canary": canary_of(view),
    }
    scaling = view["autoscaling"]
    if scaling is not None and scaling["cpu"] is not None:
        facts["cpu_percent"] = percent(scaling["cpu"])
    match view["target"]["type"]:
        case "kubernetes":
            facts |= _variables(view)
            facts |= _objects(view, facts)
        case "kserve":
            facts |= _kserve(view, scope, alias)
        case "ray":
            facts |= _ray(view) | {"job": job_told(view, scope)}
        case "triton":
            facts |= _triton(view)
    return facts


def service_name(name: str) -> str:
    """A deployment's name as Kubernetes takes it, which knows no `_`."""
    return name.replace("_", "-")


def _ray(view: View) -> dict[str, Any]:
    """What a replica asks of Ray, and what the pod around it asks of Kubernetes, as Ray itself needs memory."""
    cpu, memory = view["resources"]["cpu"], in_bytes(view["resources"]["memory"])
    processors = int(cpu[:-1]) / 1000 if cpu.endswith("m") else float(cpu)
    return {
        "processors": processors,
        "whole_processors": str(max(1, math.ceil(processors))),
        "bytes": memory,
        "worker_memory": _quantity(f"{memory + in_bytes('1Gi')}B"),
        "scales": view["autoscaling"] is not None,
    }


def _triton(view: View) -> dict[str, Any]:
    """The tensors as the graph has them: it takes a boolean as a float, and Triton converts nothing."""
    told = signature(view["model"])
    parts = triton_parts(view)
    return {
        "is_ensemble": bool(parts),
        "parts": parts,
        "booleans": [tensor["name"] for tensor in told["inputs"] if tensor["datatype"] == "BOOL"],
        "inputs": [_tensor(tensor) for tensor in told["inputs"]],
        "outputs": [_tensor(tensor) for tensor in told["outputs"]],
    }


def triton_parts(view: View) -> list[dict[str, Any]]:
    """The models of an ensemble of Triton's, the last one after those that it feeds on, with what goes in and out of
    each; none where one graph is served. What a model hands over are columns of numbers, by the names they have there.
    """
    model = _feeding.headed(view["model"])
    if not view["target"]["ensembles"] or not _feeding.feeds(model):
        return []
    name = model["name"]
    parts = [
        {
            "name": f"{name}-{one['name']}",
            "inputs": [_tensor(tensor) for tensor in one["signature"]["inputs"]],
            "outputs": [{"name": column, "type": "TYPE_FP32", "dims": [-1, 1]} for column in one["gives"]],
        }
        for one in _feeding.members_told(model)
    ]
    given = [tensor for part in parts for tensor in part["outputs"]]
    own = [] if _feeding.combined(model) else tensors(model, own_columns(model))
    head = {
        "name": f"{name}--head",  # no member is called so: names begin with a letter or a digit
        "inputs": [*(_tensor(tensor) for tensor in own), *given],
        "outputs": [_tensor(tensor) for tensor in signature(view["model"])["outputs"]],
    }
    return [*parts, head]


def _tensor(tensor: dict[str, Any]) -> dict[str, Any]:
    types = {"BOOL": "TYPE_FP32", "BYTES": "TYPE_STRING"}
    datatype = tensor["datatype"]
    return {
        "name": tensor["name"],
        "type": types.get(datatype, f"TYPE_{datatype}"),
        "dims": tensor["shape"],
    }


def _kserve(view: View, scope: Scope, alias: str) -> dict[str, Any]:
    """Where models lie in the storage, and who answers how many of the requests."""
    place = f"{view['target']['storage'].rstrip('/')}/{scope.project['project']}/{view['model']['name']}"
    stable = view["rollout"].get("stable")
    shares = [
        {
            "name": name,
            "service": service_name(share["deployment"]["name"]),
            "percent": percent(share["traffic"]),
        }
        for name, share in view["shares"].items()
    ]
    return {
        "model_uri": f"{place}/{alias}",
        "stable_uri": f"{place}/{stable or alias}",
        "shares": shares,
        "rest": 100 - sum(share["percent"] for share in shares),
        "is_shared": bool(shares),
        "variables": {"MLC_SIGNATURE": signature_variable(view)} if runs_python(view["target"]) else {},
    }


def _variables(view: View) -> dict[str, Any]:
    """What the server finds in its environment, and which secrets it finds as files."""
    secrets = {name: text for name, text in view["variables"].items() if text.startswith("${secret:")}
    plain = {name: text for name, text in view["variables"].items() if name not in secrets}
    names = {variable: text.removeprefix("${secret:").removesuffix("}") for variable, text in secrets.items()}
    told = plain | {f"{name}_FILE": f"/run/secrets/{secret}" for name, secret in names.items()}
    return {
        "variables": told,
        # a pod reads its variables once: it has to be replaced when they change
        "variables_digest": hashlib.sha256(json.encode(told, order="sorted")).hexdigest()[:16],
        "secrets": sorted(set(names.values())),
        "has_variables": bool(view["variables"]),
        "has_secrets": bool(secrets),
    }


def _objects(view: View, facts: dict[str, Any]) -> dict[str, Any]:
    """Which objects there are on Kubernetes, in the order to read them."""
    scaling = view["autoscaling"]
    conditions = {
        "scales": scaling is not None,
        "may_lose_one": (view["replicas"] if scaling is None else scaling["min"]) > 1,
        "fetches_secrets": facts["has_secrets"] and view["target"]["secret_store"] is not None,
    }
    objects = {
        "deployment": view["target"]["controller"] == "deployment",
        "rollout": view["target"]["controller"] == "argo_rollouts",
        "service": True,
        "horizontalpodautoscaler": conditions["scales"],
        "poddisruptionbudget": conditions["may_lose_one"],
        "networkpolicy": True,
        "serviceaccount": True,
        "configmap": facts["has_variables"],
        "externalsecret": conditions["fetches_secrets"],
    }
    return {**conditions, "objects": [name for name, there in objects.items() if there]}


def _quantity(size: str) -> str:
    """A size as Kubernetes spells it, which knows no `MB`: in the largest unit that is exact."""
    number = in_bytes(size)
    for power, unit in ((3, "Gi"), (2, "Mi"), (1, "Ki")):
        if number and number % 1024**power == 0:
            return f"{number // 1024**power}{unit}"
    return str(number)
