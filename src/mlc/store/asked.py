"""Whether a file is there, asked aloud: for whoever takes note of what is read (`store.answers`).

The interpreter tells of every file that is opened, there or not. It does not tell of files that are only asked about:
where nothing is opened because nothing is there, this says what was looked for.
"""

from __future__ import annotations

import sys
from pathlib import Path

EVENT = "mlc.asked"


def is_there(path: Path) -> bool:
    """Whether anything stands at a path."""
    sys.audit(EVENT, str(path))
    return path.exists()


def is_file(path: Path) -> bool:
    """Whether a file stands at a path."""
    sys.audit(EVENT, str(path))
    return path.is_file()
