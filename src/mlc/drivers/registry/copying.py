"""All of a registry into another one, of whichever shape: versions with their numbers and times, every description, the
promotion log line by line with its chain, and the bytes.

Each version is one change of the destination, after its bytes; a line of the log comes after the versions. So whatever
kills it leaves a registry that is whole and a part of the other, and copying again goes on from there; as it does where
the source has grown. What the destination has under the same names must be the same: the whole of that is looked at
before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from msgspec import Struct

from mlc.drivers.registry.catalogue import Changes, Held, Noting, View
from mlc.drivers.registry.facts import facts_of
from mlc.drivers.registry.files import Files
from mlc.drivers.registry.places import Registry
from mlc.drivers.registry.promotions import verify_log
from mlc.ir.copying import Proof
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import copy_differs
from mlc.store.content import Content

Key = tuple[str, int]


class Missing(Struct, frozen=True):
    """What a destination lacks: versions with how many of their descriptions it has, lines of the log, and files."""

    versions: dict[Key, int] = {}
    lines: tuple[Promotion, ...] = ()
    files: tuple[str, ...] = ()


class _Contents(Struct, frozen=True):
    """All that a catalogue says at one moment."""

    held: dict[Key, Held] = {}
    log: tuple[Promotion, ...] = ()
    standing: dict[tuple[str, str], int] = {}
    latest: dict[str, int] = {}


def missing(source: Registry, destination: Registry) -> Missing:
    """What is to be copied. Raises StepFailed (copy-differs) where the destination holds something else."""
    ours, theirs = _contents(source), _contents(destination)
    different = [*_differences(ours, theirs)]
    if different:
        raise StepFailed(*different)
    versions = {
        key: len(theirs.held[key].revisions) if key in theirs.held else 0
        for key, held in ours.held.items()
        if key not in theirs.held or theirs.held[key].revisions != held.revisions
    }
    wanted = sorted({digest for held in ours.held.values() for digest in _files(held)})
    files = tuple(digest for digest in wanted if not destination.files.has(digest))
    return Missing(versions, ours.log[len(theirs.log) :], files)


def copy(source: Registry, destination: Registry, found: Missing) -> Iterator[str]:
    """Copy what is missing; gives a word about each version and each line once it is done.

    Raises StepFailed (copy-differs where somebody else writes other things there meanwhile, content-missing,
    content-damaged), OSError where the disk fails.
    """
    with destination.files.registering():
        for digest in found.files:  # of versions that are there, too: their bytes may be gone
            _put(source, destination, digest)
        for name, number in found.versions:
            with source.catalogue.look() as view:
                held = None if view is None else view.held(name, number)
            if held is None:
                continue  # it has been collected since
            for digest in _files(held):
                if not destination.files.has(digest):
                    _put(source, destination, digest)
            while destination.catalogue.change(partial(_add, source, name, number, held)):
                pass  # one description after the other
            yield f"{name}:{number}"
        for line in found.lines:
            destination.catalogue.change(partial(_point, line))
            yield f"line {line.sequence} of the promotion log"


def proven(source: Registry, destination: Registry, tell: Callable[[str], None] = lambda _: None) -> Proof:
    """Read both and compare them, every byte by its digest. Raises StepFailed (copy-differs) with all that differs."""
    ours, theirs = _contents(source), _contents(destination)
    found = [*_differences(ours, theirs), *_lacks(ours, theirs), *verify_log(destination)]
    files = sorted({digest for held in ours.held.values() for digest in _files(held)})
    size_of_all = 0
    for nth, digest in enumerate(files, start=1):
        for place, files_there in (("source", source.files), ("destination", destination.files)):
            now, size = _hashed(files_there, digest)
            if now != digest:
                found.append(copy_differs.bytes_differ(place, files_there.place(digest), now))
        size_of_all += size
        tell(f"{nth} of {len(files)} files hashed in both places")
    if found:
        raise StepFailed(*found)
    models = {name for name, _ in ours.held if "/" not in name}
    names = {name for name, _ in ours.held}
    return Proof(
        models=len(models),
        datasets=len(names) - len(models),
        versions=len(ours.held),
        revisions=sum(len(held.revisions) for held in ours.held.values()),
        lines=len(ours.log),
        aliases=len(ours.standing),
        files=len(files),
        bytes=size_of_all,
        further=[f"{name}:{number}" for name, number in sorted(theirs.held.keys() - ours.held.keys())],
    )


def _contents(registry: Registry) -> _Contents:
    with registry.catalogue.look() as view:
        if view is None:
            return _Contents()
        # the log first: whatever it names is registered by then, also where others register meanwhile
        log, standing = view.log(), view.standing()
        return _Contents(dict(_held(view)), log, standing, {name: view.latest(name) for name in view.names()})


def _held(view: View) -> Iterator[tuple[Key, Held]]:
    for name in view.names():
        for number in view.numbers(name):
            held = view.held(name, number)
            if held is not None:
                yield (name, number), held


def _differences(ours: _Contents, theirs: _Contents) -> Iterator[Diagnostic]:
    """What the destination has under the names of the source, and the source has not or has otherwise."""
    numbers = {(name, held.digest): number for (name, number), held in ours.held.items()}
    for (name, number), held in theirs.held.items():
        here = ours.held.get((name, number))
        if here is not None:
            if (held.digest, held.created) != (here.digest, here.created):
                yield copy_differs.version(name, number, here.digest, held.digest)
            elif here.revisions[: len(held.revisions)] != held.revisions:
                yield copy_differs.description(name, number)
        elif (name, held.digest) in numbers:
            yield copy_differs.elsewhere(name, numbers[name, held.digest], number)
        elif number > ours.latest.get(name, number):
            yield copy_differs.further(name, number, ours.latest[name])
    for line, there in zip(ours.log, theirs.log, strict=False):
        if line != there:
            yield copy_differs.line(line.sequence, f"{there.name}@{there.alias}", there.at)
            return
    if len(theirs.log) > len(ours.log):
        there = theirs.log[len(ours.log)]
        yield copy_differs.line(there.sequence, f"{there.name}@{there.alias}", there.at)


def _lacks(ours: _Contents, theirs: _Contents) -> Iterator[Diagnostic]:
    for key, held in ours.held.items():
        if key not in theirs.held:
            yield copy_differs.absent(f"{key[0]}:{key[1]}")
        elif len(theirs.held[key].revisions) < len(held.revisions):
            yield copy_differs.absent(f"a description of {key[0]}:{key[1]}")
    if len(theirs.log) < len(ours.log):
        yield copy_differs.absent(f"line {len(theirs.log) + 1} of the promotion log")
    elif theirs.log == ours.log and theirs.standing != ours.standing:
        yield copy_differs.aliases()


def _add(source: Registry, name: str, number: int, held: Held, changes: Changes) -> bool:
    """Add a version, or the next description of one that is there. Says whether there is another one to add."""
    there = changes.held(name, number)
    if there is None:
        known = changes.number_of(name, held.digest)
        if known is not None:
            raise StepFailed(copy_differs.elsewhere(name, number, known))
        changes.add_version(name, number, held)
        now = held.revisions[-1]
    else:
        same = (there.digest, there.created) == (held.digest, held.created)
        if not same or held.revisions[: len(there.revisions)] != there.revisions:
            raise StepFailed(copy_differs.description(name, number))
        if there.revisions == held.revisions:
            return False
        now = held.revisions[len(there.revisions)]
        changes.add_revision(name, number, now)
    if isinstance(changes, Noting):
        changes.note(name, number, now.entry, facts_of(source.files.read(now.entry)))
    return there is not None and len(there.revisions) + 1 < len(held.revisions)


def _point(line: Promotion, changes: Changes) -> None:
    last = changes.last_line()
    if last is not None and last.sequence >= line.sequence:
        if last.sequence > line.sequence or last != line:
            raise StepFailed(copy_differs.line(last.sequence, f"{last.name}@{last.alias}", last.at))
        return  # it was made up for
    if (0 if last is None else last.sequence) != line.sequence - 1:
        raise StepFailed(copy_differs.absent(f"line {line.sequence - 1} of the promotion log"))
    changes.point(line)


def _files(held: Held) -> list[str]:
    return sorted({digest for revision in held.revisions for digest in revision.files.values()})


def _put(source: Registry, destination: Registry, digest: str) -> None:
    """The bytes, hashed on the way. What lies in a folder is not read into memory as a whole."""
    files = source.files
    destination.files.put(files.path(digest) if isinstance(files, Content) else files.read(digest))


def _hashed(files: Files, digest: str) -> tuple[str | None, int]:
    """What the bytes under a digest hash to (None where there are none), and how many there are."""
    if isinstance(files, Content):
        now = files.found(digest)
        return now, files.location(digest).stat().st_size if now else 0
    try:
        return digest, len(files.read(digest))
    except StepFailed:
        return files.found(digest), 0
