"""How an MLflow server is reached, for whatever is kept there."""

from typing import Annotated

from mlc.kinds._fields import about
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
User = Annotated[str, about("The user's name, where the server asks for a name and a password.", change="none")]
Password = Annotated[
    Secret | None,
    about("The user's password.", change="none", example="${secret:MLFLOW_PASSWORD}"),
]
