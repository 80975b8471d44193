"""Diagnostics for people: the lines of source with carets under the culprit, what is wrong, how to mend it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from functools import lru_cache

from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.span import Span
from mlc.report.terminal import Paint, display_width, harmless, one_line

WIDTH = 110
_NOT_SHOWN = ("secret-in-spec", "module-with-credentials")  # a log must not spread what the message warns of
_COLOURS = {"error": "red", "warning": "yellow", "info": "blue"}


def diagnostics(
    found: tuple[Diagnostic, ...],
    sources: Mapping[str, str],
    paint: Paint = Paint(),  # noqa: B008 - frozen
) -> str:
    """Every diagnostic with its code frames, and a line that counts them. Empty where there is none."""
    if not found:
        return ""
    secrets = [label.span for one in found if one.rule in _NOT_SHOWN for label in one.labels]
    sources = masked(secrets, sources)
    blocks = [diagnostic(one, sources, paint) for one in found]
    return "\n".join([*blocks, count(found, paint)]) + "\n"


def diagnostic(one: Diagnostic, sources: Mapping[str, str], paint: Paint) -> str:
    colour = _COLOURS[one.severity]
    head = paint(f"{one.severity}[{one.rule}]", colour, "bold") + paint(f": {one.summary}", "bold")
    if one.address:
        head += paint(f"  {harmless(one.address)}", "dim")
    lines = [head]
    for label in sorted(one.labels, key=lambda label: not label.primary):
        lines += frame(label, sources, paint, colour if label.primary else "blue")
    lines += _paragraph(one.detail, "  ")
    if one.help:
        lines += _paragraph(one.help, paint("  help: ", "cyan"), indent=8)
    if one.fix is not None:
        kind = "" if one.fix.safety == "safe" else " (look before you take it)"
        lines += _paragraph(one.fix.title + kind + ".", paint("  fix:  ", "cyan"), indent=8)
    return "\n".join(lines) + "\n"


def masked(secrets: Iterable[Span], sources: Mapping[str, str]) -> Mapping[str, str]:
    """The sources with asterisks in the place of secrets, on the first line of each: a frame shows no other.

    The frame of another mistake may show the same line.
    """
    hidden = dict(sources)
    for span in secrets:
        lines = hidden.get(span.file, "").splitlines()
        if 1 <= span.line <= len(lines):
            line = lines[span.line - 1]
            end = span.end_column - 1 if span.end_line == span.line else len(line)
            lines[span.line - 1] = line[: span.column - 1] + "*" * (end - span.column + 1) + line[end:]
            hidden[span.file] = "\n".join(lines)
    return hidden


def frame(label: Label, sources: Mapping[str, str], paint: Paint, colour: str) -> list[str]:
    """The place in the source, with carets under it."""
    span = label.span
    lines = [paint(f"  --> {one_line(str(span))}", "blue")]
    source = _lines(sources.get(span.file, ""))
    if not 1 <= span.line <= len(source):
        return [*lines, f"      {label.text}"] if label.text else lines
    line = source[span.line - 1]
    column, end = span.column, span.end_column if span.end_line == span.line else len(line) + 1
    if len(line) > 10 * WIDTH:  # of a line without end, only what can be shown is looked at
        skipped = max(0, column - 1 - WIDTH)
        line, column, end = line[skipped : skipped + 3 * WIDTH], column - skipped, end - skipped
    shown = harmless(line.replace("\t", " "))
    before = display_width(harmless(line[: column - 1]))
    marked = max(1, display_width(harmless(line[column - 1 : end - 1]).rstrip()))
    if len(shown) > WIDTH:  # keep the culprit in sight in a very long line
        cut = max(0, before - 40)
        shown, before = shown[cut : cut + WIDTH] + "…", before - cut
        marked = min(marked, WIDTH - before)
    gutter = len(str(span.line))
    carets = paint("^" * marked + (f" {harmless(label.text)}" if label.text else ""), colour, "bold")
    bar = paint("|", "blue")
    return [
        *lines,
        f"  {' ' * gutter} {bar}",
        f"  {paint(str(span.line), 'blue')} {bar} {shown}",
        f"  {' ' * gutter} {bar} {' ' * before}{carets}",
    ]


@lru_cache(maxsize=4)  # diagnostics come in the order of the files
def _lines(source: str) -> list[str]:
    return source.splitlines()


def count(found: tuple[Diagnostic, ...], paint: Paint) -> str:
    """`2 errors, 1 warning`."""
    parts = []
    for severity, colour in _COLOURS.items():
        number = sum(one.severity == severity for one in found)
        if number:
            noun = severity if number == 1 or severity == "info" else severity + "s"
            parts.append(paint(f"{number} {noun}", colour, "bold"))
    return ", ".join(parts)


def _paragraph(text: str, first: str, indent: int = 2) -> list[str]:
    visible = " " * indent
    wrapped = textwrap.wrap(
        harmless(text),
        WIDTH,
        initial_indent=visible,
        subsequent_indent=visible,
        break_long_words=False,
        break_on_hyphens=False,  # a path or a name stays whole, to be copied
    )
    return [first + wrapped[0][indent:], *wrapped[1:]] if wrapped else []
