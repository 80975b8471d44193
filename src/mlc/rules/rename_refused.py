"""rename-refused: a resource cannot get the name that is asked for.

Why it matters: a rename touches many files. It is done whole or not at all, and only where the project says the
same afterwards.
How to mend it: the message says what stands in the way; mend that, or choose another name.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.ir.module import is_of_module
from mlc.ir.span import Span, start_of
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "The resource cannot be renamed.")


def unknown(address: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'There is no resource "{address}"; its file would be {address.replace(".", "/", 1)}.yaml. Nothing was '
        "written.",
        help=did_you_mean(address, known),
    )


def bad_name(name: str) -> Diagnostic:
    return RULE.at(
        None,
        f'"{name}" cannot be a name: names are lower-case letters, digits, "_" and "-", and begin with a letter or '
        "a digit. Nothing was written.",
        help="Give the name alone, without its kind: mlc rename model.churn attrition.",
    )


def taken(address: str, file: str) -> Diagnostic:
    return RULE.at(
        start_of(file),
        f"{address} is taken: {file} exists. Nothing was written.",
        help="Choose another name, or remove or rename that resource first.",
        address=address,
    )


def has_mistakes(address: str) -> Diagnostic:
    return RULE.at(
        None,
        "The project has files that cannot be read or composed, so references may be hidden in them. Nothing was "
        "written.",
        help="Mend what is said above, and rename then.",
        address=address,
    )


def out_of_reach(address: str, spans: Iterable[Span]) -> Diagnostic:
    """References that are there, but are not written as one piece of text, or in a module."""
    first, *rest = spans
    if is_of_module(first.file):
        return RULE.at(
            first,
            f"The layer of a module names {address}, and a module is not changed by those who use it. Nothing was "
            "written.",
            related=tuple(Label(span, "and here") for span in rest),
            help="Write the value in the project, over the module's layer, and rename then.",
            address=address,
        )
    return RULE.at(
        first,
        f"The text here mentions {address}, but it is written with escapes or over several lines, where it cannot "
        "be replaced safely. Nothing was written.",
        related=tuple(Label(span, "and here") for span in rest),
        help="Write the interpolation on one line, and rename then.",
        address=address,
    )


def would_differ(address: str, what: str) -> Diagnostic:
    """The edited project would not say the same."""
    return RULE.at(
        None,
        f"After the rename {what}, so something depends on the name in a way that mlc cannot follow. "
        "Nothing was written.",
        help="Look for a name that is put together from parts, or a variable that is used both as a reference and "
        "as text; write the name there in full, and rename then.",
        address=address,
    )
