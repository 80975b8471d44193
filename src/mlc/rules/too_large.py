"""too-large: a configuration is larger than any author writes.

Why it matters: a file or a composition beyond these limits is a mistake or an attack on the machine that
validates it, and is refused before it costs time or memory.
How to mend it: keep data in data files, and split what is left into several resources.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The configuration is too large.")

MOST_MISTAKES = 200  # told of one file, one defaults list, one resource: nobody reads more
MOST_IN_ALL = 500  # told of a project

BAD = {"env/dev.yaml": "vars: {deep: " + "[" * 120 + "]" * 120 + "}\n"}
GOOD = {"env/dev.yaml": "vars: {deep: [[[]]]}\n"}


def file(span: Span, limit: int) -> Diagnostic:
    """More bytes than a configuration file may have."""
    return RULE.at(
        span,
        f"The file has more than {limit:,} bytes, which is the most a configuration file may have.",
        help="Keep data in data files and refer to them.",
    )


def nodes(span: Span, limit: int) -> Diagnostic:
    """More values than a file may hold."""
    return RULE.at(
        span,
        f"The file holds more than {limit:,} values.",
        text="the limit is reached here",
        help="Keep data in data files and refer to them.",
    )


def depth(span: Span, limit: int) -> Diagnostic:
    """Maps and lists nested too deeply."""
    return RULE.at(
        span,
        f"Maps and lists are nested more than {limit} levels deep here.",
        text="too deep",
        help="Flatten the structure.",
    )


def layers(span: Span, limit: int) -> Diagnostic:
    """A defaults list that grows without end."""
    return RULE.at(
        span,
        f"The defaults lists name more than {limit:,} layers, one inside the other or one after the other.",
        text="the limit is reached here",
        help="Name every layer once.",
    )


def mistakes(span: Span | None, most: int = MOST_MISTAKES) -> Diagnostic:
    """More mistakes in one place, or in all, than anyone reads."""
    return RULE.at(
        span,
        f"There are more than {most:,} mistakes; those that follow are not told.",
        text="the limit is reached here",
        help="Mend the first ones: the others may have the same cause.",
    )


def merged(span: Span, limit: int) -> Diagnostic:
    """Layers that together hold too much."""
    return RULE.at(
        span,
        f"The layers of this file, or those of all resources so far, hold more than {limit:,} values together and "
        "far more than the files themselves.",
        help="Name every layer once, keep data in data files, and let only those resources build on a large layer "
        "that need it.",
    )


def copies(span: Span, limit: int) -> Diagnostic:
    """Aliases that make too much of little."""
    return RULE.at(
        span,
        f"Aliases copy more than {limit:,} values in the files of this project so far. No file is read from here on.",
        help="Put what is shared into a layer, and name it in the defaults lists.",
    )


def preset(span: Span, values: int, resources: int) -> Diagnostic:
    """A preset that goes into very many resources."""
    return RULE.at(
        span,
        f"This preset of {values:,} values would go into {resources:,} resources.",
        help="Put what only some of them need into a layer that these name.",
    )


def examined(span: Span, limit: int) -> Diagnostic:
    """Very large resources with mistakes."""
    return RULE.at(
        span,
        f"The resources with mistakes hold more than {limit:,} values so far; those that follow are not checked.",
        text="the limit is reached here",
        help="Mend the first ones: the others may have the same cause.",
    )


def files(span: Span, limit: int) -> Diagnostic:
    """A project of very many files."""
    return RULE.at(
        span,
        f"The project has more than {limit:,} files of configuration. No file is read from here on.",
        help="Split it into several projects.",
    )


def project(span: Span, limit: int) -> Diagnostic:
    """Many large files."""
    return RULE.at(
        span,
        f"The large files of this project have more than {limit:,} bytes too many. No file is read from here on.",
        help="Keep data in data files and refer to them.",
    )


def environments(span: Span, limit: int) -> Diagnostic:
    """Every environment is a whole composition."""
    return RULE.at(
        span,
        f"The project lists more than {limit:,} environments, each of which is composed on its own.",
        help="Give what differs between so many a project or an override of its own.",
    )
