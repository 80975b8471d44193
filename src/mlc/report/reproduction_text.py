"""What came of making a registered version anew, for people."""

from __future__ import annotations

from mlc.ir.reproduction import Reproduction
from mlc.report.terminal import harmless

_SHOWN = 12  # characters of a digest


def reproduction(made: Reproduction) -> str:
    lines = [
        f"{made.name}:{made.number} · {made.environment}    made anew, and compared with what is registered"
    ]
    for one in made.files:
        then, now = one.registered[:_SHOWN], one.now[:_SHOWN]
        lines.append(
            f"  {one.role:<12} " + (f"same     {then}" if one.is_same else f"differs  {then} → {now}")
        )
    lines += [f"  {difference}" for difference in made.tools]
    if made.reproduced:
        lines.append("Reproduced: every byte is as registered.")
    return "\n".join(harmless(line) for line in lines) + "\n"
