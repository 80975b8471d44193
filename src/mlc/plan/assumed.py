"""A graph as if it had been applied: the state that applying it would have left, without applying it.

Contents that nobody has made are stood for by texts that name what they were made of, so that what depends
on something else is something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from mlc.ir.artifact import Artifact
from mlc.ir.graph import Graph
from mlc.ir.operation import Operation, Outcome, digest_of, made_from
from mlc.ir.state import AppliedArtifact, State
from mlc.plan import World


def assumed(
    applied: Graph, artifacts: tuple[Artifact, ...], graph: Graph, undoes: Callable[[str], bool]
) -> tuple[State, World]:
    """The state in which `applied` stands, and the world in which `graph` can be planned against it.

    Every data file is there and as it was; the drivers are those that were used.
    """
    outcomes: dict[str, Outcome] = {}
    written = {artifact.path: artifact.content for artifact in artifacts}
    recorded = {
        artifact.path: AppliedArtifact(artifact.digest, artifact.backend, str(artifact.address))
        for artifact in artifacts
    }
    read = _outputs_read(applied, graph)
    for operation in _operations(applied):
        outcome, contents = _outcome(operation, outcomes, read.get(operation.id, ()))
        outcomes[operation.id] = outcome
        for output, path in operation.publishes.items():
            written[path] = contents[output]
            recorded[path] = AppliedArtifact(outcome.outputs[output], operation.driver, operation.address)
    state = State(
        version=1,
        lineage="assumed",
        serial=1,
        resources={str(resource.address): resource.spec for resource in applied.resources},
        operations=outcomes,
        artifacts=recorded,
    )
    files = {path for one in (applied, graph) for found in _operations(one) for path in found.files.values()}
    world = World(
        tool="assumed",
        tools=_no_tools,
        undoes=undoes,
        files={path: _file(path) for path in sorted(files)},
        written=written.get,
        has=_is_kept,
    )
    return state, world


def _operations(graph: Graph) -> list[Operation]:
    return [operation for resource in graph.resources for operation in resource.operations]


def _outputs_read(*graphs: Graph) -> dict[str, dict[str, None]]:
    """The outputs of each operation that some operation reads."""
    read: dict[str, dict[str, None]] = {}
    for graph in graphs:
        for operation in _operations(graph):
            for source in operation.inputs.values():
                earlier, _, output = source.partition("#")
                read.setdefault(earlier, {})[output] = None
    return read


def _outcome(
    operation: Operation, outcomes: dict[str, Outcome], read: dict[str, None] | tuple[()]
) -> tuple[Outcome, dict[str, bytes]]:
    """An operation's outcome, and the contents that stand for its outputs."""
    digests = {name: _file(path) for name, path in operation.files.items()}
    for name, source in operation.inputs.items():
        earlier, _, output = source.partition("#")
        digests[name] = outcomes[earlier].outputs[output]
    parts = made_from(operation, {}, digests)
    key = digest_of(parts)
    contents = {output: f"{output} of {key}".encode() for output in [*read, *operation.publishes]}
    outputs = {output: hashlib.sha256(content).hexdigest() for output, content in contents.items()}
    return Outcome(key=key, driver=operation.driver, made_from=parts, outputs=outputs), contents


def _file(path: str) -> str:
    return hashlib.sha256(f"file {path}".encode()).hexdigest()


def _no_tools(driver: str) -> dict[str, str]:  # noqa: ARG001 - those that were used, whichever they are
    return {}


def _is_kept(digest: str) -> bool:  # noqa: ARG001 - nothing was lost
    return True
