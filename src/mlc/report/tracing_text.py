"""An artifact for people, every line with the places in the specs that it comes from."""

from __future__ import annotations

from collections.abc import Mapping

from mlc.ir.span import FIELD_DEFAULT
from mlc.ir.tracing import Line, Source, Traced
from mlc.report import explain_text
from mlc.report.terminal import Paint, display_width, one_line

_WIDEST = 72  # columns before the origins; a longer line pushes its own to the right
_MOST = 3  # origins of a line; `PATH:LINE` shows all


def artifact(one: Traced, paint: Paint) -> str:
    lines = [_head(one, paint), ""]
    digits = len(str(len(one.lines)))
    shown = [(line, one_line(line.text.expandtabs(4))) for line in one.lines]
    column = min(_WIDEST, max((display_width(text) for line, text in shown if line.sources), default=0))
    for line, text in shown:
        number = paint(f"{line.number:>{digits}} │", "dim")
        origins = _origins(line)
        if not origins:
            lines.append(f"{number} {paint(text, 'dim')}".rstrip())
            continue
        pad = " " * max(2, column - display_width(text) + 2)
        lines.append(f"{number} {text}{pad}{paint('← ' + origins, 'blue')}")
    return "\n".join(lines) + "\n"


def line(one: Traced, sources: Mapping[str, str], paint: Paint) -> str:
    """One line with all that it comes from, each value with its layers."""
    (found,) = one.lines
    head = f"{_head(one, paint)}\n\n{paint(f'{found.number} │', 'dim')} {one_line(found.text)}\n\n"
    if not found.sources:
        return head + "  No value of the specs decides on it: it stands so in the backend's template.\n"
    return head + "".join(_source(source, sources, paint) for source in found.sources)


def _head(one: Traced, paint: Paint) -> str:
    about = f"{one.address}, {one.environment}, by {one.backend}"
    return f"{paint(one_line(one.path), 'bold')}   {paint(one_line(about), 'dim')}"


def _origins(line: Line) -> str:
    """What a line holds comes first; what decides whether it is there at all is told where nothing else is."""
    held = [source for source in line.sources if not source.shifts] or [*line.sources]
    places = [*dict.fromkeys(map(_place, held))]
    more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return ", ".join(places[:_MOST]) + more


def _place(source: Source) -> str:
    explained = source.explanation
    span = explained.winner.span
    if source.kind == "name":
        return one_line(f"{span.file} (its name)")
    if span.file == FIELD_DEFAULT:
        return one_line(f"default of {explained.path}")
    through = "".join(
        f" from {read.span.file}:{read.span.line}" for _, read in explained.read[-1:] if read.span != span
    )
    return one_line((span.file if span.file.startswith("<") else f"{span.file}:{span.line}") + through)


def _source(source: Source, sources: Mapping[str, str], paint: Paint) -> str:
    explained = source.explanation
    if source.kind == "name":
        file = one_line(explained.winner.span.file)
        return f"{paint(one_line(explained.path), 'bold')}\n\n  is named so by its file, {paint(file, 'blue')}\n\n"
    shown = explain_text.explanation(explained, sources, paint)
    note = "  Other lines come or go with it.\n\n" if source.shifts else ""
    return shown + note
