"""Which versions need not be kept, and taking them out.

A version goes from the catalogue first, which is the commit point, and its bytes after that, where no other version
names them: killed at any point, no version names bytes that are not there. Whether it may go is asked again while the
catalogue is being changed. The promotion log is never cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

import msgspec

from mlc.drivers.registry import datasets
from mlc.drivers.registry.catalogue import Changes, Indexed, Removing, View
from mlc.drivers.registry.facts import LONGEST, MEMBER, PART, Is, facts_of, member
from mlc.drivers.registry.places import Registry
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.ir.retention import Judged, Keep
from mlc.rules import version_kept

Key = tuple[str, int]


def judged(registry: Registry, keep: Keep, now: datetime) -> tuple[list[Judged], list[Judged]]:
    """The versions that may go and those that stay, each with the reason, by name and number.

    Raises StepFailed (registry-unreadable; version-kept where versions cannot be taken out of this shape).
    """
    with registry.catalogue.look() as view:
        if view is None:
            return [], []
        told = _Told(registry, view)
        staying = _staying(view, told, keep, now)
        going, kept = [], []
        for key, created in told.created.items():
            why = staying.get(key)
            if why is None:
                going.append(Judged(*key, created, _because(keep)))
            else:
                kept.append(Judged(*key, created, why))
        return going, kept


def remove(registry: Registry, going: list[Judged], log_length: int) -> Iterator[Judged]:
    """Take versions out, those first that were made of others; gives each that is gone.

    `log_length` is how long the promotion log was when it was asked what may go. Raises StepFailed (version-kept) where
    somebody promoted or registered since what makes one of them needed.
    """
    names = {(one.name, one.number): one for one in going}
    with registry.catalogue.look() as view:
        told = None if view is None else _Told(registry, view)
        members = {key: set() if told is None else told.members(key) & names.keys() for key in names}
    # a version goes before what it was made of, so that at no time one is made of what is gone; data go last
    order = [*TopologicalSorter(members).static_order()][::-1]
    for key in sorted(order, key=lambda one: one[0].startswith(datasets.PREFIX)):
        registry.catalogue.change(partial(_remove, key=key, log_length=log_length))
        yield names[key]


def _remove(changes: Changes, key: Key, log_length: int) -> None:
    name, number = key
    if not isinstance(changes, Removing):
        raise StepFailed(version_kept.impossible())
    if changes.held(name, number) is None:
        return  # somebody else did so
    last = changes.last_line()
    if (0 if last is None else last.sequence) != log_length or number in changes.aliases(name).values():
        raise StepFailed(version_kept.promoted(name, number))
    if changes.latest(name) == number:
        raise StepFailed(version_kept.last(name, number))
    needing = changes.seek(Is(MEMBER, "=", member(name, number))) if isinstance(changes, Indexed) else ()
    unnoted = changes.unnoted() if isinstance(changes, Indexed) else ()
    if set(needing) - set(unnoted):
        raise StepFailed(version_kept.needed(name, number))
    changes.remove_version(name, number)


class _Told:
    """What is known of all versions: when they were registered, what of, and from which parts of data."""

    def __init__(self, registry: Registry, view: View) -> None:
        self.created: dict[Key, str] = {}
        self._members: dict[Key, set[Key]] = {}
        self.parts: dict[Key, set[str]] = {}
        for name in view.names():
            for number in view.numbers(name):
                held = view.held(name, number)
                if held is not None:
                    self.created[name, number] = held.created
        unread = set(self.created)
        if isinstance(view, Indexed):
            unread &= {*view.unnoted()}
            for path in (MEMBER, PART):
                for name, number, text in view.told(path):
                    if len(text) >= LONGEST:
                        unread.add((name, number))  # it was cut off
                    self._take((name, number), path, text)
        for key in unread & self.created.keys():
            held = view.held(*key)
            content = b"{}" if held is None else registry.files.read(held.revisions[-1].entry)
            for fact in facts_of(content):
                self._take(key, fact.path, fact.text)
            for one in (msgspec.json.decode(content).get("members") or {}).values():
                self._members.setdefault(key, set()).add((one["model"], one["number"]))

    def members(self, key: Key) -> set[Key]:
        return self._members.get(key, set())

    def _take(self, key: Key, path: str, text: str) -> None:
        if path == PART:
            self.parts.setdefault(key, set()).add(text)
        elif path == MEMBER:
            model, _, number = text.rpartition(":")
            if number.isdigit():
                self._members.setdefault(key, set()).add((model, int(number)))


def _staying(view: View, told: _Told, keep: Keep, now: datetime) -> dict[Key, str]:
    """Why each version stays that does."""
    found: dict[Key, str] = {}
    promoted = _promoted(view.log(), keep, now)
    pointed: dict[Key, list[str]] = {}
    for (name, alias), number in view.standing().items():
        pointed.setdefault((name, number), []).append(alias)
    newest = _newest(told.created, keep.last)
    for key, created in told.created.items():
        if key in pointed:
            found[key] = f"{' and '.join(f'{key[0]}@{alias}' for alias in pointed[key])} points to it"
        elif key in promoted:
            found[key] = promoted[key]
        elif key in newest:
            found[key] = "it is the last one" if newest[key] == 1 else f"it is among the last {keep.last}"
        elif keep.days is not None and now - _moment(created) < timedelta(days=keep.days):
            found[key] = f"it was registered in the last {keep.days} days"
    waiting = sorted(found)
    while waiting:
        key = waiting.pop()
        for one in sorted(told.members(key)):
            if one not in found and one in told.created:
                found[one] = f"{key[0]}:{key[1]} was made of it"
                waiting.append(one)
    for one, why in _data(told, found).items():
        found.setdefault(one, why)
    return found


def _data(told: _Told, staying: Mapping[Key, str]) -> dict[Key, str]:
    """The versions of datasets that a model which stays has a part of."""
    users: dict[str, Key] = {}
    for key in staying:
        if not key[0].startswith(datasets.PREFIX):
            for text in told.parts.get(key, ()):
                users.setdefault(text, key)
    found = {}
    for key, parts in told.parts.items():
        using = sorted(users[text] for text in parts if text in users)
        if key[0].startswith(datasets.PREFIX) and key in told.created and using:
            found[key] = f"{using[0][0]}:{using[0][1]} was made from it"
    return found


def _newest(created: Mapping[Key, str], last: int) -> dict[Key, int]:
    """The last versions of each name, with how many are not older."""
    numbers: dict[str, list[int]] = {}
    for name, number in created:
        numbers.setdefault(name, []).append(number)
    return {
        (name, number): nth
        for name, each in numbers.items()
        for nth, number in enumerate(sorted(each, reverse=True)[:last], start=1)
    }


def _promoted(log: tuple[Promotion, ...], keep: Keep, now: datetime) -> dict[Key, str]:
    """The versions that an alias pointed to, within the days that count."""
    found: dict[Key, str] = {}
    standing: dict[tuple[str, str], int] = {}
    for line in log:
        before = standing.get((line.name, line.alias))
        if before is not None:
            since = None if keep.promoted_days is None else now - timedelta(days=keep.promoted_days)
            if since is None or _moment(line.at) >= since:
                found[line.name, before] = f"{line.name}@{line.alias} pointed to it until {line.at[:10]}"
        if line.number is None:
            standing.pop((line.name, line.alias), None)
        else:
            standing[line.name, line.alias] = line.number
    return found


def _because(keep: Keep) -> str:
    reasons = [f"it is not among the last {keep.last}"]
    if keep.days is not None:
        reasons.append(f"it is older than {keep.days} days")
    window = "" if keep.promoted_days is None else f" in the last {keep.promoted_days} days"
    reasons.append(f"no alias pointed to it{window or ' at any time'}, and nothing that stays was made of it")
    return "; ".join(reasons)


def _moment(text: str) -> datetime:
    """A time in ISO 8601; one that cannot be read is as good as now, so that nothing goes by it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def keep_of(spec: Mapping[str, Any] | None) -> Keep | None:
    """What a registry's field `keep` says; None where nothing may go."""
    return None if not spec else msgspec.convert(dict(spec), Keep)
