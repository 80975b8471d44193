"""A pipeline: how changes to the project are reviewed and applied by CI."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.kinds._fields import NAME_PATTERN, Resource, about
from mlc.kinds._kind import Kind, Scope, View


class Identity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who a run is to a cloud: a token that the CI system signs for this one run, instead of a key that is kept."""

    role: Annotated[
        str,
        about(
            "The role of AWS that the run takes; it has to trust the CI system's tokens.",
            example="arn:aws:iam::123456789012:role/mlc-apply",
            pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$",
            form="the ARN of a role such as arn:aws:iam::123456789012:role/mlc-apply",
        ),
    ]
    audience: Annotated[
        str,
        about(
            "Whom the token is for.",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
            form="a name or a URL of letters, digits, and . _ : / -",
        ),
    ] = "sts.amazonaws.com"


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
    identity: Annotated[
        Identity | None,
        about("Who the run is to a cloud that it reads data from; nobody where none is given."),
    ] = None


class Schedule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done at fixed times."""

    cron: Annotated[
        str,
        about(
            "When, in UTC: minute, hour, day of the month, month, day of the week.",
            example="30 3 * * 1",
            pattern=r"^[0-9*,/-]+( [0-9*,/-]+){4}$",
            form="five fields of digits and * , - / with one space between them, such as 30 3 * * 1",
        ),
    ]
    run: Annotated[
        Literal["apply", "drift"],
        about(
            "`apply` takes up what has changed, new data too; `drift` fails where something was changed from outside."
        ),
    ]
    environments: Annotated[
        list[Annotated[str, about("An environment.", pattern=NAME_PATTERN)]],
        about("The environments; for `apply`, of those that a merge applies.", min_length=1),
    ]


class GitLab(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only GitLab needs to be told."""

    image: Annotated[
        str,
        about(
            "The container image of the jobs, by its digest; the runner's own where empty. It has Python and git.",
            example="docker.io/library/python:3.11-bookworm@sha256:…",
            pattern=r"^([a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64})?$",
            form="an image with its digest, such as docker.io/library/python:3.11@sha256:…",
        ),
    ] = ""
    tags: Annotated[
        list[
            Annotated[
                str,
                about("A tag.", pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", form="letters, digits, and . _ -"),
            ]
        ],
        about("The tags of the runners that take the jobs; any runner where there are none."),
    ] = []


class Azure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only Azure Pipelines needs to be told."""

    pool: Annotated[
        str,
        about(
            "The pool of your own agents; Azure's agents, with the image that `runner` names, where empty.",
            pattern=r"^([A-Za-z0-9][A-Za-z0-9 ._-]*)?$",
            form="letters, digits, and . _ -",
        ),
    ] = ""


class Pipeline(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What CI does on a pull request, on a merge, and at fixed times."""

    systems: Annotated[
        list[Literal["github_actions", "gitlab_ci", "azure_pipelines"]],
        about("The CI systems to write for.", change="render", min_length=1),
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
    runner: Annotated[
        str,
        about(
            "The machine to run on, for GitHub and for Azure's own agents.",
            change="render",
            example="ubuntu-24.04",
        ),
    ] = "ubuntu-24.04"
    gitlab: Annotated[GitLab, about("What only GitLab needs to be told.", change="render")] = GitLab()
    azure: Annotated[Azure, about("What only Azure Pipelines needs to be told.", change="render")] = Azure()
    python: Annotated[
        str,
        about(
            "Version of Python; on GitLab it is the image's.",
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
    schedules: Annotated[
        dict[Annotated[str, about("A schedule.", pattern=NAME_PATTERN)], Schedule],
        about("What is done at fixed times.", change="render"),
    ] = {}


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    """The jobs of a pipeline: names that every CI system takes, what comes first, and which schedules start each."""
    taken: set[str] = set()
    applies: list[dict[str, Any]] = []
    for environment, apply in view["apply"].items():
        applies.append(
            {
                "environment": environment,
                "approval": apply["approval"],
                "identity": apply["identity"],
                "id": _identifier(f"apply_{environment}", taken),
                "after": None if not applies else {key: applies[-1][key] for key in ("environment", "id")},
                "schedules": _schedules(view, "apply", environment),
            }
        )
    watched = dict.fromkeys(
        environment
        for schedule in view["schedules"].values()
        if schedule["run"] == "drift"
        for environment in schedule["environments"]
    )
    drifts = [
        {
            "environment": environment,
            "id": _identifier(f"drift_{environment}", taken),
            "schedules": _schedules(view, "drift", environment),
        }
        for environment in watched
    ]
    folder = view["folder"].strip("/")
    below = "" if folder in (".", "") else f"{folder}/"
    return {"prefix": f"mlc-{address.name}", "below": below, "applies": applies, "drifts": drifts}


def _schedules(view: View, run: str, environment: str) -> list[dict[str, str]]:
    return [
        {"name": name, "cron": schedule["cron"]}
        for name, schedule in view["schedules"].items()
        if schedule["run"] == run and environment in schedule["environments"]
    ]


def _identifier(text: str, taken: set[str]) -> str:
    """A name of letters, digits and _ that is not taken yet: Azure's stages bear no other."""
    found = plain = text.replace("-", "_")
    number = 2
    while found in taken:
        found = f"{plain}_{number}"
        number += 1
    taken.add(found)
    return found


KIND = Kind(name="pipeline", spec=Pipeline, facts=_facts, planned=("permissions", "caches"), once=True)
