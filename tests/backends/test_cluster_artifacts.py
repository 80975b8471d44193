"""Every artifact for clusters and model servers as a file of its own, and the official checkers on each of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from backends.cluster_project import SPECS
from backends.project import graph_of, named
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import checks_of, verify_by

BACKENDS = load_backends((data.path("templates"),))
ARTIFACTS = {artifact.path: artifact for artifact in emit(graph_of(SPECS), BACKENDS, first_environment=True)}
SNAPSHOTS = [path for path in ARTIFACTS if not path.endswith(".py")]
# What `make checkers` installs: platforms/ holds the artifacts to it, and there it may not be missing.
APART = ("checkov", "ray")


@pytest.mark.parametrize("path", SNAPSHOTS)
def test_artifact(path: str, artifact_file: SnapshotAssertion) -> None:
    assert ARTIFACTS[path].content == artifact_file(name=path)


def test_no_snapshot_is_left_over() -> None:
    folder = Path(__file__).parent / "__snapshots__" / Path(__file__).stem
    files = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert files == set(SNAPSHOTS)


@pytest.mark.parametrize("path", list(ARTIFACTS))
def test_official_checkers(path: str) -> None:
    artifact = ARTIFACTS[path]
    for check in checks_of(artifact, named(BACKENDS, artifact.backend)):
        if check.startswith(APART):
            continue
        found = verify_by(check, artifact, beside=list(ARTIFACTS.values()))
        if found.outcome == "skipped":
            pytest.skip(" ".join(found.findings))  # ../shared/official is absent, or kubectl
        assert (found.outcome, found.findings) == ("ok", ())


def test_emitting_twice_gives_the_same() -> None:
    again = emit(graph_of(SPECS), load_backends((data.path("templates"),)), first_environment=True)
    assert {artifact.path: artifact for artifact in again} == ARTIFACTS


def test_each_names_where_it_comes_from() -> None:
    for artifact in (ARTIFACTS[path] for path in SNAPSHOTS):  # what is copied is the same for all
        source = f"{artifact.address.kind}/{artifact.address.name}.yaml"
        assert source in artifact.content.decode(), artifact.path
