"""One environment: the resources that differ, and those that follow because of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.document import Document
from mlc.ir.moves import former
from mlc.ir.node import Node, plain
from mlc.ir.plan import Plan, Step, dearest
from mlc.ir.review import Action, Cause, FieldChange, GuardReview, ResourceReview, Verdict
from mlc.ir.span import FIELD_DEFAULT
from mlc.kinds._walk import references
from mlc.pipeline import Validated
from mlc.review.edits import Causes, Path
from mlc.review.guards import judged
from mlc.review.values import ABSENT, changes, differing, with_new_names

_GUARDS = ("gate", "policy")  # kinds that are there to hold others


class Values(Struct, frozen=True):
    """The resources of one environment on one side: their nodes, and their values as plain data."""

    document: Document | None
    nodes: Mapping[Address, Node]
    specs: Mapping[Address, dict[str, Any]]
    owner: str  # of the project

    def owner_of(self, address: Address) -> str:
        named = self.specs.get(address, {}).get("owner")
        return named if isinstance(named, str) and named else self.owner


def values_of(
    validated: Validated, environment: str, without: frozenset[Address], *, checked: bool
) -> Values:
    """`checked` takes the values as the schema has them, which is only so where there is no mistake."""
    document = validated.composed.documents.get(environment)
    project = validated.composed.layers.project.get("owner")
    owner = project.value if project is not None and isinstance(project.value, str) else ""
    if document is None:
        return Values(None, {}, {}, owner)
    nodes = {
        address: node
        for address in document.addresses()
        if address not in without and (node := document.resource(address)) is not None
    }
    if checked:
        return Values(document, nodes, validated.checked[environment].specs, owner)
    bare = {address: found for address, node in nodes.items() if isinstance(found := plain(node), dict)}
    return Values(document, nodes, bare, owner)


class Comparison:
    """What differs between two sides in one environment.

    `reading` holds the addresses of resources that read a file of another content, data or code; `plan` is what
    applying would do, or None where a side has mistakes; `present` says of each side which resources have a file, in
    whatever environment.
    """

    def __init__(
        self,
        environment: str,
        before: Values,
        after: Values,
        causes: Causes,
        moved: Mapping[str, str],
        reading: frozenset[Address],
        plan: Plan | None,
        present: tuple[Mapping[Address, Node], Mapping[Address, Node]],
    ) -> None:
        self._environment = environment
        self._before, self._after = before, after
        self._causes = causes
        self._reading = reading
        self._present = present
        self._was = _renamed(before, after, moved)
        self._steps: dict[str, list[Step]] = {}
        for step in plan.steps if plan is not None else ():
            self._steps.setdefault(step.address, []).append(step)
        self._refers = {
            address: tuple(Address(one.kind, one.name) for one in references(spec, address.kind))
            for address, spec in after.specs.items()
        }

    def resources(self) -> list[ResourceReview]:
        """Every affected resource: what is described otherwise, then what follows from it."""
        touched: dict[Address, ResourceReview] = {}
        gone = set(self._before.specs) - set(self._after.specs) - set(self._was.values())
        for address in sorted(gone):
            touched[address] = self._presence(address, "removed")
        for address in self._after.specs:
            found = self._touched(address)
            if found is not None:
                touched[address] = found
        culprits = {address: address for address in touched}
        followers = [
            one for address in self._in_order() if (one := self._follower(address, culprits)) is not None
        ]
        return [*touched.values(), *followers]

    def guards(self) -> list[GuardReview]:
        """Every bound, rule and promise that is held more or less strictly."""
        found = []
        for address, spec in self._after.specs.items():
            was = self._was.get(address, address)
            old = self._before.specs.get(was)
            if old is None:
                continue
            old = self._with_new_names(old, was)
            for path, before, after in differing(old, spec):
                verdict = judged(address.kind, path, before, after, (old, spec))
                if verdict is not None:
                    cause = self._cause(was, address, path)
                    found.append(self._guard(address, path, verdict, (before, after), cause))
        gone = set(self._before.specs) - set(self._after.specs) - set(self._was.values())
        for address in sorted(gone) if self._after.document is not None else ():
            if address.kind in _GUARDS:
                cause = self._causes.whole(self._present[1].get(address), "head", _file(address))
                found.append(self._guard(address, (), "loosened", (None, ABSENT), cause))
        return found

    def _touched(self, address: Address) -> ResourceReview | None:
        was = self._was.get(address, address)
        old = self._before.specs.get(was)
        if old is None:
            return self._presence(address, "added")
        spec = self._after.specs[address]
        found = changes(
            address.kind,
            self._with_new_names(old, was),
            spec,
            lambda path: self._cause(was, address, path),
        )
        renamed = was != address
        if not found and not renamed and address not in self._reading:
            return None
        action: Action = "renamed" if renamed else "changed"
        return self._review(address, action, found, was=str(was) if renamed else "")

    def _presence(self, address: Address, action: Action) -> ResourceReview:
        """A resource that is there on one side only."""
        here = self._present[1 if action == "added" else 0].get(address)
        there = self._present[0 if action == "added" else 1].get(address)
        node = there if there is not None and action == "removed" else here
        cause = self._causes.whole(node, "head" if action == "added" else "base", _file(address))
        written = tuple(self._written(address)) if action == "added" else ()
        return self._review(address, action, written, cause=cause)

    def _written(self, address: Address) -> Iterator[FieldChange]:
        """The values of a new resource that some layer gives it: what is left at its default says nothing."""
        for path, node in self._after.nodes[address].walk():
            value = node.value
            if path and (not node.is_map or not value) and node.span.file != FIELD_DEFAULT:
                if any(isinstance(part, int) for part in path):
                    continue  # a list is one value
                shown = plain(node)
                yield FieldChange(
                    ".".join(map(str, path)), "added", None, shown, "none", Cause("head", node.span)
                )

    def _follower(self, address: Address, culprits: dict[Address, Address]) -> ResourceReview | None:
        """A resource that is described as before, and runs something because of another."""
        if address in culprits:
            return None
        culprit = next((culprits[one] for one in self._refers.get(address, ()) if one in culprits), None)
        if culprit is None or not any(step.action == "run" for step in self._steps.get(str(address), ())):
            return None
        culprits[address] = culprit
        return self._review(address, "follows", (), because=str(culprit))

    def _in_order(self) -> list[Address]:
        """Resources after those that they refer to; what goes round in circles has been reported."""
        done: dict[Address, None] = {}
        for start in self._after.specs:
            pending = [start]
            path: set[Address] = set()
            while pending:
                one = pending[-1]
                ahead = [
                    other
                    for other in self._refers.get(one, ())
                    if other not in done and other not in path and other in self._after.specs
                ]
                path.add(one)
                if ahead:
                    pending.append(ahead[0])
                    continue
                done[pending.pop()] = None
        return list(done)

    def _review(
        self,
        address: Address,
        action: Action,
        found: tuple[FieldChange, ...],
        *,
        was: str = "",
        because: str = "",
        cause: Cause | None = None,
    ) -> ResourceReview:
        steps = [step for step in self._steps.get(str(address), ()) if step.action == "run"]
        runs = tuple(step.operation.name for step in steps if step.operation is not None)
        own = tuple(change.change_class for change in found if action != "added")
        if address in self._reading:
            own += ("reingest" if address.kind == "dataset" else "retrain",)
        ours = self._after if address in self._after.specs else self._before
        earlier = Address.parse(was) if was else address
        owner = (self._before if earlier in self._before.specs else ours).owner_of(earlier)
        return ResourceReview(
            environment=self._environment,
            address=str(address),
            action=action,
            change_class=dearest((*own, *(step.change_class for step in steps))),
            was=was,
            changes=found,
            because=because,
            runs=() if action == "added" else runs,
            cause=cause,
            owner=owner,
        )

    def _guard(
        self,
        address: Address,
        path: Path,
        verdict: Verdict,
        values: tuple[Any, Any],
        cause: Cause | None,
    ) -> GuardReview:
        was = self._was.get(address, address)
        before, after = values
        return GuardReview(
            environment=self._environment,
            address=str(address),
            path=".".join(map(str, path)),
            verdict=verdict,
            action="added" if before is ABSENT else "removed" if after is ABSENT else "changed",
            before=None if before is ABSENT else before,
            after=None if after is ABSENT else after,
            cause=cause,
            owner=(self._before if was in self._before.specs else self._after).owner_of(was),
            code_owners=(),
            concerns=self._models(address),
        )

    def _models(self, address: Address) -> tuple[str, ...]:
        """The models that a gate, a policy or a dataset holds: itself, where it is one."""
        if address.kind == "model":
            return (str(address),)
        return tuple(
            str(one)
            for one, named in sorted(self._refers.items())
            if one.kind == "model" and address in named
        )

    def _cause(self, was: Address, address: Address, path: Path) -> Cause | None:
        return self._causes.of(
            self._before.nodes.get(was),
            self._after.nodes.get(address),
            path,
            (was.kind, was.name),
            (address.kind, address.name),
        )

    def _with_new_names(self, spec: dict[str, Any], was: Address) -> dict[str, Any]:
        names = {(old.kind, old.name): new.name for new, old in self._was.items()}
        return with_new_names(spec, was.kind, names) if names else spec


def _renamed(before: Values, after: Values, moved: Mapping[str, str]) -> dict[Address, Address]:
    """The earlier names of the resources that are there under another one."""
    found: dict[Address, Address] = {}
    for address in after.specs if moved else ():
        for name in former(moved, str(address)) if address not in before.specs else ():
            was = Address.parse(name)
            if was in before.specs and was not in after.specs:
                found[address] = was
                break
    return found


def _file(address: Address) -> str:
    return f"{address.kind}/{address.name}.yaml"
