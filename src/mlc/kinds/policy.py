"""A policy: rules that every resource that names it must satisfy."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind


class PolicyRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How seriously a rule is taken."""

    severity: Annotated[Literal["error", "warning"], about("An error refuses the change, exit code 3.")] = (
        "error"
    )


class Policy(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules by name."""

    rules: Annotated[
        dict[
            Literal[
                "owner-declared",
                "licence-declared",
                "gates-declared",
                "intended-use-declared",
                "label-not-pii",
            ],
            PolicyRule,
        ],
        about("The built-in rules to hold.", change="none", min_length=1),
    ]


KIND = Kind(name="policy", spec=Policy, planned=("expressions", "scope", "waivers"))
