"""What the templates for Kubeflow are told of a deployment: whole documents, built as objects."""

from collections.abc import Iterable
from typing import Any

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._kind import Scope, View
from mlc.kinds._kubeflow_jobs import experiments, train_job
from mlc.kinds._kubeflow_pipeline import pipeline, pipeline_name, platform

SCHEDULE = "schedule"
"""The step that uploads the pipeline, which cannot be a part of it."""


def kubeflow_operations(
    address: Address, view: View, scope: Scope, promote: Operation
) -> tuple[Operation, ...]:
    """What Kubeflow's own services are told, where the target says where they answer: of the version that was promoted
    (in the pipeline too), and of the pipeline (by `mlc apply` alone)."""
    target = view["target"]
    found: list[Operation] = []
    if target["model_registry"]:
        spec = {
            "url": target["model_registry"],
            **{name: target[name] for name in ("token", "claim", "folder")},
            "alias": promote.spec["alias"],
            "registry": scope.project["registry"],
        }
        inputs = {"version": promote.inputs["version"], "promotion": f"{promote.id}#promotion"}
        found.append(
            Operation(
                id=f"{address}/tell", driver="kubeflow_version", spec=spec, inputs=inputs, cost="redeploy"
            )
        )
    if target["api"]:
        document = pipeline(address.name, view, scope, [promote, *found])
        spec = {
            **{name: target[name] for name in ("api", "token", "namespace", "schedule")},
            "name": pipeline_name(address.name, scope),
            "description": view["description"],
            "documents": [document, platform(document, target)],
        }
        found.append(Operation(id=f"{address}/{SCHEDULE}", driver="kubeflow_run", spec=spec, cost="redeploy"))
    return tuple(found)


def kubeflow_facts(name: str, view: View, scope: Scope, last: Iterable[Operation]) -> dict[str, Any]:
    """The documents, and whether there are those that not every deployment has. `last` are its own steps."""
    document = pipeline(name, view, scope, [one for one in last if one.name != SCHEDULE])
    searches = experiments(name, view, scope)
    return {
        "name": pipeline_name(name, scope),
        "pipeline": document,
        "platform": platform(document, view["target"]),
        "experiments": searches,
        "searches": bool(searches),
        **_trained(name, view, scope),
    }


def _trained(name: str, view: View, scope: Scope) -> dict[str, Any]:
    if view["target"]["trainer"] is None:
        return {"trains": False}
    return {"trains": True, "train_job": train_job(name, view, scope)}
