"""licence-unknown: a licence that says nothing.

Why it matters: a placeholder satisfies the policy that asks for a licence, and nobody knows whether the data
may be used.
How to mend it: name the licence by its SPDX name, or as LicenseRef-NAME where it has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "A licence is a placeholder.")
SCOPE = "upstream"

_DATASET = (
    "source: {type: file, path: people.csv, format: csv}\n"
    "columns: {age: {type: number}, plan: {type: string, values: [a, b]}, left: {type: integer, role: label}}\n"
)
BAD = {"dataset/people.yaml": _DATASET + "licence: {name: unknown, origin: our own}\n"}
GOOD = {"dataset/people.yaml": _DATASET + "licence: {name: LicenseRef-internal, origin: our own}\n"}

_SAY_NOTHING = {
    "",
    "?",
    "-",
    "none",
    "unknown",
    "unlicensed",
    "todo",
    "tbd",
    "n/a",
    "na",
    "other",
    "free",
    "open",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, dataset in subject.each("dataset"):
        if dataset["licence"] is not None and _says_nothing(dataset["licence"]["name"]):
            yield _found(subject, address, dataset["licence"]["name"], "licence", "name")
    for address, model in subject.each("model"):
        if model["card"]["licence"] and _says_nothing(model["card"]["licence"]):
            yield _found(subject, address, model["card"]["licence"], "card", "licence")


def _says_nothing(name: str) -> bool:
    return name.strip().lower() in _SAY_NOTHING


def _found(subject: Subject, address: Address, name: str, *path: str) -> Diagnostic:
    return RULE.at(
        subject.span(address, *path),
        f'"{name}" names no licence, so nobody can tell what may be done.',
        text="no licence",
        help="Write the SPDX name, such as CC-BY-4.0, or LicenseRef-NAME for terms of your own.",
        address=str(address),
        path=".".join(path),
    )
