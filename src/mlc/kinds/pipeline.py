"""A pipeline: how changes to the project are reviewed and applied by CI."""

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import NAME_PATTERN, Resource, about
from mlc.kinds._kind import Kind


class Apply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an environment is applied after a merge."""

    approval: Annotated[
        str,
        about(
            "The CI system's own protected environment that has to approve; none where empty.",
            stricter="true",
            pattern=r"^[A-Za-z0-9_-]*$",
            form="a name of letters, digits, _ and -",
        ),
    ] = ""


class Pipeline(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What CI does on a pull request and on a merge."""

    systems: Annotated[
        list[Literal["github_actions"]], about("The CI systems to write for.", change="render", min_length=1)
    ]
    branch: Annotated[
        str,
        about(
            "The branch whose merges are applied.",
            change="render",
            pattern=r"^[A-Za-z0-9._/-]+$",
            form="the name of a branch: letters, digits, and . _ / -",
        ),
    ] = "main"
    runner: Annotated[str, about("The machine to run on.", change="render", example="ubuntu-24.04")] = (
        "ubuntu-24.04"
    )
    python: Annotated[
        str,
        about(
            "Version of Python.",
            change="render",
            example="3.11",
            pattern=r"^3\.[0-9]+$",
            form="a version such as 3.11, in quotes",
        ),
    ] = "3.11"
    install: Annotated[
        str,
        about(
            "The command that installs mlc on the runner.",
            change="render",
            example="python -m pip install --require-hashes -r requirements.txt",
            min_length=1,
        ),
    ]
    folder: Annotated[
        str,
        about(
            "The project's folder within the repository.",
            change="render",
            pattern=r"^[A-Za-z0-9._/-]+$",
            form="a path of letters, digits, and . _ / -",
        ),
    ] = "."
    timeout_minutes: Annotated[
        int, about("When a job is given up.", change="render", unit="minutes", ge=1, le=360)
    ] = 30
    apply: Annotated[
        dict[Annotated[str, about("An environment.", pattern=NAME_PATTERN)], Apply],
        about("The environments that a merge applies, in order.", change="render"),
    ] = {}


KIND = Kind(
    name="pipeline",
    spec=Pipeline,
    planned=("systems=gitlab_ci", "systems=azure_pipelines", "schedules", "permissions", "caches"),
    once=True,
)
