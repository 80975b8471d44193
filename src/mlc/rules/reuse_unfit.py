"""reuse-unfit: a registered version cannot be used as it is asked for.

Why it matters: a version that is not there, that takes other columns, or that has learned from the rows which are to
prove the new model, would make a model that fails when it is asked, or that looks better than it is.
How to mend it: name another version, or describe the model as the version is; the detail says what differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import counted, listed

RULE = Rule.of(__name__, "error", "A registered version cannot be used so.")


def found(version: str, detail: str, address: str, path: str, help: str = "") -> Diagnostic:  # noqa: A002
    """What does not fit, said of a version."""
    return RULE.at(
        None,
        f"{version} cannot be used here. {detail}",
        help=help or f"`mlc registry show {version}` says what it is.",
        address=address,
        path=path,
    )


def not_there(reference: str, detail: str, help: str, address: str, *, described: bool) -> Diagnostic:  # noqa: A002
    """When a plan is made. `described`: a model of this name is in the project, and was never registered."""
    name = reference.partition(":")[0].partition("@")[0]
    hint = (
        f"Apply it first (`mlc apply --select model.{name}`), or feed on the model itself with `predictions`."
    )
    return RULE.at(
        None,
        f"{reference} is not there to be used. {detail}",
        help=hint if described else help,
        address=address,
        path="reuse.model",
    )


def other_inputs(
    version: str, wrong: Sequence[str], address: str, path: str, wanted: Sequence[str]
) -> Diagnostic:
    """`wrong` says of columns what does not fit, each in a few words; `wanted` are those that the version takes."""
    return found(
        version,
        f"Its inputs are not what it would be given: {'; '.join(wrong)}.",
        address,
        path,
        f"It takes {listed(wanted)}.",
    )


def another(version: str, address: str) -> Diagnostic:
    return found(version, "It is another model than when the plan was made.", address, "reuse.model", _AGAIN)


def gone(version: str, address: str) -> Diagnostic:
    return found(
        version,
        "The file of its model is gone from the registry, or was edited there.",
        address,
        "reuse.model",
        "`mlc registry verify` says what is damaged. Put the file back from a backup, or name another version.",
    )


def unsafe(version: str, said: str, address: str) -> Diagnostic:
    return found(
        version,
        f"The file of its model is refused: {said}",
        address,
        "reuse.model",
        "mlc loads listed types only, and never a pickle. Name a version that mlc trained.",
    )


def shared(version: str, column: str, count: int, part: str, example: str, address: str) -> Diagnostic:
    what = "learns from" if part == "train" else "is proven on"
    return found(
        version,
        f"It has learned from {counted(count, 'row')} whose `{column}` is in the {part} part that {address} {what}, "
        f"such as {example}.",
        address,
        "reuse.model",
        "Name a version that learned from other rows, or keep the dataset's split as it was then.",
    )


_AGAIN = "Plan again."
