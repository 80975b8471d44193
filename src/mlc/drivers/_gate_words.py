"""What a gate's checks say, to the person who has to mend what was refused."""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.evaluation import METRICS, Check
from mlc.ir.fairness import CRITERIA
from mlc.rules import gate_refused


def sentence(check: Check) -> str:
    """A check in one line: `0.8143 (0.8054–0.8229), lower end at least 0.8`."""
    if check.note and check.value is None:
        return check.note
    asked = "at least" if check.side == "min" else "at most"
    end = {"lower": "lower end ", "upper": "upper end ", "point": "estimate "}[check.bound]
    end = "" if check.low == check.high else end
    return f"{interval_in_words(check)}, {end}{asked} {amount(check, check.limit)}"


def name_of(check: Check) -> str:
    """What a check is called among all of a model: `quality.roc_auc.min`."""
    where = f"[{check.where}]" if check.where else ""
    kind = "" if check.kind == "metric" else f"{check.kind}."
    return f"{check.gate}.{kind}{check.metric}{where}.{check.side}"


def subject(check: Check) -> str:
    """What is tested, within a sentence."""
    title = METRICS[check.metric].title if check.metric in METRICS else check.metric
    match check.kind:
        case "slice":
            return f"{check.metric} where {check.where}"
        case "gap":
            return f"the gap of {check.metric} where {check.where} to the rest of the rows"
        case "fairness":
            return f"the gap of {criterion_in_words(check.metric)} between {check.where}"
        case "robustness":
            return f"the drop of {title} with {check.where}"
        case "champion":
            return f"the gain in {title} on the champion {check.where}"
    return check.metric


def criterion_in_words(name: str) -> str:
    """A criterion of fairness with what it compares: `equal opportunity (true positive rates)`."""
    criterion = CRITERIA.get(name)
    return name if criterion is None else f"{criterion.title} ({criterion.compared})"


def diagnostic(check: Check, address: str) -> Diagnostic:
    """What a refused bound says to the person who has to mend it."""
    what = f"Gate {check.gate}: {subject(check)} is {interval_in_words(check)}."
    asked = "at least" if check.side == "min" else "at most"
    path = f"gate.{check.gate}.{check.path or f'metrics.{check.metric}.{check.side}'}"
    if check.limit is None or check.tested is None:
        return gate_refused.found(
            f"Gate {check.gate} cannot test {subject(check)}: {check.reason} "
            "What cannot be tested does not pass.",
            "Mend what keeps the metric from being measured, or correct the bound in the gate.",
            address=address,
            path=path,
        )
    missed = f"it misses that by {amount(check, abs(check.margin or 0.0))}"
    if check.low == check.high:
        return gate_refused.found(
            f"{what} Its gate wants it to be {asked} {amount(check, check.limit)}; {missed}.",
            _help(check),
            address=address,
            path=path,
        )
    end = {
        "lower": f"lower end of its {level_in_words(check.confidence)} interval",
        "upper": f"upper end of its {level_in_words(check.confidence)} interval",
        "point": "estimate",
    }[check.bound]
    rule = f"Its gate wants the {end} to be {asked} {amount(check, check.limit)}"
    if check.outcome == "inconclusive":
        return gate_refused.found(
            f"{what} {rule}; {missed}, and the interval holds the bound, so that the data are too few to "
            f"tell. What is not proven does not pass. {_rows_in_words(check)}",
            _help(check),
            address=address,
            path=path,
        )
    return gate_refused.found(f"{what} {rule}; {missed}.", _help(check), address=address, path=path)


def _rows_in_words(check: Check) -> str:
    if check.rows is None:
        return "More measurements would decide it."
    if check.rows_needed is None:
        return "The estimate lies so close to the bound that no realistic number of rows would decide it."
    verdict = "a pass" if _clears(check) else "a failure"
    of_slice = " of the slice" if check.kind in ("gap", "slice") else ""
    return (
        f"About {_rounded_up(check.rows_needed):,} test rows{of_slice}, against {check.rows:,} now, would decide "
        f"it, as {verdict} if the estimate stays what it is."
    )


def _help(check: Check) -> str:
    if check.outcome == "inconclusive" and _clears(check):
        if check.rows is None:
            return "Measure again on a quieter machine."
        return "Give the model more test rows (more data, or a larger `split.test`), or a better model."
    if check.kind == "fairness":
        return (
            "Serve these groups more alike (more rows of those that are served worse, other features, another model), "
            "or change the bound of the gate in a review."
        )
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


def interval_in_words(check: Check) -> str:
    if check.low is None or check.high is None or check.low == check.high:
        return amount(check, check.value)
    dash = "–" if check.low >= 0 else " to "  # no dash before a minus sign
    ends = f"{amount(check, check.low)}{dash}{amount(check, check.high)}"
    return f"{amount(check, check.value)} ({level_in_words(check.confidence)} interval {ends})"


def level_in_words(confidence: float) -> str:
    return f"{100 * confidence:.6g}%"


def amount(check: Check, value: float | None) -> str:
    """A value in words of its unit: milliseconds, bytes, or four significant digits."""
    if value is None:
        return "not known"
    unit = METRICS[check.metric].unit if check.metric in METRICS else "score"
    if unit == "seconds":
        return f"{value * 1000:.4g}ms"
    if unit == "bytes":
        return f"{int(value):,} bytes"
    return f"{value:.4g}"
