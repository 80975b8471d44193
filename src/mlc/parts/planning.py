"""The plan of a project in parts: divide → compile each → what is read elsewhere → join."""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence, Sized
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
from mlc.pipeline import LANGUAGE, without_search_for_cycles
from mlc.report.plan_shown import Shown
from mlc.request import Request
from mlc.store import pieces
from mlc.store.answers import Paths, Watch
from mlc.workspace import TOOL

SIZE = 60  # resources of a part
_COLLECTED = 32  # parts; what refers to itself (few things do) stays until then
_MOST_AGAIN = 5  # times that parts may turn out to be read in another way than they were compiled for


class Planned(Struct, frozen=True):
    """What to show of the plan of each environment, the warnings, and the files that they point into.

    `parts` are what it was made from, of which so many were `taken` from the cache.
    """

    shown: tuple[Shown, ...]
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    parts: tuple[Part, ...]
    taken: int


@without_search_for_cycles()
def plan(
    request: Request,
    size: int = SIZE,
    watch: Watch | None = None,
    processes: int = 0,
    modules: Iterable[str] = (),
) -> Planned:
    """What is shown of the plans of a project. Raises Unsure where that has to be found out from the whole.

    With a `watch`, what the parts give is kept in the project's cache, and taken from there where nothing has changed
    that it was made from; `modules` are the files of the program itself. `processes` is how many to use: as many as
    there are processors where 0.
    """
    project = Project(request, backends())
    cache = _Cache(project, watch)
    known, division = cache.recall(size)
    parts = compiled(project, division, known, watch, processes)
    shown, diagnostics = joining.joined(project, parts)
    cache.keep(parts, modules)
    return Planned(shown, diagnostics, _texts(project, diagnostics), tuple(parts), len(known))


def compiled(
    project: Project,
    division: Sequence[tuple[Address, ...]],
    known: Mapping[int, Part],
    watch: Watch | None,
    processes: int,
) -> list[Part]:
    """Every part, each told what the others read of it. `known` are those that need not be compiled, by number."""
    wanted = [number for number in range(len(division)) if number not in known]

    def work(share: Sequence[int]) -> bytes:
        made = {}
        for done, nth in enumerate(share):
            made[wanted[nth]] = _compiled(project, division[wanted[nth]], {}, watch)
            if done % _COLLECTED == _COLLECTED - 1:
                gc.collect()
        if watch is None:
            return msgspec.msgpack.encode(_Share(made))
        return msgspec.msgpack.encode(_Share(made, tuple(watch.read), tuple(watch.listed), watch.is_certain))

    if not processes:
        processes = forking.processors() if forking.is_safe() and len(wanted) > 1 else 1
    found = {**known}
    for answer in forking.shared_out(len(wanted), work, processes) if wanted else ():
        share = msgspec.msgpack.decode(answer, type=_Share)
        found |= share.made
        if watch is not None:
            watch.add(share.read, share.listed)
            watch.is_certain &= share.is_certain
    parts = [found[number] for number in range(len(division))]
    for _ in range(_MOST_AGAIN):
        again = joining.misread(parts, project.environments)
        if not again:
            return parts
        for number, elsewhere in again.items():
            parts[number] = _compiled(project, division[number], elsewhere, watch)
    raise Unsure("what is read elsewhere does not settle")


class _Cache:
    """What the parts gave last time."""

    def __init__(self, project: Project, watch: Watch | None) -> None:
        self._project = project
        self._watch = watch
        self._recalled: pieces.Recalled | None = None
        self._content: dict[tuple[str, ...], tuple[Part, bytes]] = {}
        settings = {name: value for name, value in os.environ.items() if name.startswith("MLC_")}
        request = project.request
        asked = [request.environments, request.inputs, TOOL, sys.version, sys.executable, settings]
        self._key = hashlib.sha256(msgspec.json.encode(asked, order="sorted")).hexdigest()
        listings = msgspec.json.encode([*project.listings()])
        self._note = hashlib.sha256(listings).hexdigest()

    def recall(self, size: int) -> tuple[dict[int, Part], list[tuple[Address, ...]]]:
        """The parts that still hold, by number, and a division of the project in which they have these numbers."""
        project = self._project
        if self._watch is not None:
            self._recalled = pieces.recall(project.root, self._key, self._note, self._watch.looked)
        recalled = self._recalled
        known: dict[int, Part] = {}
        division: list[tuple[Address, ...]] = []
        left = dict.fromkeys(project.names)
        if recalled is not None and len(recalled.fitting) + len(recalled.stale) < _too_many(left, size):
            for piece in recalled.fitting:
                part = structs.replace(msgspec.msgpack.decode(piece.content, type=Part), files=piece.files)
                owned = tuple(map(Address.parse, part.addresses))
                if left.keys() >= {*owned}:
                    known[len(division)] = part
                    division.append(owned)
                    self._content[part.addresses] = part, piece.content
            for piece in recalled.stale:
                addresses = msgspec.msgpack.decode(piece.content, type=Part).addresses
                division.append(tuple(one for one in map(Address.parse, addresses) if one in left))
            for owned in division:
                for address in owned:
                    left.pop(address, None)
        with aside(self._watch):  # how a project is divided changes nothing
            division += divide([*left], lambda address: _text(project, address), size)
        return known, [owned for owned in division if owned]

    def keep(self, parts: Sequence[Part], modules: Iterable[str]) -> None:
        """Keep what the parts gave, and take note of what they read."""
        if self._watch is None:
            return
        root = self._project.root
        kept = [pieces.Piece(part.files, self._encoded(part)) for part in parts]
        folders = [str(root), *(f"{root}/{kind}" for kind in LANGUAGE.kinds)]
        pieces.keep(root, self._key, self._note, self._watch, kept, self._recalled, modules, folders)
        self._watch.add((f"{root}/{file}" for part in parts for file in part.files), ())

    def _encoded(self, part: Part) -> bytes:
        known = self._content.get(part.addresses)
        if known is not None and known[0] is part:
            return known[1]
        return msgspec.msgpack.encode(structs.replace(part, files=()))


def _too_many(names: Sized, size: int) -> int:
    """So many parts are divided anew: resources that came one by one are in parts of their own."""
    return 8 + 2 * len(names) // size


class _Share(Struct, frozen=True, array_like=True):
    """The parts that one process made, and the paths that it read beside theirs."""

    made: dict[int, Part]
    read: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    is_certain: bool = True


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
