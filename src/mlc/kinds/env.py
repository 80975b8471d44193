"""An environment: `env/NAME.yaml`, a Hydra config that may extend another."""

from typing import Annotated, Any

from msgspec import Struct

from mlc.kinds._fields import about
from mlc.kinds._kind import Kind


class Environment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is different in an environment."""

    description: Annotated[str, about("What it is for.", change="metadata")] = ""
    vars: Annotated[
        dict[str, Any], about("Values for interpolation, over the project's.", change="none")
    ] = {}
    presets: Annotated[
        dict[str, dict[str, Any]],
        about("Values for every resource of a kind, over the project's.", change="none"),
    ] = {}
    patch: Annotated[
        dict[str, dict[str, Any]],
        about("Values over the resource files, by kind and name.", change="none"),
    ] = {}


KIND = Kind(name="env", spec=Environment)
