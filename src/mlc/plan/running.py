"""Which operations have to run, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct

from mlc.ir.drift import may_stay
from mlc.ir.graph import Resource
from mlc.ir.operation import Operation, Outcome, digest_of, made_from, parts_of_output
from mlc.ir.plan import Step
from mlc.ir.state import State

_PENDING = "known after apply"


class Tools(Protocol):
    """What deciding needs of the world (`plan.World`)."""

    @property
    def files(self) -> Mapping[str, str]: ...

    def tools(self, driver: str, /) -> Mapping[str, str]: ...
    def written(self, path: str, /) -> bytes | None: ...
    def has(self, digest: str, /) -> bool: ...
    def drifted(self, operation: str, /) -> str: ...
    def pinned(self, operation: Operation, /) -> Operation: ...


class Why(Struct, frozen=True):
    """What leads to a step, in words. `due_to` is the resource whose change it follows from; "" for its own."""

    words: str
    due_to: str = ""


class Progress(Struct, frozen=True):
    """What is decided so far: the steps that run, and the outputs that are known although nothing has run yet."""

    running: dict[str, Step]
    known: dict[str, dict[str, str]]
    outputs: Callable[[], Mapping[str, tuple[str, ...]]]  # of each operation, those that somebody reads

    def is_pending(self, source: str) -> bool:
        """Whether an input (`<operation id>#<output>`) is known only after apply."""
        earlier, _, output = source.partition("#")
        return earlier in self.running and output not in self.known.get(earlier, {})


def runs(
    resource: Resource, state: State, world: Tools, progress: Progress, blamed: Why, *, moved: bool
) -> Iterator[Step]:
    """The operations of a resource that have to run, which enter `progress` like those that stay as they are.

    What only has to be published again, or under a new name (`moved`), is among them too and comes out the same:
    nothing waits for it. `blamed` is what to say where the specification of an operation differs.
    """
    for operation in map(world.pinned, resource.operations):
        recorded = state.operations.get(operation.id)
        pending = _pending(operation, progress)
        # of one that runs anyway, only what might stay as it was is of interest
        asked = recorded is not None and (not pending or operation.settles)
        parts = _parts(operation, world, progress) if asked else {}
        why = _waiting(pending[0], operation) if pending else _own(operation, recorded, parts, world, blamed)
        if why is None:
            assert recorded is not None, operation.id
            progress.known[operation.id] = recorded.outputs
            unpublished = _unpublished(operation, recorded, state, world)
            if unpublished is not None:
                yield _published_again(operation, "its files have a new name" if moved else unpublished)
            continue
        drifted = recorded is None or world.drifted(operation.id)
        settled = {} if recorded is None or drifted else _settled(operation, recorded, parts, world)
        progress.known[operation.id] = settled
        step = Step(
            id=operation.id,
            address=str(resource.address),
            action="run",
            change_class=operation.cost,
            because=why.words,
            due_to=why.due_to,
            depends_on=tuple(need for need in operation.needs if need in progress.running),
            operation=operation,
            unknown=tuple(name for name in progress.outputs()[operation.id] if name not in settled),
            stays={name: recorded.summary.get(name) for name in settled} if recorded is not None else {},
        )
        progress.running[step.id] = step
        yield step


def _pending(operation: Operation, progress: Progress) -> list[Step]:
    """The steps that some input waits for, each once, in order."""
    if not progress.running:
        return []
    waiting = [
        source.partition("#")[0] for source in operation.inputs.values() if progress.is_pending(source)
    ]
    return [progress.running[need] for need in dict.fromkeys(waiting)]


def _parts(operation: Operation, world: Tools, progress: Progress) -> dict[str, str]:
    """What the outcome is made from, as far as it is known."""
    digests = {name: world.files[path] for name, path in operation.files.items()}
    for name, source in operation.inputs.items():
        earlier, _, output = source.partition("#")
        digests[name] = _PENDING if progress.is_pending(source) else progress.known[earlier].get(output, "")
    return made_from(operation, world.tools(operation.driver), digests)


def _waiting(first: Step, operation: Operation) -> Why:
    if first.address != operation.address:
        return Why(f"because {first.address} changes", first.address)
    assert first.operation is not None, first.id
    return Why(f"after {first.operation.name}", first.due_to)


def _own(
    operation: Operation, recorded: Outcome | None, parts: dict[str, str], world: Tools, blamed: Why
) -> Why | None:
    """Why an operation with known inputs has to run; None when it has not."""
    if recorded is None:
        return Why("not done yet")
    if digest_of(parts) != recorded.key:
        names = {**recorded.made_from, **parts}
        differing = [name for name in names if recorded.made_from.get(name) != parts.get(name)]
        return _in_words(operation, differing, recorded.made_from, parts, blamed)
    if not all(world.has(digest) for digest in recorded.outputs.values()):
        return Why("its result is no longer in the store")
    drifted = world.drifted(operation.id)
    return Why(drifted) if drifted else None


def _in_words(
    operation: Operation, names: list[str], before: Mapping[str, str], after: Mapping[str, str], blamed: Why
) -> Why:
    """The first difference that says something: a file, a version, an input; else what is blamed for the rest."""
    for name in names:
        what, _, which = name.partition(" ")
        if what == "file":
            return Why(f"because {which} changed")
        if what == "pin":
            return Why(f"because {which} is {after.get(name, 'gone')}, was {before.get(name, 'not used')}")
        if what == "tool":
            return Why(f"because {which} is {after.get(name, 'gone')}, was {before.get(name, 'absent')}")
        if what == "input":
            source = operation.inputs.get(which, operation.id).partition("/")[0]
            own = source == operation.address
            return Why(f"because its {which} changed" if own else f"because the {which} of {source} changed")
    return blamed if names else Why("its record is damaged")


def _unpublished(operation: Operation, recorded: Outcome, state: State, world: Tools) -> str | None:
    """Why an operation whose outcome stands has to publish it again; None when it has not."""
    for output, path in operation.publishes.items():
        now = world.written(path)
        if may_stay(state.artifacts.get(path), recorded.outputs[output], now):
            continue
        if now is None or hashlib.sha256(now).hexdigest() != recorded.outputs[output]:
            return f"{path} is gone" if now is None else f"{path} was edited by hand"
    return None


def _settled(
    operation: Operation, recorded: Outcome, parts: Mapping[str, str], world: Tools
) -> dict[str, str]:
    """The outputs that will come out as they were, as what alone decides them is as it was."""
    return {
        output: recorded.outputs[output]
        for output in operation.settles
        if output in recorded.outputs
        and world.has(recorded.outputs[output])
        and all(
            name in parts and recorded.made_from.get(name) == parts[name]
            for name in parts_of_output(operation, output, parts)
        )
    }


def _published_again(operation: Operation, because: str) -> Step:
    return Step(
        id=operation.id,
        address=operation.address,
        action="run",
        change_class="render",
        because=because,
        operation=operation,
        stays=dict.fromkeys(operation.publishes),
    )
