"""The project: `mlc.yaml`, whose folder is the root of every config."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.module import PATH_PATTERN
from mlc.kinds._fields import (
    ADDRESS_FORM,
    ADDRESS_PATTERN,
    NAME_FORM,
    NAME_PATTERN,
    Duration,
    RegistryName,
    Size,
    about,
    formed,
)
from mlc.kinds._kind import Kind


class Input(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value given from outside with `--input NAME=…` and read as `${input:NAME}`."""

    type: Annotated[Literal["string", "integer", "number", "boolean"], about("Its type.")] = "string"
    default: Annotated[Any, about("Its value where none is given; required where there is no default.")] = (
        None
    )
    description: Annotated[str, about("What it is for.")] = ""


class LocalState(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="local"
):
    """What was applied is known on this machine: SQLite files in `.mlc/state/`."""


class DatabaseState(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="database"
):
    """What was applied is known to everybody who reaches a database."""

    url: Annotated[
        str,
        about(
            "The database: `postgresql://user@host/name`, `mysql://…`, `mariadb://…` or `sqlite:///path` (within the "
            "project, or `sqlite:////` and an absolute path), without a password. Options of its driver "
            "follow after `?`.",
            example="postgresql://mlc@db.example/states?sslmode=verify-full",
            pattern=r"^(postgresql|mysql|mariadb|sqlite)(\+[a-z0-9]+)?://[^\s$]+$",
            form="a URL that begins with postgresql://, mysql://, mariadb:// or sqlite:///",
        ),
    ]
    password: Annotated[
        Annotated[
            str,
            formed(
                r"^\$\{secret:[A-Za-z_][A-Za-z0-9_-]*\}$",
                "a secret, as in ${secret:STATE_PASSWORD}",
                **{"x-mlc-sensitive": True},
            ),
        ]
        | None,
        about(
            "The user's password, as a secret; it is read where the database is reached, and nowhere else.",
            example="${secret:STATE_PASSWORD}",
        ),
    ] = None
    lease: Annotated[
        Duration,
        about("How long a lock outlasts the process that holds it and says nothing any more.", example="60s"),
    ] = "60s"
    results: Annotated[
        Annotated[str, formed(r"^[^$]+$", "the path of a folder")] | None,
        about(
            "A folder that all machines mount, for the results of steps. Without it each machine keeps its own in "
            "`.mlc`, and does again what it has no result of.",
            example="/mnt/ml/lending",
        ),
    ] = None


