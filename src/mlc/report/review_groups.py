"""What is alike in a review, told once: the same change of a thousand models in three environments is one group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from mlc.ir.plan import CLASSES, dearest
from mlc.ir.review import (
    ACTIONS,
    Action,
    ArtifactReview,
    Cause,
    FieldChange,
    GuardReview,
    ResourceReview,
    Review,
    Verdict,
)

_AGAIN = {
    "replace": ("is replaced", "are replaced"),
    "reingest": ("reads its data again", "read their data again"),
    "retrain": ("trains again", "train again"),
    "reevaluate": ("is evaluated again", "are evaluated again"),
    "redeploy": ("is deployed again", "are deployed again"),
}
_CHEAP = {
    "render": "files are written again",
    "metadata": "only described otherwise",
    "none": "nothing runs",
}
_HOLDING = ("gate", "policy")  # of these nothing is run; the models that they hold are counted


class Line(Struct, frozen=True):
    """A field that changes alike: where, and which edited lines make it so, each once."""

    environments: tuple[str, ...]
    path: str
    action: str
    before: Any
    after: Any
    causes: tuple[Cause, ...]


class ResourceGroup(Struct, frozen=True):
    """Resources of one kind that the change affects alike."""

    action: Action
    kind: str
    addresses: tuple[str, ...]
    environments: tuple[str, ...]
    change_class: str
    was: str
    lines: tuple[Line, ...]
    because: tuple[str, ...]
    runs: tuple[str, ...]
    causes: tuple[Cause, ...]
    owners: tuple[str, ...]
    code_owners: tuple[str, ...]


class GuardGroup(Struct, frozen=True):
    """Resources whose bounds, rules or promises are loosened or tightened alike; no lines where they are gone."""

    verdict: Verdict
    kind: str
    addresses: tuple[str, ...]
    environments: tuple[str, ...]
    lines: tuple[Line, ...]
    causes: tuple[Cause, ...]
    owners: tuple[str, ...]
    code_owners: tuple[str, ...]
    concerns: tuple[str, ...]


class ArtifactGroup(Struct, frozen=True):
    """Files that differ alike. `path` has `*` where the names and the environments of several stood."""

    action: str
    backend: str
    path: str
    paths: tuple[str, ...]
    environments: tuple[str, ...]
    added: int
    removed: int
    diff: str


def resources(review: Review) -> tuple[ResourceGroup, ...]:
    """What is lost first, then the dearest changes, then what is new and what only follows."""
    by_resource: dict[tuple[str, Action], list[ResourceReview]] = {}
    for one in review.resources:
        by_resource.setdefault((one.address, one.action), []).append(one)
    alike: dict[bytes, list[ResourceGroup]] = {}
    for found in by_resource.values():
        group = _resource(found)
        alike.setdefault(_signature(group), []).append(group)
    merged = (_merged(groups) for groups in alike.values())
    return tuple(
        sorted(
            merged,
            key=lambda one: (
                ACTIONS.index(one.action),
                -CLASSES.index(one.change_class),
                -len(one.addresses),
                one.addresses,
            ),
        )
    )


def guards(review: Review) -> tuple[GuardGroup, ...]:
    """What is loosened first, each resource once."""
    alike: dict[bytes, list[GuardReview]] = {}
    for one in review.guards:
        key = (one.verdict, one.action, _kind(one.address), one.path, one.before, one.after)
        alike.setdefault(_encoded(key), []).append(one)
    together: dict[tuple[Any, ...], list[list[GuardReview]]] = {}
    for found in alike.values():
        who = (found[0].verdict, _each(one.address for one in found), _each(one.environment for one in found))
        together.setdefault((*who, found[0].path == ""), []).append(found)
    order = ("loosened", "changed", "tightened")
    return tuple(
        sorted(
            (_guard(who[0], who[1], who[2], changes) for who, changes in together.items()),
            key=lambda one: (order.index(one.verdict), one.addresses),
        )
    )


def artifacts(review: Review) -> tuple[ArtifactGroup, ...]:
    alike: dict[bytes, list[ArtifactReview]] = {}
    for one in review.artifacts:
        key = (one.action, one.backend, _pattern(one), one.added, one.removed)
        alike.setdefault(_encoded(key), []).append(one)
    groups = (
        ArtifactGroup(
            action=found[0].action,
            backend=found[0].backend,
            path=found[0].path if len(found) == 1 else _pattern(found[0]),
            paths=tuple(one.path for one in found),
            environments=_each(one.environment for one in found),
            added=found[0].added,
            removed=found[0].removed,
            diff=found[0].diff,
        )
        for found in alike.values()
    )
    return tuple(sorted(groups, key=lambda one: (-len(one.paths), one.path)))


def headline(review: Review) -> tuple[str, ...]:
    """The counts that a reviewer reads first: what runs again, each resource once however many environments."""
    counted: dict[tuple[str, str], set[str]] = {}
    for one in review.resources:
        kind = _kind(one.address)
        if one.action not in ("added", "removed") and one.change_class in _AGAIN and kind not in _HOLDING:
            counted.setdefault((one.change_class, kind), set()).add(one.address)
    order = sorted(counted.items(), key=lambda entry: (-CLASSES.index(entry[0][0]), entry[0][1]))
    return tuple(
        f"{number(len(addresses), kind)} {_AGAIN[cost][len(addresses) != 1]}"
        for (cost, kind), addresses in order
    )


def actions(review: Review) -> tuple[tuple[Action, int], ...]:
    """How many resources each thing happens to, in any environment."""
    found: dict[Action, set[str]] = {}
    for one in review.resources:
        found.setdefault(one.action, set()).add(one.address)
    return tuple((action, len(found[action])) for action in ACTIONS if action in found)


def in_words(group: ResourceGroup) -> str:
    """What the change of a group costs."""
    if group.change_class in _CHEAP:
        return _CHEAP[group.change_class]
    if group.kind in _HOLDING:
        return f"what it holds {_AGAIN[group.change_class][0]}"
    return _AGAIN[group.change_class][len(group.addresses) != 1]


def number(count: int, noun: str) -> str:
    """`1 model`, `2,000 models`, `3 policies`, `2 features`."""
    if count == 1 or noun.endswith("s"):
        return f"{count:,} {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def because(group: ResourceGroup) -> str:
    """The address whose change leads to that of a group, or its kind where each has its own."""
    if len(group.because) == 1:
        return group.because[0]
    kinds = _each(_kind(address) for address in group.because)
    return " or ".join(f"its {kind}" for kind in kinds)


def _guard(
    verdict: Verdict,
    addresses: tuple[str, ...],
    environments: tuple[str, ...],
    changes: Sequence[Sequence[GuardReview]],
) -> GuardGroup:
    everything = [one for found in changes for one in found]
    lines = (
        Line(
            environments=environments,
            path=found[0].path,
            action=found[0].action,
            before=found[0].before,
            after=found[0].after,
            causes=_each(one.cause for one in found if one.cause is not None),
        )
        for found in changes
        if found[0].path
    )
    return GuardGroup(
        verdict=verdict,
        kind=_kind(addresses[0]),
        addresses=addresses,
        environments=environments,
        lines=tuple(lines),
        causes=_each(one.cause for one in everything if one.cause is not None),
        owners=_each(one.owner for one in everything if one.owner),
        code_owners=_each(name for one in everything for name in one.code_owners),
        concerns=_each(name for one in everything for name in one.concerns),
    )


def _resource(found: Sequence[ResourceReview]) -> ResourceGroup:
    """One resource in all of its environments."""
    lines: dict[bytes, list[tuple[str, FieldChange]]] = {}
    for one in found:
        for change in one.changes:
            key = (change.path, change.action, change.before, change.after, change.change_class)
            lines.setdefault(_encoded(key), []).append((one.environment, change))
    return ResourceGroup(
        action=found[0].action,
        kind=_kind(found[0].address),
        addresses=(found[0].address,),
        environments=tuple(one.environment for one in found),
        change_class=dearest(tuple(one.change_class for one in found)),
        was=found[0].was,
        lines=tuple(
            Line(
                environments=tuple(environment for environment, _ in alike),
                path=alike[0][1].path,
                action=alike[0][1].action,
                before=alike[0][1].before,
                after=alike[0][1].after,
                causes=_each(change.cause for _, change in alike if change.cause is not None),
            )
            for alike in lines.values()
        ),
        because=_each(one.because for one in found if one.because),
        runs=_each(run for one in found for run in one.runs),
        causes=_each(one.cause for one in found if one.cause is not None),
        owners=_each(one.owner for one in found if one.owner),
        code_owners=_each(name for one in found for name in one.code_owners),
    )


def _signature(group: ResourceGroup) -> bytes:
    """What makes two resources alike: everything but their names, and where the lines stand that cause it."""
    lines = [
        (line.environments, line.path, line.action, line.before, line.after)
        for line in (group.lines if group.action != "added" else ())  # each new one says something of its own
    ]
    kinds = [_kind(address) for address in group.because]
    return _encoded(
        (
            group.action,
            group.kind,
            group.environments,
            group.change_class,
            group.was,
            lines,
            kinds,
            group.runs,
        )
    )


def _merged(groups: Sequence[ResourceGroup]) -> ResourceGroup:
    """One group of several alike, with the lines that all of them have."""
    if len(groups) == 1:
        return groups[0]
    first = groups[0]
    by_change: dict[bytes, list[Line]] = {}
    for line in (line for one in groups for line in one.lines):
        key = _encoded((line.environments, line.path, line.action, line.before, line.after))
        by_change.setdefault(key, []).append(line)
    return msgspec.structs.replace(
        first,
        addresses=tuple(sorted(one.addresses[0] for one in groups)),
        lines=tuple(
            msgspec.structs.replace(same[0], causes=_each(cause for line in same for cause in line.causes))
            for same in by_change.values()
            if len(same) == len(groups)
        ),
        because=_each(name for one in groups for name in one.because),
        causes=_each(cause for one in groups for cause in one.causes),
        owners=_each(name for one in groups for name in one.owners),
        code_owners=_each(name for one in groups for name in one.code_owners),
    )


def _pattern(one: ArtifactReview) -> str:
    """The path with a star in the place of the environment's and of the resource's name."""
    name = one.address.partition(".")[2]
    parts = one.path.split("/")
    shown = ["*" if part in (name, one.environment) else part.replace(f"-{name}.", "-*.") for part in parts]
    return "/".join(shown)


def _kind(address: str) -> str:
    return address.partition(".")[0]


def _each(found: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(found))


def _encoded(value: Any) -> bytes:
    """Plain data as bytes that are equal where it is; a lone surrogate is no reason to fail."""
    try:
        return msgspec.json.encode(value, order="sorted")
    except UnicodeEncodeError:
        return repr(value).encode("utf-8", "backslashreplace")
