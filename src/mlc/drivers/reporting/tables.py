"""Tables as plain data: a caption, the heads of the columns, and cells as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Cell = str | tuple[str, str]
"""What a cell says, and where there are two texts what stands below it, smaller."""


def table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], numbers: Sequence[int] = ()
) -> dict[str, Any]:
    """A table with its caption; `numbers` are the places of the columns that hold numbers."""
    return {
        "caption": caption,
        "heads": [
            {"text": head, "style": "number" if place in numbers else ""} for place, head in enumerate(heads)
        ],
        "rows": [[_cell(cell, place in numbers) for place, cell in enumerate(row)] for row in rows],
    }


def _cell(cell: Cell, is_number: bool) -> dict[str, str]:
    text, soft = (cell, "") if isinstance(cell, str) else cell
    return {"text": text, "soft": soft, "style": "number" if is_number else ""}
