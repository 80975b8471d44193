"""How a kind describes its fields: one `about(...)` per field, from which everything else is derived."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

ChangeClass = Literal[
    "none", "metadata", "render", "redeploy", "reevaluate", "retrain", "reingest", "replace"
]

# `more` members or `fewer`; the `cautious` end of an interval; a `wider` interval; or a list, the strictest value last
Stricter = Literal["higher", "lower", "true", "false", "more", "fewer", "cautious", "wider"]

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
NAME_FORM = "a name of lower-case letters, digits, _ and -, with a letter or digit first"
ADDRESS_PATTERN = r"^[a-z]+\.[a-z0-9][a-z0-9_-]*$"
ADDRESS_FORM = "an address such as model.churn: a kind, a dot, and the name of a resource"


def about(
    description: str,
    *,
    change: ChangeClass | None = None,
    example: Any = None,
    unit: str | None = None,
    sensitive: bool = False,
    stricter: Stricter | list[str] | None = None,
    form: str | None = None,
    **constraints: Any,
) -> Meta:
    """The annotation of a field.

    `change` says what a change to the field costs (a nested field without one costs what its parent
    costs). `stricter` says which values hold what is described to more, for whoever reviews a change.
    `constraints` are msgspec's own (ge, le, gt, lt, pattern, min_length, …). `form` says in words what a pattern
    admits, to stand after "takes": a regular expression is no message.
    """
    extra: dict[str, Any] = {}
    if constraints.get("pattern") == NAME_PATTERN:
        form = NAME_FORM
    if form is not None:
        extra["x-mlc-form"] = form
    if change is not None:
        extra["x-mlc-change"] = change
    if unit is not None:
        extra["x-mlc-unit"] = unit
    if sensitive:
        extra["x-mlc-sensitive"] = True
    if stricter is not None:
        extra["x-mlc-stricter"] = stricter
    return Meta(
        description=description,
        examples=None if example is None else [example],
        extra_json_schema=extra or None,
        **constraints,
    )


def formed(pattern: str, form: str, **keywords: Any) -> Meta:
    """The annotation of a text of a certain form that is no field of its own: a key of a map, an item of a list."""
    return Meta(pattern=pattern, extra_json_schema={"x-mlc-form": form, **keywords})


def _reference(kind: str) -> Meta:
    return formed(NAME_PATTERN, NAME_FORM, **{"x-mlc-ref": kind})


Name = Annotated[str, formed(NAME_PATTERN, NAME_FORM)]
DatasetName = Annotated[str, _reference("dataset")]
FeaturesName = Annotated[str, _reference("features")]
ModelName = Annotated[str, _reference("model")]
GateName = Annotated[str, _reference("gate")]
PolicyName = Annotated[str, _reference("policy")]
RegistryName = Annotated[str, _reference("registry")]
DeploymentName = Annotated[str, _reference("deployment")]
RuntimeName = Annotated[str, _reference("runtime")]
TargetName = Annotated[str, _reference("target")]

Duration = Annotated[
    str,
    formed(
        r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d|w)$",
        "a duration such as 20ms, 30m or 7d",
        **{"x-mlc-unit": "duration"},
    ),
]
Size = Annotated[
    str,
    formed(r"^[0-9]+(\.[0-9]+)?(B|[KMGT]i?B?)$", "a size such as 512Mi or 10G", **{"x-mlc-unit": "size"}),
]
Share = Annotated[float, Meta(ge=0, le=1)]
Percent = Annotated[
    str,
    formed(r"^([1-9][0-9]?|100)%$", "a percentage from 1% to 100%", **{"x-mlc-unit": "percent"}),
]
PINNED_IMAGE = r"^[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}$"
PINNED_IMAGE_FORM = "an image pinned by its digest: its name, @sha256: and 64 hexadecimal digits"
PinnedImage = Annotated[str, formed(PINNED_IMAGE, PINNED_IMAGE_FORM)]
CLUSTER_NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
CLUSTER_NAME_FORM = "a name of lower-case letters, digits and -, with a letter or digit first and last"

PATH_IN_REPOSITORY: dict[str, Any] = {
    "pattern": r"^[A-Za-z0-9._/-]+$",
    "form": "a path of letters, digits, and . _ / -",
}
BRANCH: dict[str, Any] = {
    "pattern": r"^[A-Za-z0-9._/-]+$",
    "form": "the name of a branch: letters, digits, and . _ / -",
}
ClusterName = Annotated[
    str, Meta(pattern=CLUSTER_NAME, max_length=63, extra_json_schema={"x-mlc-form": CLUSTER_NAME_FORM})
]

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_BYTES = {"B": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_BYTES |= {f"{unit}i": 1024**power for power, unit in enumerate("KMGT", start=1)}


def seconds(duration: str) -> float:
    """`20ms` is 0.02. The text has passed the pattern of `Duration`."""
    number = duration.rstrip("mshdw")
    return float(number) * _SECONDS[duration[len(number) :]]


def percent(text: str) -> int:
    """`10%` is 10. The text has passed the pattern of `Percent`."""
    return int(text.rstrip("%"))


def in_bytes(size: str) -> int:
    """`512Mi` is 536,870,912. The text has passed the pattern of `Size`."""
    number = size.rstrip("BKMGTi")
    unit = size[len(number) :]
    return int(float(number) * _BYTES[unit if unit in _BYTES else unit.removesuffix("B")])


class Lifecycle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How applying treats a resource."""

    prevent_destroy: Annotated[
        bool,
        about("true refuses every plan that would delete, undo or replace it.", stricter="true"),
    ] = False
    retries: Annotated[
        int,
        about(
            "How often a step is tried again that fails for a reason that may pass: a network, a locked database.",
            ge=0,
            le=10,
        ),
    ] = 0
    backoff: Annotated[
        Duration, about("The wait before the first retry; it doubles each time, up to 5 minutes.")
    ] = "10s"


class Resource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every resource may say about itself."""

    description: Annotated[str, about("What this is, for people.", change="metadata")] = ""
    owner: Annotated[
        str,
        about("Who answers for it; the project's owner where empty.", change="metadata", example="risk-ml"),
    ] = ""
    tags: Annotated[list[str], about("Words to select by.", change="metadata")] = []
    enabled: Annotated[bool, about("false leaves the resource out.", change="none")] = True
    environments: Annotated[
        list[str],
        about("The environments it exists in; every one where empty.", change="none", example=["prod"]),
    ] = []
    lifecycle: Annotated[Lifecycle, about("How applying treats it.", change="none")] = Lifecycle()
