"""A step of the lifecycle, as asked for and as done.

An operation is what a kind lowers to ("train model.churn"). Its *key* is a digest over the driver, the
specification and the content of every input, so an operation runs again only when one of those changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from mlc.ir.diagnostic import Diagnostic


class Operation(Struct, frozen=True):
    """One step to do for a resource.

    `inputs` maps the driver's name for an input to `"<operation id>#<output>"` of an earlier operation;
    `files` maps a name to a path in the project. `spec` is plain data and holds all else that matters.
    `publishes` maps outputs that people or builds read to the paths in the project where they are put.
    `settles` names what alone decides an output, where that is less than everything: inputs and keys of the
    spec. A registered version stays the same version when only its description changes.
    A failure that may pass is met by up to `retries` more tries, the first after `backoff` seconds. `limits` is what
    it may take at most (`memory` in bytes, `timeout` in seconds); what comes out does not depend on them. `pins` says
    what was looked up in the world when the plan was made, by the words that refer to it (`risk@production`: `version
    3`).
    """

    id: str  # "model.churn/train"
    driver: str  # a file in drivers/
    spec: dict[str, Any]
    inputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    cost: str = "metadata"  # the change class that running it has
    publishes: dict[str, str] = field(default_factory=dict)
    settles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    retries: int = 0
    backoff: float = 0.0
    limits: dict[str, float] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.id.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def needs(self) -> tuple[str, ...]:
        """The ids of the operations whose outputs this one reads, each once, in order."""
        return tuple(dict.fromkeys(source.partition("#")[0] for source in self.inputs.values()))


class Outcome(Struct, frozen=True, omit_defaults=True):
    """What a step left behind: outputs by name as digests into the store, and a small summary.

    `made_from` is what the key is the digest of, so that a difference can be named. `accepted` is what stands
    in the place of its effect by somebody's hand and may stay, as its driver's `observe` calls it.
    """

    key: str
    driver: str
    made_from: dict[str, str]
    outputs: dict[str, str]
    summary: dict[str, Any] = field(default_factory=dict)
    accepted: str = ""


def made_from(operation: Operation, tools: Mapping[str, str], digests: Mapping[str, str]) -> dict[str, str]:
    """All that the outcome of an operation depends on, by name.

    `tools` are the driver's own version and those of its packages; `digests` those of every input and file.
    """
    parts = {f"tool {name}": version for name, version in tools.items()}
    parts["driver"] = operation.driver
    parts["spec"] = digest_of(operation.spec)
    for output, names in operation.settles.items():
        parts[f"output {output}"] = digest_of({name: operation.spec.get(name) for name in names})
    parts |= {f"input {name}": digests[name] for name in operation.inputs}
    parts |= {f"file {operation.files[name]}": digests[name] for name in operation.files}
    parts |= {f"pin {name}": found for name, found in operation.pins.items()}
    return parts


def parts_of_output(operation: Operation, output: str, parts: Iterable[str]) -> tuple[str, ...]:
    """The names of the parts (of `made_from`) that alone decide an output which the operation settles."""
    inputs = (f"input {name}" for name in operation.settles[output] if name in operation.inputs)
    tools = (name for name in parts if name.startswith("tool "))
    return ("driver", f"output {output}", *tools, *inputs)


def digest_of(value: Any) -> str:
    """The SHA-256 (hex) of plain data, whatever the order of its keys."""
    import hashlib  # validating needs no digest

    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


class Work(Struct, frozen=True):
    """What a driver is given. It reads `inputs` and `files`, and writes only below `folder`.

    `tell` reports progress in a few words. `render(backend, template, data)` gives the bytes of a template
    of a backend. `root` is the project's folder, for drivers whose effect lies outside the store
    (a registry, a local deployment). `made_from` holds what the outcomes that it reads were made from, by the
    names of their operations. `cores` is how many it may keep busy, and `key` the step's: what it keeps between two
    tries belongs to that key alone.
    """

    operation: Operation
    environment: str
    root: Path
    folder: Path
    inputs: Mapping[str, Path]
    digests: Mapping[str, str]  # of inputs and files, by their names
    files: Mapping[str, Path]
    tell: Callable[[str], None]
    render: Callable[[str, str, Mapping[str, Any]], bytes]
    made_from: Mapping[str, Mapping[str, str]] = {}
    cores: int = 1
    key: str = ""

    @property
    def spec(self) -> dict[str, Any]:
        return self.operation.spec


class Product(Struct, frozen=True):
    """What a driver returns: files it wrote below `folder` by output name, and a small JSON-able summary."""

    outputs: dict[str, Path]
    summary: dict[str, Any] = field(default_factory=dict)


class StepFailed(Exception):
    """A step could not be done for a reason the user can mend: the diagnostics say which.

    The one exception that drivers raise on purpose; anything else that comes out of a driver is a bug.
    A refusal (a gate said no) carries a diagnostic with `refused` set. `passing` marks what may be gone when it
    is tried again: a network that does not answer, a database that somebody else has locked.
    """

    def __init__(self, *diagnostics: Diagnostic, passing: bool = False) -> None:
        super().__init__("; ".join(diagnostic.detail for diagnostic in diagnostics))
        self.diagnostics = diagnostics
        self.passing = passing
