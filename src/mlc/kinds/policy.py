"""A policy: rules that every resource that names it must satisfy."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind

_RULES = (
    "owner-declared",
    "licence-declared",
    "gates-declared",
    "intended-use-declared",
    "label-not-pii",
)
# text with a pattern rather than literals, for whose use as keys of a map msgspec writes no schema
RuleName = Annotated[
    str, Meta(pattern=f"^({'|'.join(_RULES)})$", extra_json_schema={"enum": list(_RULES)})
]  # told as its choices


class PolicyRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How seriously a rule is taken."""

    severity: Annotated[
        Literal["error", "warning"],
        about("An error refuses the change, exit code 3.", stricter=["warning", "error"]),
    ] = "error"


class Policy(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules by name."""

    rules: Annotated[
        dict[RuleName, PolicyRule],
        about("The built-in rules to hold.", change="none", min_length=1, stricter="more"),
    ]


KIND = Kind(name="policy", spec=Policy, planned=("expressions", "scope", "waivers"))
