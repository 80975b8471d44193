"""The kinds of resource, one file each. Adding a file adds a kind.

Their annotations are data, which msgspec reads at every start: where a spec is declared they are written without
`from __future__ import annotations`, which would leave texts to be evaluated first.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from mlc.kinds._kind import Kind

_NOT_RESOURCES = ("project", "env", "mlctest", "backend")


@cache
def names() -> tuple[str, ...]:
    """The kinds of resource by name, sorted."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    return tuple(file.stem for file in files if file.stem not in _NOT_RESOURCES)


@cache
def kind(name: str) -> Kind:
    """A kind by name, `project`, `env`, `mlctest` and `backend` among them."""
    found: Kind = import_module(f"mlc.kinds.{name}").KIND
    return found


def is_once(name: str) -> bool:
    """Whether a kind exists once per project rather than once per environment."""
    return kind(name).once
