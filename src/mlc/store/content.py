"""Files by the SHA-256 of their bytes.

A file's name is its digest, so putting is idempotent, two writers of the same bytes cannot disagree, and
damage shows: what is asked for is hashed again before it is handed out, and is refused when it is not what
its name says. Putting good bytes over damaged ones mends them.

The folder is private to its owner (0700) and the files are read-only (0444): who wants to share a store
opens one folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from mlc.ir.operation import StepFailed
from mlc.rules import content_damaged, content_missing
from mlc.store.files import TEMPORARY, make_folder, replacing, staging, sweep, sync_folder
from mlc.store.together import Together

_MODE = 0o444
_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Content(Struct, frozen=True):
    """A content-addressed store in the folder `root`, which need not exist yet.

    Digests are SHA-256 in lower-case hex; a text that is none raises ValueError, so that a name read from
    elsewhere never becomes a path out of the store. OSError is raised where the disk says no.
    """

    root: Path

    def put(self, source: Path | bytes, *, move: bool = False) -> str:
        """Keep the bytes of a file (or these bytes); gives their digest when they are durable.

        `move` lets the store take the file itself where that is safe, which saves copying it.
        """
        make_folder(self.root, 0o700)
        if isinstance(source, bytes):
            return self._put_bytes(source)
        digest = digest_of(source)
        if self.is_intact(digest):
            return digest
        if move and (moved := self._move(source, digest)):
            return moved
        return self._copy(source)

    def put_with(self, others: Together, source: Path | bytes) -> str:
        """The same, durable once the block of `others` has ended; the folder of the store is there."""
        digest = digest_of(source) if isinstance(source, Path) else hashlib.sha256(source).hexdigest()
        if not self.is_intact(digest):
            file, temporary = others.stage(self.root)
            digest = _written(source, file)
            others.make_folder(self.location(digest).parent, self.root)
            others.keep(file, temporary, self.location(digest), _MODE)
        return digest

    def path(self, digest: str) -> Path:
        """The file with these bytes, hashed again before it is handed out.

        Raises StepFailed (`content-missing`, `content-damaged`).
        """
        path = self.location(digest)
        found = _digest_or_none(path)
        if found is None:
            raise StepFailed(content_missing.found(digest, path))
        if found != digest:
            raise StepFailed(content_damaged.found(digest, found, path))
        return path

    def read(self, digest: str) -> bytes:
        """The bytes, which are those that were hashed. Raises StepFailed like `path`."""
        path = self.location(digest)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise StepFailed(content_missing.found(digest, path)) from None
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            raise StepFailed(content_damaged.found(digest, found, path))
        return content

    def has(self, digest: str) -> bool:
        """Is there such a file? It is not read; ask `is_intact` whether it is what its name says."""
        return self.location(digest).is_file()

    def is_intact(self, digest: str) -> bool:
        """Is there such a file, and are its bytes those of its name?"""
        return _digest_or_none(self.location(digest)) == digest

    def verify(self, digest: str) -> None:
        """Hash the file again. Raises StepFailed (`content-missing`, `content-damaged`)."""
        self.path(digest)

    def location(self, digest: str) -> Path:
        """Where the file with these bytes is or would be. Nothing is read."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"not a SHA-256 in lower-case hex: {digest!r}")
        return self.root / digest[:2] / digest[2:4] / digest

    def digests(self) -> Iterator[str]:
        """Every digest there is, in order."""
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            if _DIGEST.fullmatch(path.name) and path == self.location(path.name):
                yield path.name

    def remove(self, digest: str) -> bool:
        """Forget these bytes. Says whether they were there."""
        path = self.location(digest)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        sync_folder(path.parent)
        return True

    def sweep(self) -> int:
        """Remove what killed writers left half-done. Gives the number of files removed."""
        folders = {path.parent for path in self.root.rglob(f"{TEMPORARY}*")}
        return sum(sweep(folder) for folder in sorted(folders))

    def _put_bytes(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        if not self.is_intact(digest):
            with replacing(self.location(digest), _MODE) as file:
                file.write(content)
        return digest

    def _copy(self, source: Path) -> str:
        with staging(self.root) as (writer, keep):
            digest = _written(source, writer)
            target = self.location(digest)
            make_folder(target.parent)
            keep(target, _MODE)
        return digest

    def _move(self, source: Path, digest: str) -> str | None:
        """Rename the file into the store; None where it is not ours alone or lies on another disk."""
        if source.is_symlink() or source.stat().st_nlink != 1:
            return None
        source.chmod(_MODE)
        handle = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        target = self.location(digest)
        make_folder(target.parent)
        try:
            os.rename(source, target)  # noqa: PTH104 - the os functions are what the fault tests replace
        except OSError as error:
            if error.errno == errno.EXDEV:
                return None
            raise
        sync_folder(target.parent)
        return digest


def _written(source: Path | bytes, writer: BinaryIO) -> str:
    """Copy and hash in one reading: the name is that of the bytes copied, even if the file changes."""
    if isinstance(source, bytes):
        writer.write(source)
        return hashlib.sha256(source).hexdigest()
    hasher = hashlib.sha256()
    with source.open("rb") as reader:
        while chunk := reader.read(_CHUNK):
            hasher.update(chunk)
            writer.write(chunk)
    return hasher.hexdigest()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex, without reading it whole into memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_or_none(path: Path) -> str | None:
    try:
        return digest_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
