"""A fork server per test process, and what an undisturbed apply leaves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("faults.soundness")

from faults.forking import Server  # noqa: E402 - after pytest was told to explain its assertions
from faults.small import make_project  # noqa: E402
from faults.soundness import LONG, Reference, reference_of  # noqa: E402

# The long form needs a C compiler and half an hour; platforms need mounting. Each is asked for by name
# (`make faults`, `make test-platforms`), and then what is missing is a failure.
collect_ignore = [] if LONG else ["test_every_call.py"]
if os.environ.get("MLC_TEST_PLATFORMS") != "1":
    collect_ignore.append("platforms")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("output"))
    yield server
    server.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "small")


@pytest.fixture(scope="session")
def reference(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The small project, applied without a fault, and the number of its write-side calls."""
    folder = tmp_path_factory.mktemp("reference")
    root = make_project(folder / "small")
    ended = server.run(root, "apply", "--yes", fault={"how": "none", "at": 0, "count": str(folder / "count")})
    assert ended.code == 0, ended
    return reference_of(root, int((folder / "count").read_text()))
