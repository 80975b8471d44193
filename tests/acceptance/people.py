"""The rows of the small project: 400 people, of whom some leave. `python tests/acceptance/people.py` writes them."""

from __future__ import annotations

import math
import random
from pathlib import Path

FILE = Path(__file__).parent / "projects" / "small" / "people.csv"


def rows() -> str:
    """The text of the file; the same on every machine, as `random.Random` promises for `random()`."""
    draw = random.Random(7).random
    lines = ["id,age,plan,left"]
    for number in range(400):
        age = 18 + int(60 * draw())
        plan = "b" if draw() < 0.4 else "a"
        score = 0.25 * (age - 48) - (4 if plan == "b" else 0) + 1.5
        left = int(draw() < 1 / (1 + math.exp(score)))
        lines.append(f"{number},{age},{plan},{left}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(rows(), encoding="utf-8")
