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


KIND = Kind(
    name="registry",
    spec=Hybrid,
    planned=("type=filesystem", "type=database", "type=mlflow", "type=azureml", "type=kubeflow"),
)
