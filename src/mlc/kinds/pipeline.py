"""A pipeline: how changes to the project are reviewed and applied by CI."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.address import Address
from mlc.kinds._fields import BRANCH, NAME_PATTERN, PATH_IN_REPOSITORY, Resource, about
from mlc.kinds._kind import Kind, Scope, View

_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_LABEL_FORM = "a name of at most 63 lower-case letters, digits and -, with a letter or digit at both ends"


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


class Argo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What only Argo Workflows needs to be told."""

    image: Annotated[
        str,
        about(
            "The container image of the steps, by its digest. It has mlc, git and a shell; `install` is not run in it.",
            example="ghcr.io/acme/mlc@sha256:…",
            pattern=r"^([a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64})?$",
            form="an image with its digest, such as ghcr.io/acme/mlc:1@sha256:…",
        ),
    ] = ""
    repository: Annotated[
        str,
        about(
            "Where the project is fetched from, without a password.",
            example="https://github.com/acme/shop.git",
            pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9._/~-]+)?$",
            form="an address such as https://github.com/acme/shop.git",
        ),
    ] = ""
    claim: Annotated[
        str,
        about(
            "The PersistentVolumeClaim that the checkout is kept on, with the state and the registry in `.mlc`.",
            pattern=_LABEL,
            form=_LABEL_FORM,
        ),
    ] = "mlc"
    namespace: Annotated[str, about("The namespace.", pattern=_LABEL, form=_LABEL_FORM)] = "argo"
    service_account: Annotated[
        str,
        about(
            "Whom Argo's executor reports results as; the steps themselves get no token.",
            pattern=_LABEL,
            form=_LABEL_FORM,
        ),
    ] = "mlc-workflow"
    cpu: Annotated[
        str,
        about(
            "Processors of a step.",
            pattern=r"^[0-9]+(\.[0-9]+|m)?$",
            form="a number such as 2 or 500m, in quotes",
        ),
    ] = "1"
    memory: Annotated[
        str,
        about(
            "Memory of a step.",
            example="4Gi",
            pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$",
            form="a size such as 512Mi or 4Gi",
        ),
    ] = "2Gi"


class Pipeline(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What CI does on a pull request, on a merge, and at fixed times."""

    systems: Annotated[
        list[Literal["github_actions", "gitlab_ci", "azure_pipelines", "argo"]],
        about("The CI systems to write for; Argo reviews no pull requests.", change="render", min_length=1),
    ]
    branch: Annotated[
        str,
        about(
            "The branch whose merges are applied.",
            change="render",
            **BRANCH,
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
    argo: Annotated[Argo, about("What only Argo Workflows needs to be told.", change="render")] = Argo()
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
            **PATH_IN_REPOSITORY,
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
    return {
        "prefix": f"mlc-{address.name}",
        "below": below,
        "applies": applies,
        "drifts": drifts,
        "argo": _argo(address, view, applies, drifts),
    }


def _argo(
    address: Address, view: View, applies: list[dict[str, Any]], drifts: list[dict[str, Any]]
) -> dict[str, Any]:
    """The same jobs by the names that Argo and Kubernetes take: letters, digits and - alone."""
    taken: set[str] = set()
    schedules = []
    for name, schedule in view["schedules"].items():
        jobs = applies if schedule["run"] == "apply" else drifts
        chosen = [job for job in jobs if job["environment"] in schedule["environments"]]
        schedules.append(
            {
                "name": _dashed(name, taken),
                "cron": schedule["cron"],
                "tasks": _tasks(schedule["run"], chosen),
            }
        )
    return {
        "name": _dashed(f"mlc-{address.name}", set()),
        "tasks": _tasks("apply", applies),
        "schedules": schedules,
        "scheduled": bool(schedules),
        "seconds": view["timeout_minutes"] * 60,
    }


def _tasks(run: str, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks of a graph: environments are applied one after the other, and looked at side by side."""
    tasks: list[dict[str, Any]] = []
    taken: set[str] = set()
    after = "checkout"
    for job in jobs:
        name = _dashed(job["id"], taken)
        approval = f"approve-{name}" if job.get("approval") else ""
        tasks.append(
            {
                "name": name,
                "run": run,
                "environment": job["environment"],
                "approval": approval,
                "after": after,
            }
        )
        after = name if run == "apply" else after
    return tasks


def _dashed(text: str, taken: set[str]) -> str:
    """A name of letters, digits and - that is not taken yet, and ends in no -."""
    found = plain = text.replace("_", "-").rstrip("-")
    number = 2
    while found in taken:
        found = f"{plain}-{number}"
        number += 1
    taken.add(found)
    return found


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
