"""Several files that are made durable together: each whole or not there, in the order that a power cut asks for."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from mlc.store import together as module
from mlc.store.content import Content
from mlc.store.files import TEMPORARY
from mlc.store.together import sync_all, together


def put(root: Path, *contents: bytes) -> list[str]:
    store = Content(root)
    if not root.is_dir():
        root.mkdir()
    with together() as others:
        return [store.put_with(others, content) for content in contents]


def test_all_are_there_under_their_digests(tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(b"two")
    store = Content(tmp_path / "store")
    store.root.mkdir()
    with together() as others:
        digests = [store.put_with(others, source) for source in (b"one", tmp_path / "given", b"one")]
        assert not any(store.has(digest) for digest in digests)
    assert [store.read(digest) for digest in digests] == [b"one", b"two", b"one"]
    assert [*store.digests()] == sorted({*digests})
    assert store.location(digests[0]).stat().st_mode & 0o777 == 0o444
    assert not [*store.root.rglob(f"{TEMPORARY}*")]


def test_what_is_damaged_is_mended(tmp_path: Path) -> None:
    digest, _ = put(tmp_path / "store", b"one", b"two")
    path = Content(tmp_path / "store").location(digest)
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    put(tmp_path / "store", b"one")
    assert Content(tmp_path / "store").read(digest) == b"one"


def test_bytes_are_durable_before_their_names_and_these_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[tuple[str, str]] = []
    fsync, rename = os.fsync, os.rename

    def synced(handle: int) -> None:
        happened.append(("fsync", str(Path(f"/proc/self/fd/{handle}").readlink())))
        fsync(handle)

    def renamed(source: Any, target: Any) -> None:
        happened.append(("rename", str(source)))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    root = tmp_path / "store"
    digests = put(root, b"one", b"two", b"three")
    assert [what for what, _ in happened[:6]] == ["fsync"] * 3 + ["rename"] * 3
    assert {path for _, path in happened[:3]} == {path for _, path in happened[3:6]}
    above = {
        one
        for digest in digests
        for one in Content(root).location(digest).parents
        if one.is_relative_to(root)
    }
    assert sorted(happened[6:]) == [("fsync", str(one)) for one in sorted(above)]


@pytest.mark.parametrize("call", ["fsync", "rename", "fchmod", "mkdir"])
@pytest.mark.parametrize("at", [1, 2])
def test_a_disk_that_says_no_leaves_whole_files_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    real, count = getattr(os, call), iter(range(1, 100))

    def failing(*arguments: Any) -> Any:
        if next(count) == at:
            raise OSError(errno.ENOSPC, "full")
        return real(*arguments)

    root = tmp_path / "store"
    root.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing)
        with pytest.raises(OSError, match="full"):
            put(root, b"one", b"two")
    store = Content(root)
    assert all(store.is_intact(digest) for digest in store.digests())
    assert not [*root.rglob(f"{TEMPORARY}*")]
    assert all(map(store.is_intact, put(root, b"one", b"two")))


def test_it_goes_without_further_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(module, "start_new_thread", refuse)
    assert len(put(tmp_path / "store", *(b"%d" % nth for nth in range(20)))) == 20


def test_one_failure_among_many_is_told() -> None:
    handle = os.open("/", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="Bad file descriptor"):
            sync_all([handle] * 20 + [2**20] + [handle] * 20)
    finally:
        os.close(handle)
