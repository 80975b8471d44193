"""What `apply` tells while it runs: one JSON line each with `--events`.

Of each step: started, then told and retried as often as it happens, then done, failed or skipped; a step that is
not tried is only skipped. Steps run at once, so that the lines of several are mixed.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic


class StepStarted(Struct, frozen=True, tag_field="event", tag="step_started"):
    step: str
    address: str
    action: str
    position: int  # from 1
    total: int


class StepTold(Struct, frozen=True, tag_field="event", tag="step_told"):
    """A driver's progress, in a few words."""

    step: str
    text: str


class StepDone(Struct, frozen=True, tag_field="event", tag="step_done"):
    """`how` is "done", "reused" (an earlier outcome of the same key), "unchanged" (early cutoff), or "forgotten"
    (only the record goes, as its driver has nothing to take back)."""

    step: str
    address: str
    action: str
    how: str
    seconds: float
    summary: dict[str, Any] = {}


class StepFailedEvent(Struct, frozen=True, tag_field="event", tag="step_failed"):
    step: str
    address: str
    diagnostics: tuple[Diagnostic, ...]


class StepRetried(Struct, frozen=True, tag_field="event", tag="step_retried"):
    """A try failed for a reason that may pass: the next one comes after `seconds`.

    `tried` counts the tries so far, `retries` those that are allowed after the first.
    """

    step: str
    address: str
    tried: int
    retries: int
    seconds: float
    diagnostics: tuple[Diagnostic, ...]


class StepSkipped(Struct, frozen=True, tag_field="event", tag="step_skipped"):
    """A step that was not tried (or, on a full disk, came to nothing), because another one failed."""

    step: str
    address: str
    because: str


class Finished(Struct, frozen=True, tag_field="event", tag="finished"):
    """`outcome` is "done", "failed", "refused" or "interrupted"; the numbers count steps."""

    outcome: Literal["done", "failed", "refused", "interrupted"]
    done: int
    failed: int
    skipped: int
    not_started: int


Event = StepStarted | StepTold | StepDone | StepFailedEvent | StepRetried | StepSkipped | Finished
