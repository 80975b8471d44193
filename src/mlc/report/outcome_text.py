"""What a step found out, in a line, and where it matters in a table. One function per driver's summary."""

from __future__ import annotations

from typing import Any

Rows = list[list[str]]


def outcome(step: str, summary: dict[str, Any]) -> tuple[str, Rows]:
    """A line and a table (its first row the heading) for a step such as `model.churn/train`."""
    name = step.rpartition("/")[2]
    say = _scored if name.startswith("score-") else _SAID.get(name)
    return say(summary) if say is not None and summary else ("", [])


def _ingest(summary: dict[str, Any]) -> tuple[str, Rows]:
    line = f"{summary['read']:,} rows: {summary['train']:,} to train, "
    line += f"{summary['validation']:,} to choose by, " if "validation" in summary else ""
    line += f"{summary['test']:,} to test"
    if summary["quarantined"]:
        line += f", {summary['quarantined']:,} quarantined"
    return " · ".join([line, *summary.get("warnings", ())]), []


def _profile(summary: dict[str, Any]) -> tuple[str, Rows]:
    count = len(summary["warnings"])
    warned = f" · {count:,} warning{'' if count == 1 else 's'} on its page" if count else ""
    return f"{summary['columns']:,} columns{warned}", []


def _read(summary: dict[str, Any]) -> tuple[str, Rows]:
    return f"{summary['rows']:,} rows", []


def _train(summary: dict[str, Any]) -> tuple[str, Rows]:
    line = f"{summary['rows']:,} rows, {len(summary['columns_out'])} columns"
    return " · ".join([line, *summary["warnings"]]), []


def _scored(summary: dict[str, Any]) -> tuple[str, Rows]:
    line = f"{summary['folds']} folds, {summary['fits']:,} fits"
    return " · ".join([line, *summary["warnings"]]), []


def _select(summary: dict[str, Any]) -> tuple[str, Rows]:
    scores = [[name, *_parted(value)] for name, value in summary["scores"].items()]
    return str(summary["why"]), [["candidate", str(summary["metric"]), "standard error"], *scores]


def _tune(summary: dict[str, Any]) -> tuple[str, Rows]:
    if not summary["trials"]:
        return f"{summary['candidate']} has no parameters to search for", []
    best = ", ".join(f"{name} {value}" for name, value in summary["best"].items()) or "as written"
    told = f"{summary['trials']} trials, {summary['pruned']} given up"
    told += f", {summary['failed']} failed" if summary["failed"] else ""
    told += ", stopped by the time" if summary["stopped"] == "timeout" else ""
    return f"{summary['candidate']}: {best} ({told})", []


def _export(summary: dict[str, Any]) -> tuple[str, Rows]:
    said = [
        f"{100 * summary[name]:.4g} % of {summary['rows']:,} {what} agree"
        for name, what in (("label_agreement", "labels"), ("value_agreement", "values"))
        if name in summary
    ]
    if "max_probability_difference" in summary:
        said.append(f"probabilities within {summary['max_probability_difference']:.1e}")
    return ", ".join(said), []


def _optimize(summary: dict[str, Any]) -> tuple[str, Rows]:
    rows = [
        [name, "–" if size is None else f"{size:,}", summary["refused"].get(name, "fits")]
        for name, size in summary["sizes"].items()
    ]
    return str(summary["why"]), [["variant", "bytes", ""], *rows]


def _evaluate(summary: dict[str, Any]) -> tuple[str, Rows]:
    metrics = [[name, *_parted(value)] for name, value in summary.items() if isinstance(value, str)]
    table = [["metric", "estimate", "95 % interval"], *metrics]
    line = f"{summary['rows']:,} rows"
    if "positives" in summary:
        line += f", {summary['positives']:,} positive"
    return line, table if metrics else []


def _recorded(summary: dict[str, Any]) -> tuple[str, Rows]:
    told = (f"{name.replace('_', ' ')} at {count:,}" for name, count in sorted(summary.items()))
    return ", ".join(told) + " points", []


def _learned(summary: dict[str, Any]) -> tuple[str, Rows]:
    points = [[name, *_parted(value)] for name, value in summary["points"].items()]
    return str(summary["words"]), [["learned from", str(summary["metric"]), "95 % interval"], *points]


def _compare(summary: dict[str, Any]) -> tuple[str, Rows]:
    duels = [["", name, text] for name, text in summary.items() if isinstance(text, str)]
    return "", [["", "champion", "found"], *duels] if duels else []


def _report(summary: dict[str, Any]) -> tuple[str, Rows]:
    return "" if summary["outcome"] == "none" else str(summary["outcome"]), []


def _parted(estimate: str) -> list[str]:
    """`0.97 (0.96–0.98)` as its estimate and its interval."""
    value, _, interval = estimate.partition(" (")
    return [value, interval.rstrip(")")]


def _measure(summary: dict[str, Any]) -> tuple[str, Rows]:
    return f"one row in {1e6 * summary['p50']:.0f} µs (99 % within {1e6 * summary['p99']:.0f} µs)", []


def _gate(summary: dict[str, Any]) -> tuple[str, Rows]:
    checks = [["", name, text] for name, text in summary["checks"].items()]
    return str(summary["outcome"]), [["", "bound", "found"], *checks]


def _register(summary: dict[str, Any]) -> tuple[str, Rows]:
    already = " (registered before)" if summary.get("already") else ""
    return f"v{summary['version']}{already}", []


def _track(summary: dict[str, Any]) -> tuple[str, Rows]:
    told = f"run {summary['run_id'][:8]} in {summary['experiment']}"
    told += f", {summary['trials']} trials below it" if summary["trials"] else ""
    return told + (" (told before)" if summary["already"] else ""), []


_SAID = {
    "ingest": _ingest,
    "read": _read,
    "profile": _profile,
    "train": _train,
    "select": _select,
    "tune": _tune,
    "optimize": _optimize,
    "export": _export,
    "evaluate": _evaluate,
    "learning-curve": _learned,
    "iterations": _recorded,
    "measure": _measure,
    "compare": _compare,
    "report": _report,
    "gate": _gate,
    "register": _register,
    "track": _track,
}
