"""What the templates for Kubeflow are told of a deployment: whole documents, built as objects."""

from collections.abc import Iterable
from typing import Any

from mlc.ir.operation import Operation
from mlc.kinds._kind import Scope, View
from mlc.kinds._kubeflow_jobs import experiments, train_job
from mlc.kinds._kubeflow_pipeline import pipeline, pipeline_name, platform


def kubeflow_facts(name: str, view: View, scope: Scope, last: Iterable[Operation]) -> dict[str, Any]:
    """The documents, and whether there are those that not every deployment has. `last` are its own steps."""
    document = pipeline(name, view, scope, [one for one in last if one.name == "promote"])
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
