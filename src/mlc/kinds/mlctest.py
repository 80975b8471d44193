"""A file of tests: `tests/NAME.mlctest.yaml`, what its author expects of the project's configuration."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.kinds._fields import ADDRESS_FORM, ADDRESS_PATTERN, about, formed
from mlc.kinds._kind import Kind

_FILE_PATTERN = r"^(?!(.*/)?\.)[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\.yaml$"
_PATH_PATTERN = r"^(?!(.*/)?\.\.?(/|$))[^/\\]+(/[^/\\]+)*$"

Outcome = Literal[
    "unchanged",
    "create",
    "destroy",
    "rename",
    "none",
    "metadata",
    "render",
    "redeploy",
    "reevaluate",
    "retrain",
    "reingest",
    "replace",
]
"""What a plan does with a resource: `create`, `destroy`, `rename`, or the change class that costs most."""


class ExpectedDiagnostic(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mistake that must be found: of what it says, only what stands here is compared."""

    rule: Annotated[str, about("The rule that finds it.", example="unknown-metric")]
    file: Annotated[str | None, about("The file it is in.", example="gate/quality.yaml")] = None
    line: Annotated[int | None, about("The line of that file, from 1.", example=3)] = None
    address: Annotated[str | None, about("The resource it concerns.", example="gate.quality")] = None


class Contains(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Texts that an artifact must hold."""

    contains: Annotated[
        list[str], about("The texts.", example=["FROM python:3.11-slim-bookworm"], min_length=1)
    ]


class Expect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be so."""

    values: Annotated[
        dict[str, Any],
        about("Effective values by their paths.", example={"deployment.risk_online.replicas": 3}),
    ] = {}
    absent: Annotated[
        list[str],
        about("Resources and values that must not exist.", example=["deployment.risk_cluster"]),
    ] = []
    diagnostics: Annotated[
        list[ExpectedDiagnostic] | None,
        about(
            "The mistakes that are found, each of them: an empty list is none. Warnings are compared where one is "
            "named. Where this is left out there must be no mistake."
        ),
    ] = None
    plan: Annotated[
        dict[Annotated[str, formed(ADDRESS_PATTERN, ADDRESS_FORM)], Outcome],
        about(
            "What a plan does with a resource where the project had been applied without this case's overrides "
            "and files.",
            example={"model.default_risk": "retrain"},
        ),
    ] = {}
    artifacts: Annotated[
        dict[
            Annotated[str, formed(_PATH_PATTERN, "a path below the artifacts, without . and .. in it")],
            Annotated[
                Literal["snapshot", "absent"] | Contains,
                about("Equal to a snapshot below tests/__snapshots__, not emitted, or holding some texts."),
            ],
        ],
        about(
            "Emitted files by their path below the environment's folder of artifacts, or in the project.",
            example={"docker/risk_container/Dockerfile": "snapshot"},
        ),
    ] = {}


class Case(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that must be so, and when."""

    description: Annotated[str, about("Why it must be so.")] = ""
    env: Annotated[str | None, about("The environment; the default one where none is named.")] = None
    overrides: Annotated[
        list[str],
        about("Overrides as on the command line.", example=["model.default_risk.train.seed=7"]),
    ] = []
    inputs: Annotated[
        dict[str, str | int | float | bool], about("Values of inputs.", example={"trial": True})
    ] = {}
    files: Annotated[
        dict[
            Annotated[
                str,
                formed(
                    _FILE_PATTERN, "the path of a file that ends in .yaml, no part of it beginning with a dot"
                ),
            ],
            str | None,
        ],
        about(
            "Texts of files to lay over the project for this case only; null takes a file away.",
            example={"gate/quality.yaml": "metrics: {roc_auc: {min: 0.9}}"},
        ),
    ] = {}
    expect: Annotated[Expect, about("What must be so.")]


class TestFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tests of the project's configuration."""

    cases: Annotated[dict[str, Case], about("The tests, by name.", min_length=1)]


KIND = Kind(name="mlctest", spec=TestFile)
