"""A registry: where versions of models are kept."""

from typing import Annotated, Any

from mlc.kinds._fields import Resource, about
from mlc.kinds._keep import Kept
from mlc.kinds._kind import Kind
from mlc.kinds._mlflow import Mlflow
from mlc.kinds._sources import Secret

_SERVERS = r"(postgresql|mysql|mariadb)(\+[a-z0-9_]+)?://"
_FORM = "a database such as sqlite:///.mlc/registry/registry.db (a file of the project) or postgresql://user@host/name"

Password = Annotated[
    Secret | None,
    about("The user's password; it is read where the database is reached, and nowhere else.", change="none"),
]


class Hybrid(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="hybrid"):
    """A database row is the commit point; the bytes are content-addressed files."""

    database: Annotated[
        str,
        about(
            "The database: `sqlite:///` and a path within the project, or the URL of PostgreSQL, MySQL or MariaDB "
            "without a password.",
            change="replace",
            example="sqlite:///.mlc/registry/registry.db",
            pattern=rf"^(sqlite:///.+|{_SERVERS}[^\s$]+)$",
            form=_FORM,
        ),
    ] = "sqlite:///.mlc/registry/registry.db"
    password: Password = None
    files: Annotated[
        str,
        about(
            "The folder of the files, within the project; or a place in an object store, s3://bucket/models, gs://… "
            "or abfs://….",
            change="replace",
            min_length=1,
        ),
    ] = ".mlc/registry/files"
    options: Annotated[
        dict[str, Any],
        about(
            "What fsspec is to be given to reach the object store; what is secret stays a reference.",
            change="none",
            example={"key": "${secret:STORE_KEY}", "secret": "${secret:STORE_SECRET}"},
        ),
    ] = {}
    keep: Kept = None


class Database(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="database"
):
    """All of it in one database, the bytes too: one thing to back up, and nothing else to reach."""

    database: Annotated[
        str,
        about(
            "The database: the URL of PostgreSQL, MySQL, MariaDB or MongoDB without a password, or `sqlite:///` and "
            "a path within the project.",
            change="replace",
            example="postgresql://mlc@db.example/registry",
            pattern=rf"^(sqlite:///.+|({_SERVERS}|mongodb(\+srv)?://)[^\s$]+)$",
            form=f"{_FORM} or mongodb://user@host/name",
        ),
    ]
    password: Password = None
    keep: Kept = None


class Filesystem(
    Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="filesystem"
):
    """Readable folders: a description of each version as JSON, links to its files, and a log of promotions."""

    path: Annotated[
        str, about("The folder, within the project.", change="replace", example="registry", min_length=1)
    ] = ".mlc/registry"
    keep: Kept = None


DEFAULT = Hybrid()
"""What a project has that names none."""


KIND = Kind(
    name="registry",
    spec=Hybrid | Database | Filesystem | Mlflow,  # type: ignore[arg-type]  # a union of structs, told apart by `type`
    planned=("type=azureml", "type=kubeflow"),
)
