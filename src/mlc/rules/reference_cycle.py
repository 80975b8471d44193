"""reference-cycle: models feed on each other in a circle.

Why it matters: each of them would have to be trained before the other.
How to mend it: take one of the models out of the `predictions` or the members of another.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.rules._members import Member, members
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Models feed on each other in a circle.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
_OTHER = {"model/second.yaml": _MODEL + "predictions: {churn: churn}\n"}
BAD = {"model/churn.yaml": _MODEL + "predictions: {second: second}\n", **_OTHER}
GOOD = {"model/churn.yaml": _MODEL, **_OTHER}


def check(subject: Subject) -> Iterator[Diagnostic]:
    feeding = {address: members(model) for address, model in subject.each("model")}
    for loop in _loops({address: found for address, found in feeding.items() if found}):
        edges = [
            (address, next(one for one in feeding[address] if one.address == after))
            for address, after in zip(loop, [*loop[1:], loop[0]], strict=True)
        ]
        (first, closing), *rest = edges
        shown = " → ".join(map(str, [*loop, first]))
        yield RULE.at(
            subject.span(first, *closing.path),
            f"{first} would be made of itself: {shown}.",
            text="the circle begins here",
            related=tuple(
                Label(subject.span(address, *one.path), "and goes on here") for address, one in rest
            ),
            help="Take one of these references out.",
            address=str(first),
            path=".".join(closing.path),
        )


def _loops(feeding: dict[Address, list[Member]]) -> Iterator[list[Address]]:
    """Each circle once, from the first of its models by name (depth first; a target on the way closes a circle)."""
    done: set[Address] = set()
    for start in sorted(feeding):
        if start in done:
            continue
        way = {start: iter(feeding[start])}
        while way:
            last, pending = next(reversed(way.items()))
            one = next(pending, None)
            if one is None:
                done.add(last)
                del way[last]
            elif one.address in way:
                loop = [*way][[*way].index(one.address) :]
                first = loop.index(min(loop))
                yield [*loop[first:], *loop[:first]]
            elif one.address not in done:
                way[one.address] = iter(feeding.get(one.address, []))
