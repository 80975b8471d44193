"""One part: load on demand → compose → check → lower → emit → plan, of some resources and all that they refer to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, structs

from mlc import check, emit, lower, rules, workspace
from mlc import plan as planning
from mlc.compose import project as composing
from mlc.compose.interpolate import Spent
from mlc.emit.origin import Reads
from mlc.ir.address import Address
from mlc.ir.artifact import Artifact
from mlc.ir.checked import Checked
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.document import Document
from mlc.ir.graph import Graph, Resource
from mlc.ir.node import plain
from mlc.ir.plan import VERSION, Plan, Step, outputs_read, threats
from mlc.kinds._walk import references
from mlc.parts.project import Composed, Project, Unsure
from mlc.pipeline import LANGUAGE, reads_in, with_files_named
from mlc.report import plan_parts
from mlc.report.plan_parts import Told
from mlc.rules._subject import Subject

Elsewhere = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By environment: of operations that a part owns, the outputs that resources of other parts read."""


class Warned(Struct, frozen=True, array_like=True):
    """A warning, and how far compiling was: 0 reading a file, 1 composing an environment, 2 checking it."""

    stage: int
    environment: int
    diagnostic: Diagnostic


class Shape(Struct, frozen=True, array_like=True):
    """How the resources of a part depend on others in an environment; in most environments alike.

    `refers` gives of each of its resources those that it refers to, sorted; None where it does not exist. `reads`
    gives of operations the outputs that resources of the part read which they are not of: all that one resource reads
    together, in its order. `claims` are what rules want for one resource alone.
    """

    refers: tuple[tuple[str, ...] | None, ...]
    reads: dict[str, tuple[tuple[str, ...], ...]]
    claims: tuple[tuple[str, str, str], ...]  # rule, claim, resource


class Here(Struct, frozen=True, array_like=True):
    """What a part has in one environment.

    `shape` is the number of its shape. `operations` and `published` are digests of the ids of its operations and of
    the paths that these publish, kept where something was applied; `paths` those of its artifacts.
    """

    shape: int
    operations: tuple[int, ...]
    published: tuple[int, ...]
    paths: tuple[int, ...]
    artifacts: str  # a digest of them all
    spent: tuple[int, int]  # values and characters by interpolation
    told: Told


class Part(Struct, frozen=True, array_like=True):
    """What a part gives: of each environment what it has, and what it warns of."""

    addresses: tuple[str, ...]
    shapes: tuple[Shape, ...]
    environments: tuple[Here, ...]
    warned: tuple[Warned, ...]
    files: tuple[str, ...]  # below the root, that it asked for, there or not
    costs: dict[str, tuple[int, int]]  # of files (bytes, copies) beyond what each has for nothing
    merged: dict[str, tuple[int, int]]  # of resources (layers, values) likewise
    elsewhere: dict[str, dict[str, tuple[str, ...]]]

    def shape(self, environment: int) -> Shape:
        """How its resources depend on others in an environment, which is given by number."""
        return self.shapes[self.environments[environment].shape]


class Stretch(Struct, frozen=True):
    """One environment of a part as it was compiled: all that it needs is in the graph, what it owns in the rest."""

    graph: Graph
    checked: Checked
    artifacts: tuple[Artifact, ...]
    steps: dict[str, Sequence[Step]]


def compile_part(
    project: Project, owned: Sequence[Address], elsewhere: Elsewhere, stretches: list[Stretch] | None = None
) -> Part:
    """What a part gives. What was compiled for it is added to `stretches`. Raises Unsure."""
    project.read = set(project.frame_files)
    mine = frozenset(owned)
    loaded = _closure(project, owned, mine)
    while True:
        compiling = _Compiling(project, owned, loaded, elsewhere, is_kept=stretches is not None)
        missing = compiling.run()
        if not missing:
            break
        loaded |= _closure(project, missing, mine)
    if stretches is not None:
        stretches += compiling.stretches
    project.source.forget(f"{address.kind}/{address.name}.yaml" for address in owned)
    files = project.read | compiling.files
    return Part(
        addresses=tuple(map(str, owned)),
        shapes=tuple(compiling.shapes),
        environments=tuple(compiling.here),
        warned=tuple(compiling.warned),
        files=gone_together(project.root, files),
        costs={file: cost for file, cost in project.source.costs.items() if file in files},
        merged={str(address): one.spent for address, one in loaded.items() if any(one.spent)},
        elsewhere={name: dict(reads) for name, reads in elsewhere.items()},
    )


