"""A backend: a folder of templates, and what its `backend.yaml` says about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from mlc.ir.node import Node, Scalar
from mlc.ir.span import Span, start_of

FOLDER = "backends"
"""Where a project or a module has backends of its own, each in a folder of its name."""
MANIFEST = "backend.yaml"

_NAME = r"^[a-z0-9][a-z0-9_-]*$"
_PATH = r"^[^/\\].*[^/]$"
_REVISION = r"^[0-9a-f]{40}([0-9a-f]{24})?$"
_FORMS: dict[str, dict[str, Any]] = {
    _NAME: {"x-mlc-form": "a name of lower-case letters, digits, - and _"},
    _PATH: {"x-mlc-form": "the path of a file, without a slash at its beginning or its end"},
    _REVISION: {"x-mlc-form": "a whole revision, of 40 or 64 hexadecimal digits"},
}


class Pin(Struct, frozen=True, forbid_unknown_fields=True):
    """Something of another project that artifacts name: at which fixed revision, and where that was seen."""

    uses: Annotated[str, Meta(description="What is named.", examples=["actions/checkout"])]
    revision: Annotated[
        str, Meta(description="The fixed revision.", pattern=_REVISION, extra_json_schema=_FORMS[_REVISION])
    ]
    version: Annotated[str, Meta(description="The version people know it by.", examples=["v4.2.2"])]
    seen: Annotated[str, Meta(description="Where the revision was seen with this version.", min_length=1)]


class Emission(Struct, frozen=True, forbid_unknown_fields=True):
    """One artifact for every resource of a kind that meets the conditions."""

    kind: Annotated[
        str, Meta(description="The kind of resource.", pattern=_NAME, extra_json_schema=_FORMS[_NAME])
    ]
    template: Annotated[
        str,
        Meta(description="A file beside backend.yaml: rendered where it ends in .j2, copied elsewhere."),
    ]
    path: Annotated[
        str,
        Meta(
            description="Where the artifact goes, below the artifacts folder of the environment; from the "
            "project's folder for a kind that exists once per project. May hold {{ name }} and {{ environment }}.",
            pattern=_PATH,
            extra_json_schema=_FORMS[_PATH],
        ),
    ]
    when: Annotated[
        dict[str, Scalar | list[Scalar]],
        Meta(
            description="Values wanted at dotted paths of the resource's view; a list allows each of its "
            "members. A field that is a list has to hold one of the values wanted. `facts.NAME` is a derived value, "
            "`project.NAME` a field of mlc.yaml.",
            examples=[{"target.type": "kserve"}],
        ),
    ] = {}
    check: Annotated[
        list[str],
        Meta(
            description="The official checkers of the artifact: a checker's name, then its argument.",
            examples=[["crd kserve_inferenceservices.crd.yaml"]],
        ),
    ] = []


class Publication(Struct, frozen=True, forbid_unknown_fields=True):
    """One file that a step publishes for a resource of a kind, once `mlc apply` has done it."""

    kind: Annotated[
        str, Meta(description="The kind of resource.", pattern=_NAME, extra_json_schema=_FORMS[_NAME])
    ]
    path: Annotated[
        str,
        Meta(
            description="Where the file goes, below the artifacts folder of the environment. May hold {{ name }}.",
            pattern=_PATH,
            extra_json_schema=_FORMS[_PATH],
        ),
    ]
    when: Annotated[
        dict[str, Scalar | list[Scalar]],
        Meta(description="Values wanted at dotted paths of the resource's view, as of `emits`."),
    ] = {}
    check: Annotated[list[str], Meta(description="The official checkers of the file.")] = []


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What `backend.yaml` holds."""

    backend: Annotated[
        str,
        Meta(description="The backend's name: its folder's.", pattern=_NAME, extra_json_schema=_FORMS[_NAME]),
    ]
    description: Annotated[str, Meta(description="What it emits, for people.", min_length=1)]
    format: Annotated[
        str,
        Meta(description="The platform's format and its version.", examples=["serving.kserve.io/v1beta1"]),
    ] = ""
    by: Annotated[
        Literal["emit", "driver", "command"],
        Meta(
            description="Who renders it: `emit` from the specs alone, a driver with what a step found, or a "
            "command with what it shows."
        ),
    ] = "emit"
    pins: Annotated[
        dict[str, Pin], Meta(description="Revisions of other projects that its artifacts name.")
    ] = {}
    emits: Annotated[list[Emission], Meta(description="What it emits.")] = []
    publishes: Annotated[
        list[Publication], Meta(description="Where a driver renders: what its steps publish.")
    ] = []

    @property
    def written(self) -> tuple[Emission | Publication, ...]:
        """What it emits and what it publishes."""
        return (*self.emits, *self.publishes)


class Own(Struct, frozen=True):
    """What makes a backend a project's own rather than mlc's: its files are a stranger's.

    `name` is what mlc.yaml calls it, at `span`; `place` is its folder, from the project's; `node` is its backend.yaml;
    `may_write` are the hidden files and folders at the top of the project that it may write.
    """

    name: str
    place: str
    span: Span
    node: Node
    may_write: tuple[str, ...] = ()

    def file(self, name: str) -> str:
        """One of its files, from the project's folder."""
        return f"{self.place}/{name}"

    def at(self, *path: str | int) -> Span:
        """Where something stands in its backend.yaml, or the nearest around it that does."""
        return self.node.nearest(path).span if self.node.value else start_of(self.file(MANIFEST))


class Backend(Struct, frozen=True):
    """A backend as loaded: `templates` maps a file's name to its text; `digest` is the SHA-256 of it all."""

    manifest: Manifest
    templates: dict[str, str]
    digest: str
    own: Own | None = None

    @property
    def name(self) -> str:
        return self.manifest.backend


class Verification(Struct, frozen=True):
    """What an official checker said of an artifact. `skipped`: it is not installed, so nothing is known.

    `origins` has, for each finding, where the values stand that it is about; empty where nobody asked.
    """

    outcome: Literal["ok", "rejected", "skipped"]
    checker: str
    findings: tuple[str, ...] = ()
    origins: tuple[tuple[Span, ...], ...] = ()
