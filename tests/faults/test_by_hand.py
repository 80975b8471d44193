"""Commands that change a state by hand, killed or refused by the disk at their write-side calls.

`state mv`, `state rm`, `state push` and `import` (in the short form at a spread of the calls): the state is the one
before or the one after, or for `import` one on the way; the command given again ends it; and then `apply` trains
nothing and leaves nothing behind.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import structs

from faults.forking import Server
from faults.small import model
from faults.soundness import LONG, Reference, assert_done, assert_sound, strays
from mlc.ir.state import State
from mlc.store.records import document
from mlc.store.state import read_state

SPREAD = 3
"""So many calls in the short form."""


class ByHand(NamedTuple):
    """`prepare` makes the folder ready; `again` is what is told where it is given again and was done."""

    words: tuple[str, ...]
    prepare: Callable[[Path, Reference], None]
    again: str
    whole: bool = True


def _nothing(root: Path, reference: Reference) -> None:
    """All is ready."""


def _renamed(root: Path, reference: Reference) -> None:
    """The model is described under another name."""
    (root / "model/risk.yaml").unlink()
    (root / "model/other.yaml").write_text(model(), encoding="utf-8")
    for name in ("online", "image"):
        path = root / f"deployment/{name}.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("risk", "other"), encoding="utf-8")


def _newer(root: Path, reference: Reference) -> None:
    """A document that leaves a model's training out, and is newer than what is there."""
    state = read_state(root / ".mlc/state/dev.db")
    operations = {name: one for name, one in state.operations.items() if name != "model.risk/train"}
    pushed = structs.replace(state, operations=operations, serial=state.serial + 7)
    (root / "newer.json").write_bytes(document(pushed))


def _lost(root: Path, reference: Reference) -> None:
    shutil.rmtree(root / ".mlc/state")
    shutil.rmtree(root / ".mlc/steps")


COMMANDS = {
    "mv": ByHand(("state", "mv", "model.risk", "model.other", "--yes"), _renamed, "not-in-state"),
    "rm": ByHand(("state", "rm", "model.risk", "deployment.image", "--yes"), _nothing, "not-in-state"),
    "push": ByHand(("state", "push", "newer.json", "--yes"), _newer, "says the same already"),
    "import": ByHand(("import", "model.risk", "deployment.image"), _lost, "", whole=False),
}


@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
@pytest.mark.parametrize("name", COMMANDS)
def test_at_every_call(server: Server, reference: Reference, tmp_path: Path, name: str, how: str) -> None:
    command = COMMANDS[name]
    undisturbed = _prepared(reference, tmp_path / "undisturbed", command)
    before = _state(undisturbed)
    count = tmp_path / "count"
    counting = {"how": "none", "at": 0, "count": str(count)}
    ended = server.run(undisturbed, *command.words, fault=counting)
    assert ended.code == 0, ended
    calls, after = int(count.read_text()), _state(undisturbed)
    assert calls > 5
    assert _held(before) != _held(after)
    for at in range(1, calls + 1, 1 if LONG else max(1, calls // SPREAD)):
        root = _prepared(reference, tmp_path / str(at), command)
        ended = server.run(root, *command.words, fault={"how": how, "at": at})
        assert ended.code in ((-signal.SIGKILL,) if how == "kill" else (0, 1)), (at, ended)
        assert "mistake in mlc, not yours" not in ended.err, (at, ended)
        found = _held(_state(root))
        assert not command.whole or found in (_held(before), _held(after)), at
        if ended.code == 0:
            assert found == _held(after), at
        again = server.run(root, *command.words)
        was_done = bool(command.again) and found == _held(after)
        assert (again.code == 0) or was_done, (at, again)
        assert not was_done or command.again in again.out + again.err, (at, again)
        assert _held(_state(root)) == _held(after), at
        applied = server.run(root, "apply", "--yes")
        assert applied.code == 0, (at, applied)
        trained = [line for line in applied.out.splitlines() if "/train" in line]
        assert all("reused" in line or "came out the same" in line for line in trained), (at, applied)
        assert strays(root) == [], at
        if name in ("rm", "push"):
            assert_done(server, root, reference)
        else:  # the model has another name, or was measured again: its entry has a second revision
            assert_sound(root, reference)
            assert "Nothing to do" in server.run(root, "apply", "--yes").out, at
        shutil.rmtree(root.parent)


def _prepared(reference: Reference, folder: Path, command: ByHand) -> Path:
    root = folder / "small"
    shutil.copytree(reference.root, root, symlinks=True)
    command.prepare(root, reference)
    return root


def _state(root: Path) -> State:
    return read_state(root / ".mlc/state/dev.db")


def _held(state: State) -> State:
    """What a state holds, whatever its name and number."""
    return structs.replace(state, lineage="", serial=0, project="", environment="")
