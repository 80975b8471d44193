"""bad-expression: an expression over columns that means nothing.

Why it matters: it would fail, or mean something else, once the rows are read.
How to mend it: write what the columns' types allow, in Python's notation: `debt / income`, `city in ("Oslo", "Rome")`,
`"late" if days > 30 else "on time"`, `year(started)`, `is_missing(city)`; for text and dates use the functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds.dataset import made_columns
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

if TYPE_CHECKING:
    from mlc.ir.expression import Typed

RULE = Rule.of(__name__, "error", "An expression means nothing.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
)
BAD = {"dataset/people.yaml": _DATASET + "checks: {expressions: {grown: plan > 18}}\n"}
GOOD = {"dataset/people.yaml": _DATASET + "checks: {expressions: {grown: \"age > 18 or plan == 'b'\"}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        types = {name: column["type"] for name, column in dataset["columns"].items()}
        made = made_columns(dataset)
        source = {name: kind for name, kind in types.items() if name not in made}
        for name, text in dataset["checks"]["expressions"].items():
            yield from _wrong(subject, address, ("checks", "expressions", name), text, source, "boolean")
        known = dict(source)
        for name, step in dataset["prepare"].items():
            if step["method"] == "derive":
                path = ("prepare", name, "expression")
                yield from _wrong(subject, address, path, step["expression"], known, types.get(step["into"]))
            if step.get("into") in types:
                known[step["into"]] = types[step["into"]]


def _wrong(
    subject: Subject,
    address: Address,
    path: tuple[str, ...],
    text: str,
    columns: Mapping[str, str],
    wanted: str | None,
) -> Iterator[Diagnostic]:
    """What is wrong with an expression that is to be of a type (None: of any)."""
    from mlc.ir import expression  # only who writes one needs to read it

    found: Typed | None = None
    help_ = ""
    try:
        found = expression.parse(text, columns)
    except expression.Mistake as mistake:
        detail = f"Of `{_short(text)}`: {mistake}."
        help_ = did_you_mean(mistake.word, mistake.known) if mistake.word else ""
    if found is not None:
        if wanted is None or expression.fits(found.kind, wanted):
            return
        what = (
            "says whether a row is right" if path[0] == "checks" else f"becomes a column of the type {wanted}"
        )
        detail = f"`{_short(text)}` is of the type {found.kind}, and it {what}."
    yield RULE.at(
        subject.span(address, *path),
        detail,
        text="means nothing" if found is None else f"a {found.kind}",
        help=help_,
        address=str(address),
        path=".".join(path),
    )


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "…"
