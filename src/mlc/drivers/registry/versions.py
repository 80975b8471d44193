"""Registering versions and asking for them.

Files go first and are durable before the catalogue names them; the catalogue is the commit point. A crash
between the two leaves files that nothing names, which `collect` removes, and never a version without its
files. A version is known by the digest of its ONNX file: registering that again, from however many
processes, gives the same number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from mlc.drivers.registry.catalogue import (
    ENTRY,
    Changes,
    Held,
    Indexed,
    Noting,
    Revision,
    View,
    readable,
)
from mlc.drivers.registry.facts import facts_of
from mlc.drivers.registry.places import Registry
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, Summary, Version
from mlc.rules import content_damaged, content_missing, unknown_version

MODEL = "onnx"
"""The role of the file that says which model it is."""


class Registered(Struct, frozen=True):
    """What `register` did. `already`: the version was there; `revised`: its entry is a new one."""

    entry: Entry
    already: bool
    revised: bool


def register(
    registry: Registry,
    name: str,
    files: Mapping[str, Path | bytes],
    describe: Callable[[int, dict[str, str]], Entry],
    now: str,
) -> Registered:
    """Make a version of the model `name` from its files by role; `files["onnx"]` identifies it.

    `describe(number, digests)` gives its entry once the number is known. `now` is UTC, ISO 8601. Where the
    version exists, its number stays, and a changed entry (other metrics, another owner) becomes its latest
    revision. Raises StepFailed (registry-unreadable), OSError where the disk fails.
    """
    entry, already, revised = described(registry, name, MODEL, files, describe, now)
    return Registered(entry, already, revised)


def described(
    registry: Registry,
    name: str,
    known_by: str,
    files: Mapping[str, Path | bytes],
    describe: Callable[[int, dict[str, str]], Any],
    now: str,
) -> tuple[Any, bool, bool]:
    """Register what is known by a digest: that of the file in the role `known_by`, or a digest itself.

    Gives its entry, whether it was there already, and whether it is described in other words now.
    """
    with registry.files.registering():
        expected: tuple[int, Any, bytes, str] | None = None

        def early(found: dict[str, str]) -> bytes:
            """The description with the number it will have, unless somebody comes first: kept with the files."""
            nonlocal expected
            with registry.catalogue.look() as view:
                number = 1 if view is None else _number(view, name, found.get(known_by, known_by))[1]
            entry = describe(number, found)
            content = readable(entry)
            expected = number, entry, content, hashlib.sha256(content).hexdigest()
            return content

        digests = registry.files.put_all(files, early)
        digest = digests.get(known_by, known_by)

        def add(changes: Changes) -> tuple[Any, bool, bool, bool]:
            known, number = _number(changes, name, digest)
            if expected is not None and expected[0] == number:
                _, entry, content, kept = expected
            else:
                entry = describe(number, digests)
                content = readable(entry)
                kept = registry.files.put_during(changes, content)
            revision = Revision(digests | {ENTRY: kept}, now)
            held = changes.held(name, number) if known else None
            revised = held is None or held.revisions[-1].entry != revision.entry
            if held is None:
                changes.add_version(name, number, Held(digest, now, (revision,)))
            elif revised:
                changes.add_revision(name, number, revision)
            if isinstance(changes, Noting):
                if revised:
                    changes.note(name, number, kept, facts_of(content))
                return entry, held is not None, revised, bool(changes.unnoted())
            return entry, held is not None, revised, False

        entry, already, revised, is_behind = registry.catalogue.change(add)
        if is_behind:
            catch_up(registry)
        return entry, already, revised


def _number(view: View, name: str, digest: str) -> tuple[int | None, int]:
    """The version that is known by a digest, and the number that it has or would be given."""
    known = view.number_of(name, digest)
    return known, known or view.latest(name) + 1


def catch_up(registry: Registry, most: int = 200) -> None:
    """Put the facts of some versions into the index that are not there yet: those that an earlier mlc registered."""
    with registry.catalogue.look() as view:
        unnoted = view.unnoted() if isinstance(view, Indexed) else ()
        waiting = {}
        for name, number in unnoted[:most]:
            held = None if view is None else view.held(name, number)
            entry = "" if held is None else held.revisions[-1].entry
            if entry and registry.files.found(entry) == entry:
                waiting[name, number] = entry

    def note(changes: Changes) -> None:
        assert isinstance(changes, Noting)
        for (name, number), entry in waiting.items():
            held = changes.held(name, number)
            if held is not None and held.revisions[-1].entry == entry:
                changes.note(name, number, entry, facts[entry])

    facts = {entry: facts_of(registry.files.read(entry)) for entry in waiting.values()}
    if waiting:
        registry.catalogue.change(note)


def models(registry: Registry) -> tuple[Summary, ...]:
    """Every model, by name."""
    with registry.catalogue.look() as view:
        return () if view is None else tuple(_summary(registry, view, name) for name in _names(view))


def versions(registry: Registry, name: str) -> tuple[Version, ...]:
    """Every version of a model, oldest first. Raises StepFailed (unknown-version) where there is none."""
    with registry.catalogue.look() as view:
        numbers = () if view is None else view.numbers(name)
        if view is None or not numbers:
            raise StepFailed(unknown_version.no_model(name, () if view is None else _names(view)))
        return tuple(_version(registry, view, name, number, _held(view, name, number)) for number in numbers)


def version(registry: Registry, name: str, which: int | str | None = None) -> Version:
    """One version: by its number, by an alias, or the latest. Raises StepFailed (unknown-version)."""
    with registry.catalogue.look() as view:
        if view is None:
            raise StepFailed(unknown_version.no_model(name, ()))
        number = _pointed_at(view, name, which)
        held = view.held(name, number) if number else None
        if held is None and not view.latest(name):
            raise StepFailed(unknown_version.no_model(name, _names(view)))
        if not number and isinstance(which, str):
            raise StepFailed(unknown_version.no_alias(name, which, view.aliases(name)))
        if held is None:
            raise StepFailed(unknown_version.no_number(name, number, view.numbers(name)))
        return _version(registry, view, name, number, held)


def _pointed_at(view: View, name: str, which: int | str | None) -> int:
    """The number of a version by its number, an alias or as the latest; 0 where there is none."""
    if isinstance(which, int):
        return which
    return view.latest(name) if which is None else view.aliases(name).get(which, 0)


def aliases(registry: Registry, name: str) -> dict[str, int]:
    """The aliases of a model and the versions they point to; empty where there is no such model."""
    with registry.catalogue.look() as view:
        return {} if view is None else view.aliases(name)


def verify_files(registry: Registry, digests: Iterable[str] | None = None) -> tuple[Diagnostic, ...]:
    """Hash files again, every version's or some: which are damaged or missing (content-damaged, content-missing)."""
    found = []
    for digest in _referenced(registry) if digests is None else sorted(digests):
        now = registry.files.found(digest)
        if now is None:
            found.append(content_missing.found(digest, registry.files.place(digest)))
        elif now != digest:
            found.append(content_damaged.found(digest, now, registry.files.place(digest)))
    return tuple(found)


