"""The part of a review that somebody chose: dbt's grammar over what either revision describes.

`state:` compares with the base: what the head adds is new, what it removes is removed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from mlc import pipeline
from mlc import select as selecting
from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import plain
from mlc.ir.review import Action, Review
from mlc.ir.selection import Candidate, Candidates, Selection, Standing
from mlc.kinds._walk import references
from mlc.review.sides import Side
from mlc.rules._words import listed

_STANDINGS: dict[Action, Standing] = {
    "added": "new",
    "removed": "removed",
    "changed": "modified",
    "renamed": "modified",
}


def narrowed(
    review: Review, old: Side, new: Side, selection: Selection
) -> tuple[Review, tuple[Diagnostic, ...]]:
    """What was selected, with a note on what was left out; and what is wrong with the selection.

    A guard stays where a model that it holds was selected, and a mistake where it is about no single resource.
    """
    asked = []
    kept: set[tuple[str, str]] = set()
    for environment in review.environments:
        among = _candidates(review, old, new, environment)
        chosen = selecting.choose(selection, among)
        asked.append((environment, among, chosen))
        kept |= {(environment, str(address)) for address in chosen.selected}
    anywhere = {address for _, address in kept}
    resources = tuple(one for one in review.resources if (one.environment, one.address) in kept)
    touched = {one.address for one in resources}
    there = {
        str(address)
        for environment, document in new.documents.items()
        for address in document.addresses()
        if (environment, str(address)) in kept
    }
    narrower = structs.replace(
        review,
        resources=resources,
        guards=tuple(
            one
            for one in review.guards
            if any((one.environment, address) in kept for address in (one.address, *one.concerns))
        ),
        artifacts=tuple(one for one in review.artifacts if (one.environment, one.address) in kept),
        data=tuple(one for one in review.data if anywhere.intersection(one.datasets)),
        new=_about(review.new, anywhere),
        fixed=_about(review.fixed, anywhere),
        unchanged=len(there - touched),
        notes=(*review.notes, *_left_out(review, touched, selection)),
    )
    return narrower, selecting.not_there(asked)


def _candidates(review: Review, old: Side, new: Side, environment: str) -> Candidates:
    """Every resource that one of the revisions describes, as the head has it, else as the base had it."""
    found: dict[Address, Candidate] = {}
    pairs: dict[tuple[Address, Address], None] = {}
    for side in (new, old):
        document = side.documents.get(environment)
        owner = side.validated.composed.layers.project.get("owner")
        for address in document.addresses() if document is not None else ():
            node = document.resource(address) if document is not None else None
            spec = plain(node) if node is not None else None
            if address in found or not isinstance(spec, dict):
                continue
            tags = spec.get("tags")
            named = spec.get("owner") or (owner.value if owner is not None else "")
            found[address] = Candidate(
                address,
                tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
                named if isinstance(named, str) else "",
                node,
            )
            pairs |= {(address, Address(one.kind, one.name)): None for one in references(spec, address.kind)}
    upstream: dict[Address, list[Address]] = {}
    downstream: dict[Address, list[Address]] = {}
    for source, target in pairs:
        if target in found:
            upstream.setdefault(source, []).append(target)
            downstream.setdefault(target, []).append(source)
    return Candidates(
        resources=tuple(found.values()),
        upstream={address: tuple(targets) for address, targets in upstream.items()},
        downstream={address: tuple(sources) for address, sources in downstream.items()},
        kinds=pipeline.LANGUAGE.kinds,
        standings={
            Address.parse(one.address): _STANDINGS[one.action]
            for one in review.resources
            if one.environment == environment and one.action in _STANDINGS
        },
    )


def _about(found: tuple[Diagnostic, ...], chosen: set[str]) -> tuple[Diagnostic, ...]:
    return tuple(one for one in found if "." not in one.address or one.address in chosen)


def _left_out(review: Review, touched: set[str], selection: Selection) -> Iterator[str]:
    """What the change affects as well, in a sentence."""
    addresses = [*dict.fromkeys(one.address for one in review.resources if one.address not in touched)]
    if not addresses:
        return
    options = " and ".join(
        name
        for name, given in (("--select", selection.select_texts), ("--exclude", selection.exclude_texts))
        if given
    )
    number = f"{len(addresses):,} affected resource{'' if len(addresses) == 1 else 's'}"
    yield f"{number} left out by {options}: {listed(addresses)}."
