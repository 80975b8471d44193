"""The plan of a project in parts: divide → compile each → what is read elsewhere → join."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import msgspec
from msgspec import Struct, structs

from mlc import forking
from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.parts import joining
from mlc.parts.division import divide
from mlc.parts.part import Elsewhere, Part, compile_part, gone_together
from mlc.parts.project import Project, Unsure, backends
from mlc.pipeline import without_search_for_cycles
from mlc.report.plan_together import Shown
from mlc.request import Request
from mlc.store.answers import Paths, Watch

SIZE = 60  # resources of a part
_COLLECTED = 32  # parts; what refers to itself (few things do) stays until then
_MOST_AGAIN = 5  # times that parts may turn out to be read in another way than they were compiled for


class Planned(Struct, frozen=True):
    """What to show of the plan of each environment, the warnings, and the files that they point into."""

    shown: tuple[Shown, ...]
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


@without_search_for_cycles()
def plan(request: Request, size: int = SIZE, watch: Watch | None = None, processes: int = 0) -> Planned:
    """What is shown of the plans of a project. Raises Unsure where that has to be found out from the whole.

    `processes` is how many to use: as many as there are processors where 0.
    """
    project = Project(request, backends())
    with aside(watch):  # how a project is divided changes nothing
        division = divide([*project.names], lambda address: _text(project, address), size)
    parts = compiled(project, division, watch, processes)
    shown, diagnostics = joining.joined(project, parts)
    return Planned(shown, diagnostics, _texts(project, diagnostics))


def compiled(
    project: Project, division: Sequence[tuple[Address, ...]], watch: Watch | None, processes: int
) -> list[Part]:
    """Every part, each told what the others read of it."""

    def work(share: Sequence[int]) -> bytes:
        made = {}
        for done, number in enumerate(share):
            made[number] = _compiled(project, division[number], {}, watch)
            if done % _COLLECTED == _COLLECTED - 1:
                gc.collect()
        read, listed = (watch.read, watch.listed) if watch else ((), ())
        return msgspec.msgpack.encode(_Share(made, tuple(read), tuple(listed)))

    if not processes:
        processes = forking.processors() if forking.is_safe() else 1
    found: dict[int, Part] = {}
    for answer in forking.shared_out(len(division), work, processes):
        share = msgspec.msgpack.decode(answer, type=_Share)
        found |= share.made
        if watch is not None:
            watch.add(share.read, share.listed)
    parts = [found[number] for number in range(len(division))]
    for _ in range(_MOST_AGAIN):
        again = joining.misread(parts, project.environments)
        if not again:
            return parts
        for number, elsewhere in again.items():
            parts[number] = _compiled(project, division[number], elsewhere, watch)
    raise Unsure("what is read elsewhere does not settle")


class _Share(Struct, frozen=True, array_like=True):
    """The parts that one process made, and the paths that it read beside theirs."""

    made: dict[int, Part]
    read: tuple[str, ...]
    listed: tuple[str, ...]


def _compiled(
    project: Project, owned: tuple[Address, ...], elsewhere: Elsewhere, watch: Watch | None
) -> Part:
    """A part, with all the files that were read for it."""
    with aside(watch) as seen:
        part = compile_part(project, owned, elsewhere)
    if watch is None or seen is None:
        return part
    inside = {path for path in map(project.below, seen.read) if path is not None}
    watch.add((path for path in seen.read if project.below(path) is None), seen.listed)
    return structs.replace(part, files=gone_together(project.root, {*part.files, *inside}))


def aside(watch: Watch | None) -> AbstractContextManager[Paths | None]:
    """What is read meanwhile is given rather than noted."""
    return nullcontext() if watch is None else watch.aside()


def _text(project: Project, address: Address) -> bytes:
    try:
        return (project.root / address.kind / f"{address.name}.yaml").read_bytes()
    except OSError:
        return b""


def _texts(project: Project, found: tuple[Diagnostic, ...]) -> dict[str, str]:
    """The texts that diagnostics point into."""
    files = {label.span.file for one in found for label in one.labels if not label.span.file.startswith("<")}
    return {file: (project.source.content(file) or b"").decode("utf-8", "replace") for file in files}
