"""Where the files are that travel with the compiler: schemas, templates, examples."""

from __future__ import annotations

from pathlib import Path

_INSTALLED = Path(__file__).parent / "_data"
_CHECKOUT = Path(__file__).parents[2]


def path(*parts: str) -> Path:
    """`path("schemas", "model.json")`: inside the package when installed, at the top level in a checkout."""
    return (_INSTALLED if _INSTALLED.is_dir() else _CHECKOUT).joinpath(*parts)
