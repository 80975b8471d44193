"""The reference of the rules, from their modules: `python -m mlc.rules._reference` writes docs/rules.md.

A test holds that this leaves no diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlc import data, rules
from mlc.rules import Described

PATH = ("docs", "rules.md")
_HEAD = """\
# Rules

What `mlc` finds, one rule each. `mlc rule NAME` prints a section of this page. An error stops the command with
exit code 1 (a refusing gate or policy: 3); a warning or a remark (info) does not. This page is generated from
`src/mlc/rules/` by `make generate`.

The examples are files laid over a small project that is right in all else; the tests run every one of them.

| rule | severity | what it says |
|---|---|---|
"""


def page() -> str:
    """The whole page, as Markdown."""
    described = [rules.described(name) for name in rules.names()]
    rows = "".join(f"| [{one.name}](#{one.name}) | {one.severity} | {one.summary} |\n" for one in described)
    return _HEAD + rows + "".join(section(one) for one in described)


def section(one: Described) -> str:
    """A rule under a heading that is its name, and so its anchor."""
    lines = [
        f"## {one.name}",
        f"*{one.severity}* · **{one.summary}**",
        *([] if one.title.lower() == one.summary.lower() else [_capital(one.title)]),
        f"**Why it matters.** {one.why}",
        f"**How to mend it.** {one.mend}",
        *_examples("Bad", one.bad),
        *_examples("Good", one.good),
    ]
    return "\n" + "\n\n".join(lines) + "\n"


def write(path: Path) -> None:
    path.write_text(page(), encoding="utf-8")


def _examples(title: str, files: dict[str, str]) -> Iterator[str]:
    for file, text in files.items():
        shown = _visible(text).rstrip("\n")
        fence = "```"
        while fence in shown:
            fence += "`"
        yield f"{title}, `{file}`:\n\n{fence}yaml\n{shown}\n{fence}"


def _visible(text: str) -> str:
    """An example with every character that cannot be seen as its escape."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else character.encode("unicode_escape").decode()
        for character in text
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    write(data.path(*PATH))
