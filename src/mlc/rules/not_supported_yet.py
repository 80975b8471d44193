"""not-supported-yet: part of the language that this version of mlc does not do.

Why it matters: accepting it silently would promise something that does not happen.
How to mend it: leave it out, or use a version of mlc that has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._estimators import fits, known, stands
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "This version of mlc does not do this yet.")
SCOPE = "upstream"

BAD = {"registry/main.yaml": "type: azureml\n"}
GOOD = {"registry/main.yaml": "type: hybrid\n"}


def found(
    what: str, span: Span, choices: Iterable[Any] = (), *, where: str, address: str, path: str
) -> Diagnostic:
    """`choices` are the values that this version does something with."""
    known = listed(str(choice) for choice in choices).replace(" and ", " or ")
    return RULE.at(
        span,
        f'"{what}" belongs to the language, but this version of mlc does nothing with it for '
        f"{where[0].lower()}{where[1:]}, and what does nothing is not accepted.",
        text="not supported yet",
        help=f"This version takes {known}." if known else "Leave it out.",
        address=address,
        path=path,
    )


def check(subject: Subject) -> Iterator[Diagnostic]:
    """The estimators that could do their task, and that this version does not train."""
    for one, schema in known(subject):
        about = stands(one, schema["x-mlc-estimator"])
        if about.get("reason") == "not-yet" and fits(one, schema["x-mlc-estimator"]):
            yield RULE.at(
                subject.span(one.address, *one.path, "estimator"),
                f"{one.short} is not taken by this version of mlc. {about['why']}",
                text="not supported yet",
                help=f"Take {about['instead']}." if about.get("instead") else "Leave it out.",
                **one.field,
            )
