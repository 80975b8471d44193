"""step-killed: the process of a step was ended from outside, or broke down.

Why it matters: the step is not done, and nothing of it is recorded; every other step goes on.
How to mend it: where memory was short, let fewer steps run at once (`--parallelism 1`) or give the machine more.
"""

from __future__ import annotations

import signal

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The process of a step was ended.")


def found(step: str, number: int, address: str) -> Diagnostic:
    """`number` is the signal's, or 0 for a process that left by itself without a word."""
    what = f"ended by {signal.Signals(number).name}" if number else "gone without a word"
    why = "This is what Linux does when memory runs out. " if number == signal.SIGKILL else ""
    return RULE.at(
        None,
        f"The process of {step} is {what}. {why}Nothing half-written is left behind, and every step before it is "
        "recorded.",
        help="Run `mlc apply` again; with `--parallelism 1` no other step takes memory meanwhile. If it is the same "
        "each time, report it.",
        address=address,
    )
