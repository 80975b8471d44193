"""A gate's bounds on slices, on gaps between groups, on disturbed inputs, and on the distance to a champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers._gate_testing import Asked, Measured, untested, verdict_on, waved_through
from mlc.ir.evaluation import Check, Comparison, Estimate, Evaluation, FairnessFigures, SliceFigures
from mlc.ir.fairness import CRITERIA


def checks_of_more(
    gate: str, bounds: Mapping[str, Any], evaluation: Evaluation | str | None, comparison: Any
) -> Iterator[Check]:
    """The checks of what a gate asks for beyond bounds on metrics. What was not measured fails."""
    found = evaluation if isinstance(evaluation, Evaluation) else None
    if "slices" in bounds:
        yield from _slices(gate, bounds["slices"], found)
    if "fairness" in bounds:
        yield from _fairness(gate, bounds["fairness"], found)
    if "robustness" in bounds:
        yield from _robustness(gate, bounds["robustness"], found)
    if "champion" in bounds:
        yield from _champion(gate, bounds["champion"], comparison)


def _slices(gate: str, bounds: Mapping[str, Any], evaluation: Evaluation | None) -> Iterator[Check]:
    found = [one for one in evaluation.slices if one.gate == gate] if evaluation is not None else []
    for metric, bound in sorted(bounds["metrics"].items()):
        of_metric = [one for one in found if one.metric == metric]
        large = [one for one in of_metric if one.estimate is not None]
        for kind, side, name in (("gap", "max", "max_gap"), ("slice", "min", "min"), ("slice", "max", "max")):
            if bound[name] is None:
                continue
            asked = Asked(
                gate,
                metric,
                side,
                float(bound[name]),
                "upper" if side == "max" else "lower",
                bounds["confidence"],
                kind,  # type: ignore[arg-type]
                ", ".join(bounds["by"]),
                f"slices.metrics.{metric}.{name}",
            )
            if not of_metric:
                yield untested(asked, "the evaluation holds no slices for this gate; evaluate again.")
            elif not large:
                reason = (
                    f"no slice has {bounds['min_rows']:,} test rows and others beside it; the largest has "
                    f"{max(one.rows for one in of_metric):,}."
                )
                yield untested(asked, reason)
            for one in large:
                yield _slice(asked, one)


def _slice(asked: Asked, one: SliceFigures) -> Check:
    level = 1 - (1 - asked.confidence) / max(one.looks, 1)
    here = msgspec.structs.replace(asked, where=f"{one.column} is {one.value}", confidence=level)
    estimate = one.gap if asked.kind == "gap" else one.estimate
    note = f"{one.looks} looks, each at {100 * level:.5g}%" if one.looks > 1 else ""
    return _of_estimate(here, estimate, one.rows, note)


def _fairness(gate: str, bounds: Mapping[str, Any], evaluation: Evaluation | None) -> Iterator[Check]:
    found = [one for one in evaluation.fairness if one.gate == gate] if evaluation is not None else []
    for criterion in CRITERIA:
        if not bounds.get(criterion):
            continue
        for column in bounds["protected"]:
            asked = Asked(
                gate,
                criterion,
                "max",
                float(bounds[criterion]["max_gap"]),
                "upper",
                bounds["confidence"],
                "fairness",
                f"the groups of {column}",
                f"fairness.{criterion}.max_gap",
            )
            one = next((one for one in found if (one.column, one.criterion) == (column, criterion)), None)
            if one is None:
                yield untested(asked, "the evaluation does not hold it; evaluate again, for this gate.")
                continue
            here = msgspec.structs.replace(asked, where=f"{asked.where}, of {one.of}") if one.of else asked
            yield _of_estimate(here, one.gap, one.gap.n, _left_out(one))


def _left_out(one: FairnessFigures) -> str:
    """The groups that a gap says nothing of: of too few rows, or of none that decide it."""
    said = []
    if one.small:
        said.append(f"left out: {', '.join(f'{name} ({rows})' for name, rows in sorted(one.small.items()))}")
    if one.undecided:
        said.append(f"no rows decide it of {', '.join(one.undecided)}")
    return "; ".join(said)


def _robustness(gate: str, bounds: Mapping[str, Any], evaluation: Evaluation | None) -> Iterator[Check]:
    found = [one for one in evaluation.robustness if one.gate == gate] if evaluation is not None else []
    words = {"noise": "noise of {:g} deviations", "missing": "{:.3g} of the values missing"}
    for kind in ("noise", "missing"):
        if bounds[kind] is None:
            continue
        asked = Asked(
            gate,
            bounds["metric"],
            "max",
            float(bounds["max_drop"]),
            "upper",
            bounds["confidence"],
            "robustness",
            words[kind].format(bounds[kind]),
            "robustness.max_drop",
        )
        one = next((one for one in found if one.kind == kind), None)
        if one is None:
            yield untested(asked, "the evaluation does not hold it; evaluate again, for this gate.")
        elif not one.columns:
            yield untested(asked, "no column that the model sees can be disturbed so.")
        else:
            yield _of_estimate(asked, one.drop, one.drop.n)


def _champion(gate: str, bounds: Mapping[str, Any], proof: Any) -> Iterator[Check]:
    superior = bounds["require"] == "superior"
    limit = float(bounds["margin"]) if superior else -float(bounds["margin"])
    asked = Asked(
        gate,
        bounds["metric"],
        "min",
        limit,
        "lower",
        bounds["confidence"],
        "champion",
        bounds["alias"],
        "champion.require" if superior else "champion.margin",
    )
    try:
        duels = msgspec.convert(proof, Comparison).duels
    except msgspec.ValidationError:
        duels = ()
    duel = next((one for one in duels if one.gate == gate), None)
    if duel is None:
        yield untested(asked, "there is no comparison to read it from.")
    elif duel.problem:
        yield untested(asked, duel.problem)
    elif duel.difference is None:
        yield waved_through(asked, duel.note)
    else:
        here = msgspec.structs.replace(asked, where=f"{bounds['alias']} (version {duel.version})")
        note = "" if duel.p_value is None else f"p = {duel.p_value:.3g}"
        yield _of_estimate(here, duel.difference, duel.difference.n, note)


def _of_estimate(asked: Asked, estimate: Estimate | None, rows: int, note: str = "") -> Check:
    if estimate is None or estimate.value is None:
        reasons = estimate.warnings if estimate is not None else ()
        return untested(asked, " ".join(["it is not defined on these rows.", *reasons]))
    interval = estimate.at(asked.confidence)
    if interval is None:
        return untested(
            asked,
            f"the evaluation holds no interval at {100 * asked.confidence:.6g}%; evaluate again, for this gate.",
        )
    measured = Measured(estimate.value, interval.low, interval.high, estimate.method, rows)
    return verdict_on(asked, measured, note)
