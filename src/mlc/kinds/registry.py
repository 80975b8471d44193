"""A registry: where versions of models are kept."""

from typing import Annotated

from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind


class Hybrid(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="hybrid"):
    """A database row is the commit point; the bytes are content-addressed files."""

    database: Annotated[
        str,
        about(
            "The SQLite database, within the project.",
            change="replace",
            example="sqlite:///.mlc/registry/registry.db",
            pattern=r"^sqlite:///.+",
            form="an SQLite database: sqlite:/// and a path below the project",
        ),
    ] = "sqlite:///.mlc/registry/registry.db"
    files: Annotated[
        str, about("The folder of the files, within the project.", change="replace", min_length=1)
    ] = ".mlc/registry/files"


class Filesystem(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="filesystem"
):
    """Readable folders: a description of each version as JSON, links to its files, and a log of promotions."""

    path: Annotated[
        str, about("The folder, within the project.", change="replace", example="registry", min_length=1)
    ] = ".mlc/registry"


DEFAULT = Hybrid()
"""What a project has that names none."""


KIND = Kind(
    name="registry",
    spec=Hybrid | Filesystem,  # type: ignore[arg-type]  # a union of structs, told apart by `type`
    planned=("type=database", "type=mlflow", "type=azureml", "type=kubeflow"),
)
