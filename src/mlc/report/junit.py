"""Diagnostics as JUnit XML: a test case per file, which fails where the file has a mistake.

A case holds one `failure` at most, since readers look at the first only: its text lists every mistake of the
file. Warnings and remarks do not fail a case; they stand in its `system-out`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mlc.ir.diagnostic import Diagnostic
from mlc.report.places import is_in_file, place
from mlc.report.terminal import encodable
from mlc.rules._words import counted

_SUITE = "mlc"


def diagnostics(found: tuple[Diagnostic, ...], sources: Mapping[str, str]) -> str:
    """`sources` are the texts that were read: a file without a mistake is a case that passes."""
    by_file: dict[str, list[Diagnostic]] = {file: [] for file in sources if not file.startswith("<")}
    for one in found:
        by_file.setdefault(place(one).file, []).append(one)
    failed = sum(any(one.severity == "error" for one in its) for its in by_file.values())
    counts = f'tests="{len(by_file)}" failures="{failed}" errors="0"'
    cases = "".join(_case(file, by_file[file]) for file in sorted(by_file))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="{_SUITE}" {counts}>\n'
        f'  <testsuite name="{_SUITE}" {counts} skipped="0">\n{cases}  </testsuite>\n</testsuites>\n'
    )


def _case(file: str, found: list[Diagnostic]) -> str:
    head = f'    <testcase classname="mlc" name="{attribute(file)}" file="{attribute(file)}"'
    mistakes = [one for one in found if one.severity == "error"]
    remarks = [one for one in found if one.severity != "error"]
    if not found:
        return f"{head}/>\n"
    inside = ""
    if mistakes:
        first = mistakes[0]
        message = (
            first.summary
            if len(mistakes) == 1
            else f"{counted(len(mistakes), 'mistake')}, first: {first.summary}"
        )
        inside += f'      <failure type="{first.rule}" message="{attribute(message)}">{_listed(mistakes)}</failure>\n'
    if remarks:
        inside += f"      <system-out>{_listed(remarks)}</system-out>\n"
    return f"{head}>\n{inside}    </testcase>\n"


def _listed(found: Iterable[Diagnostic]) -> str:
    return "\n".join(content(_one(one)) for one in found)


def _one(one: Diagnostic) -> str:
    where = f"{one.primary.span}: " if one.primary is not None and is_in_file(one.primary.span) else ""
    lines = [f"{where}{one.severity}[{one.rule}] {one.detail}"]
    if one.help:
        lines.append(f"help: {one.help}")
    return "\n".join(lines)


def attribute(text: str) -> str:
    """Text between quotes: a parser would make blanks of line ends that are not written as references."""
    escaped = content(text).replace('"', "&quot;")
    return escaped.replace("\n", "&#10;").replace("\t", "&#9;")


def content(text: str) -> str:
    """Text between tags. What XML 1.0 cannot hold at all is shown as its escape."""
    held = "".join(character if _is_legal(character) else _shown(character) for character in encodable(text))
    escaped = held.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\r", "&#13;")


def _is_legal(character: str) -> bool:
    """Whether XML 1.0 has the character (its production 2, Char)."""
    code = ord(character)
    return (code >= 0x20 and code not in (0xFFFE, 0xFFFF)) or character in "\t\n\r"


def _shown(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"
