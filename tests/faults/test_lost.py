"""What may be found on a disk: a damaged or foreign state, lost content, a folder that may not be written."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from faults.forking import Ended, Server
from faults.small import LOGISTIC, make_project, model, write
from faults.soundness import REGISTRY, Reference, assert_done, strays
from mlc.drivers.registry import open_registry, versions
from mlc.ir.state import State
from mlc.store.content import Content
from mlc.store.state import read_state

NOBODY = 65534


@pytest.fixture
def applied(server: Server, root: Path) -> Path:
    assert server.run(root, "apply", "--yes").code == 0
    return root


def state_of(root: Path) -> State:
    return read_state(root / ".mlc/state/dev.db")


@pytest.mark.parametrize("damage", ["noise", "cut", "entry", "row"])
def test_a_damaged_state_is_told_and_left_alone(
    server: Server, reference: Reference, applied: Path, damage: str
) -> None:
    state = applied / ".mlc/state/dev.db"
    if damage == "noise":
        state.write_bytes(b"no database " * 1000)
    elif damage == "cut":
        state.write_bytes(state.read_bytes()[:5000])
    else:
        with closing(sqlite3.connect(state)) as connection, connection:
            broken = "UPDATE entry SET value = '{' WHERE type = 'operation'"
            connection.execute(broken if damage == "entry" else "DELETE FROM state")
    before = state.read_bytes()
    write(applied, "model/risk.yaml", model(description="Another."))
    for command in (("plan",), ("apply", "--yes")):
        ended = server.run(applied, *command)
        _told(ended, "state-unreadable", str(state))
        assert "nothing is trained twice" in ended.err.replace("\n", " ").replace("  ", " ")
    assert state.read_bytes() == before

    write(applied, "model/risk.yaml", model())
    state.rename(applied / "damaged.db")  # as the message says
    again = server.run(applied, "apply", "--yes")
    assert again.code == 0, again
    assert _reused(again, "model.risk/train")
    assert_done(server, applied, reference)


def test_a_state_of_a_newer_version_is_left_alone(server: Server, applied: Path) -> None:
    state = applied / ".mlc/state/dev.db"
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("ALTER TABLE entry RENAME TO something")
    before = state.read_bytes()
    for command in (("plan",), ("apply", "--yes")):
        _told(
            server.run(applied, *command), "state-unreadable", "It was written by a newer mlc; use that one"
        )
    assert state.read_bytes() == before


def test_a_field_that_the_language_did_not_have_is_no_change(server: Server, applied: Path) -> None:
    """What was recorded without a field is as it was while the field holds its default."""
    with closing(sqlite3.connect(applied / ".mlc/state/dev.db")) as connection, connection:
        without = (
            "UPDATE entry SET value = CAST(json_remove(value, '$.lifecycle') AS BLOB) WHERE type = 'resource'"
        )
        connection.execute(without)
    assert "lifecycle" not in state_of(applied).resources["model.risk"]
    assert "Nothing to do" in server.run(applied, "plan").out
    write(applied, "model/risk.yaml", model() + "lifecycle: {retries: 2}\n")
    planned = server.run(applied, "plan")
    assert "lifecycle" in planned.out
    assert "0 to add, 1 to change, 0 to destroy" in planned.out


def test_a_database_of_somebody_else_is_left_alone(server: Server, root: Path) -> None:
    (root / ".mlc/state").mkdir(parents=True)
    with closing(sqlite3.connect(root / ".mlc/state/dev.db")) as connection, connection:
        connection.execute("CREATE TABLE theirs (it TEXT)")
    before = (root / ".mlc/state/dev.db").read_bytes()
    for command in (("plan",), ("apply", "--yes")):
        _told(server.run(root, *command), "state-unreadable", "no state of mlc")
    assert (root / ".mlc/state/dev.db").read_bytes() == before


@pytest.mark.parametrize("harm", ["removed", "damaged"])
@pytest.mark.parametrize("operation", ["dataset.loans/ingest", "model.risk/train", "model.risk/export"])
def test_lost_content_is_made_again(server: Server, applied: Path, operation: str, harm: str) -> None:
    """What a later step needs is there again, with the same bytes, after the one next apply."""
    content = Content(applied / ".mlc/content")
    outputs = state_of(applied).operations[operation].outputs
    for digest in outputs.values():
        path = content.location(digest)
        path.chmod(0o644)
        if harm == "removed":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-7] + b"damaged")
    write(applied, "model/risk.yaml", model(LOGISTIC.replace("C: 1.0", "C: 2.0")))
    if operation != "dataset.loans/ingest":  # a model with other parameters has no use for the old one
        write(applied, "model/risk.yaml", model(description="Another."))
    again = server.run(applied, "apply", "--yes")
    assert again.code == 0, again
    assert f"✓ {operation}" in again.out
    assert "Nothing to do" in server.run(applied, "apply", "--yes").out
    assert state_of(applied).operations[operation].outputs == outputs
    assert [digest for digest in outputs.values() if not content.is_intact(digest)] == []


def test_a_cached_outcome_that_is_torn_is_as_good_as_none(
    server: Server, reference: Reference, applied: Path
) -> None:
    for path in (applied / ".mlc/steps").glob("*/*.json"):
        path.write_bytes(path.read_bytes()[:50])
    (applied / ".mlc/state/dev.db").unlink()
    assert server.run(applied, "apply", "--yes").code == 0
    assert "Nothing to do" in server.run(applied, "apply", "--yes").out
    (version,) = versions(open_registry(applied, REGISTRY), "risk")
    assert version.entry.number == 1


def test_git_sees_nothing_of_it(server: Server, root: Path, applied: Path) -> None:
    assert "*" in (root / ".mlc/.gitignore").read_text().splitlines()
    (root / ".mlc/.gitignore").write_text("mine\n")
    write(root, "model/risk.yaml", model(description="Another."))
    assert server.run(root, "apply", "--yes").code == 0
    assert (root / ".mlc/.gitignore").read_text() == "mine\n"


def test_leftovers_of_killed_runs_go(server: Server, root: Path) -> None:
    """Killed in the middle of a step, over and over; the next run tidies up."""
    for at in (120, 60, 60):
        server.run(root, "apply", "--yes", fault={"how": "kill", "at": at})
    (root / ".mlc/scratch/dev/tmpold").mkdir(parents=True)
    (root / ".mlc/scratch/dev/tmpold/model.skops").write_bytes(b"half")
    assert strays(root)
    assert server.run(root, "apply", "--yes").code == 0
    assert strays(root) == []


@pytest.fixture
def guarded(server: Server) -> Iterator[Path]:
    """An applied project of a user who is not root, in a folder that this user may not write."""
    with tempfile.TemporaryDirectory() as name:
        root = make_project(Path(name) / "small")
        assert server.run(root, "apply", "--yes").code == 0
        Path(name).chmod(0o755)
        _allow(root, writing=False)
        yield root
        _allow(root, writing=True)


def test_a_read_only_project_can_be_looked_at(server: Server, guarded: Path) -> None:
    for command in (
        ("validate",),
        ("plan",),
        ("apply", "--yes"),
        ("registry", "show", "risk"),
        ("state", "list"),
    ):
        ended = _as_somebody(server, guarded, *command)
        assert ended.code == 0, (command, ended)
    assert "Nothing to do" in _as_somebody(server, guarded, "plan").out


def test_a_read_only_project_is_not_applied(server: Server, guarded: Path) -> None:
    before = state_of(guarded)
    overrides = ("model.risk.description=Another",)
    _told(_as_somebody(server, guarded, "apply", "--yes", *overrides), "not-writable", ".mlc")
    _told(_as_somebody(server, guarded, "plan", "-o", "saved", *overrides), "not-writable", "right to write")
    _allow(guarded, writing=True)
    assert state_of(guarded) == before
    assert _as_somebody(server, guarded, "apply", "--yes", *overrides).code == 0


def test_a_read_only_project_without_a_state(server: Server) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = make_project(Path(name) / "small")
        Path(name).chmod(0o755)
        _allow(root, writing=False)
        _told(_as_somebody(server, root, "apply", "--yes"), "not-writable", ".mlc")
        assert not (root / ".mlc").exists()
        _allow(root, writing=True)


def _as_somebody(server: Server, root: Path, *words: str) -> Ended:
    return server.run(root, *words, uid=0 if os.geteuid() else NOBODY)


def _allow(root: Path, *, writing: bool) -> None:
    for path in (root, *root.rglob("*")):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
        if path.is_dir():
            path.chmod(0o755 if writing else 0o555)
        elif ".mlc/content" not in str(path):
            path.chmod(0o644 if writing else 0o444)


def _reused(ended: Ended, step: str) -> bool:
    return any(line.startswith(f"✓ {step} ") and "reused" in line for line in ended.out.splitlines())


def _told(ended: Ended, rule: str, words: str) -> None:
    assert ended.code == 1, ended
    assert f"error[{rule}]" in ended.err, ended
    assert "Traceback" not in ended.err
    assert words in " ".join(ended.err.split()), ended.err
