"""Files are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlc.store.files import TEMPORARY, make_folder, staging, sweep, write_atomically, write_if_changed

FAULTS = ("fsync", "rename", "fchmod")


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob(f"{TEMPORARY}*"))


def test_writes_with_its_mode_and_makes_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "state.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two", 0o640)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert left_over(tmp_path) == []


def test_write_if_changed_leaves_the_same_bytes_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert write_if_changed(path, b"one")
    inode = path.stat().st_ino
    assert not write_if_changed(path, b"one")
    assert path.stat().st_ino == inode
    assert write_if_changed(path, b"two")
    assert path.read_bytes() == b"two"


@pytest.mark.parametrize("call", FAULTS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failing_call_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert left_over(tmp_path) == []


def test_the_kernel_refusing_half_way_leaves_the_old_content(tmp_path: Path) -> None:
    """A file size limit makes the kernel write a part and then refuse, as a full disk does."""
    path = tmp_path / "file"
    write_atomically(path, b"old")
    program = (
        "import sys; from pathlib import Path; from mlc.store.files import write_atomically\n"
        "try: write_atomically(Path(sys.argv[1]), b'x' * 1_000_000)\n"
        "except OSError as error: print(error.errno)"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    assert done.stdout.split() == [str(errno.EFBIG)]
    assert path.read_bytes() == b"old"
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("call", FAULTS)
def test_killed_while_writing_leaves_the_old_content_and_is_swept(tmp_path: Path, call: str) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    program = (
        "import os, signal, sys; from pathlib import Path; from mlc.store.files import write_atomically\n"
        f"os.{call} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), b'new')"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], env=_environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert len(left_over(tmp_path)) == 1
    assert sweep(tmp_path) == 1
    assert left_over(tmp_path) == []
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_sweep_leaves_the_file_of_a_living_writer(tmp_path: Path) -> None:
    with staging(tmp_path) as (file, keep):
        file.write(b"content")
        assert sweep(tmp_path) == 0
        keep(tmp_path / "kept", 0o600)
    assert (tmp_path / "kept").read_bytes() == b"content"


def test_a_staged_file_that_is_not_kept_is_removed(tmp_path: Path) -> None:
    with staging(tmp_path) as (file, _):
        file.write(b"content")
    assert list(tmp_path.iterdir()) == []


def test_make_folder_gives_its_mode_to_the_last_folder_only(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b", 0o700)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    make_folder(tmp_path / "a" / "b", 0o755)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
