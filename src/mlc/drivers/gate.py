"""gate: tests every bound of a model's gates against what was measured, and refuses where one is not proven.

Inputs: `evaluation`, `parity`, `latency` and, where a gate has a champion, `comparison` (JSON). Output: `verdict`
(JSON, see `mlc.ir.evaluation.Verdict`).
A metric that is missing, not defined, not finite or of another type fails: a gate fails closed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from mlc.drivers._canonical import canonical
from mlc.drivers._gate_more import checks_of_more
from mlc.drivers._gate_testing import Asked, Measured, NotMeasuredError, untested, verdict_on
from mlc.drivers._gate_words import diagnostic, level_in_words, name_of, sentence
from mlc.ir.evaluation import METRICS, Check, End, Evaluation, Metric, Outcome, Verdict
from mlc.ir.operation import Product, StepFailed, Work
from mlc.kinds.gate import limit_of

__all__ = ["NotMeasuredError", "diagnostic", "judge", "run", "sentence"]

VERSION = 3
PACKAGES = ()
EFFECT = False

_LEVELS = 1e-9  # two confidences nearer than this are one
_CAUTIOUS: dict[str, End] = {"min": "lower", "max": "upper"}


def run(work: Work) -> Product:
    """Test all bounds of all gates. Raises StepFailed (gate-refused), one diagnostic per bound not passed."""
    proofs = {name: _json(work.inputs[name]) for name in ("evaluation", "parity", "latency")}
    if "comparison" in work.inputs:
        proofs["comparison"] = _json(work.inputs["comparison"])
    verdict = judge(work.spec["gates"], proofs, work.spec.get("more", {}))
    written = work.folder / "verdict.json"
    written.write_bytes(canonical(verdict))
    refused = [check for check in verdict.checks if check.outcome != "pass"]
    if verdict.outcome != "pass":
        raise StepFailed(*(diagnostic(check, work.operation.address) for check in refused))
    checked = {name_of(check): sentence(check) for check in verdict.checks}
    return Product({"verdict": written}, {"outcome": verdict.outcome, "checks": checked})


def judge(
    gates: Mapping[str, Mapping[str, Mapping[str, Any]]],
    proofs: Mapping[str, Any],
    more: Mapping[str, Mapping[str, Any]] | None = None,
) -> Verdict:
    """The verdict of all gates: bounds by metric, by gate, on proofs as read from JSON.

    `more` are by gate its bounds on slices, groups, disturbed inputs and the distance to a champion. Every bound
    is tested, also after one has failed. Raises ValueError where there is nothing to test.
    """
    more = more or {}
    if not gates or not all(metrics or more.get(gate) for gate, metrics in gates.items()):
        raise ValueError("A verdict needs gates, and a gate needs bounds.")
    evaluation = _evaluation(proofs)
    checks = tuple(
        check
        for gate, metrics in sorted(gates.items())
        for check in (
            *(
                check
                for metric, bound in sorted(metrics.items())
                for check in _checks(gate, metric, bound, {**proofs, "evaluation": evaluation})
            ),
            *checks_of_more(gate, more.get(gate, {}), evaluation, proofs.get("comparison")),
        )
    )
    outcomes = {check.outcome for check in checks}
    outcome: Outcome = "fail"
    if outcomes == {"pass"}:
        outcome = "pass"
    elif outcomes and "fail" not in outcomes:
        outcome = "inconclusive"
    return Verdict(outcome, checks)


def _checks(gate: str, name: str, bound: Mapping[str, Any], proofs: Mapping[str, Any]) -> Iterator[Check]:
    sides = [side for side in _CAUTIOUS if bound.get(side) is not None]
    confidence = bound.get("confidence", 0.95)
    if not sides:
        asked = Asked(gate, name, "min", None, "point", confidence, path=f"metrics.{name}.min")
        yield untested(asked, "the bound says neither min nor max.")
    for side in sides:
        end = bound.get("bound") or _CAUTIOUS[side]
        asked = Asked(gate, name, side, None, end, confidence, path=f"metrics.{name}.{side}")
        try:
            metric = METRICS.get(name)
            if metric is None:
                raise NotMeasuredError(f"no metric is called {name}.")
            limit = limit_of(metric, bound[side])
            measured = _measured(metric, confidence, proofs)
        except (NotMeasuredError, ValueError) as error:
            yield untested(asked, str(error))
        else:
            yield verdict_on(structs.replace(asked, limit=limit), measured)


def _measured(metric: Metric, confidence: float, proofs: Mapping[str, Any]) -> Measured:
    proof = proofs.get(metric.source)
    if metric.source == "evaluation" and proof is not None:
        found = _from_evaluation(metric, confidence, proof)
    elif not isinstance(proof, dict):
        raise NotMeasuredError(f"there is no {metric.source} to read it from.")
    else:
        found = (_from_latency if metric.source == "latency" else _from_parity)(metric, confidence, proof)
    numbers = (found.value, found.low, found.high)
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise NotMeasuredError(f"its value or its interval is not finite ({found.value}).")
    if found.low is not None and found.high is not None and found.low > found.high:
        raise NotMeasuredError(f"its interval runs backwards, from {found.low} to {found.high}.")
    return found


def _evaluation(proofs: Mapping[str, Any]) -> Evaluation | str | None:
    """The evaluation, or why it cannot be read."""
    if not isinstance(proofs.get("evaluation"), dict):
        return None
    try:
        return msgspec.convert(proofs["evaluation"], Evaluation)
    except msgspec.ValidationError as error:
        return f"the evaluation cannot be read: {error}."


def _from_evaluation(metric: Metric, confidence: float, evaluation: Evaluation | str) -> Measured:
    if isinstance(evaluation, str):
        raise NotMeasuredError(evaluation)
    estimate = evaluation.estimates.get(metric.name)
    if estimate is None:
        raise NotMeasuredError("the evaluation does not hold it.")
    if estimate.value is None:
        raise NotMeasuredError(" ".join(["it is not defined on this test set.", *estimate.warnings]))
    interval = estimate.at(confidence)
    if interval is None:
        raise NotMeasuredError(
            f"the evaluation holds no interval at {level_in_words(confidence)}; evaluate again, for this gate."
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
            f"the latency was measured with a {level_in_words(level)} interval, and the gate asks for "
            f"{level_in_words(confidence)}: ask for at most {level:.10g}."
        )
    low, high = (None if part.get(end) is None else _number(part, end) for end in ("low", "high"))
    return Measured(_number(part, "value"), low, high, f"order statistics, at {level_in_words(level)}")


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
