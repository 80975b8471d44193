"""A deployment: a model on a target."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._fields import ModelName, Name, Resource, RuntimeName, Size, TargetName, about, in_bytes
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._openapi import document
from mlc.kinds.model import signature, used_columns


class Resources(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one replica asks for; requests and limits are the same."""

    cpu: Annotated[
        str,
        about(
            "Processors.",
            example="500m",
            pattern=r"^[0-9]+(\.[0-9]+)?$|^[0-9]+m$",
            form="a number of processors such as 2 or 0.5, or thousandths such as 500m",
        ),
    ] = "1"
    memory: Annotated[Size, about("Memory.", example="512Mi")] = "512Mi"


class Autoscaling(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many replicas there may be."""

    min: Annotated[int, about("Fewest replicas.", ge=0)] = 1
    max: Annotated[int, about("Most replicas.", ge=1)]
    concurrency: Annotated[int, about("Requests at once per replica that are aimed at.", ge=1)] = 10


class Deployment(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model on a target."""

    model: Annotated[ModelName, about("The model to serve.", change="redeploy")]
    target: Annotated[TargetName, about("Where it runs.", change="replace")]
    runtime: Annotated[
        RuntimeName | None, about("What it runs in; a container needs one.", change="redeploy")
    ] = None
    alias: Annotated[
        Name | None,
        about(
            "The alias that is moved to the version served; the environment's name where none is given.",
            change="redeploy",
            example="production",
        ),
    ] = None
    mode: Annotated[Literal["online"], about("How it answers.", change="replace")] = "online"
    port: Annotated[
        int, about("The port of HTTP; 0 takes a free one.", change="redeploy", ge=0, le=65535)
    ] = 8080
    replicas: Annotated[int, about("How many run at once.", change="redeploy", ge=1)] = 1
    resources: Annotated[Resources, about("What one replica asks for.", change="redeploy")] = Resources()
    autoscaling: Annotated[
        Autoscaling | None, about("Between how many replicas to scale.", change="redeploy")
    ] = None
    openapi: Annotated[
        bool, about("Whether to write the API of its server as an OpenAPI document.", change="render")
    ] = False


def alias_of(view: View, scope: Scope) -> str:
    return view["alias"] or scope.environment


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    """The alias moves first; then the version it names goes to where the target serves or builds from."""
    model = f"model.{view['model']['name']}"
    alias = alias_of(view, scope)
    promote = Operation(
        id=f"{address}/promote",
        driver="promotion",
        spec={"alias": alias, "registry": scope.project["registry"], "deployment": address.name},
        inputs={"version": f"{model}/register#version"},
        cost="redeploy",
    )
    target = view["target"]["type"]
    if target not in _PLACED:
        return (promote,)
    name, driver, published = _PLACED[target]
    folder = f"{scope.project['artifacts']}/{scope.environment}/{target}/{address.name}"
    place = Operation(
        id=f"{address}/{name}",
        driver=driver,
        spec={
            "environment": scope.environment,  # a bundle says for which it is
            "deployment": address.name,
            "alias": alias,
            "port": view["port"],
            "signature": signature(view["model"]),
            "nullable": _nullable(view["model"]),
        },
        inputs={
            "version": f"{model}/register#version",
            "model": f"{model}/export#onnx",
            "promotion": f"{address}/promote#promotion",
        },
        cost="redeploy",
        publishes={output: f"{folder}/{file}" for output, file in published.items()},
    )
    return promote, place


# Where a target takes the version from: the operation, its driver, and what it puts beside the artifacts.
_PLACED: dict[str, tuple[str, str, dict[str, str]]] = {
    "local": ("deploy", "local", {}),
    "docker": ("bundle", "bundle", {"bundle": "bundle/bundle.json", "model": "bundle/model.onnx"}),
    "mlserver": ("bundle", "bundle", {"model": "model.onnx"}),
}


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    alias = alias_of(view, scope)
    target = view["target"]
    facts: dict[str, Any] = {
        "alias": alias,
        "service_name": address.name.replace("_", "-"),
        "signature": signature(view["model"]),
        "nullable": _nullable(view["model"]),
        "memory": _quantity(view["resources"]["memory"]),
    }
    if target["type"] == "kserve":
        facts["model_uri"] = (
            f"{target['storage'].rstrip('/')}/{scope.project['project']}/{view['model']['name']}/{alias}"
        )
    if target["type"] == "docker":
        facts |= _of_compose(view)
    if view["openapi"]:
        facts["openapi"] = document(
            scope.project["project"],
            scope.environment,
            address.name,
            view["description"],
            view["model"]["name"],
            facts["signature"],
            facts["nullable"],
        )
    return facts


def _of_compose(view: View) -> dict[str, str]:
    """What a Compose file says in its own way: a range of ports for several replicas, and numbers as texts."""
    cpu, port, last = view["resources"]["cpu"], view["port"], view["port"] + view["replicas"] - 1
    return {
        "published": ""
        if port == 0 or last > _LAST_PORT
        else str(port)
        if port == last
        else f"{port}-{last}",
        "cpus": f"{int(cpu[:-1]) / 1000:g}" if cpu.endswith("m") else cpu,
        "memory_bytes": f"{in_bytes(view['resources']['memory'])}b",
    }


_LAST_PORT = 65535


def _nullable(model: View) -> list[str]:
    """The inputs of a model that may be missing."""
    return [name for name in used_columns(model) if model["dataset"]["columns"][name]["nullable"]]


def _quantity(size: str) -> str:
    """A size as Kubernetes spells it, which knows no `MB`: in the largest unit that is exact."""
    number = in_bytes(size)
    for power, unit in ((3, "Gi"), (2, "Mi"), (1, "Ki")):
        if number and number % 1024**power == 0:
            return f"{number // 1024**power}{unit}"
    return str(number)


KIND = Kind(
    name="deployment",
    spec=Deployment,
    operations=_operations,
    facts=_facts,
    planned=("models", "rollout", "retries", "mode=batch", "mode=edge"),
)
