"""What a registry knows of a model's version."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, in lower-case hex.")]


class Metric(Struct, frozen=True, kw_only=True):
    """A metric on the test set with its two-sided interval; null where it could not be computed."""

    value: float | None
    low: float | None
    high: float | None
    confidence: float | None = None
    method: str = ""
    n: int | None = None


class Tensor(Struct, frozen=True, kw_only=True):
    """An input or output of the served model, in the words of the Open Inference Protocol."""

    name: str
    datatype: str
    shape: list[int]


class Signature(Struct, frozen=True, kw_only=True):
    """What goes into the served model and what comes out; a dimension of -1 is any number of rows."""

    inputs: list[Tensor]
    outputs: list[Tensor]


class LearnedFrom(Struct, frozen=True, kw_only=True):
    """The data: their dataset, and the very bytes by digest. The data themselves are not registered."""

    dataset: str
    description: str = ""
    licence: str = ""
    parts: dict[str, Digest] = {}


class Member(Struct, frozen=True, kw_only=True):
    """A version that another was made of: of a model that it feeds on, which it has inside, or what it starts from.

    `role` is `member`, or how a registered version was reused (`features`, `transforms`, `warm_start`). `digest` is of
    that version's ONNX file.
    """

    model: str
    number: int
    digest: Digest
    role: str = "member"


class Entry(Struct, frozen=True, kw_only=True):
    """All facts about one version of a model, as registered (`entry.json`).

    `version` is the format's; the model's is `number`, which counts 1, 2, 3 per name. `digest` is of the
    ONNX file and says which model this is; `files` are all its files by role. `config` is the digest of
    what was asked for. No time is in here: the same facts give the same bytes. `made_from` says of the steps
    whose results it holds all that they depended on, as a state does, so that they can be taken over. `members` are the
    versions that it was made of, by what they are called there; a version that was made of none does not say so.
    """

    version: Literal[1] = 1
    project: str
    name: str
    number: Annotated[int, Meta(ge=1)]
    digest: Digest
    description: str = ""
    owner: str = ""
    tags: list[str] = []
    licence: str = ""
    task: str
    estimator: str
    params: dict[str, Any] = {}
    features: str = ""
    data: LearnedFrom
    signature: Signature
    metrics: dict[str, Metric] = {}
    gated: bool = False
    card: dict[str, Any] = {}
    config: Digest
    files: dict[str, Digest] = {}
    made_from: dict[str, dict[str, str]] = {}
    members: dict[str, Member] | UnsetType = UNSET


class Version(Struct, frozen=True, kw_only=True):
    """A version as the registry shows it.

    `revisions` are the digests of its entries, oldest first: registering the same model again with other
    metrics or words adds one, and the last is the one in force. `created` is UTC, ISO 8601.
    """

    entry: Entry
    created: str
    aliases: tuple[str, ...] = ()
    revisions: tuple[Digest, ...]


class Summary(Struct, frozen=True, kw_only=True):
    """A model in a list: how many versions it has, and where its aliases point."""

    name: str
    versions: int
    latest: Version
    aliases: dict[str, int] = {}


class Promotion(Struct, frozen=True, kw_only=True):
    """One line of the promotion log: an alias moved.

    `number` is the version it points to now (null: the alias was removed), `former` where it pointed
    before. `previous` is the digest of the line before, `digest` of this one, so that a change to any
    line shows in every later one.
    """

    sequence: Annotated[int, Meta(ge=1)]
    name: str
    alias: str
    number: int | None
    former: int | None
    environment: str
    deployment: str
    at: str
    previous: str
    digest: str
