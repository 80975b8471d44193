"""A page of HTML that a command writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FORM = ("graph_page", "page.html.j2")


def page(data: dict[str, Any]) -> str:
    """The page with the data in it; it needs nothing but itself."""
    from mlc import emit, pipeline

    return emit.render(pipeline.backends(), *FORM, data).decode("utf-8")


def write_page(file: Path, data: dict[str, Any]) -> None:
    """Raises OSError where the file cannot be written."""
    from mlc.store.files import write_atomically

    write_atomically(file, page(data).encode("utf-8"), 0o644)
