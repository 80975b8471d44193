"""A target: where deployments run."""

from typing import Annotated

from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind


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


class Kserve(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="kserve"):
    """KServe on Kubernetes."""

    namespace: Annotated[
        str,
        about(
            "The Kubernetes namespace.",
            change="replace",
            pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            form="a name of lower-case letters, digits and -, with a letter or digit first and last",
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
    serving_runtime: Annotated[
        str,
        about("The ServingRuntime that loads the model.", change="redeploy", example="kserve-tritonserver"),
    ]
    service_account: Annotated[str, about("The Kubernetes service account.", change="redeploy")] = ""


class MlServer(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="mlserver"
):
    """Seldon MLServer."""

    http_port: Annotated[int, about("Port of HTTP.", change="redeploy", ge=1, le=65535)] = 8080
    grpc_port: Annotated[int, about("Port of gRPC.", change="redeploy", ge=1, le=65535)] = 8081


KIND = Kind(
    name="target",
    spec=Local | Docker | Kserve | MlServer,  # type: ignore[arg-type]  # a union of structs, told apart by `type`
    planned=("type=kubernetes", "type=triton", "type=ray", "type=mlflow", "type=kubeflow", "type=azureml"),
)
