"""What a registered version was made from, and what was made from it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["dataset", "config", "model", "deployment"]
Direction = Literal["up", "down", "both"]


class Made(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing in a lineage. `id` names it here, and of a version is what `mlc registry show` takes.

    A dataset's version has no number where it was not registered (the dataset has no `profile`): its `digest` is then
    that of its parts. A config is what a model was asked to be, with the features that it sees. A deployment is an
    alias that stands on a version now, with the environment and the deployment that moved it there.
    """

    id: str
    kind: Kind
    name: str
    number: int | None = None
    digest: str = ""
    created: str = ""
    owner: str = ""
    aliases: list[str] = []
    environment: str = ""
    alias: str = ""


class Into(Struct, frozen=True):
    """`source` went into `target`: as data, as config, as a member, as what was reused (`features`, `transforms`,
    `warm_start`), or it stands there by an alias."""

    source: str
    target: str
    role: str


class Lineage(Struct, frozen=True, kw_only=True):
    """`mlc registry lineage --format json`: what is above `of`, what is below, or both; edges go downwards."""

    version: Literal[1] = 1
    of: str
    direction: Direction
    nodes: list[Made]
    edges: list[Into]
