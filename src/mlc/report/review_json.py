"""A review for machines: every affected resource of every environment, nothing summarised."""

from __future__ import annotations

from typing import Any

import msgspec

from mlc.ir.review import Cause, FieldChange, GuardReview, ResourceReview, Review
from mlc.ir.review_output import ArtifactReviewOut, CauseOut, DiffOut, FieldOut, GuardOut, ResourceOut
from mlc.report import json


def review(found: Review) -> str:
    return json.bare(
        DiffOut(
            project=found.project,
            folder=found.folder,
            base=found.base,
            head=found.head,
            environments=list(found.environments),
            new_environments=list(found.new_environments),
            gone_environments=list(found.gone_environments),
            complete=list(found.whole),
            resources=[_resource(one) for one in found.resources],
            guards=[_guard(one) for one in found.guards],
            artifacts=[ArtifactReviewOut(**_fields(one)) for one in found.artifacts],
            data=list(found.data),
            code=list(found.code),
            new_diagnostics=[json.diagnostic(one) for one in found.new],
            fixed_diagnostics=[json.diagnostic(one) for one in found.fixed],
            remaining_diagnostics=found.remaining,
            unchanged=found.unchanged,
            notes=list(found.notes),
        )
    )


def _resource(one: ResourceReview) -> ResourceOut:
    return ResourceOut(
        environment=one.environment,
        address=one.address,
        action=one.action,
        change_class=one.change_class,
        owner=one.owner,
        code_owners=list(one.code_owners),
        changes=[_change(change) for change in one.changes],
        runs=list(one.runs),
        was=one.was,
        because=one.because,
        cause=_cause(one.cause),
    )


def _change(one: FieldChange) -> FieldOut:
    return FieldOut(**{**_fields(one), "cause": _cause(one.cause)})


def _guard(one: GuardReview) -> GuardOut:
    lists = {"code_owners": list(one.code_owners), "concerns": list(one.concerns), "cause": _cause(one.cause)}
    return GuardOut(**{**_fields(one), **lists})


def _cause(one: Cause | None) -> CauseOut | None:
    return None if one is None else CauseOut(**msgspec.structs.asdict(one.span), side=one.side)


def _fields(one: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(one)
