"""copy-differs: two registries hold different things where one is to be a copy of the other.

Why it matters: versions are known by their names and numbers; to write into a registry that has others under the same
ones would mix two histories, which nobody could tell apart afterwards.
How to mend it: copy into an empty registry, or into one that was copied from the same; what differs is named.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "Two registries are not the same.")

_EMPTY = "Copy into a registry that is empty, or that was copied from this one and has not gone on by itself."


def version(name: str, number: int, here: str, there: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{name}:{number} is another version in the destination: its digest there is {there[:12]}…, in the source "
        f"{here[:12]}…, or it was registered at another time.",
        help=_EMPTY,
    )


def elsewhere(name: str, here: int, there: int) -> Diagnostic:
    return RULE.at(
        None,
        f"The model that is {name}:{here} in the source is {name}:{there} in the destination.",
        help=_EMPTY,
    )


def description(name: str, number: int) -> Diagnostic:
    return RULE.at(
        None,
        f"{name}:{number} is the same version in both, and was described in other words in the destination, or at "
        "another time.",
        help=_EMPTY,
    )


def further(name: str, number: int, latest: int) -> Diagnostic:
    return RULE.at(
        None,
        f"The destination has {name}:{number}, and the last version of the source is {name}:{latest}: the "
        "destination has gone on by itself.",
        help=_EMPTY,
    )


def line(sequence: int, alias: str, at: str) -> Diagnostic:
    return RULE.at(
        None,
        f"Line {sequence} of the promotion log is another one in the destination, where {alias} was moved at {at}. "
        "Each line holds the digest of the one before, so the two logs cannot become one.",
        help=_EMPTY,
    )


def absent(what: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The destination does not have {what}.",
        help="Copy again: it goes on where it stopped.",
    )


def aliases() -> Diagnostic:
    return RULE.at(
        None,
        "The promotion logs are the same, and the aliases do not point where they say.",
        help="`mlc registry verify` of each registry says which alias it is.",
    )


def bytes_differ(place: str, where: str, now: str | None) -> Diagnostic:
    how = "are not there" if now is None else f"hash to {now[:12]}…, which is not their name"
    return RULE.at(
        None,
        f"Bytes of the {place} {how}: {where}.",
        help="Restore the file from a backup" + (", or copy again." if place == "destination" else "."),
    )


def same(name: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The source and the destination are both {name}, in the same place.",
        help="Name two registries of the project, as in: mlc registry copy main archive.",
    )


def unnamed(known: list[str]) -> Diagnostic:
    return RULE.at(
        None,
        "Two registries of the project are to be named: where to copy from, and where to.",
        help="As in: mlc registry copy main archive. "
        + (
            f"The project has {', '.join(known)}."
            if known
            else "The project describes none (`registry/main.yaml`)."
        ),
    )


def unknown(name: str, known: list[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'The project describes no registry "{name}".',
        help=f"It has {', '.join(known)}." if known else f"Describe it in `registry/{name}.yaml`.",
    )
