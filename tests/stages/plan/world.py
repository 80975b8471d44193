"""A world in which planning is tested: nothing runs, and what a step would leave behind is made up from its key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from msgspec import structs

from mlc import pipeline
from mlc.ir.graph import Graph
from mlc.ir.operation import Operation, Outcome, digest_of, made_from, parts_of_output
from mlc.ir.plan import Plan
from mlc.ir.state import EMPTY, AppliedArtifact, State
from mlc.plan import World, plan
from mlc.plan.narrowed import narrowed, standings
from mlc.request import request
from mlc.select import candidates, choose
from mlc.select.grammar import parse

DATA = {"people.csv": "1" * 64}
OUTPUTS = {
    "ingest": ("train", "test"),
    "train": ("model",),
    "export": ("onnx", "parity"),
    "evaluate": ("evaluation",),
    "compare": ("comparison",),
    "report": ("report",),
    "measure": ("latency",),
    "gate": ("verdict",),
    "card": ("card",),
    "register": ("version",),
    "promote": ("promotion",),
    "deploy": ("bundle",),
}


def tools(driver: str) -> dict[str, str]:
    return {driver: "1", "python": "3.11"}


class Place:
    """A project's folder, what stands in it, and what was applied to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state: State = EMPTY
        self.files: dict[str, str] = dict(DATA)
        self.written: dict[str, bytes] = {}
        self.lost: set[str] = set()
        self.tools = tools

    def world(self) -> World:
        return World(
            tool="mlc 0",
            tools=self.tools,
            undoes=lambda _: True,
            files=self.files,
            written=self.written.get,
            has=lambda digest: digest not in self.lost,
        )

    def plan(self, *words: str) -> Plan:
        (compiled,) = self.compiled(*words)
        return self.planned(compiled)

    def planned(self, compiled: pipeline.Compiled) -> Plan:
        world = structs.replace(self.world(), reads=pipeline.reads_in(compiled.graph))
        return plan(compiled.graph, compiled.artifacts, self.state, world)

    def selected(self, select: str = "", exclude: str = "", *words: str) -> Plan:
        """The part of the plan that `--select` and `--exclude` leave."""
        (compiled,) = self.compiled(*words)
        whole = self.planned(compiled)
        texts = ((select,) if select else (), (exclude,) if exclude else ())
        selection, mistakes = parse(*texts, pipeline.LANGUAGE.kinds)
        assert mistakes == ()
        among = candidates(compiled.graph, pipeline.LANGUAGE.kinds, self.state, standings(whole))
        chosen = choose(selection, among)
        return narrowed(whole, compiled.graph, self.state, selection, chosen)

    def graph(self, *words: str) -> Graph:
        return self.compiled(*words)[0].graph

    def compiled(self, *words: str) -> tuple[pipeline.Compiled, ...]:
        validated, compiled = pipeline.compile_project(request(self.root, words))
        assert validated.diagnostics == ()
        return compiled

    def apply(self, *words: str, same: Mapping[str, str] | None = None) -> Plan:
        """Do a plan in this world. `same` gives the outputs of some operations, by id, whatever they ran on."""
        return self.do(self.plan(*words), same)

    def do(self, planned: Plan, same: Mapping[str, str] | None = None) -> Plan:
        """Do a plan, each step after those that it depends on."""
        resources, operations = dict(self.state.resources), dict(self.state.operations)
        artifacts = dict(self.state.artifacts)
        done: set[str] = set()
        for step in planned.steps:
            assert set(step.depends_on) <= done, step.id
            done.add(step.id)
            if step.action == "run" and step.operation is not None:
                outcome = self._outcome(step.operation, operations, (same or {}).get(step.id))
                operations[step.id] = outcome
                for output, path in step.operation.publishes.items():
                    self.written[path] = _content(outcome, output)
                    artifacts[path] = AppliedArtifact(
                        digest=outcome.outputs[output], backend=step.operation.driver, address=step.address
                    )
            elif step.action == "undo":
                del operations[step.id]
            elif step.action in ("write", "remove") and step.artifact is not None:
                if step.artifact.content is None:
                    self.written.pop(step.artifact.path, None)
                    del artifacts[step.artifact.path]
                else:
                    self.written[step.artifact.path] = step.artifact.content
                    artifacts[step.artifact.path] = AppliedArtifact(
                        digest=step.artifact.digest, backend=step.artifact.backend, address=step.address
                    )
            elif step.action == "delete":
                del resources[step.address]
            elif step.spec is not None:
                resources[step.address] = step.spec
        self.state = structs.replace(
            self.state,
            lineage="here",
            serial=self.state.serial + 1,
            resources=resources,
            operations=operations,
            artifacts=artifacts,
        )
        return planned

    def _outcome(self, operation: Operation, earlier: dict[str, Outcome], like: str | None) -> Outcome:
        digests = {name: self.files[path] for name, path in operation.files.items()}
        for name, source in operation.inputs.items():
            need, _, output = source.partition("#")
            digests[name] = earlier[need].outputs[output]
        parts = made_from(operation, self.tools(operation.driver), digests)
        key = digest_of(parts)
        outcome = Outcome(key=like or key, driver=operation.driver, made_from=parts, outputs={})
        made = {}
        for output in OUTPUTS.get(operation.name, ("files",)):
            content = _content(outcome, output)
            if output in operation.settles:  # whatever else the step was made from
                content = str([parts[name] for name in parts_of_output(operation, output, parts)]).encode()
            made[output] = hashlib.sha256(content).hexdigest()
        return structs.replace(outcome, key=key, outputs=made)


def _content(outcome: Outcome, output: str) -> bytes:
    return f"{outcome.key} {output}".encode()
