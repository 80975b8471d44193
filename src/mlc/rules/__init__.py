"""The rules, one file each: what is wrong, why it matters, how to mend it, an example of bad and of good.

A rule's name is its file's name in kebab-case. A module declares `RULE`; `BAD` and `GOOD`, files to lay
over a minimal project (the tests try both); and either a function that makes its finding, for the stage
that notices it, or `check(subject)`, which is called for every checked project.

A rule with a `check` declares its `SCOPE`, so that large projects can be checked in parts, each with all that it
refers to. `"upstream"`: it looks at resources and at what they refer to, so what it finds in the parts is what it finds
in the whole. `"project"`: it compares resources that do not refer to each other; `claims(subject)` gives what each of
them needs for itself alone, and where two parts claim the same, the whole is checked instead.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from msgspec import Struct

from mlc.ir.diagnostic import Rule, Severity


@cache
def names() -> tuple[str, ...]:
    """Every rule by name, sorted."""
    return tuple(sorted(file.stem.replace("_", "-") for file in Path(__file__).parent.glob("[a-z]*.py")))


def module(name: str) -> ModuleType:
    """The module of a rule."""
    return import_module(f"mlc.rules.{name.replace('-', '_')}")


class Described(Struct, frozen=True):
    """A rule for people to read. `bad` and `good` map files to their texts; empty where no file shows it."""

    name: str
    severity: Severity
    summary: str
    title: str
    why: str
    mend: str
    bad: dict[str, str]
    good: dict[str, str]


def described(name: str) -> Described:
    """What the docstring and the examples of a rule's module say."""
    found = module(name)
    rule: Rule = found.RULE
    title, _, body = (found.__doc__ or "").partition("\n\n")
    why, _, mend = body.strip().partition("\nHow to mend it: ")
    return Described(
        name=name,
        severity=rule.severity,
        summary=rule.summary,
        title=title.removeprefix(f"{name}: "),
        why=_sentences(why.removeprefix("Why it matters: ")),
        mend=_sentences(mend),
        bad=getattr(found, "BAD", {}),
        good=getattr(found, "GOOD", {}),
    )


@cache
def checks() -> tuple[ModuleType, ...]:
    """The modules that check a whole project; the others are not imported to find out."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    return tuple(module(file.stem) for file in files if b"\ndef check(" in file.read_bytes())


def _sentences(text: str) -> str:
    """Running text without its line breaks, with a capital letter in front (mlc has none)."""
    text = " ".join(text.split())
    return text if text.startswith("mlc ") else text[:1].upper() + text[1:]