class Module(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shared layers; those of the module `acme` are named `acme/_tabular` in defaults lists."""

    source: Annotated[
        str,
        about(
            "Where it comes from: `pkg://NAME` is an installed Python package, `git+https://…`, `git+ssh://…` or "
            "`git+file://…` a git repository, `git+../path` one beside the project, anything else a folder.",
            example="pkg://acme_mlc_layers",
            min_length=1,
        ),
    ]
    version: Annotated[
        Annotated[
            str, formed(r"^[~^<>=!, 0-9a-zA-Z.*+-]+$", "the versions that fit, such as ^2, ~1.4 or >=1.4,<2")
        ]
        | None,
        about(
            "The versions that fit: `^2` (2.0 up to 3), `~1.4` (1.4 up to 1.5), `1.4.2` or `>=1.4,<2`. Of a git "
            "repository the highest tag that fits is taken.",
            example="^2",
        ),
    ] = None
    revision: Annotated[
        str | None,
        about(
            "The tag, the branch or the whole commit of a git repository; its default branch without one.",
            example="v1.2",
        ),
    ] = None
    path: Annotated[
        Annotated[
            str,
            formed(
                PATH_PATTERN, "a path of letters, digits, and . _ - /, no part of it beginning with a dot"
            ),
        ]
        | None,
        about("The folder of the layers within the source.", example="layers"),
    ] = None


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Python module of the project that models may be trained by: `estimator: code.scoring.Score`.

    It is imported when the configuration is applied and never before, in a process of its own.
    """

    path: Annotated[
        Annotated[
            str,
            formed(
                PATH_PATTERN, "a path of letters, digits, and . _ - /, no part of it beginning with a dot"
            ),
        ]
        | None,
        about("Its file, or its folder; `code/NAME.py` where none is given.", example="code/scoring.py"),
    ] = None
    imports: Annotated[
        list[str],
        about("Other modules of `code` that it imports. It sees no more of the project than these."),
    ] = []
    memory: Annotated[
        Size, about("How much memory it may take, with all that it starts.", change="none", example="4Gi")
    ] = "2Gi"
    timeout: Annotated[
        Duration, about("How long training or exporting may take.", change="none", example="2h")
    ] = "30m"


class OwnBackend(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backend that mlc does not have: templates of the project's or of a module's, with a `backend.yaml`."""

    path: Annotated[
        Annotated[
            str,
            formed(
                PATH_PATTERN, "a path of letters, digits, and . _ - /, no part of it beginning with a dot"
            ),
        ]
        | None,
        about("Its folder; `backends/NAME` where none is given.", example="deploy/systemd"),
    ] = None
    module: Annotated[
        str | None,
        about("The module of `modules` that brings it, in `backends/NAME` there.", example="acme"),
    ] = None
    may_write: Annotated[
        list[
            Annotated[
                str,
                formed(
                    r"^\.(?!git$|mlc$)[A-Za-z0-9_][A-Za-z0-9._-]*$",
                    "the name of a hidden file or folder other than .git and .mlc, such as .circleci",
                ),
            ]
        ],
        about(
            "The hidden files and folders at the top of the project that it may write. It only needs them for a "
            "kind that exists once per project.",
            example=[".circleci"],
        ),
    ] = []


class Project(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The project."""

    mlc: Annotated[Literal[1], about("Version of the language.", example=1)]
    project: Annotated[
        str, about("The project's name.", change="replace", example="lending", pattern=NAME_PATTERN)
    ]
    description: Annotated[str, about("What it is for.", change="metadata")] = ""
    owner: Annotated[str, about("Who answers for it.", change="metadata", example="risk-ml")] = ""
    environments: Annotated[
        list[Annotated[str, about("An environment; its file is env/NAME.yaml.", pattern=NAME_PATTERN)]],
        about(
            "The environments; the first is the default.",
            change="none",
            example=["dev", "prod"],
            min_length=1,
        ),
    ]
    registry: Annotated[RegistryName | None, about("Where models are registered.", change="replace")] = None
    artifacts: Annotated[
        str,
        about(
            "The folder that rendered artifacts go to, within the project.",
            change="render",
            pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$",
            form="a path below the project of letters, digits, and . _ - /, no part of it beginning with a dot",
        ),
    ] = "generated"
    dvc: Annotated[
        bool,
        about(
            "Whether a stage of DVC is written for each dataset, model and deployment, so that `dvc repro` applies "
            "them and `dvc dag` shows them.",
            change="render",
        ),
    ] = False
    vars: Annotated[
        dict[str, Any], about("Values for interpolation, as in ${vars.region}.", change="none")
    ] = {}
    presets: Annotated[
        dict[str, dict[str, Any]],
        about("Values for every resource of a kind; a resource file overrides them.", change="none"),
    ] = {}
    moved: Annotated[
        dict[
            Annotated[str, formed(ADDRESS_PATTERN, ADDRESS_FORM)],
            Annotated[
                str,
                about(
                    "The resource's address now.",
                    example="model.churn",
                    pattern=ADDRESS_PATTERN,
                    form=ADDRESS_FORM,
                ),
            ],
        ],
        about(
            "Renamed resources, the old address before the new: a rename is not a destroy and a create.",
            change="none",
            example={"model.default_probability": "model.default_risk"},
        ),
    ] = {}
    modules: Annotated[
        dict[Annotated[str, formed(NAME_PATTERN, NAME_FORM)], Module],
        about(
            "Shared layers by the name that defaults lists call them; `mlc modules update` fetches and locks them.",
            change="none",
            example={"acme": {"source": "pkg://acme_mlc_layers", "version": "^2"}},
        ),
    ] = {}
    code: Annotated[
        dict[
            Annotated[str, formed(r"^[a-z_][a-z0-9_]{0,60}$", "a name of lower-case letters, digits and _")],
            Code,
        ],
        about(
            "The Python modules of the project that may be run, by name. Without an entry here none ever is.",
            change="retrain",
            example={"scoring": {"path": "code/scoring.py"}},
        ),
    ] = {}
    backends: Annotated[
        dict[Annotated[str, formed(NAME_PATTERN, NAME_FORM)], OwnBackend],
        about(
            "Backends of the project's own, by name. Without an entry here no template but mlc's own is ever filled.",
            change="render",
            example={"systemd": {}},
        ),
    ] = {}
    state: Annotated[
        LocalState | DatabaseState,
        about("Where it is kept what was applied.", change="none"),
    ] = LocalState()
    inputs: Annotated[dict[str, Input], about("What may be given with --input.", change="none")] = {}


KIND = Kind(name="project", spec=Project)
