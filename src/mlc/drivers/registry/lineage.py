"""Where a version comes from, and what depends on it: data, what was asked for, models, and what stands on them.

Upwards is written in each description. Downwards is asked of the index of facts; a registry that has none is read whole
once. A dataset's version and a model belong together where the parts that both know are the same, by their digests.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers.registry import datasets
from mlc.drivers.registry.catalogue import Held, Indexed, View
from mlc.drivers.registry.facts import MEMBER, PART, Is, Wanted, facts_of, kept, member, part
from mlc.drivers.registry.places import Registry
from mlc.ir.lineage import Direction, Into, Lineage, Made
from mlc.ir.operation import StepFailed
from mlc.rules import unknown_version

Key = tuple[str, int]
_DATASET = re.compile(r"dataset\.([a-z0-9][a-z0-9_-]*)(?::([1-9][0-9]{0,8}))?")


def lineage(registry: Registry, name: str, which: int | str | None, direction: Direction) -> Lineage:
    """Of a model's version (by number, alias, or the latest), or of a dataset's, whose name begins with `dataset/`.

    Raises StepFailed (unknown-version, registry-unreadable).
    """
    with registry.catalogue.look() as view:
        if view is None or not view.latest(name):
            raise StepFailed(_unknown(name, () if view is None else view.names()))
        number = _number(view, name, which)
        walk = _Walk(registry, view)
        start = walk.made((name, number))
        if direction != "down":
            walk.up((name, number))
        if direction != "up":
            walk.down((name, number))
    nodes = [start, *(one for one in walk.nodes.values() if one.id != start.id)]
    return Lineage(of=start.id, direction=direction, nodes=nodes, edges=list(dict.fromkeys(walk.edges)))


def dataset_named(reference: str) -> tuple[str, int | None] | None:
    """The name in the catalogue and the number that `dataset.loans:2` or `dataset.loans` names; None for a model."""
    matched = _DATASET.fullmatch(reference)
    if matched is None:
        return None
    return datasets.PREFIX + matched[1], int(matched[2]) if matched[2] else None


class _Walk:
    """One walk through a registry, as of one moment."""

    def __init__(self, registry: Registry, view: View) -> None:
        self._registry, self._view = registry, view
        self._entries: dict[Key, tuple[Held, Mapping[str, Any]] | None] = {}
        self._whole: dict[tuple[str, str], list[Key]] | None = None
        self._standing: dict[Key, list[str]] = {}
        for (name, alias), number in view.standing().items():
            self._standing.setdefault((name, number), []).append(alias)
        self.nodes: dict[str, Made] = {}
        self.edges: list[Into] = []

    def up(self, start: Key) -> None:
        done, waiting = {start}, [start]
        while waiting:
            key = waiting.pop()
            target = self.made(key).id
            for source, role, above in self._above(key):
                self.edges.append(Into(source, target, role))
                if above is not None and above not in done:
                    done.add(above)
                    waiting.append(above)

    def down(self, start: Key) -> None:
        done, waiting = {start}, [start]
        while waiting:
            key = waiting.pop()
            source = self.made(key).id
            for below, role in self._below(key):
                self.edges.append(Into(source, self.made(below).id, role))
                if below not in done:
                    done.add(below)
                    waiting.append(below)
            for alias in self._standing.get(key, ()):
                self.edges.append(Into(source, self._deployed(key[0], alias).id, f"alias {alias}"))

    def made(self, key: Key) -> Made:
        """A version as a node; one that is no longer there by its name alone."""
        name, number = key
        found = self._read(key)
        plain = name.removeprefix(datasets.PREFIX)
        is_data = plain != name
        node = Made(
            id=f"dataset.{plain}:{number}" if is_data else f"{name}:{number}",
            kind="dataset" if is_data else "model",
            name=plain,
            number=number,
            digest=found[0].digest if found else "",
            created=found[0].created if found else "",
            owner=found[1].get("owner", "") if found else "",
            aliases=self._standing.get(key, []),
        )
        return self.nodes.setdefault(node.id, node)

    def _above(self, key: Key) -> Iterator[tuple[str, str, Key | None]]:
        found = self._read(key)
        if found is None or key[0].startswith(datasets.PREFIX):
            return
        entry = found[1]
        parts = entry["data"].get("parts") or {}
        versions = self._data(entry["data"]["dataset"], parts)
        for one in versions:
            yield self.made(one).id, "data", one
        if not versions:
            yield self._unregistered(entry["data"]["dataset"], parts).id, "data", None
        yield self._config(entry).id, "config", None
        for one in (entry.get("members") or {}).values():
            above = (one["model"], one["number"])
            yield self.made(above).id, one.get("role", "member"), above

    def _below(self, key: Key) -> Iterator[tuple[Key, str]]:
        found = self._read(key)
        if key[0].startswith(datasets.PREFIX):
            name, parts = key[0].removeprefix(datasets.PREFIX), found[1]["parts"] if found else {}
            for one in sorted(self._having(PART, [part(*each) for each in parts.items()])):
                below = None if one[0].startswith(datasets.PREFIX) else self._read(one)
                data = below[1]["data"] if below else {}
                if data.get("dataset") == name and agree(parts, data.get("parts") or {}):
                    yield one, "data"
            return
        for one in sorted(self._having(MEMBER, [member(*key)])):
            below = self._read(one)
            for each in (below[1].get("members") or {}).values() if below else ():
                if (each["model"], each["number"]) == key:
                    yield one, each.get("role", "member")

    def _data(self, dataset: str, parts: Mapping[str, str]) -> list[Key]:
        """The registered versions that a model's parts are those of."""
        name = datasets.PREFIX + dataset
        found = []
        for one in sorted(self._having(PART, [part(*each) for each in parts.items()])):
            known = self._read(one) if one[0] == name else None
            if known is not None and agree(known[1]["parts"], parts):
                found.append(one)
        return found

    def _having(self, path: str, texts: list[str]) -> set[Key]:
        """At least the versions that have one of some texts at a path."""
        view = self._view
        if isinstance(view, Indexed):
            return set().union(*(view.seek(_is(path, text)) for text in texts))
        if self._whole is None:
            self._whole = {}
            for key in [(name, number) for name in view.names() for number in view.numbers(name)]:
                found = self._read(key)
                for fact in facts_of(msgspec.json.encode(found[1])) if found else ():
                    self._whole.setdefault((fact.path, fact.text), []).append(key)
        return {key for text in texts for key in self._whole.get((path, kept(text)), ())}

    def _read(self, key: Key) -> tuple[Held, Mapping[str, Any]] | None:
        if key not in self._entries:
            held = self._view.held(*key)
            content = None if held is None else self._registry.files.read(held.revisions[-1].entry)
            self._entries[key] = (
                None if held is None or content is None else (held, msgspec.json.decode(content))
            )
        return self._entries[key]

    def _unregistered(self, dataset: str, parts: Mapping[str, str]) -> Made:
        digest = hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()
        node = Made(id=f"dataset.{dataset}#{digest[:12]}", kind="dataset", name=dataset, digest=digest)
        return self.nodes.setdefault(node.id, node)

    def _config(self, entry: Mapping[str, Any]) -> Made:
        features, digest = entry.get("features") or entry["name"], entry["config"]
        node = Made(id=f"config.{features}#{digest[:12]}", kind="config", name=features, digest=digest)
        return self.nodes.setdefault(node.id, node)

    def _deployed(self, name: str, alias: str) -> Made:
        line = self._view.last_line(name, alias)
        deployment = "" if line is None else line.deployment
        environment = "" if line is None else line.environment
        node = Made(
            id=f"{name}@{alias}",
            kind="deployment",
            name=deployment,
            environment=environment,
            alias=alias,
            created="" if line is None else line.at,
        )
        return self.nodes.setdefault(node.id, node)


def agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two know a part in common, and every such part is the same."""
    common = one.keys() & other.keys()
    return bool(common) and all(one[name] == other[name] for name in common)


def _is(path: str, text: str) -> Wanted:
    return Is(path, "=", text)


def _number(view: View, name: str, which: int | str | None) -> int:
    if which is None:
        return view.latest(name)
    if isinstance(which, str):
        pointed = view.aliases(name)
        if which not in pointed:
            raise StepFailed(unknown_version.no_alias(name, which, pointed))
        return pointed[which]
    if view.held(name, which) is None:
        plain = name.removeprefix(datasets.PREFIX)
        say = unknown_version.no_number if plain == name else unknown_version.no_version
        raise StepFailed(say(plain, which, view.numbers(name)))
    return which


def _unknown(name: str, known: tuple[str, ...]) -> Any:
    plain = name.removeprefix(datasets.PREFIX)
    if plain == name:
        return unknown_version.no_model(name, [one for one in known if "/" not in one])
    of_data = [one.removeprefix(datasets.PREFIX) for one in known if one.startswith(datasets.PREFIX)]
    return unknown_version.no_dataset(plain, of_data)
