"""Modules for people to read: a line for each, and the files that an update brings."""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.outputs import ModuleOut
from mlc.report.terminal import Paint, harmless

_SIGNS = {"added": "+", "updated": "~", "removed": "-"}
_COLOURS = {
    **{"added": "green", "updated": "yellow", "removed": "red", "installed": "green", "changed": "red"},
    **{"not installed": "yellow", "not locked": "yellow", "outdated": "yellow"},
}


def modules(listed: Sequence[ModuleOut], paint: Paint) -> str:
    """`~ acme   updated   2.0.0 → 2.1.0   pkg://acme_mlc_layers`, and what changed in it."""
    wide = [
        max((len(word) for word in column), default=0) for column in zip(*map(_words, listed), strict=True)
    ]
    lines = []
    for one in listed:
        cells = [word.ljust(width) for word, width in zip(_words(one), wide, strict=True)]
        cells[1] = paint(cells[1], _COLOURS.get(one.outcome, "dim"))
        sign = _SIGNS.get(one.outcome, " ")
        available = f"   {paint('available:', 'bold')} {one.available}" if one.available else ""
        lines.append(
            f"{paint(sign, _COLOURS.get(one.outcome, 'dim'))} {'  '.join(cells)}{available}".rstrip()
        )
        for files, mark in ((one.files_added, "+"), (one.files_changed, "~"), (one.files_removed, "-")):
            lines += [f"    {mark} {file}" for file in files if one.outcome != "removed"]
    return "".join(f"{harmless(line) if not paint.on else line}\n" for line in lines)


def _words(one: ModuleOut) -> tuple[str, str, str, str]:
    version = f"{one.was} → {one.locked}" if one.was and one.was != one.locked else one.locked
    return one.name, one.outcome, version, one.source
