"""What must hold of a project whatever happened to it, and what once it was applied again."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from faults.forking import Ended, Server
from mlc.drivers._bundle import current, place_of
from mlc.drivers.registry import list_models, open_registry, promotion_log, verify, versions
from mlc.ir.state import State
from mlc.store.content import Content, digest_of
from mlc.store.files import TEMPORARY
from mlc.store.state import read_state

LONG = os.environ.get("MLC_FAULTS") == "long"

REGISTRY: dict[str, Any] = {
    "database": "sqlite:///.mlc/registry/registry.db",
    "files": ".mlc/registry/files",
}

MEASURED = ("measure", "gate", "report", "card", "register")
"""Operations behind a measurement of time, whose bytes differ from run to run."""

MEASURED_FILES = ("README.md", "evaluation.html")
"""What they publish."""


class Reference(NamedTuple):
    root: Path
    calls: int
    state: State
    generated: dict[str, str]


def reference_of(root: Path, calls: int) -> Reference:
    return Reference(root, calls, read_state(root / ".mlc/state/dev.db"), generated(root))


def points(slice_: int, slices: int, calls: int) -> list[int]:
    """Which of the calls 1 … `calls` a slice is about: one of them, or in the long form its share of all."""
    return list(range(1 + slice_, calls + 1, slices)) if LONG else [1 + slice_ * (calls - 1) // (slices - 1)]


def assert_sound(root: Path, reference: Reference, environment: str = "dev") -> None:
    """State and registry can be read; no file that anybody could take for whole is torn."""
    state = read_state(root / f".mlc/state/{environment}.db")
    assert verify(root, REGISTRY) == ()
    for store in (root / ".mlc/content", root / ".mlc/registry/files"):
        content = Content(store)
        assert [digest for digest in content.digests() if not content.is_intact(digest)] == []
    whole = {*reference.generated.values(), *Content(root / ".mlc/content").digests()}
    whole |= {artifact.digest for artifact in state.artifacts.values()}
    torn = {path for path, digest in generated(root, environment).items() if digest not in whole}
    assert torn == set()


def assert_converges(server: Server, root: Path, reference: Reference) -> Ended:
    """The next apply does what is left, the one after nothing, and all is as if nothing had happened."""
    again = server.run(root, "apply", "--yes")
    assert again.code == 0, again
    assert_done(server, root, reference)
    return again


def assert_done(server: Server, root: Path, reference: Reference) -> None:
    idle = server.run(root, "apply", "--yes")
    assert (idle.code, "Nothing to do" in idle.out) == (0, True), idle
    assert_sound(root, reference)
    assert [model.name for model in list_models(root, REGISTRY)] == ["risk"]
    (version,) = versions(open_registry(root, REGISTRY), "risk")
    assert (version.entry.number, len(version.revisions), version.aliases) == (1, 1, ("dev",))
    assert [(line.alias, line.number) for line in promotion_log(root, REGISTRY)] == [("dev", 1)]
    bundle = current(place_of(root, "dev", "online"))
    assert digest_of(bundle / "model.onnx") == version.entry.digest
    assert settled(read_state(root / ".mlc/state/dev.db")) == settled(reference.state)
    assert generated(root).keys() == reference.generated.keys()
    assert strays(root) == []


def settled(state: State) -> dict[str, Any]:
    """A state without what rests on a measurement, and without its name and number."""
    return {
        "resources": state.resources,
        "operations": {
            name: outcome.outputs
            for name, outcome in state.operations.items()
            if name.startswith(("dataset", "features")) or name.rpartition("/")[2] in ("train", "export")
        },
        "ids": sorted(state.operations),
        "artifacts": {
            path: artifact.digest
            for path, artifact in state.artifacts.items()
            if not path.endswith(MEASURED_FILES)
        },
    }


def strays(root: Path) -> list[Path]:
    """Temporary files, and what steps left where they worked."""
    scratch = root / ".mlc/scratch"
    left = [path for path in scratch.rglob("*") if path.parent != scratch] if scratch.exists() else []
    return sorted([*root.rglob(f"{TEMPORARY}*"), *left])


def generated(root: Path, environment: str = "dev") -> dict[str, str]:
    """The files written into the project for an environment, and the SHA-256 of each."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((root / "generated" / environment).rglob("*"))
        if path.is_file() and not path.name.startswith(TEMPORARY)
    }


def settled_files(root: Path) -> dict[str, Any]:
    """The files and their digests, less what history or the hour decides: version numbers and latencies."""
    files: dict[str, Any] = dict(generated(root))
    for path in files:
        if path.endswith(MEASURED_FILES):
            files[path] = None
        elif path.endswith("bundle.json"):
            files[path] = {**json.loads((root / path).read_bytes()), "number": None}
    return files


def folders(root: Path) -> list[str]:
    folders = (path for path in (root / "generated").rglob("*") if path.is_dir())
    return sorted(str(path.relative_to(root)) for path in folders)


def remembered(root: Path) -> dict[str, Any]:
    """What a state holds, less what rests on a measurement or on history."""
    found = settled(read_state(root / ".mlc/state/dev.db"))
    found["artifacts"] = {
        path: digest for path, digest in found["artifacts"].items() if not path.endswith("bundle.json")
    }
    return found
