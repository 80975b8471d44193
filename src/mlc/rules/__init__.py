"""The rules, one file each: what is wrong, why it matters, how to mend it, an example of bad and of good.

A rule's name is its file's name in kebab-case. A module declares `RULE`; `BAD` and `GOOD`, files to lay
over a minimal project (the tests try both); and either a function that makes its finding, for the stage
that notices it, or `check(subject)`, which is called for every checked project.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


@cache
def names() -> tuple[str, ...]:
    """Every rule by name, sorted."""
    return tuple(sorted(file.stem.replace("_", "-") for file in Path(__file__).parent.glob("[a-z]*.py")))


def module(name: str) -> ModuleType:
    """The module of a rule."""
    return import_module(f"mlc.rules.{name.replace('-', '_')}")


@cache
def checks() -> tuple[ModuleType, ...]:
    """The modules that check a whole project."""
    return tuple(found for found in map(module, names()) if hasattr(found, "check"))
