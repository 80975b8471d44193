"""What a ServingRuntime of KServe starts: a server of the author's, or mlc's predictor on KServe's Python server."""

from typing import Annotated, Any, Literal

from msgspec import Struct, json

from mlc.kinds._fields import PinnedImage, about
from mlc.kinds._kind import View
from mlc.kinds._signature import signature, used_columns


class Container(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The server that KServe starts for a model, which it puts into /mnt/models."""

    server: Annotated[
        Literal["own", "python"],
        about(
            "What runs in it: a server of your own, started with `args`, or KServe's Python server with the predictor "
            "that mlc writes, in an image that has the packages of its requirements.txt."
        ),
    ] = "own"
    image: Annotated[
        PinnedImage,
        about(
            "The server's image, pinned by its digest.",
            example="nvcr.io/nvidia/tritonserver@sha256:<64 hex digits>",
        ),
    ]
    args: Annotated[
        list[str],
        about(
            "What a server of your own is started with.",
            example=["tritonserver", "--model-store=/mnt/models"],
        ),
    ] = []
    port: Annotated[
        int, about("The port at which it answers the Open Inference Protocol.", ge=1, le=65535)
    ] = 8080


def runs_python(target: View) -> bool:
    """Whether mlc's predictor on KServe's Python server answers on this target."""
    container = target.get("container")
    return container is not None and container["server"] == "python"


def signature_variable(view: View) -> str:
    """The inputs and outputs of a deployment's model as JSON that stays itself in an environment variable.

    Kubernetes puts another variable in the place of `$(NAME)` and one `$` in that of `$$`, and KServe reads `{{` as the
    beginning of a template. Both occur in texts alone, where JSON has another spelling for them.
    """
    model = view["model"]
    columns = model["dataset"]["columns"]
    nullable = [name for name in used_columns(model) if columns[name]["nullable"]]
    told: dict[str, Any] = {**signature(model), "nullable": nullable}
    text = json.encode({name: told[name] for name in ("inputs", "outputs", "nullable")}).decode()
    return text.replace("$", "\\u0024").replace("{{", "{\\u007b")