def digest(text: str) -> int:
    """Eight bytes of a digest: two texts with the same are taken for the same, and then it is the whole that counts."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _closure(
    project: Project, wanted: Iterable[Address], mine: frozenset[Address]
) -> dict[Address, Composed]:
    """Some resources with all that they refer to, as far as their files say so."""
    loaded: dict[Address, Composed] = {}
    pending = [*wanted, *project.around]
    while pending:
        address = pending.pop()
        if address not in loaded and address in project.names:
            loaded[address] = composed = project.resource(address, keep=address not in mine)
            pending += composed.leads_to
    return loaded


class _Compiling:
    """One try, with the resources that are known to be needed."""

    def __init__(
        self,
        project: Project,
        owned: Sequence[Address],
        loaded: Mapping[Address, Composed],
        elsewhere: Elsewhere,
        *,
        is_kept: bool,
    ) -> None:
        self.is_kept = is_kept
        self.project = project
        self.mine = frozenset(owned)
        self.numbers = {str(address): number for number, address in enumerate(owned)}
        self.elsewhere = elsewhere
        order = sorted(loaded, key=project.names.__getitem__)
        self.layers = structs.replace(
            project.frame, resources={address: loaded[address].node for address in order}
        )
        self.warned = [
            Warned(0, 0, one)
            for address in order
            if address in self.mine
            for one in loaded[address].diagnostics
        ]
        self.shapes: list[Shape] = []
        self.here: list[Here] = []
        self.stretches: list[Stretch] = []
        self.files: set[str] = set()

    def run(self) -> frozenset[Address]:
        """The resources that turn out to be missing; where there are none, it is done. Raises Unsure."""
        for number, environment in enumerate(self.project.environments):
            spent = Spent()
            document, found = composing.compose_document(
                self.layers, environment, (), self.project.inputs, LANGUAGE, spent
            )
            _refuse_mistakes(found)
            document = with_files_named(document, self.project.source)
            self.files |= set(document.files)
            checked, mistakes = check.check(document, self.project.spec, self.project.declared, frozenset())
            missing = self.missing(document) if checked is None else frozenset()
            if missing:
                return missing
            _refuse_mistakes(mistakes)
            if checked is None:
                raise Unsure("something is known in part")
            self.warned += [Warned(1, number, one) for one in found]
            self.warned += [Warned(2, number, one) for one in mistakes]
            stretch = self.compiled(checked)
            self.here.append(self.told(stretch, spent))
            if self.is_kept:
                self.stretches.append(stretch)
        return frozenset()

    def missing(self, document: Document) -> frozenset[Address]:
        """What is referred to and not loaded: a preset or an interpolation may say so."""
        return frozenset(
            wanted
            for address in document.addresses()
            if (node := document.resource(address)) is not None
            for one in references(plain(node), address.kind)
            if (wanted := Address(one.kind, one.name)) in self.project.names
            and wanted not in self.layers.resources
        )

    def told(self, stretch: Stretch, spent: Spent) -> Here:
        state = self.project.states[stretch.graph.environment]
        owned = [one for one in stretch.graph.resources if one.address in self.mine]
        operations = [operation for one in owned for operation in one.operations]
        published = [path for operation in operations for path in operation.publishes.values()]
        paths = [artifact.path for artifact in stretch.artifacts]
        self.files |= {*paths, *published}
        applied = bool(state.resources or state.operations or state.artifacts)
        written = "".join(f"{one.path} {one.digest}\n" for one in stretch.artifacts)
        unchanged = sum(not steps for steps in stretch.steps.values())
        return Here(
            shape=self.shape(stretch, owned),
            operations=tuple(digest(operation.id) for operation in operations) if applied else (),
            published=tuple(map(digest, published)) if applied else (),
            paths=tuple(map(digest, paths)),
            artifacts=hashlib.sha256(written.encode()).hexdigest(),
            spent=(spent.nodes, spent.characters),
            told=plan_parts.told(stretch.steps, unchanged, self.numbers),
        )

    def compiled(self, checked: Checked) -> Stretch:
        project = self.project
        graph = lower.lower(checked)
        owned = tuple(one for one in graph.resources if one.address in self.mine)
        if any(step.driver == workspace.REUSES for one in owned for step in one.operations):
            raise Unsure("versions in the registry are reused, whose aliases deployments elsewhere may move")
        mine = structs.replace(graph, resources=owned)
        artifacts = self.emitted(mine, reads_in(graph))
        state = project.states[graph.environment]
        world = workspace.observed(project.root, graph, state, project.content, project.digest)
        world = structs.replace(world, reads=reads_in(graph))
        described = planning.steps_of(
            graph, artifacts, state, world, {}, self.elsewhere.get(graph.environment, {})
        )
        steps: dict[str, Sequence[Step]] = {
            str(one.address): described.steps[str(one.address)] for one in owned
        }
        listed = tuple(step for planned in steps.values() for step in planned)
        plan = Plan(VERSION, world.tool, "", graph.environment, state.lineage, state.serial, listed)
        running = {step.id for planned in described.steps.values() for step in planned}
        known = {name: found for name, found in described.known.items() if name not in running}
        plan = structs.replace(plan, known=outputs_read(listed, known))
        if state.operations and workspace.damaged(project.root, plan):
            raise Unsure("a result in the store is damaged")
        if state.resources and threats(plan, state):
            raise Unsure("what is protected would be destroyed")
        return Stretch(graph, checked, artifacts, steps)

    def emitted(self, mine: Graph, reads: Reads) -> tuple[Artifact, ...]:
        """Raises Unsure where a backend of the project's own may have something to be told."""
        project, first = self.project, mine.environment == self.project.first
        if project.has_own:
            for _ in emit.mistakes(mine, project.backends, first, reads):
                raise Unsure("a backend of the project's own cannot write something")
        return emit.emit(mine, project.backends, first, reads)

    def shape(self, stretch: Stretch, owned: Sequence[Resource]) -> int:
        """The number of the shape that the part has here."""
        refers: dict[str, list[str]] = {str(one.address): [] for one in owned}
        for edge in stretch.graph.edges:
            if edge.source in self.mine:
                refers[str(edge.source)].append(str(edge.target))
        sorted_ones = {name: tuple(sorted(targets)) for name, targets in refers.items()}
        shape = Shape(
            refers=tuple(sorted_ones.get(name) for name in self.numbers),
            reads=_reads(owned),
            claims=tuple(self.claims(stretch.checked)),
        )
        if shape not in self.shapes:
            self.shapes.append(shape)
        return self.shapes.index(shape)

    def claims(self, checked: Checked) -> Iterator[tuple[str, str, str]]:
        """What rules that compare resources with one another want for one of them alone."""
        subject = Subject(checked.document, checked.project, checked.specs)
        for rule in rules.checks():
            if getattr(rule, "SCOPE", "project") == "upstream":
                continue
            if not hasattr(rule, "claims"):
                raise Unsure(f"{rule.RULE.name} looks at the whole project")
            for address, claim in rule.claims(subject):
                if address in self.mine:
                    yield rule.RULE.name, claim, str(address)


