"""Who reviews a file, as CODEOWNERS says it.

GitHub and GitLab read the file differently: GitLab has sections, each with owners of its own, and takes a pattern
without a slash in front for one at any depth. Which of them reads it is told by where it stands, else by its sections.
Always the base's file: a change does not choose who reviews it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_MOST_BYTES = 3 * 1024 * 1024  # GitHub reads no larger one
_MOST_STARS = 12
_SECTION = re.compile(r"^\^?\[([^\]]+)\](?:\[\d+\])?\s*(.*)$")
_OWNER = re.compile(r"@[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*|@@[a-z]+|[^@\s]+@[^@\s]+\.[^@\s]+")


class Rule(Struct, frozen=True):
    """A pattern and its owners; the last rule of a section that matches counts."""

    section: str
    matches: re.Pattern[str]
    owners: tuple[str, ...]
    excludes: bool = False


def rules_of(read: Callable[[str], bytes | None]) -> tuple[Rule, ...]:
    """The rules of the first CODEOWNERS that is there; `read` gives a file of the repository's top, or None."""
    for place in PLACES:
        content = read(place)
        if content is not None:
            return parsed(content, gitlab=place.startswith(".gitlab/") or None)
    return ()


def parsed(content: bytes, *, gitlab: bool | None = None) -> tuple[Rule, ...]:
    """The rules of a CODEOWNERS; `gitlab` says who reads it, None that its sections tell."""
    if len(content) > _MOST_BYTES:
        return ()
    lines = [line.strip() for line in content.decode("utf-8", "replace").splitlines()]
    if gitlab is None:
        gitlab = any(_SECTION.match(line) for line in lines)
    section, standing = "", tuple[str, ...]()
    found = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        head = _SECTION.match(line) if gitlab else None
        if head is not None:
            section, standing = head[1].strip().lower(), _owners(head[2])
            continue
        pattern, rest = _split(line)
        excludes = gitlab and pattern.startswith("!")
        if not excludes and (pattern.startswith("!") or (not gitlab and "[" in pattern)):
            continue  # GitHub skips what it does not take
        if pattern.count("*") > _MOST_STARS:
            continue  # matching takes time with a power of their number
        compiled = _compiled(pattern.removeprefix("!"), gitlab=gitlab)
        found.append(Rule(section, compiled, _owners(rest) or standing, excludes))
    return tuple(found)


def owners_of(path: str, rules: tuple[Rule, ...]) -> tuple[str, ...]:
    """The owners of a file by its path from the repository's top, each once."""
    last: dict[str, tuple[str, ...]] = {}
    excluded: set[str] = set()
    for rule in rules:
        if rule.matches.match(path):
            if rule.excludes:
                excluded.add(rule.section)
            last[rule.section] = rule.owners
    named = (owner for section, owners in last.items() if section not in excluded for owner in owners)
    return tuple(dict.fromkeys(named))


def _owners(text: str) -> tuple[str, ...]:
    words = text.partition(" #")[0].split() if not text.startswith("#") else []
    return tuple(word for word in words if _OWNER.fullmatch(word))


def _split(line: str) -> tuple[str, str]:
    """The pattern, in which a space is written `\\ `, and what follows it."""
    pattern, place = "", 0
    while place < len(line):
        if line[place] == "\\" and place + 1 < len(line) and line[place + 1] in " #\\":
            pattern += line[place + 1]
            place += 2
        elif line[place].isspace():
            break
        else:
            pattern += line[place]
            place += 1
    return pattern, line[place:].strip()


def _compiled(pattern: str, *, gitlab: bool) -> re.Pattern[str]:
    """A pattern of gitignore(5) as an expression over a whole path."""
    anchored = pattern.startswith("/") or (not gitlab and "/" in pattern.rstrip("/")[:-1])
    is_folder = pattern.endswith("/")
    body = pattern.strip("/")
    expression, place = "", 0
    while place < len(body):
        if body.startswith("**/", place):
            expression, place = expression + "(?:[^/]+/)*", place + 3
        elif body.startswith("**", place):
            expression, place = expression + ".*", place + 2
        elif body[place] == "*":
            expression, place = expression + "[^/]*", place + 1
        elif body[place] == "?":
            expression, place = expression + "[^/]", place + 1
        else:
            expression, place = expression + re.escape(body[place]), place + 1
    within = "(?:/.*)" if is_folder else "" if body.endswith("*") and "/" in pattern else "(?:/.*)?"
    return re.compile(("" if anchored else "(?:.*/)?") + expression + within + r"\Z", re.DOTALL)
