"""A target: where deployments run."""

from typing import Annotated, Any, Literal

from mlc.ir.address import Address
from mlc.kinds._azureml import AzureMl
from mlc.kinds._fields import CLUSTER_NAME, CLUSTER_NAME_FORM, ClusterName, Resource, about
from mlc.kinds._kind import Kind, Scope, View
from mlc.kinds._kserve_server import Container, runs_python
from mlc.kinds._kubeflow import Kubeflow
from mlc.kinds._mlflow_target import Mlflow
from mlc.kinds._ray_job import RayJob


class Local(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="local"):
    """This machine: `mlc serve DEPLOYMENT` answers the Open Inference Protocol v2."""


class Docker(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="docker"):
    """A container image that serves the model."""

    repository: Annotated[
        str,
        about(
            "Where the image is pushed, without a tag.",
            change="redeploy",
            example="ghcr.io/acme/lending",
            pattern=r"^[a-z0-9][a-z0-9._/:-]*$",
            form="the name of an image without a tag, in lower case",
        ),
    ]


class Kubernetes(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="kubernetes"
):
    """Kubernetes itself: the image that a deployment names, with nothing it does not need."""

    namespace: Annotated[
        str,
        about(
            "The Kubernetes namespace.",
            change="replace",
            example="lending",
            pattern=CLUSTER_NAME,
            form=CLUSTER_NAME_FORM,
            max_length=63,
        ),
    ]
    callers: Annotated[
        list[ClusterName],
        about(
            "The namespaces whose pods may call it and read its metrics; its own only where empty.",
            change="redeploy",
            example=["ingress-nginx", "monitoring"],
            stricter="fewer",
        ),
    ] = []
    pull_secret: Annotated[
        ClusterName | None,
        about(
            "The secret in the namespace that the image is pulled with.", change="redeploy", example="ghcr"
        ),
    ] = None
    secret_store: Annotated[
        ClusterName | None,
        about(
            "The ClusterSecretStore of External Secrets that ${secret:NAME} is fetched from; without one the Secret "
            "has to be there.",
            change="redeploy",
            example="vault",
        ),
    ] = None
    controller: Annotated[
        Literal["deployment", "argo_rollouts"],
        about("Who replaces the pods: a Deployment, or a Rollout of Argo Rollouts.", change="replace"),
    ] = "deployment"


class Kserve(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="kserve"):
    """KServe on Kubernetes."""

    namespace: Annotated[
        str,
        about(
            "The Kubernetes namespace.",
            change="replace",
            pattern=CLUSTER_NAME,
            form=CLUSTER_NAME_FORM,
            max_length=63,
        ),
    ] = "default"
    storage: Annotated[
        str,
        about(
            "Where KServe fetches models from; a model lies below it in PROJECT/MODEL/ALIAS.",
            change="redeploy",
            example="s3://acme-models",
            pattern=r"^(s3|gs|https|hf|pvc)://[^\s]+$",
            form="a URL that begins with s3://, gs://, https://, hf:// or pvc://",
        ),
    ]
    mode: Annotated[
        Literal["knative", "standard"],
        about("On Knative, which counts requests, or on plain Deployments.", change="replace"),
    ] = "knative"
    serving_runtime: Annotated[
        str,
        about("The ServingRuntime that loads the model.", change="redeploy", example="kserve-tritonserver"),
    ]
    container: Annotated[
        Container | None,
        about("What that ServingRuntime runs, where it is not on the cluster already.", change="redeploy"),
    ] = None
    service_account: Annotated[str, about("The Kubernetes service account.", change="redeploy")] = ""


class MlServer(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="mlserver"
):
    """Seldon MLServer."""

    http_port: Annotated[int, about("Port of HTTP.", change="redeploy", ge=1, le=65535)] = 8080
    grpc_port: Annotated[int, about("Port of gRPC.", change="redeploy", ge=1, le=65535)] = 8081


class Triton(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="triton"):
    """NVIDIA Triton Inference Server, which serves a folder of models."""

    ensembles: Annotated[
        bool,
        about(
            "Serve a model that has others inside as an ensemble of Triton's, each of them as a model of its own. "
            "Otherwise they are one graph.",
            change="redeploy",
        ),
    ] = False


class Ray(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="ray"):
    """Ray Serve, on this machine or by KubeRay on Kubernetes."""

    namespace: Annotated[
        str,
        about(
            "The Kubernetes namespace of the RayService.",
            change="replace",
            pattern=CLUSTER_NAME,
            form=CLUSTER_NAME_FORM,
            max_length=63,
        ),
    ] = "default"
    ray_version: Annotated[
        str,
        about(
            "The version of Ray in the image.",
            change="redeploy",
            example="2.60.0",
            pattern=r"^2\.[0-9]+\.[0-9]+$",
            form="a version such as 2.60.0",
        ),
    ] = "2.60.0"
    job: Annotated[
        RayJob | None,
        about("How the model is trained on a cluster of its own, as a RayJob.", change="redeploy"),
    ] = None


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    return {"has_container": view.get("container") is not None, "runs_python": runs_python(view)}


KIND = Kind(
    name="target",
    spec=Local | Docker | Kubernetes | Kserve | MlServer | Triton | Ray | Mlflow | Kubeflow | AzureMl,  # type: ignore[arg-type]  # a union of structs, told apart by `type`
    facts=_facts,
)
