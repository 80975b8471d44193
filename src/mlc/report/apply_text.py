"""What `apply` says while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from mlc.ir.event import Event, Finished, StepDone, StepFailedEvent, StepRetried, StepSkipped
from mlc.ir.plan import Plan
from mlc.report import outcome_text
from mlc.report.terminal import Paint, display_width, harmless


class Running(Struct, frozen=True):
    """A step that runs: what it said last, and since when (seconds of the monotonic clock)."""

    step: str
    told: str
    since: float


def live(
    running: Sequence[Running], now: float, done: tuple[int, int], size: tuple[int, int], paint: Paint
) -> list[str]:
    """A line for each step that runs and one that counts; none is wider or more than the terminal is.

    `done` is how many steps are over and of how many, `size` the terminal's columns and lines.
    """
    width, height = size
    most = max(1, height - 2)
    lines = [
        paint(_cut(f"  {one.step:<36} {_elapsed(now - one.since):>8}  {one.told}", width - 1), "dim")
        for one in running[:most]
    ]
    more = f" · {len(running) - most} more run" if len(running) > most else ""
    return [*lines, paint(_cut(f"  {done[0]} of {done[1]} steps{more}", width - 1), "dim")]


def waiting(happened: StepRetried) -> str:
    """Until when a step waits."""
    return f"try {happened.tried + 1} of {happened.retries + 1} in {_elapsed(happened.seconds)}"


def _elapsed(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, whole = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {whole:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def _cut(text: str, width: int) -> str:
    """The beginning of a text, as much as stands in so many columns."""
    shown = harmless(text).replace("\n", " ").replace("\t", " ").rstrip()
    if display_width(shown) <= width:
        return shown
    while shown and display_width(shown) > width - 1:
        shown = shown[:-1]
    return shown + "…"


def event(happened: Event, paint: Paint, *, quiet: bool) -> str:
    """A line or more for an event; empty for one that says nothing to people."""
    if isinstance(happened, StepDone):
        return "" if quiet else _done(happened, paint)
    if isinstance(happened, StepRetried):
        why = happened.diagnostics[0].detail if happened.diagnostics else ""
        return (
            ""
            if quiet
            else (paint("↻", "yellow") + f" {harmless(happened.step)} {waiting(happened)}: {harmless(why)}\n")
        )
    if isinstance(happened, StepFailedEvent):
        refused = all(diagnostic.refused for diagnostic in happened.diagnostics)
        return (
            paint("✗", "red", "bold") + f" {harmless(happened.step)} {'refused' if refused else 'failed'}\n"
        )
    return ""


def skipped(happened: Sequence[Event], paint: Paint) -> str:
    """What was not tried, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for event in happened:
        if isinstance(event, StepSkipped):
            addresses = reasons.setdefault(event.because, [])
            if event.address not in addresses:
                addresses.append(event.address)
    return "".join(
        paint("○", "dim") + f" Not done, as {harmless(because)}: {harmless(', '.join(addresses))}\n"
        for because, addresses in reasons.items()
    )


def imported(found: Sequence[tuple[str, str]], paint: Paint) -> str:
    """What was taken over: each thing and a note on it."""
    if not found:
        return "Nothing to take over: all of it is in the state already.\n"
    lines = [
        paint("✓", "green") + f" {harmless(what):<36} {harmless(note)}".rstrip() + "\n"
        for what, note in found
    ]
    return "".join(lines) + f"Imported: {len(found)}. `mlc plan` shows what is still to be done.\n"


def kept(plan: Plan) -> str:
    """What a plan that destroys leaves alone, where there is any of it."""
    if not any(step.operation is not None and step.operation.driver == "registration" for step in plan.steps):
        return ""
    return "Registered versions, their aliases and the promotion log stay in the registry.\n"


def finished(end: Finished, paint: Paint, again: str = "mlc apply", verb: str = "apply") -> str:
    """The last line: what was done, what was not, and what to do: `again` is the command that goes on."""
    done = f"{end.done} step{'' if end.done == 1 else 's'} done"
    if end.outcome == "done":
        return paint(f"{'Applied' if verb == 'apply' else 'Destroyed'}: {done}.", "green", "bold") + "\n"
    undone = [
        f"{number} {word}"
        for number, word in (
            (end.failed, "failed"),
            (end.skipped, "skipped"),
            (end.not_started, "not started"),
        )
        if number
    ]
    advice = {
        "interrupted": f"Run `{again}` again: it goes on where it stopped.",
        "refused": "Nothing was registered or deployed that was refused. See above what to do.",
        "failed": f"Mend what is said above and run `{again}` again: what is done stays done.",
    }[end.outcome]
    return paint(f"{end.outcome.capitalize()}: {', '.join([done, *undone])}.", "red", "bold") + f" {advice}\n"


def whereabouts(plan: Plan, happened: Sequence[Event]) -> str:
    """Where everything went, for who has just applied."""
    summaries = {event.step: event.summary for event in happened if isinstance(event, StepDone)}
    lines = []
    for step in plan.steps:
        if step.operation is None or step.action != "run":
            continue
        address, name = step.operation.address, step.operation.name
        lines += [
            f"  {_PUBLISHED[output]:<11} {path}"
            for output, path in step.operation.publishes.items()
            if output in _PUBLISHED
        ]
        if name == "register" and step.id in summaries:
            kind, _, resource = address.partition(".")
            version = f"{resource}:{summaries[step.id]['version']}"
            look = f"show {version}" if kind == "model" else f"diff {address}"
            lines.append(f"  {'registered':<11} {version:<40} mlc registry {look}")
        if name == "deploy":
            deployment = address.partition(".")[2]
            lines.append(
                f"  {'deployed':<11} {deployment:<40} mlc serve {deployment} --env {plan.environment}"
            )
    written = [
        step.artifact.path for step in plan.steps if step.action == "write" and step.artifact is not None
    ]
    if written:
        top = sorted({"/".join(path.split("/")[:3]) for path in written})
        lines.append(f"  {'artifacts':<11} {len(written)} files in {', '.join(top)}")
    return "".join(f"{harmless(line)}\n" for line in lines)


_PUBLISHED = {
    "quarantine": "quarantine",
    "page": "profile",
    "report": "report",
    "evaluation": "figures",
    "card": "model card",
    "bom": "materials",
    "provenance": "provenance",
    "lineage": "lineage",
    "annex": "AI Act file",
    "sagemaker": "model card",
}


def _done(happened: StepDone, paint: Paint) -> str:
    if happened.action in ("create", "update", "delete") or happened.how == "forgotten":
        return ""  # only a record: what it stands for has been said
    if happened.action == "move":
        was, now = harmless(happened.summary["was"]), harmless(happened.address)
        return paint("✓", "green") + f" {was} is {now} now\n"
    how = {"done": "", "reused": "reused an earlier result", "unchanged": "came out the same"}[happened.how]
    time = f"{happened.seconds:.1f} s" if happened.seconds >= 0.05 else ""
    line, table = outcome_text.outcome(happened.step, happened.summary)
    notes = " · ".join(note for note in (how, line, time) if note)
    step = harmless(happened.step) + {"undo": " undone", "remove": " removed"}.get(happened.action, "")
    first = paint("✓", "green") + f" {step:<36} {harmless(notes)}".rstrip() + "\n"
    return first + (_table(table, paint) if table else "")


def _table(rows: list[list[str]], paint: Paint) -> str:
    """Rows of cells, the first the heading, in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for index, row in enumerate(rows):
        line = (
            "    "
            + "  ".join(harmless(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
        lines.append(paint(line, "dim") if index == 0 else line)
    return "\n".join(lines) + "\n"
