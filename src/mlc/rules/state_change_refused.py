"""state-change-refused: the state may not be changed like this by hand.

Why it matters: the state is all that is known of what was applied. A record that another one is written over, or
a state that an older one is put in the place of, is lost.
How to mend it: the message says what stands in the way.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "The state cannot be changed like this.")


def not_an_address(text: str, kinds: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'"{text}" is no address. An address is a kind and a name in lower-case letters, digits, "_" and "-", as '
        "in model.churn. Nothing was done.",
        help=f"The kinds are {listed(kinds)}.",
    )


def other_kind(was: str, now: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{was} cannot become {now}: what was applied of one kind means nothing to another. Nothing was done.",
        help=f"Keep the kind: {was.partition('.')[0]}.{now.partition('.')[2]}",
    )


def taken(was: str, now: str, held: Iterable[str], environment: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{was} cannot become {now}: the state of {environment} has {listed(held, 5)} already, which would be lost. "
        "Nothing was done.",
        help=f"Choose another name, or forget what is there first: mlc state rm {now} --env {environment}",
    )


def not_a_state(file: str, why: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{file} is not a state as `mlc state pull` prints it: {why}. Nothing was done.",
        help="Make one with `mlc state pull --env NAME > FILE`.",
    )


def of_somebody_else(file: str, whose: str, ours: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{file} is the state of {whose}, and this is {ours}. Nothing was done.",
        help="Where it is meant for this one all the same, pass --force.",
    )


def another_lineage(file: str, environment: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{file} did not grow out of the state of {environment}, which has a lineage of its own: one of the two "
        "would be lost. Nothing was done.",
        help="To put it in the other's place all the same, pass --force; the other one is kept.",
    )


def older(file: str, serial: int, current: int, environment: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{file} has serial {serial}, and the state of {environment} is at {current}: what was applied since would be "
        "forgotten. Nothing was done.",
        help="To go back to it all the same, pass --force; the later one is kept.",
    )
