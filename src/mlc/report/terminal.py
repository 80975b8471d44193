"""What the text forms share: colour, and text from strangers made harmless."""

from __future__ import annotations

import unicodedata

from msgspec import Struct

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36"}


class Paint(Struct, frozen=True):
    """Colours text for a terminal, or leaves it alone."""

    on: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        if not self.on or not text or not styles:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def harmless(text: str) -> str:
    """Text without characters that would steer a terminal: each is shown as its escape."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def one_line(text: str) -> str:
    """The same in one line: what a stranger wrote never begins a line of its own, where a log may obey it."""
    return encodable(harmless(text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")))


def _shown(character: str) -> str:
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def encodable(text: str) -> str:
    """Text with lone surrogates, which UTF-8 cannot hold, shown as their escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def display_width(text: str) -> int:
    """Columns that text takes on a terminal: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
