"""not-reproduced: a registered version does not come out of its description again.

Why it matters: what nobody can make a second time cannot be examined, mended or answered for. Either something that it
was made of is another than then, or something in its making is left to chance.
How to mend it: check out the revision of the configuration and of the data that it was registered from, and install
the packages that it was made with. Where all of that is so, a `seed` is missing, user code is not deterministic, or
the processor is of another kind: sums of linear models run in another order there (docs/rigour.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The version does not come out of its description again.")


def differs(version: str, roles: Iterable[str], tools: Sequence[str], data: Iterable[str]) -> Diagnostic:
    """Other bytes came out. `tools` are the differences in what it is made with, `data` the parts that differ."""
    data = sorted(data)
    why = "What it is made with is as it was then, so something in its making is left to chance, or "
    why += "this is another kind of processor, which adds numbers in another order."
    if data:
        why = f"The {listed(data)} data are not those that it learned from."
    elif tools:
        why = f"It is made with something else: {'; '.join(tools)}."
    return RULE.at(
        None,
        f"{version} was made anew, and other bytes came out for {listed(sorted(roles))}. {why}",
        help="Go back to the data that it learned from."
        if data
        else "Install what it was made with, and try again."
        if tools
        else "Give every random part a seed, and look at what user code reads beside its input.",
    )


def described_otherwise(version: str, address: str, reasons: Sequence[str]) -> Diagnostic:
    """The configuration describes another model now, so that making it would prove nothing."""
    return RULE.at(
        None,
        f"{version} was not made anew, because it is described otherwise now: {'; '.join(reasons)}.",
        help="Check out the revision that it was registered from, or name the environment with --env.",
        address=address,
    )


def says_nothing(version: str) -> Diagnostic:
    """An earlier mlc registered it."""
    return RULE.at(
        None,
        f"{version} does not say what it was made of: an earlier mlc registered it.",
        help="Apply again; a version that is registered now says so.",
    )


def unnamed() -> Diagnostic:
    return RULE.at(
        None,
        "--retrain makes one version anew, and none is named.",
        help="Name it: `mlc registry verify churn:3 --retrain`.",
    )


def only_verify(action: str) -> Diagnostic:
    return RULE.at(
        None,
        f"--retrain belongs to `mlc registry verify`, and was given to `mlc registry {action}`.",
        help="`mlc registry verify churn:3 --retrain` makes a version anew and compares.",
    )


def no_model(version: str, name: str, known: Iterable[str]) -> Diagnostic:
    known = listed(sorted(known))
    return RULE.at(
        None,
        f"{version} cannot be made anew: no model of this configuration is registered as {name}."
        + (f" Its models are {known}." if known else ""),
        help="Check out the revision that it was registered from.",
    )
