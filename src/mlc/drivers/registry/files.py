"""Where the bytes of registered files are kept: by the SHA-256 of them, in a folder, a database or an object store.

A file's name is its digest (lower-case hex; anything else raises ValueError), so putting is idempotent, and damage
shows: what is asked for is hashed again before it is handed out.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from mlc.drivers.registry.catalogue import Changes
from mlc.ir.operation import StepFailed
from mlc.rules import content_damaged, content_missing
from mlc.store.content import Content, digest_of
from mlc.store.files import make_folder
from mlc.store.together import together

LEAST_AGE = 3600.0
"""Seconds: what was put so long ago and is named by nothing is not about to be, where no lock can say so."""


class Files(Protocol):
    """Raises OSError or StepFailed (registry-unreadable) where the place of the files says no."""

    def put(self, source: Path | bytes) -> str:
        """Keep the bytes of a file, or these bytes; gives their digest when they are durable."""

    def put_all(
        self, sources: Mapping[str, Path | bytes], early: Callable[[dict[str, str]], bytes]
    ) -> dict[str, str]:
        """Keep several; gives their digests by role once they are durable.

        `early` is given the digests before, and gives bytes that will probably be put in a moment. They are kept with
        the others where that saves waiting for a disk.
        """

    def put_during(self, changes: Changes, content: bytes) -> str:
        """The same as `put`, while the catalogue is changed: where both are one database, in the same transaction."""

    def read(self, digest: str) -> bytes:
        """The bytes. Raises StepFailed (content-missing, content-damaged)."""

    def path(self, digest: str) -> Path:
        """A file on this machine with the bytes. Raises StepFailed (content-missing, content-damaged)."""

    def has(self, digest: str) -> bool:
        """Is there something of that name? It is not read."""

    def found(self, digest: str) -> str | None:
        """The digest of the bytes that are there under that name; None where nothing is."""

    def place(self, digest: str) -> str:
        """Where that is, for people."""

    def digests(self) -> Iterator[str]:
        """Every digest there is, in order."""

    def remove(self, digest: str) -> bool:
        """Forget these bytes. Says whether they were there."""

    def sweep(self) -> int:
        """Remove what killed writers left half-done. Gives the number of files removed."""

    def registering(self) -> AbstractContextManager[None]:
        """While it is held, nothing that nobody names yet is collected."""

    def collecting(self) -> AbstractContextManager[float]:
        """Held to collect; gives how many seconds a file must have lain there before nobody can be about to name it."""

    def age(self, digest: str) -> float:
        """For how many seconds these bytes have been there, at least."""


class InFolder(Content, frozen=True):
    """A folder of the machine, private to its owner."""

    def put_all(
        self, sources: Mapping[str, Path | bytes], early: Callable[[dict[str, str]], bytes]
    ) -> dict[str, str]:
        make_folder(self.root, 0o700)
        with together() as others:
            digests = {role: self.put_with(others, source) for role, source in sorted(sources.items())}
            self.put_with(others, early(digests))
        return digests

    def put_during(self, changes: Changes, content: bytes) -> str:  # noqa: ARG002 - the folder is another place
        return self.put(content)

    def found(self, digest: str) -> str | None:
        try:
            return digest_of(self.location(digest))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def place(self, digest: str) -> str:
        return str(self.location(digest))

    @contextmanager
    def registering(self) -> Iterator[None]:
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def collecting(self) -> Iterator[float]:
        if not self.root.is_dir():
            yield 0.0
            return
        with self._locked(fcntl.LOCK_EX):
            yield 0.0

    def age(self, digest: str) -> float:  # noqa: ARG002 - nobody can be about to name any while it is locked
        return 0.0

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Held together by those who register, alone by who collects; a process that dies lets go of it."""
        make_folder(self.root, 0o700)
        handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, kind)
            yield
        finally:
            os.close(handle)


class Elsewhere(Struct, frozen=True, kw_only=True):
    """What all places have in common that are no folder of this machine.

    `fetched` is where bytes are laid that are wanted as files here. A place says how it keeps, gets and lists bytes.
    """

    fetched: Content

    def put(self, source: Path | bytes) -> str:
        content = source if isinstance(source, bytes) else source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        # what nobody names may be collected once it is old: named again from now on, it is to be young
        if self.content(digest) != content or self.age(digest) > LEAST_AGE / 2:
            self.keep(digest, content)
        return digest

    def put_all(
        self,
        sources: Mapping[str, Path | bytes],
        early: Callable[[dict[str, str]], bytes],  # noqa: ARG002 - it would be sent for nothing where it is another
    ) -> dict[str, str]:
        return {role: self.put(source) for role, source in sorted(sources.items())}

    def put_during(self, changes: Changes, content: bytes) -> str:  # noqa: ARG002 - what is elsewhere is no part of it
        return self.put(content)

    def read(self, digest: str) -> bytes:
        content = self.content(digest)
        if content is None:
            raise StepFailed(content_missing.found(digest, self.place(digest)))
        now = hashlib.sha256(content).hexdigest()
        if now != digest:
            raise StepFailed(content_damaged.found(digest, now, self.place(digest)))
        return content

    def path(self, digest: str) -> Path:
        if not self.fetched.is_intact(digest):
            self.fetched.put(self.read(digest))
        return self.fetched.path(digest)

    def found(self, digest: str) -> str | None:
        content = self.content(digest)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def sweep(self) -> int:
        return 0  # what is kept elsewhere is there whole or not at all

    def registering(self) -> AbstractContextManager[None]:
        return nullcontext()

    def collecting(self) -> AbstractContextManager[float]:
        return nullcontext(LEAST_AGE)

    def valid(self, digest: str) -> str:
        """A digest. Raises ValueError for what is none."""
        self.fetched.location(digest)
        return digest

    def place(self, digest: str) -> str:
        raise NotImplementedError

    def content(self, digest: str) -> bytes | None:
        """The bytes of that name, whatever they are; None where there are none."""
        raise NotImplementedError

    def age(self, digest: str) -> float:
        raise NotImplementedError

    def keep(self, digest: str, content: bytes) -> None:
        """Put bytes there durably, in the place of others."""
        raise NotImplementedError
