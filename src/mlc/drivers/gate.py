"""gate: tests every bound of a model's gates against what was measured, and refuses where one is not proven.

Inputs: `evaluation`, `parity`, `latency` (JSON). Output: `verdict` (JSON, see `mlc.ir.evaluation.Verdict`).
A metric that is missing, not defined, not finite or of another type fails: a gate fails closed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers._canonical import canonical
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.evaluation import METRICS, Check, End, Evaluation, Metric, Outcome, Verdict
from mlc.ir.operation import Product, StepFailed, Work
from mlc.kinds.gate import limit_of
from mlc.rules import gate_refused

VERSION = 1
PACKAGES = ()
EFFECT = False

_LEVELS = 1e-9  # two confidences nearer than this are one
_CAUTIOUS: dict[str, End] = {"min": "lower", "max": "upper"}
_MOST_ROWS = 10**9  # a test set that nobody has: say that more rows will not decide it


class Measured(Struct, frozen=True):
    """What was measured, at the level a gate asks for. `rows` is None where rows do not make it certain."""

    value: float
    low: float | None
    high: float | None
    method: str
    rows: int | None = None


class NotMeasuredError(Exception):
    """Why there is nothing to test, in a full sentence."""


def run(work: Work) -> Product:
    """Test all bounds of all gates. Raises StepFailed (gate-refused), one diagnostic per bound not passed."""
    proofs = {name: _json(work.inputs[name]) for name in ("evaluation", "parity", "latency")}
    verdict = judge(work.spec["gates"], proofs)
    written = work.folder / "verdict.json"
    written.write_bytes(canonical(verdict))
    refused = [check for check in verdict.checks if check.outcome != "pass"]
    if verdict.outcome != "pass":
        raise StepFailed(*(diagnostic(check, work.operation.address) for check in refused))
    checked = {f"{check.gate}.{check.metric}.{check.side}": sentence(check) for check in verdict.checks}
    return Product({"verdict": written}, {"outcome": verdict.outcome, "checks": checked})


def judge(gates: Mapping[str, Mapping[str, Mapping[str, Any]]], proofs: Mapping[str, Any]) -> Verdict:
    """The verdict of all gates: bounds by metric, by gate, on proofs as read from JSON.

    Every bound is tested, also after one has failed. Raises ValueError where there is nothing to test.
    """
    if not gates or not all(gates.values()):
        raise ValueError("A verdict needs gates, and a gate needs bounds.")
    checks = tuple(
        check
        for gate, metrics in sorted(gates.items())
        for metric, bound in sorted(metrics.items())
        for check in _checks(gate, metric, bound, proofs)
    )
    outcomes = {check.outcome for check in checks}
    outcome: Outcome = "fail"
    if outcomes == {"pass"}:
        outcome = "pass"
    elif outcomes and "fail" not in outcomes:
        outcome = "inconclusive"
    return Verdict(outcome, checks)


def sentence(check: Check) -> str:
    """A check in one line: `0.8143 (0.8054–0.8229), lower end at least 0.8`."""
    asked = "at least" if check.side == "min" else "at most"
    end = {"lower": "lower end ", "upper": "upper end ", "point": "estimate "}[check.bound]
    end = "" if check.low == check.high else end
    return f"{_interval(check)}, {end}{asked} {_amount(check, check.limit)}"


def diagnostic(check: Check, address: str) -> Diagnostic:
    """What a refused bound says to the person who has to mend it."""
    what = f"Gate {check.gate}: {check.metric} is {_interval(check)}."
    asked = "at least" if check.side == "min" else "at most"
    path = f"gate.{check.gate}.metrics.{check.metric}.{check.side}"
    if check.limit is None or check.tested is None:
        return gate_refused.found(
            f"Gate {check.gate} cannot test {check.metric}: {check.reason} "
            "What cannot be tested does not pass.",
            "Mend what keeps the metric from being measured, or correct the bound in the gate.",
            address=address,
            path=path,
        )
    missed = f"it misses that by {_amount(check, abs(check.margin or 0.0))}"
    if check.low == check.high:
        return gate_refused.found(
            f"{what} Its gate wants it to be {asked} {_amount(check, check.limit)}; {missed}.",
            _help(check),
            address=address,
            path=path,
        )
    end = {
        "lower": f"lower end of its {_level(check.confidence)} interval",
        "upper": f"upper end of its {_level(check.confidence)} interval",
        "point": "estimate",
    }[check.bound]
    rule = f"Its gate wants the {end} to be {asked} {_amount(check, check.limit)}"
    if check.outcome == "inconclusive":
        return gate_refused.found(
            f"{what} {rule}; {missed}, and the interval holds the bound, so that the data are too few to "
            f"tell. What is not proven does not pass. {_rows_in_words(check)}",
            _help(check),
            address=address,
            path=path,
        )
    return gate_refused.found(f"{what} {rule}; {missed}.", _help(check), address=address, path=path)


def _checks(gate: str, name: str, bound: Mapping[str, Any], proofs: Mapping[str, Any]) -> Iterator[Check]:
    sides = [side for side in _CAUTIOUS if bound.get(side) is not None]
    confidence = bound.get("confidence", 0.95)
    if not sides:
        yield _untested(gate, name, "min", confidence, "the bound says neither min nor max.")
    for side in sides:
        end = bound.get("bound") or _CAUTIOUS[side]
        try:
            metric = METRICS.get(name)
            if metric is None:
                raise NotMeasuredError(f"no metric is called {name}.")
            limit = limit_of(metric, bound[side])
            measured = _measured(metric, confidence, proofs)
        except (NotMeasuredError, ValueError) as error:
            yield _untested(gate, name, side, confidence, str(error), end)
        else:
            yield _tested(gate, metric, side, limit, end, confidence, measured)


def _tested(
    gate: str, metric: Metric, side: Any, limit: float, end: End, confidence: float, measured: Measured
) -> Check:
    value, low, high = measured.value, measured.low, measured.high
    tested = {"lower": low, "upper": high, "point": value}[end]
    if tested is None:
        reason = f"its interval has no {end} end, and its value alone ({value:.4g}) proves nothing."
        return _untested(gate, metric.name, side, confidence, reason, end)
    margin = tested - limit if side == "min" else limit - tested
    outcome: Outcome = "pass" if margin >= 0 else "fail"
    needed = None
    if outcome == "fail" and end != "point" and low is not None and high is not None and low < limit < high:
        outcome = "inconclusive"
        needed = _rows_needed(measured, limit)
    return Check(
        gate=gate,
        metric=metric.name,
        side=side,
        limit=limit,
        bound=end,
        confidence=confidence,
        value=value,
        low=low,
        high=high,
        tested=tested,
        outcome=outcome,
        margin=margin,
        method=measured.method,
        rows=measured.rows,
        rows_needed=needed,
    )


def _untested(gate: str, metric: str, side: Any, confidence: float, reason: str, end: End = "point") -> Check:
    return Check(
        gate=gate,
        metric=metric,
        side=side,
        limit=None,
        bound=end,
        confidence=confidence,
        value=None,
        low=None,
        high=None,
        tested=None,
        outcome="fail",
        margin=None,
        method="none",
        rows=None,
        reason=reason,
    )


def _rows_needed(measured: Measured, limit: float) -> int | None:
    """About how many rows bring the interval's end to the bound, if the value stays what it is.

    The distance from the value to an end of an interval shrinks with the square root of the rows.
    """
    end = measured.low if limit < measured.value else measured.high
    gap = abs(measured.value - limit)
    if measured.rows is None or end is None or gap == 0:
        return None
    needed = measured.rows * ((measured.value - end) / gap) ** 2
    return math.ceil(needed) if math.isfinite(needed) and needed < _MOST_ROWS else None


def _measured(metric: Metric, confidence: float, proofs: Mapping[str, Any]) -> Measured:
    proof = proofs.get(metric.source)
    if not isinstance(proof, dict):
        raise NotMeasuredError(f"there is no {metric.source} to read it from.")
    found = {"evaluation": _from_evaluation, "latency": _from_latency, "parity": _from_parity}[metric.source](
        metric, confidence, proof
    )
    numbers = (found.value, found.low, found.high)
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise NotMeasuredError(f"its value or its interval is not finite ({found.value}).")
    if found.low is not None and found.high is not None and found.low > found.high:
        raise NotMeasuredError(f"its interval runs backwards, from {found.low} to {found.high}.")
    return found


def _from_evaluation(metric: Metric, confidence: float, proof: dict[str, Any]) -> Measured:
    try:
        evaluation = msgspec.convert(proof, Evaluation)
    except msgspec.ValidationError as error:
        raise NotMeasuredError(f"the evaluation cannot be read: {error}.") from error
    estimate = evaluation.estimates.get(metric.name)
    if estimate is None:
        raise NotMeasuredError("the evaluation does not hold it.")
    if estimate.value is None:
        raise NotMeasuredError(" ".join(["it is not defined on this test set.", *estimate.warnings]))
    interval = estimate.at(confidence)
    if interval is None:
        raise NotMeasuredError(
            f"the evaluation holds no interval at {_level(confidence)}; evaluate again, for this gate."
        )
    return Measured(estimate.value, interval.low, interval.high, estimate.method, evaluation.rows)


def _from_latency(metric: Metric, confidence: float, proof: dict[str, Any]) -> Measured:
    if metric.name == "model_size":
        size = _number(proof, "size_bytes")
        return Measured(size, size, size, "exact")
    part = proof.get(metric.name.removeprefix("latency_"))
    if not isinstance(part, dict):
        raise NotMeasuredError("the latency measured does not hold it.")
    level = proof.get("confidence", 0.95)
    if not isinstance(level, float):
        raise NotMeasuredError("the latency does not say how certain its intervals are.")
    if confidence > level + _LEVELS:
        raise NotMeasuredError(
            f"the latency was measured with a {_level(level)} interval, and the gate asks for "
            f"{_level(confidence)}: ask for at most {level:.10g}."
        )
    low, high = (None if part.get(end) is None else _number(part, end) for end in ("low", "high"))
    return Measured(_number(part, "value"), low, high, f"order statistics, at {_level(level)}")


def _from_parity(metric: Metric, confidence: float, proof: dict[str, Any]) -> Measured:
    del confidence  # compared on the whole test set: a count of these rows, not an estimate of others
    value = _number(proof, metric.name)
    return Measured(value, value, value, "exact on the test set")


def _number(proof: Mapping[str, Any], name: str) -> float:
    value = proof.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotMeasuredError(f"{name} is {'missing' if value is None else f'{value!r}, not a number'}.")
    return float(value)


def _json(path: Path) -> Any:
    """The proof, or None where it cannot be read: every metric in it then fails, with a sentence."""
    try:
        return msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, OSError):
        return None


def _rows_in_words(check: Check) -> str:
    if check.rows is None:
        return "More measurements would decide it."
    if check.rows_needed is None:
        return "The estimate lies so close to the bound that no realistic number of rows would decide it."
    verdict = "a pass" if _clears(check) else "a failure"
    return (
        f"About {_rounded_up(check.rows_needed):,} test rows, against {check.rows:,} now, would decide "
        f"it, as {verdict} if the estimate stays what it is."
    )


def _help(check: Check) -> str:
    if check.outcome == "inconclusive" and _clears(check):
        if check.rows is None:
            return "Measure again on a quieter machine."
        return "Give the model more test rows (more data, or a larger `split.test`), or a better model."
    if METRICS[check.metric].source == "latency":
        return (
            "Make the model smaller (fewer or shallower trees), or change the bound of the gate in a review."
        )
    return "Improve the model or its data, or change the bound of the gate in a review."


def _clears(check: Check) -> bool:
    """Whether the estimate itself, without its interval, lies on the right side of the bound."""
    if check.value is None or check.limit is None:
        return False
    return check.value > check.limit if check.side == "min" else check.value < check.limit


def _rounded_up(rows: int) -> int:
    """Two significant digits: the number is a guide."""
    step: int = 10 ** max(0, len(str(rows)) - 2)
    return -(-rows // step) * step


def _interval(check: Check) -> str:
    if check.low is None or check.high is None or check.low == check.high:
        return _amount(check, check.value)
    ends = f"{_amount(check, check.low)}–{_amount(check, check.high)}"
    return f"{_amount(check, check.value)} ({_level(check.confidence)} interval {ends})"


def _level(confidence: float) -> str:
    return f"{100 * confidence:.10g}%"


def _amount(check: Check, value: float | None) -> str:
    """A value in words of its unit: milliseconds, bytes, or four significant digits."""
    if value is None:
        return "not known"
    unit = METRICS[check.metric].unit if check.metric in METRICS else "score"
    if unit == "seconds":
        return f"{value * 1000:.4g}ms"
    if unit == "bytes":
        return f"{int(value):,} bytes"
    return f"{value:.4g}"
