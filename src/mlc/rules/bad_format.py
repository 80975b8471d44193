"""bad-format: a text that is not written as its key requires.

Why it matters: durations, sizes, names and image references have one way of writing, so that nothing is guessed.
How to mend it: write it in the form that the message names.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules import secret_in_spec

RULE = Rule.of(__name__, "error", "A text is not written as required.")

BAD = {"runtime/python.yaml": "python: '3.11'\nimage: python:latest\n"}
GOOD = {"runtime/python.yaml": "python: '3.11'\nimage: python@sha256:" + "0" * 64 + "\n"}


def found(
    value: str, field: dict[str, Any], span: Span, *, where: str, address: str, path: str
) -> Diagnostic:
    """`field` is the schema of the text: `x-mlc-form` says in words what its pattern admits.

    What stands where only a secret may is told as one (secret-in-spec).
    """
    if field.get("x-mlc-sensitive"):  # and not only in another form: it must not be repeated
        return secret_in_spec.found("a password or a token", tuple(path.split(".")), span)
    example = field.get("examples", [None])[0]
    return RULE.at(
        span,
        f'{where} takes {field["x-mlc-form"]}, and "{value}" is not that.',
        text="not in this form",
        help="" if example is None else f"For example: {example}",
        address=address,
        path=path,
    )
