"""A saved plan for people: what it was made from, what it does, and whether it can still be applied."""

from __future__ import annotations

from mlc.ir.plan import Plan
from mlc.report import plan_text
from mlc.report.terminal import Paint, harmless
from mlc.rules._words import counted, listed


def saved_plan(
    file: str,
    planned: Plan,
    stale: list[str] | None,
    edited: list[str] | None,
    paint: Paint,
    *,
    verbose: bool = False,
) -> str:
    """`stale` and `edited` are None where the project is not at hand."""
    made = planned.made
    source = "" if made is None else f" from {counted(len(made.files), 'file')}"
    lines = [paint(harmless(f"Saved by {planned.tool}{source}."), "dim")]
    text = plan_text.plan(planned, paint, verbose=verbose)
    if edited:
        lines.append(
            paint(harmless(f"Edited since: {listed(edited, most=8)}. The plan stays as it was saved."), "dim")
        )
    if stale is None:
        end = "Whether it still fits is told in its project."
    elif stale:
        end = paint("It cannot be applied any more:", "red", "bold") + harmless(f" {listed(stale)}.")
    else:
        end = f"`mlc apply {harmless(file)}` does exactly this."
    return "\n".join([*lines, text.rstrip("\n"), end]) + "\n"
