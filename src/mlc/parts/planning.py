"""The plan of a project in parts: divide → compile each → what is read elsewhere → join."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.parts import joining
from mlc.parts.division import divide
from mlc.parts.part import Part, compile_part
from mlc.parts.project import Project, Unsure, backends
from mlc.pipeline import without_search_for_cycles
from mlc.report.plan_together import Shown
from mlc.request import Request

SIZE = 60  # resources of a part
_MOST_AGAIN = 5  # times that parts may turn out to be read in another way than they were compiled for


class Planned(Struct, frozen=True):
    """What to show of the plan of each environment, the warnings, and the files that they point into."""

    shown: tuple[Shown, ...]
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


@without_search_for_cycles()
def plan(request: Request, size: int = SIZE) -> Planned:
    """What is shown of the plans of a project. Raises Unsure where that has to be found out from the whole."""
    project = Project(request, backends())
    division = divide([*project.names], lambda address: _text(project, address), size)
    parts = compiled(project, division)
    shown, diagnostics = joining.joined(project, parts)
    return Planned(shown, diagnostics, _texts(project, diagnostics))


def compiled(project: Project, division: Sequence[tuple[Address, ...]]) -> list[Part]:
    """Every part, each told what the others read of it."""
    parts = []
    for number, owned in enumerate(division):
        parts.append(compile_part(project, owned, {}))
        if number % 8 == 7:
            gc.collect()
    for _ in range(_MOST_AGAIN):
        again = joining.misread(parts, project.environments)
        if not again:
            return parts
        for number, elsewhere in again.items():
            parts[number] = compile_part(project, division[number], elsewhere)
    raise Unsure("what is read elsewhere does not settle")


def _text(project: Project, address: Address) -> bytes:
    try:
        return (project.root / address.kind / f"{address.name}.yaml").read_bytes()
    except OSError:
        return b""


def _texts(project: Project, found: tuple[Diagnostic, ...]) -> dict[str, str]:
    """The texts that diagnostics point into."""
    files = {label.span.file for one in found for label in one.labels if not label.span.file.startswith("<")}
    return {file: (project.source.content(file) or b"").decode("utf-8", "replace") for file in files}
