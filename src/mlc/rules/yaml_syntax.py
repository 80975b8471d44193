"""yaml-syntax: a file is not well-formed YAML.

Why it matters: nothing in the file can be read, so everything that builds on it is unknown too.
How to mend it: the message points at the place where reading stopped; the cause is there or on the line
above: an indentation that differs from its neighbours, a missing colon, a quote or bracket left open.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Label, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The file is not well-formed YAML.")

BAD = {"env/dev.yaml": "vars:\n  region: [westeurope\n"}
GOOD = {"env/dev.yaml": "vars:\n  region: [westeurope]\n"}


def found(span: Span, problem: str, *, opened: Span | None = None, help_text: str = "") -> Diagnostic:
    """Reading stopped at `span`; `opened` is where the unfinished construct began."""
    related = () if opened is None else (Label(opened, "what is being read began here"),)
    return RULE.at(span, f"Reading stopped here: {problem}.", text=problem, related=related, help=help_text)


def second_document(span: Span) -> Diagnostic:
    """A `---` begins another document."""
    return RULE.at(
        span,
        "A second YAML document begins here, but one file holds one configuration.",
        text="a second document",
        help="Move it to a file of its own, or remove the `---`.",
    )


def second_anchor(span: Span, anchor: str) -> Diagnostic:
    """An anchor is declared twice."""
    return RULE.at(
        span,
        f"The anchor `&{anchor}` is declared a second time, so `*{anchor}` would be ambiguous.",
        text="declared before",
        help="Give the second anchor another name.",
    )


def unknown_alias(span: Span, anchor: str, known: tuple[str, ...]) -> Diagnostic:
    """An alias without its anchor."""
    names = ", ".join(f"`&{name}`" for name in known)
    return RULE.at(
        span,
        f"The alias `*{anchor}` stands for nothing: no `&{anchor}` comes before it.",
        text="no such anchor",
        help=f"Anchors of this file: {names}." if known else "Put text that begins with `*` in quotes.",
    )


def bad_merge(span: Span) -> Diagnostic:
    """`<<` with something other than maps."""
    return RULE.at(
        span,
        "`<<` merges maps into this one, but its value is neither a map nor a list of maps.",
        text="not a map",
        help="Give `<<` an alias of a map, as in `<<: *defaults`.",
    )


def reserved(span: Span, text: str) -> Diagnostic:
    """A plain `=` or `<<` as a value: YAML 1.1 gives it a meaning that OmegaConf cannot read."""
    return RULE.at(
        span,
        f"`{text}` without quotes has a special meaning in YAML 1.1 and cannot be a value.",
        text="reserved",
        help="Put it in quotes.",
        fix=Fix("Put it in quotes", (Edit(span, f'"{text}"'),)),
    )


def bad_scalar(span: Span, text: str) -> Diagnostic:
    """A scalar that has the form of a number, or a tag that says so, and is none."""
    shown = text if len(text) <= 40 else text[:40] + "…"
    return RULE.at(
        span,
        f"`{shown}` is written as a number or a tagged value, but cannot be read as one.",
        text="not a value of its type",
        help="Put it in quotes if it is meant as text.",
    )
