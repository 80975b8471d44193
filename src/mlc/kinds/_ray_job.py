"""Training on a cluster that KubeRay makes for the job and takes away after it."""

import shlex
from posixpath import join, normpath
from typing import Annotated, Any

from msgspec import Struct

from mlc.kinds._fields import ClusterName, PinnedImage, about
from mlc.kinds._kind import Scope, View


class RayJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model is trained by a RayJob: `mlc apply` on a cluster of its own."""

    image: Annotated[
        PinnedImage,
        about("An image with mlc and the target's version of Ray, by its digest.", change="redeploy"),
    ]
    claim: Annotated[
        ClusterName,
        about(
            "The volume claim that keeps the checkout of the project, with the state and the registry in .mlc.",
            change="redeploy",
        ),
    ]
    path: Annotated[
        str,
        about(
            "Where the claim is mounted.",
            change="redeploy",
            pattern=r"^(/[A-Za-z0-9._-]+)+$",
            form="the full path of a folder",
        ),
    ] = "/work"
    folder: Annotated[
        str,
        about(
            "The project's folder on the claim.",
            change="redeploy",
            pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._/-]*$|^[.]$",
            form="a path of letters, digits, and . _ / -",
        ),
    ] = "."
    cpu: Annotated[
        str,
        about(
            "Processors of the job.",
            change="redeploy",
            pattern=r"^[0-9]+(\.[0-9]+|m)?$",
            form="a number such as 2 or 500m, in quotes",
        ),
    ] = "2"
    memory: Annotated[
        str,
        about(
            "Memory of the job.",
            change="redeploy",
            pattern=r"^[0-9]+([KMGT]i?)?$",
            form="a quantity such as 4Gi",
        ),
    ] = "4Gi"
    timeout_minutes: Annotated[
        int, about("When the job is given up.", change="redeploy", unit="minutes", ge=1, le=10_000)
    ] = 120
    retries: Annotated[int, about("How often it is tried again.", change="redeploy", ge=0, le=10)] = 1


def job_told(view: View, scope: Scope) -> dict[str, Any]:
    """The command of the job, as a shell reads it, and its time in seconds; `trains` is false where there is no job."""
    job = view["target"]["job"]
    if job is None:
        return {"trains": False}
    folder = normpath(join(job["path"], job["folder"]))
    words = ["mlc", "-C", folder, "apply", "--yes", f"env={scope.environment}"]
    words += ["--select", f"+model.{view['model']['name']}"]
    return {"trains": True, "entrypoint": shlex.join(words), "seconds": job["timeout_minutes"] * 60}
