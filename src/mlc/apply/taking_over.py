"""What exists already → what the state says of it, so that it is not made again.

Nothing is run. A file is taken over where it is what would be written, a registered version where it was made of
what this configuration would make it of; otherwise the reasons are given, and nothing is recorded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from mlc.apply.effects import StateWriter, cache_path
from mlc.ir.artifact import Artifact
from mlc.ir.graph import Resource
from mlc.ir.operation import Operation, Outcome, digest_of, made_from
from mlc.ir.registry import Entry
from mlc.ir.state import AppliedArtifact, State

OUTPUTS = {"train": {"model": "model"}, "export": {"onnx": "onnx", "parity": "parity"}}
"""Of the operations whose results a version holds, each output and its role among the version's files."""


class Found(Struct, frozen=True):
    """What was looked at, and why it cannot be taken over: no reasons where it can."""

    what: str
    note: str = ""
    reasons: tuple[str, ...] = ()
    artifact: AppliedArtifact | None = None
    outcome: Outcome | None = None


def files(
    artifacts: Iterable[Artifact], state: State, written: Callable[[str], bytes | None], *, overwrite: bool
) -> list[Found]:
    """The files that stand where artifacts would be written."""
    found = []
    for artifact in artifacts:
        now = written(artifact.path)
        recorded = state.artifacts.get(artifact.path)
        if now is None:
            found.append(Found(artifact.path, reasons=("no file stands there",)))
            continue
        digest = hashlib.sha256(now).hexdigest()
        if recorded is not None and recorded.digest == digest:
            continue  # it is ours already
        if now != artifact.content and not overwrite:
            found.append(Found(artifact.path, reasons=("it is not what would be written there",)))
            continue
        note = "the same" if now == artifact.content else "differs: the next apply writes over it"
        applied = AppliedArtifact(digest, artifact.backend, str(artifact.address))
        found.append(Found(artifact.path, note, artifact=applied))
    return found


def version(
    resource: Resource, entry: Entry, state: State, tools: Callable[[str], dict[str, str]]
) -> list[Found]:
    """The outcomes of a model's steps that a registered version holds."""
    number = f"{entry.name}:{entry.number}"
    if not entry.made_from:
        return [Found(number, reasons=("it does not say what it was made of: an earlier mlc registered it",))]
    names = {operation.name for operation in resource.operations}
    # of a model that has others inside, a version holds them as one: what was trained of it alone is not there
    held = {("join" if name == "train" and "join" in names else name): one for name, one in OUTPUTS.items()}
    digests = {
        f"{resource.address}/{name}#{output}": entry.files[role]
        for name, outputs in held.items()
        for output, role in outputs.items()
        if role in entry.files
    }
    found = []
    is_chosen = "optimize" in names
    for operation in resource.operations:
        if operation.name not in held:
            continue
        if operation.name == "export" and is_chosen:
            why = "what is served was chosen among variants, and a version holds the one that was"
            found.append(Found(operation.id, f"from {number}", (why,)))
            continue
        recorded = entry.made_from.get(operation.name, {})
        parts = made_from(operation, tools(operation.driver), _read(operation, recorded, digests, state))
        reasons = tuple(differences(operation, recorded, parts, entry))
        outputs = {
            output: entry.files[role] for output, role in held[operation.name].items() if role in entry.files
        }
        outcome = Outcome(digest_of(parts), operation.driver, parts, outputs)
        here = state.operations.get(operation.id)
        if here is not None and here.key == outcome.key and not reasons:
            continue  # it is ours already
        found.append(Found(operation.id, f"from {number}", reasons, outcome=None if reasons else outcome))
    return found


def record(
    found: Iterable[Found],
    state: StateWriter,
    keep: Callable[[str], object],
    write: Callable[[Path, bytes, int], None],
    cache: Path,
) -> None:
    """Say so in the state. `keep` puts a version's file into the store; then comes the record, as in `apply`."""
    for one in found:
        if one.artifact is not None:
            state.put_artifact(one.what, one.artifact)
        if one.outcome is not None:
            for digest in one.outcome.outputs.values():
                keep(digest)
            write(cache_path(cache, one.outcome.key), msgspec.json.encode(one.outcome), 0o600)
            state.put_operation(one.what, one.outcome)


def _read(
    operation: Operation, recorded: Mapping[str, str], digests: Mapping[str, str], state: State
) -> dict[str, str]:
    """The digests of what an operation reads: as it is here, and where it is not here yet, as it was there."""
    read = {}
    for name, source in operation.inputs.items():
        earlier, _, output = source.partition("#")
        here = state.operations.get(earlier)
        known = digests.get(source) or (here.outputs.get(output) if here is not None else None)
        read[name] = known or recorded.get(f"input {name}", "")
    return read


def differences(
    operation: Operation, recorded: Mapping[str, str], parts: Mapping[str, str], entry: Entry
) -> Iterable[str]:
    """What a registered version's step was made of and is not made of here (`made_from`), in words."""
    for name in {**recorded, **parts}:
        before, now = recorded.get(name), parts.get(name)
        if before == now:
            continue
        kind, _, what = name.partition(" ")
        if kind == "tool":
            what = "mlc's driver for it" if what == operation.driver else what
            yield f"{what} was {before or 'not used'}, and is {now or 'not used'} here"
        elif kind == "input":
            yield f"its {what} data is not what {operation.inputs.get(what, '?').partition('#')[0]} gives here"
        elif kind == "spec" and operation.name == "train" and "estimator" in operation.spec:
            yield from _training(operation, entry)
        else:
            yield f"its {name} differs"


def _training(operation: Operation, entry: Entry) -> Iterable[str]:
    """What of a training differs, as far as an entry tells."""
    spec = operation.spec
    known = [
        f"{name} was {before}, and is {now} here"
        for name, before, now in (
            ("the estimator", entry.estimator, spec["estimator"]),
            *(
                (f"params.{name}", entry.params.get(name, "not given"), spec["params"].get(name, "not given"))
                for name in sorted({**entry.params, **spec["params"]})
            ),
        )
        if before != now
    ]
    return known or ["its seed, its columns or its feature groups were others"]
