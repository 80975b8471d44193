"""How an MLflow server is reached, for whatever is kept there."""

from typing import Annotated

from mlc.kinds._fields import Resource, about
from mlc.kinds._keep import Kept
from mlc.kinds._sources import Secret

Uri = Annotated[
    str,
    about(
        "Where the server answers. It hands artifacts on itself (`--serve-artifacts`, as it starts by default).",
        change="replace",
        example="https://mlflow.example",
        pattern=r"^https?://[A-Za-z0-9.\[\]:_-]+(/[A-Za-z0-9._~/-]*)?$",
        form="an address that begins with http:// or https://, without a user, a password or a query",
    ),
]
Token = Annotated[
    Secret | None,
    about(
        "The token that it is reached with; it is read where the server is reached, and nowhere else.",
        change="none",
        example="${secret:MLFLOW_TOKEN}",
    ),
]
User = Annotated[
    str, about("The user's name, where the server asks for a name and a password.", change="none")
]
Password = Annotated[
    Secret | None,
    about("The user's password.", change="none", example="${secret:MLFLOW_PASSWORD}"),
]


class Mlflow(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="mlflow"):
    """An MLflow server: versions, tags and aliases where its users look for them, and mlc's history beside them."""

    uri: Uri
    experiment: Annotated[
        str,
        about(
            "The experiment that the runs of versions belong to. Its name with /journal behind it names another one, "
            "which tells where the registry's history is.",
            change="replace",
            example="mlc-registry",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$",
            form="a name of letters, digits, blanks and . _ -",
        ),
    ] = "mlc-registry"
    token: Token = None
    user: User = ""
    password: Password = None
    keep: Kept = None
