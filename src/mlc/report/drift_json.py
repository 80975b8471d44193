"""What was changed from outside, for machines: one document for every environment."""

from __future__ import annotations

from mlc.ir.drift import Drift, Drifted
from mlc.ir.outputs import DriftedOut, DriftOut, Drifts
from mlc.ir.state import State
from mlc.report.drift_text import accept, undo
from mlc.report.json import bare


def drifts(found: list[tuple[str, State, Drifted]]) -> str:
    return bare(
        Drifts(
            environments=[
                DriftedOut(
                    environment=environment,
                    lineage=state.lineage,
                    serial=state.serial,
                    drift=[_out(one, environment) for one in drifted.found],
                    accepted=[_out(one, environment) for one in drifted.accepted],
                    unseen=list(drifted.unseen),
                )
                for environment, state, drifted in found
            ]
        )
    )


def _out(one: Drift, environment: str) -> DriftOut:
    return DriftOut(
        type="artifact" if one.entry == "artifact" else "operation",
        name=one.name,
        address=one.address,
        what=one.seen.what,
        recorded=one.seen.recorded,
        found=one.seen.found,
        since=one.seen.since,
        by=one.seen.by,
        undo=undo(environment),
        accept=accept(one.name, environment),
    )
