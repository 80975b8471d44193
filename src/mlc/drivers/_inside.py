"""The registered versions that a version is made of, as the steps of those versions told of them."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from mlc.ir.operation import Work
from mlc.ir.registry import Member


class _Registered(Struct, frozen=True):
    """The part of a member's version.json that is told."""

    name: str
    version: int
    digest: str


class _Reused(Struct, frozen=True):
    """The part of what is known of a version from the registry that is told."""

    name: str
    number: int
    digest: str


def members(work: Work) -> dict[str, Member]:
    """The versions by the names that they have within the model; of inputs `member-NAME` and `reused`.

    Raises msgspec.ValidationError where an input is not what its driver writes.
    """
    found = {}
    for name in work.spec.get("members", {}):
        version = msgspec.json.decode(work.inputs[f"member-{name}"].read_bytes(), type=_Registered)
        found[name] = Member(model=version.name, number=version.version, digest=version.digest)
    if "reused" in work.inputs:
        about = msgspec.json.decode(work.inputs["reused"].read_bytes(), type=_Reused)
        role = work.spec["reuse"]["as"]
        found[role] = Member(model=about.name, number=about.number, digest=about.digest, role=role)
    return found
