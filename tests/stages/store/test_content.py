"""The content-addressed store hands out what was put in, or says that it cannot."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mlc.ir.operation import StepFailed
from mlc.store.content import Content, digest_of
from mlc.store.files import TEMPORARY

DIGEST = hashlib.sha256(b"bytes").hexdigest()


def test_bytes_and_files_get_the_same_digest(tmp_path: Path) -> None:
    store, file = Content(tmp_path / "store"), tmp_path / "file"
    file.write_bytes(b"bytes")
    assert store.put(b"bytes") == store.put(file) == digest_of(file) == DIGEST
    assert store.read(DIGEST) == store.path(DIGEST).read_bytes() == b"bytes"
    assert store.path(DIGEST) == tmp_path / "store" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    assert store.path(DIGEST).stat().st_mode & 0o777 == 0o444
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert list(store.digests()) == [DIGEST]


def test_a_large_file_is_copied_whole(tmp_path: Path) -> None:
    store, file = Content(tmp_path / "store"), tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 20_000)
    digest = store.put(file)
    assert store.path(digest).read_bytes() == file.read_bytes()


def test_putting_again_writes_nothing(tmp_path: Path) -> None:
    store = Content(tmp_path / "store")
    store.put(b"bytes")
    before = store.path(DIGEST).stat()
    store.put(b"bytes")
    assert store.path(DIGEST).stat().st_ino == before.st_ino


def test_moving_takes_the_file_only_when_it_is_ours_alone(tmp_path: Path) -> None:
    store, file, linked = Content(tmp_path / "store"), tmp_path / "file", tmp_path / "linked"
    file.write_bytes(b"bytes")
    linked.write_bytes(b"linked")
    os.link(linked, tmp_path / "second-name")
    assert store.put(file, move=True) == DIGEST
    assert not file.exists()
    digest = store.put(linked, move=True)
    assert linked.exists()
    assert store.path(digest).stat().st_nlink == 1


@pytest.mark.parametrize("damage", [b"Bytes", b"byte", b""])
def test_damage_is_refused_and_mended_by_putting_again(tmp_path: Path, damage: bytes) -> None:
    store = Content(tmp_path / "store")
    store.put(b"bytes")
    path = store.location(DIGEST)
    path.chmod(0o600)
    path.write_bytes(damage)
    assert store.has(DIGEST)
    assert not store.is_intact(DIGEST)
    for ask in (store.path, store.read, store.verify):
        with pytest.raises(StepFailed) as failed:
            ask(DIGEST)
        assert failed.value.diagnostics[0].rule == "content-damaged"
    store.put(b"bytes")
    assert store.read(DIGEST) == b"bytes"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    store = Content(tmp_path / "store")
    assert not store.has(DIGEST)
    assert list(store.digests()) == []
    for ask in (store.path, store.read, store.verify):
        with pytest.raises(StepFailed) as failed:
            ask(DIGEST)
        assert failed.value.diagnostics[0].rule == "content-missing"
    assert not (tmp_path / "store").exists(), "asking makes nothing"
    assert not store.remove(DIGEST)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", DIGEST.upper(), DIGEST + "0", DIGEST + "\n"])
def test_a_name_that_is_no_digest_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        Content(tmp_path).path(name)


def test_several_processes_put_the_same_files(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mlc.store.content import Content\n"
        "store = Content(Path(sys.argv[1]))\n"
        "for n in range(60): store.put(str(n).encode() * 1000)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "store")]
    writers = [subprocess.Popen(command, env=_environment()) for _ in range(4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    store = Content(tmp_path / "store")
    digests = list(store.digests())
    assert len(digests) == 60
    assert all(store.is_intact(digest) for digest in digests)
    assert not list((tmp_path / "store").rglob(f"{TEMPORARY}*"))


@pytest.mark.parametrize("call", ["mkdir", "fsync", "rename", "fchmod"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_killed_anywhere_then_put_again(tmp_path: Path, call: str, at: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    program = f"""
import os, signal, sys
from pathlib import Path
from mlc.store.content import Content
real, count = os.{call}, 0
def deadly(*arguments, **named):
    global count
    count += 1
    if count == {at}: os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)
os.{call} = deadly
Content(Path(sys.argv[1])).put(Path(sys.argv[2]))
"""
    arguments = [sys.executable, "-c", program, str(tmp_path / "store"), str(file)]
    done = subprocess.run(arguments, env=_environment(), check=False)
    assert done.returncode in (-signal.SIGKILL, 0)  # 0: there are fewer such calls than `at`
    assert at > 1 or done.returncode != 0
    store = Content(tmp_path / "store")
    assert all(store.is_intact(digest) for digest in store.digests())
    assert store.put(file) == DIGEST
    assert store.read(DIGEST) == b"bytes"
    store.sweep()
    assert not list((tmp_path / "store").rglob(f"{TEMPORARY}*"))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
