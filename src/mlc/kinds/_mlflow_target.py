"""MLflow as a target, and what its files say of a model and of a deployment."""

from typing import Annotated, Any

from mlc.kinds import _mlmodel
from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import View


class Mlflow(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="mlflow"):
    """MLflow's own server of models: `mlflow models serve`, with the version and all that MLflow loads it by."""

    host: Annotated[
        str,
        about(
            "The address that it listens at; this machine alone where none is given.",
            change="redeploy",
            example="models.example",
            pattern=r"^[A-Za-z0-9.:-]+$",
            form="the name or the address of a machine",
        ),
    ] = "127.0.0.1"


ENTRY_POINTS = (
    {"name": "main", "verb": "apply --yes"},
    {"name": "plan", "verb": "plan"},
    {"name": "drift", "verb": "plan --detailed-exitcode"},
)
"""What of mlc an MLproject of a model can be asked for."""


def facts_of_model(view: View) -> dict[str, Any]:
    """For MLproject, of a model that MLflow is told of."""
    tracked = view["track"]["mlflow"] is not None
    return {"mlproject": True, "entry_points": ENTRY_POINTS} if tracked else {}


def facts_of_deployment(view: View, signature: dict[str, Any]) -> dict[str, Any]:
    """For MLmodel and what lies beside it, of a deployment on MLflow."""
    if view["target"]["type"] != "mlflow":
        return {}
    runtime = view["runtime"]
    packages = runtime["packages"] if runtime else {}
    about = _mlmodel.mlmodel(signature, packages.get("onnx", ""), packaged=runtime is not None)
    if runtime is None:
        return {"mlmodel": about}
    return {"mlmodel": about, "packaged": True, "python_env": _mlmodel.python_env(runtime["python"])}
