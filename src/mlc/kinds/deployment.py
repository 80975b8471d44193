"""A deployment: a model on a target."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.ir.requirements_lock import parse
from mlc.kinds._azureml import azureml_facts
from mlc.kinds._azureml_operations import azureml_operations
from mlc.kinds._clusters import cluster_facts, triton_parts
from mlc.kinds._feeding import members_told
from mlc.kinds._fields import (
    NAME_PATTERN,
    DeploymentName,
    ModelName,
    Name,
    Percent,
    PinnedImage,
    Resource,
    RuntimeName,
    Size,
    TargetName,
    about,
    formed,
    in_bytes,
)
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._kubeflow_facts import kubeflow_facts, kubeflow_operations
from mlc.kinds._mlflow_target import facts_of_deployment
from mlc.kinds._openapi import document
from mlc.kinds._rollouts import AllAtOnce, Rollout
from mlc.kinds._signature import signature, used_columns


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
    concurrency: Annotated[
        int, about("Requests at once per replica that are aimed at, where `cpu` is not said.", ge=1)
    ] = 10
    cpu: Annotated[
        Percent | None,
        about("The share of the processors asked for that is aimed at, rather than requests.", example="70%"),
    ] = None


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another deployment that answers some of the requests."""

    deployment: Annotated[DeploymentName, about("A deployment on the same target.")]
    traffic: Annotated[Percent, about("The share of requests that it answers.", example="10%")]


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
    mode: Annotated[
        Literal["online", "batch"],
        about("Whether it answers requests, or scores files that it is given.", change="replace"),
    ] = "online"
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
    image: Annotated[
        PinnedImage | None,
        about(
            "The image that serves the model, pinned by its digest, on a target that takes images.",
            change="redeploy",
            example="ghcr.io/acme/lending-risk@sha256:<64 hex digits>",
        ),
    ] = None
    variables: Annotated[
        dict[Annotated[str, formed(r"^[A-Z][A-Z0-9_]*$", "a name of capital letters, digits and _")], str],
        about(
            "Environment variables of the server. ${secret:NAME} becomes a file: for TOKEN the variable TOKEN_FILE "
            "says where it is.",
            change="redeploy",
            example={"LOG_LEVEL": "info", "TOKEN": "${secret:API_TOKEN}"},
        ),
    ] = {}
    rollout: Annotated[
        Rollout, about("How a new version takes over from the one that is served.", change="redeploy")
    ] = AllAtOnce()
    shares: Annotated[
        dict[Annotated[str, about("A name of your own.", pattern=NAME_PATTERN)], Share],
        about(
            "Other deployments that answer some of the requests, as in a comparison; this one answers the rest.",
            change="redeploy",
            example={"challenger": {"deployment": "risk_boosted", "traffic": "10%"}},
        ),
    ] = {}


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
    if target == "azureml":
        return (promote, *azureml_operations(address, view, scope, alias))
    if target == "kubeflow":
        return (promote, *kubeflow_operations(address, view, scope, promote))
    if target not in _PLACED:
        return (promote,)
    name, driver, published = _PLACED[target]
    parts = triton_parts(view) if target == "triton" else []
    if parts:
        driver, published = "triton_parts", _of_parts(parts)
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
            **({"parts": parts, "replicas": view["replicas"]} if parts else {}),
        },
        inputs={
            "version": f"{model}/register#version",
            "model": f"{model}/export#onnx",
            "promotion": f"{address}/promote#promotion",
        },
        cost="redeploy",
        publishes={
            output: f"{folder}/{file.format(model=view['model']['name'])}"
            for output, file in published.items()
        },
    )
    return promote, place


def _of_parts(parts: list[dict[str, Any]]) -> dict[str, str]:
    """Where the models of an ensemble go. Triton wants a folder for the ensemble's own version, too."""
    found = {"bundle": "{model}/1/bundle.json"}
    for number, part in enumerate(parts):
        found[f"part-{number}"] = f"{part['name']}/1/model.onnx"
        found[f"config-{number}"] = f"{part['name']}/config.pbtxt"
    return found


# Where a target takes the version from: the operation, its driver, and what it puts beside the artifacts.
_PLACED: dict[str, tuple[str, str, dict[str, str]]] = {
    "local": ("deploy", "local", {}),
    "docker": ("bundle", "bundle", {"bundle": "bundle/bundle.json", "model": "bundle/model.onnx"}),
    "mlserver": ("bundle", "bundle", {"model": "model.onnx"}),
    "mlflow": ("bundle", "bundle", {"model": "model.onnx"}),
    "ray": ("bundle", "bundle", {"model": "model.onnx"}),
    "triton": ("bundle", "bundle", {"model": "{model}/1/model.onnx"}),
}


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "alias": alias_of(view, scope),
        "signature": signature(view["model"]),
        "nullable": _nullable(view["model"]),
    }
    if members := members_told(view["model"]):
        facts["members"] = members  # the models that the version served has inside
    if view["target"]["type"] == "docker":
        facts |= _of_compose(view) | _installed(view["runtime"], scope)
    if view["target"]["type"] == "azureml":
        facts["azureml"] = azureml_facts(address.name, view, scope)
    if view["target"]["type"] == "kubeflow":
        facts["kubeflow"] = kubeflow_facts(address.name, view, scope, _operations(address, view, scope))
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
    facts |= facts_of_deployment(view, facts["signature"])
    return facts | cluster_facts(address.name, view, scope, facts["alias"])


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


def _installed(runtime: View, scope: Scope) -> dict[str, Any]:
    """What the lock of the runtime has, as lines of requirements; nothing where there is none."""
    text = scope.files.get(runtime["lock"]) if runtime["lock"] else None
    if text is None:
        return {"lock": None}
    packages = parse(runtime["lock"], text).packages
    told = [
        {"requirement": f"{one.name}=={one.version}", "marker": one.marker, "hashes": list(one.hashes)}
        for one in packages
    ]
    return {"lock": {"packages": told, "has_mlc": any(one.key == "mlc" for one in packages)}}


_LAST_PORT = 65535


def _nullable(model: View) -> list[str]:
    """The inputs of a model that may be missing."""
    return [name for name in used_columns(model) if model["dataset"]["columns"][name]["nullable"]]


KIND = Kind(
    name="deployment",
    spec=Deployment,
    operations=_operations,
    facts=_facts,
    planned=(
        "models",
        "retries",
        "mode=edge",
    ),
)
