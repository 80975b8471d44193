"""Whether a registered version comes out of its description again, byte for byte.

All that leads to it is run anew, in a folder of its own beside the project's: no earlier result stands in for
running a step, nothing is published or recorded, and no effect outside that folder happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import structs

from mlc import drivers, workspace
from mlc.drivers import registry
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.event import Event, Finished, StepFailedEvent
from mlc.ir.graph import Graph, Resource
from mlc.ir.operation import Operation, StepFailed, digest_of
from mlc.ir.registry import Entry
from mlc.ir.reproduction import Remade, Reproduction
from mlc.ir.state import EMPTY
from mlc.rules import not_reproduced

if TYPE_CHECKING:
    from mlc.apply import Stop
    from mlc.ir.checked import Checked

MADE_AGAIN = ("train", "validation", "test", "model", "onnx", "parity", "evaluation")
"""What `register` reads that the same inputs give again. A latency is measured, and what tells it differs with it."""

_DATA = ("train", "validation", "test")

_DECISIVE = ("train", "export")
"""The steps of which a version says what they were made from."""


def retrain(
    root: Path,
    checked: Iterable[Checked],
    reference: str,
    stop: Stop,
    tell: Callable[[Event], None],
) -> Reproduction:
    """Make a version (`churn:3`) anew and compare; of the environments given, in the one that describes it.

    Raises StepFailed where it is described otherwise (not-reproduced) or a step fails.
    """
    from mlc import lower

    graphs = [lower.lower(one) for one in checked]
    entry = registry.show(root, graphs[0].project["registry"], reference).entry
    graph, resource = _described(graphs, entry)
    register = next(one for one in resource.operations if one.name == "register")
    wanted = {role: source for role, source in register.inputs.items() if role in MADE_AGAIN}
    outputs = _made(root, _leading_to(graph, wanted.values()), stop, tell)
    registered = {**entry.data.parts, **entry.files}
    files = [
        Remade(role, registered[role], outputs[source.partition("#")[0]][source.partition("#")[2]])
        for role, source in sorted(wanted.items(), key=lambda item: MADE_AGAIN.index(item[0]))
        if role in registered
    ]
    return Reproduction(
        name=entry.name,
        number=entry.number,
        environment=graph.environment,
        reproduced=all(one.is_same for one in files),
        files=files,
        tools=_other_tools(resource, entry),
    )


def why(made: Reproduction) -> Diagnostic:
    """Why other bytes came out, as far as that can be told."""
    other = [one.role for one in made.files if not one.is_same]
    return not_reproduced.differs(
        f"{made.name}:{made.number}", other, made.tools, [role for role in other if role in _DATA]
    )


def _described(graphs: Iterable[Graph], entry: Entry) -> tuple[Graph, Resource]:
    """The environment in which a version is described as it was made; raises StepFailed where none does."""
    version = f"{entry.name}:{entry.number}"
    if any(name not in entry.made_from for name in _DECISIVE):
        raise StepFailed(not_reproduced.says_nothing(version))
    reasons: dict[str, list[str]] = {}
    known: set[str] = set()
    address = ""
    for graph in graphs:
        for resource in graph.resources:
            names = [one.spec["name"] for one in resource.operations if one.name == "register"]
            known.update(names)
            if entry.name in names:
                address = str(resource.address)
                reasons[graph.environment] = _reasons(resource, entry)
                if not reasons[graph.environment]:
                    return graph, resource
    if not address:
        raise StepFailed(not_reproduced.no_model(version, entry.name, known))
    told = [f"in {environment}, {reason}" for environment, found in reasons.items() for reason in found]
    raise StepFailed(not_reproduced.described_otherwise(version, address, told))


def _reasons(resource: Resource, entry: Entry) -> list[str]:
    """How the description differs from what the version was made of."""
    from mlc.apply.taking_over import differences

    steps = {operation.name: operation for operation in resource.operations}
    return [
        reason
        for name in _DECISIVE
        for reason in _otherwise(steps.get(name), entry.made_from[name], entry, differences)
    ]


def _otherwise(
    operation: Operation | None,
    recorded: Mapping[str, str],
    entry: Entry,
    differences: Callable[[Operation, Mapping[str, str], Mapping[str, str], Entry], Iterable[str]],
) -> Iterable[str]:
    if operation is None:
        return ["a step of its making is no longer described"]
    now = {**recorded, "driver": operation.driver, "spec": digest_of(operation.spec)}
    return differences(operation, recorded, now, entry)


def _other_tools(resource: Resource, entry: Entry) -> list[str]:
    """What the deciding steps work with now that they did not work with then."""
    from mlc.apply.taking_over import differences

    found: list[str] = []
    for operation in resource.operations:
        recorded = entry.made_from.get(operation.name, {}) if operation.name in _DECISIVE else {}
        if recorded:
            then = {name: one for name, one in recorded.items() if name.startswith("tool ")}
            now = {f"tool {name}": one for name, one in drivers.tools(operation.driver).items()}
            found += differences(operation, then, now, entry)
    return list(dict.fromkeys(found))


def _leading_to(graph: Graph, sources: Iterable[str]) -> Graph:
    """The graph with those operations only that some outputs come from; nothing is published."""
    operations = {one.id: one for resource in graph.resources for one in resource.operations}
    kept: dict[str, Operation] = {}
    pending = [source.partition("#")[0] for source in sources]
    while pending:
        operation = operations[pending.pop()]
        if operation.id not in kept:
            kept[operation.id] = structs.replace(operation, publishes={}, settles={})
            pending += operation.needs
    resources = tuple(
        structs.replace(
            resource, operations=tuple(kept[one.id] for one in resource.operations if one.id in kept)
        )
        for resource in graph.resources
    )
    resources = tuple(resource for resource in resources if resource.operations)
    addresses = {resource.address for resource in resources}
    edges = tuple(edge for edge in graph.edges if edge.source in addresses and edge.target in addresses)
    return structs.replace(graph, resources=resources, edges=edges)


def _made(root: Path, graph: Graph, stop: Stop, tell: Callable[[Event], None]) -> dict[str, dict[str, str]]:
    """The outputs of each operation, run anew."""
    from mlc import apply as applying
    from mlc import plan as planning
    from mlc.apply import budget

    (root / ".mlc").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="retrain-", dir=root / ".mlc") as folder:
        world = structs.replace(
            workspace.observed(root, graph, EMPTY), has=lambda _: False, written=lambda _: None
        )
        planned = planning.plan(graph, (), EMPTY, world)
        with workspace.hands_aside(root, Path(folder), graph.environment) as effects:
            failures: list[Diagnostic] = []
            for event in applying.apply(planned, effects, stop, budget.of_this_machine(None)):
                tell(event)
                if isinstance(event, StepFailedEvent):
                    failures += event.diagnostics
                elif isinstance(event, Finished) and event.outcome == "interrupted":
                    raise KeyboardInterrupt
            if failures:
                raise StepFailed(*failures)
            return dict(effects.outputs)
