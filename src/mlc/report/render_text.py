"""The artifacts of a project, and what official checkers say of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from mlc.ir.artifact import Artifact
from mlc.ir.backend import Verification
from mlc.report.terminal import Paint, harmless

_COLOURS = {"ok": "green", "rejected": "red", "skipped": "yellow"}

Checked = Mapping[str, tuple[Verification, ...]]
"""What the checkers of an artifact say, by its path."""


def artifacts(found: Iterable[Artifact], checked: Checked | None, paint: Paint) -> str:
    """A line each; where they were checked, a line for each checker below it, and what it found."""
    lines = []
    for one in found:
        lines.append(harmless(f"{one.path}  ({one.backend}, {one.address})"))
        for said in checked[one.path] if checked is not None else ():
            lines.append(f"  {paint(said.outcome, _COLOURS[said.outcome])}  {harmless(said.checker)}")
            for i, text in enumerate(said.findings):
                lines.append(paint(f"    {harmless(text)}", "dim"))
                if said.origins and said.origins[i] != (said.origins[i - 1] if i else ()):
                    places = ", ".join(str(span) for span in said.origins[i])
                    lines.append(f"      from {harmless(places)}")
        if checked is not None and not checked[one.path]:
            lines.append(f"  {paint('skipped', 'dim')}  no official checker is known for it")
    return "".join(f"{line}\n" for line in lines)


def counted(checked: Checked) -> str:
    """How the artifacts fared: one is rejected by any checker, and else skipped where one is missing."""
    outcomes = Counter(_outcome(found) for found in checked.values())
    return ", ".join(f"{outcomes[name]} {name}" for name in ("ok", "rejected", "skipped") if outcomes[name])


def _outcome(found: tuple[Verification, ...]) -> str:
    outcomes = {one.outcome for one in found}
    return next((name for name in ("rejected", "skipped") if name in outcomes), "ok" if found else "skipped")
