"""What was changed from outside: the world as it is, where that is not what was recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec import Struct, structs

from mlc.ir.state import AppliedArtifact, State

ABSENT = "absent"
"""Stands for the digest of a file that is not there."""


class Seen(Struct, frozen=True):
    """What stands in the place of an operation's effect, as its driver's `observe` found it.

    `what` says it in a few words ("the alias dev of churn points to version 2, not to 1"), `recorded` and
    `found` what was and what is. `token` is the same for the same finding and never empty: a state that
    accepts it holds it. `since` is UTC, ISO 8601, and `by` who did it; empty where nobody knows.
    """

    what: str
    recorded: str
    found: str
    token: str
    since: str = ""
    by: str = ""


class Drift(Struct, frozen=True):
    """One thing that is not as it was recorded. `entry` is the type of its record: operation or artifact."""

    entry: str
    name: str
    address: str
    seen: Seen


class Drifted(Struct, frozen=True):
    """The drift of an environment.

    `accepted` is drift that somebody took as it is; `unseen` the operations that nobody could look at, because
    what describes them has changed since: the next plan is about them.
    """

    found: tuple[Drift, ...]
    accepted: tuple[Drift, ...] = ()
    unseen: tuple[str, ...] = ()


def token_of(content: bytes | None) -> str:
    """What `AppliedArtifact.accepted` holds for a file with these bytes, or (None) that is not there."""
    return ABSENT if content is None else hashlib.sha256(content).hexdigest()


def may_stay(applied: AppliedArtifact | None, digest: str, content: bytes | None) -> bool:
    """Whether what stands at a path was accepted, and what is to be there (`digest`) has not changed since."""
    return applied is not None and applied.digest == digest and applied.accepted == token_of(content)


def accepting(state: State, drift: Iterable[Drift]) -> State:
    """The state that takes drift as it is. The serial is left to whoever records it."""
    artifacts, operations = dict(state.artifacts), dict(state.operations)
    for one in drift:
        if one.entry == "artifact":
            artifacts[one.name] = structs.replace(artifacts[one.name], accepted=one.seen.token)
        else:
            operations[one.name] = structs.replace(operations[one.name], accepted=one.seen.token)
    return structs.replace(state, artifacts=artifacts, operations=operations)