def collect(registry: Registry, *, pretend: bool = False, older_than: float | None = None) -> tuple[str, ...]:
    """Remove the files that no version names, and what killed writers left. Gives the digests removed.

    Waits for registrations that are under way, whose files are there before they are named; where nobody can know of
    them, what was put there lately stays, or within the seconds of `older_than`.
    """
    with registry.files.collecting() as usual_age:
        least_age = usual_age if older_than is None else older_than
        wanted = set(_referenced(registry))
        orphans = tuple(
            digest
            for digest in registry.files.digests()
            if digest not in wanted and registry.files.age(digest) >= least_age
        )
        if not pretend:
            for digest in orphans:
                registry.files.remove(digest)
            registry.files.sweep()
    return orphans


def _summary(registry: Registry, view: View, name: str) -> Summary:
    numbers = view.numbers(name)
    latest = _version(registry, view, name, numbers[-1], _held(view, name, numbers[-1]))
    return Summary(name=name, versions=len(numbers), latest=latest, aliases=view.aliases(name))


def _held(view: View, name: str, number: int) -> Held:
    """Of a version that is among the view's numbers."""
    held = view.held(name, number)
    assert held is not None, (name, number)
    return held


def _version(registry: Registry, view: View, name: str, number: int, held: Held) -> Version:
    return Version(
        entry=msgspec.json.decode(registry.files.read(held.revisions[-1].entry), type=Entry),
        created=held.created,
        aliases=tuple(alias for alias, at in view.aliases(name).items() if at == number),
        revisions=tuple(revision.entry for revision in held.revisions),
    )


def _names(view: View) -> tuple[str, ...]:
    # what has a / in its name is a dataset (`registry.datasets`)
    return tuple(name for name in view.names() if "/" not in name)


def _referenced(registry: Registry) -> tuple[str, ...]:
    with registry.catalogue.look() as view:
        return () if view is None else view.referenced()
