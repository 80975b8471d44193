"""The target `kubeflow`: where the whole lifecycle of a model runs as pipelines, searches and jobs of a cluster."""

from typing import Annotated

from msgspec import Struct

from mlc.kinds._fields import (
    BRANCH,
    CLUSTER_NAME,
    CLUSTER_NAME_FORM,
    PATH_IN_REPOSITORY,
    ClusterName,
    Duration,
    PinnedImage,
    Resource,
    about,
)
from mlc.kinds._sources import Secret

_SERVICE = r"^(https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?)?$"
"""The address of a service, or nothing."""


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recurring run of the pipeline, which takes up new data."""

    cron: Annotated[
        str,
        about(
            "When, in UTC: minute, hour, day of the month, month, day of the week.",
            example="0 3 * * 0",
            pattern=r"^[0-9*,/-]+( [0-9*,/-]+){4}$",
            form="five fields of digits and * , - / with one space between them, such as 0 3 * * 0",
        ),
    ]
    enabled: Annotated[bool, about("false keeps the recurring run and starts nothing.")] = True


class Search(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Katib searches a model's parameters, where the model has a `tune`."""

    parallel: Annotated[int, about("How many trials run at once.", ge=1, le=64)] = 2
    failures: Annotated[int, about("After how many failed trials it is given up.", ge=0, le=1000)] = 3


class Trainer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The TrainJob that trains a model outside of the pipeline."""

    runtime: Annotated[
        ClusterName,
        about(
            "The ClusterTrainingRuntime whose container called `node` runs the training.",
            example="torch-distributed",
        ),
    ]


class Kubeflow(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="kubeflow"
):
    """Kubeflow: a pipeline that prepares, trains, evaluates, gates and registers; what is registered is served
    elsewhere, by a deployment of the same model on KServe."""

    namespace: Annotated[
        str,
        about(
            "The namespace of the profile.",
            change="render",
            pattern=CLUSTER_NAME,
            form=CLUSTER_NAME_FORM,
            max_length=63,
            example="risk",
        ),
    ]
    image: Annotated[
        PinnedImage,
        about(
            "The image of the steps, pinned by its digest. It has mlc, git and the Python package kfp.",
            change="render",
            example="ghcr.io/acme/mlc@sha256:<64 hex digits>",
        ),
    ]
    claim: Annotated[
        ClusterName,
        about(
            "The PersistentVolumeClaim that the project lies on, with the state and the registry in `.mlc`.",
            change="render",
        ),
    ] = "mlc"
    secret: Annotated[
        ClusterName | None,
        about(
            "The Secret of the namespace whose keys the steps find as files in /run/secrets, where ${secret:NAME} "
            "is read.",
            change="render",
            example="mlc",
        ),
    ] = None
    folder: Annotated[
        str,
        about(
            "The project's folder on it.",
            change="render",
            **PATH_IN_REPOSITORY,
        ),
    ] = "."
    repository: Annotated[
        str,
        about(
            "Where the project is fetched from before each run, without a password; where empty, what lies on the "
            "claim is taken as it is.",
            change="render",
            example="https://github.com/acme/shop.git",
            pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._/~-]+)?$",
            form="an address such as https://github.com/acme/shop.git",
        ),
    ] = ""
    branch: Annotated[
        str,
        about(
            "The branch that is fetched.",
            change="render",
            **BRANCH,
        ),
    ] = "main"
    cpu: Annotated[
        str,
        about(
            "Processors of a step.",
            change="render",
            pattern=r"^[0-9]+(\.[0-9]+|m)?$",
            form="a number such as 2 or 500m, in quotes",
        ),
    ] = "1"
    memory: Annotated[
        str,
        about(
            "Memory of a step.",
            change="render",
            example="4Gi",
            pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$",
            form="a size such as 512Mi or 4Gi",
        ),
    ] = "2Gi"
    timeout_minutes: Annotated[
        int, about("When a step is given up.", change="render", unit="minutes", ge=1, le=10080)
    ] = 60
    retries: Annotated[
        int, about("How often a step is tried again whose pod was lost.", change="render", ge=0, le=10)
    ] = 2
    backoff: Annotated[
        Duration, about("The wait before the first retry; it doubles each time.", change="render")
    ] = "30s"
    schedule: Annotated[Schedule | None, about("When the pipeline runs by itself.", change="redeploy")] = None
    api: Annotated[
        str,
        about(
            "The address of Kubeflow Pipelines; with it, `mlc apply` uploads the pipeline and sets the recurring run.",
            change="redeploy",
            example="https://kubeflow.acme.example/pipeline",
            pattern=_SERVICE,
            form="an address such as https://kubeflow.acme.example/pipeline",
        ),
    ] = ""
    token: Annotated[
        Secret | None,
        about(
            "The bearer token for it; it is read where the address is reached, and nowhere else.",
            change="none",
        ),
    ] = None
    search: Annotated[
        Search | None,
        about(
            "How Katib searches the parameters of a model that is tuned; not at all where nothing is given.",
            change="render",
        ),
    ] = None
    trainer: Annotated[
        Trainer | None,
        about("How Trainer trains a model; not at all where nothing is given.", change="render"),
    ] = None
    model_registry: Annotated[
        str,
        about(
            "The address of Kubeflow's Model Registry; with it, `mlc apply` tells it of each version that is promoted.",
            change="redeploy",
            example="https://registry.acme.example",
            pattern=_SERVICE,
            form="an address such as https://registry.acme.example",
        ),
    ] = ""
