"""unlock-refused: a lock that is not taken away.

Why it matters: a lock keeps two from undoing each other's work. One that the operating system holds belongs to a
process that lives, for it goes with the process; and the lock that was seen may have changed hands since.
How to mend it: wait for the holder, or stop it. For shared state, look again who holds the lock and give that id.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The lock was left alone.")


def nobody(environment: str, lock: str) -> Diagnostic:
    return RULE.at(
        None,
        f'There is no lock "{lock}": nobody holds the state of {environment}. Nothing was done.',
        help="Run the command that was refused again.",
    )


def alive(environment: str, holder: str) -> Diagnostic:
    """A lock of the operating system."""
    return RULE.at(
        None,
        f"The state of {environment} is locked by {holder}, which is running: the operating system holds this lock "
        "for it and lets go of it when it ends, however it ends. Nothing was done.",
        help="Wait until it has finished, or stop that process (Ctrl-C or SIGTERM lets it finish its step).",
    )


def another(environment: str, lock: str, current: str, holder: str) -> Diagnostic:
    return RULE.at(
        None,
        f'The lock "{lock}" is not held any more: the state of {environment} is locked by {holder}, with the id '
        f'"{current}". Nothing was done.',
        help=f"Make sure that this one is not running, then: mlc state unlock {current} --env {environment}",
    )


def unnamed() -> Diagnostic:
    return RULE.at(
        None,
        "No lock was named. The message of a command that is refused says the id of the lock.",
        help="mlc state unlock ID",
    )
