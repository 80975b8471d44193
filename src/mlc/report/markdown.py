"""What a stranger wrote, as Markdown that GitHub and GitLab show as just that.

Nothing in it is markup, HTML, a link, an image, a mention, a reference to an issue or a command of GitLab's; what
cannot be seen (control and bidirectional characters) is shown as its escape.
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote

from mlc.report.terminal import encodable, one_line

_UNSEEN = "&#8203;"  # a space of no width, between what would otherwise be joined to something live
_MARKUP = re.compile(r"[\\`*_\[\]<>|$^{}]|(?<!\w)~|~(?!\w)")
_LIVE = re.compile(
    r"@|[#!$&^](?=\d)|[%~](?=[\w\"])|:(?=//|[\w+-]+:)|(?<=\bGH)-(?=\d)|\bwww(?=\.)", re.IGNORECASE
)
_QUOTED = re.compile(r"`([^`]+)`")


def code(text: str) -> str:
    """A code span: as it is, in one line."""
    shown = one_line(text) or " "
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """Words within a line. They never stand at its beginning, where they could be a command or a list.

    What our own sentences put in backticks becomes a code span.
    """
    pieces = _QUOTED.split(text)
    return "".join(code(piece) if place % 2 else _words(piece) for place, piece in enumerate(pieces))


def summary(text: str) -> str:
    """A code span within the summary of a folded part, which is HTML."""
    return f"<code>{html.escape(one_line(text))}</code>"


def block(text: str, language: str) -> str:
    """A fenced block; lines stay lines."""
    lines = [one_line(line) for line in text.split("\n")]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def link(label: str, url: str, path: str, line: int) -> str:
    """A code span that leads to a line of a file; `url` is ours, `path` a stranger's."""
    try:
        place = path.encode("utf-8", "surrogateescape")  # the bytes of a name that is no UTF-8
    except UnicodeEncodeError:
        place = encodable(path).encode()
    return f"[{code(label)}]({url}/{quote(place)}#L{line})"


def _words(text: str) -> str:
    shown = one_line(text)
    pieces, place = [], 0
    for found in _LIVE.finditer(shown):
        pieces.append(_escaped(shown[place : found.end()]) + _UNSEEN)
        place = found.end()
    return "".join([*pieces, _escaped(shown[place:])])


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda found: "\\" + found[0], text.replace("&", "&amp;"))
