"""What a version of a dataset looks like, and how two versions differ."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256, in lower-case hex.")]


class Frequent(Struct, frozen=True):
    """A value and how many rows have it."""

    value: str
    rows: float


class ColumnProfile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of all rows that are trained or tested on.

    `quantiles` are the 0, 1, … 100 % quantiles of numbers; `frequent` the most frequent values of all else, of which
    `others` counts the rest. `histogram` counts numbers in bins of equal width between `edges`. `train_test` is the
    population stability index between the parts. Under differential privacy there is only what noisy counts tell.
    """

    type: str
    role: str
    rows: float
    missing: float
    distinct: int | None = None
    min: Any = None
    max: Any = None
    mean: float | None = None
    standard_deviation: float | None = None
    quantiles: list[float] = []
    edges: list[float] = []
    histogram: list[float] = []
    frequent: list[Frequent] = []
    others: float = 0
    train_test: float | None = None


class Correlation(Struct, frozen=True):
    """Pearson's coefficient of two columns of numbers, over the rows that have both."""

    first: str
    second: str
    coefficient: float


class PrivacyBudget(Struct, frozen=True):
    """How much the profile tells of a single person at most: it is `epsilon`-differentially private where each of
    them has `rows_per_person` rows at most. `withheld` are the columns of which nothing can be told."""

    epsilon: float
    rows_per_person: int
    mechanism: str
    withheld: list[str]


class DataProfile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version of a dataset (`profile.json`). `digest` is that of its content: of both parts."""

    version: Literal[1] = 1
    dataset: str
    digest: Digest
    parts: dict[str, Digest]
    rows: dict[str, float]
    columns: dict[str, ColumnProfile]
    label: str | None = None
    correlations: list[Correlation] = []
    warnings: list[str] = []
    preparation: list[dict[str, Any]] = []
    broken_promises: list[dict[str, Any]] = []
    split: dict[str, Any] = {}
    privacy: PrivacyBudget | None = None


class DatasetEntry(Struct, frozen=True, kw_only=True):
    """A version of a dataset as it is registered. The rows themselves are not: `profile` tells what they look like."""

    version: Literal[1] = 1
    project: str
    name: str
    number: Annotated[int, Meta(ge=1)]
    digest: Digest
    description: str = ""
    owner: str = ""
    licence: str = ""
    parts: dict[str, Digest]
    rows: dict[str, float]
    files: dict[str, Digest]


class DatasetVersion(Struct, frozen=True, kw_only=True):
    """A version as the registry shows it. `created` is UTC, ISO 8601."""

    entry: DatasetEntry
    created: str


class ColumnMoved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a column of two versions differs. `index` is the population stability index, and `moved` whether it is more
    than chance and 0.1; `strongly` from 0.25 on. Missing values are counted as a share."""

    column: str
    moved: bool
    index: float | None = None
    threshold: float | None = None
    strongly: bool = False
    missing_before: float = 0.0
    missing_now: float = 0.0
    mean_before: float | None = None
    mean_now: float | None = None
    appeared: list[str] = []
    gone: list[str] = []


class TypeChanged(Struct, frozen=True):
    column: str
    before: str
    now: str


class DatasetDiff(Struct, frozen=True, kw_only=True):
    """`mlc registry diff --format json`: two versions of a dataset."""

    version: Literal[1] = 1
    dataset: str
    before: int
    now: int
    same: bool
    rows_before: dict[str, float]
    rows_now: dict[str, float]
    added: list[str]
    removed: list[str]
    types: list[TypeChanged]
    columns: list[ColumnMoved]