def _refuse_mistakes(found: tuple[Diagnostic, ...]) -> None:
    if has_errors(found):
        raise Unsure("mistakes")


def _reads(owned: Iterable[Resource]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Of each operation of another resource, what each of some resources reads of its outputs."""
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for resource in owned:
        read: dict[str, dict[str, None]] = {}
        for operation in resource.operations:
            for source in operation.inputs.values():
                earlier, _, output = source.partition("#")
                if earlier.rpartition("/")[0] != str(resource.address):
                    read.setdefault(earlier, {})[output] = None
        for earlier, outputs in read.items():
            found.setdefault(earlier, {})[tuple(outputs)] = None
    return {earlier: tuple(ways) for earlier, ways in found.items()}


def gone_together(root: Path, files: Iterable[str]) -> tuple[str, ...]:
    """Files, and in the place of all that stand in a folder which is not there, that folder."""
    there: dict[str, str] = {"": ""}  # folder -> the folder on the way to it that is not there, if any

    def missing(folder: str) -> str:
        known = there.get(folder)
        if known is None:
            known = missing(folder.rpartition("/")[0])
            if not known and not os.path.lexists(f"{root}/{folder}"):
                known = folder
            there[folder] = known
        return known

    return tuple(sorted({missing(file.rpartition("/")[0]) or file for file in files}))
