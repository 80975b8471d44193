"""feeding-failed: a model cannot learn from what another says of its rows.

Why it matters: an answer counts only where it was not learned from the row itself; a model that knows the rows already
looks far better than it is, and what learns from it learns to believe it.
How to mend it: the detail names the model, the rows and what stood in the way.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import counted

RULE = Rule.of(__name__, "error", "A model cannot learn from what another says.")


def few_rows(detail: str, address: str, path: str) -> Diagnostic:
    return _found(detail, "Give more rows, or ask for fewer `ensemble.folds`.", address, path)


def untrained(name: str, said: str, address: str, path: str) -> Diagnostic:
    """The model was trained on all rows, and could not be on those of a fold."""
    return _found(
        f"{name} could not be trained on some of its rows, for what it says of the others: {said}",
        "Give more rows, or change what that model is trained with.",
        address,
        path,
    )


def shared(
    name: str, dataset: str, column: str, count: int, part: str, example: str, address: str, path: str
) -> Diagnostic:
    """Rows of another dataset are the same entities."""
    what = "learns from" if part == "train" else "is proven on"
    return _found(
        f"{name} has learned from {counted(count, 'row')} of dataset.{dataset} whose `{column}` is also in the {part} "
        f"part that {address} {what}, such as {example}. It was told what it would be asked.",
        f"Take the shared rows out of one of the datasets, for example by a `filter` in its `prepare`; or let both "
        f"models learn from one dataset, where {name} is asked by folds.",
        address,
        path,
    )


def no_rows(count: int, address: str) -> Diagnostic:
    return _found(
        f"Of none of the {counted(count, 'row')} is there an answer by a model that had not learned from it.",
        "Give more rows.",
        address,
        "predictions",
    )


def _found(detail: str, help: str, address: str, path: str) -> Diagnostic:  # noqa: A002
    return RULE.at(None, detail, help=help, address=address, path=path)
