"""The variants of a served form, as measured, and which was chosen."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Measured(Struct, frozen=True, omit_defaults=True):
    """A variant. `refused` says, one sentence each, why it may not be served; `worse` maps each metric of the rule
    to how much worse it is than the form as exported (negative: better). `size` is in bytes, `latency` the median of
    one row in seconds. A variant that could not be made has its reason only."""

    name: str
    what: str
    refused: list[str] = []
    size: int | None = None
    latency: float | None = None
    label_agreement: float | None = None
    max_probability_difference: float | None = None
    value_agreement: float | None = None
    max_relative_difference: float | None = None
    metrics: dict[str, float | None] = {}
    worse: dict[str, float] = {}
    verdict: str = ""
    front: bool = False


class Variants(Struct, frozen=True):
    """All variants in the order they are written. `front` marks those that no other beats in size, latency and metric
    at once; `metric` is the one that is compared, on `rows`."""

    rule: str
    metric: str
    chosen: str
    why: str
    cpu: str
    variants: list[Measured]
    rows: Literal["test", "validation"] = "test"
