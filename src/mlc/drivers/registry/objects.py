"""The bytes of registered files in an object store, by fsspec: S3 and what speaks its language, Google's, Azure's.

An object is there whole or not at all, and its name is its digest, so that putting it twice is harmless.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.drivers.registry.catalogue import Changes
from mlc.drivers.registry.files import LEAST_AGE
from mlc.ir.operation import StepFailed
from mlc.rules import content_damaged, content_missing, registry_unreachable
from mlc.store.content import Content

_CHUNK = 1 << 20
_PACKAGES = {
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", ""),
    "gcs": ("gcsfs", ""),
    "abfs": ("adlfs", ""),
    "az": ("adlfs", ""),
}
"""What reaches a store, and the extra that brings it."""


class InObjectStore(Struct, frozen=True):
    """Files below a URL (`s3://bucket/models`). `fetched` is where those are laid that are wanted as files here."""

    url: str
    options: dict[str, Any]
    fetched: Content

    def put(self, source: Path | bytes) -> str:
        content = source if isinstance(source, bytes) else source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if self.found(digest) != digest:
            with self._store() as (store, below):
                store.pipe_file(f"{below}/{self._name(digest)}", content)
        return digest

    def put_during(self, changes: Changes, content: bytes) -> str:  # noqa: ARG002 - the store is another place
        return self.put(content)

    def read(self, digest: str) -> bytes:
        with self._store() as (store, below):
            try:
                content: bytes = store.cat_file(f"{below}/{self._name(digest)}")
            except FileNotFoundError:
                raise StepFailed(content_missing.found(digest, self.place(digest))) from None
        now = hashlib.sha256(content).hexdigest()
        if now != digest:
            raise StepFailed(content_damaged.found(digest, now, self.place(digest)))
        return content

    def path(self, digest: str) -> Path:
        if not self.fetched.is_intact(digest):
            self.fetched.put(self.read(digest))
        return self.fetched.path(digest)

    def has(self, digest: str) -> bool:
        with self._store() as (store, below):
            return bool(store.exists(f"{below}/{self._name(digest)}"))

    def found(self, digest: str) -> str | None:
        now = hashlib.sha256()
        with self._store() as (store, below):
            try:
                with store.open(f"{below}/{self._name(digest)}", "rb") as file:
                    while chunk := file.read(_CHUNK):
                        now.update(chunk)
            except FileNotFoundError:
                return None
        return now.hexdigest()

    def place(self, digest: str) -> str:
        return f"{self.url}/{self._name(digest)}"

    def digests(self) -> Iterator[str]:
        with self._store() as (store, below):
            names = sorted(name.rpartition("/")[2] for name in store.find(below))
        return iter([name for name in names if len(name) == 64])

    def remove(self, digest: str) -> bool:
        there = self.has(digest)
        if there:
            with self._store() as (store, below):
                store.rm_file(f"{below}/{self._name(digest)}")
        return there

    def sweep(self) -> int:
        return 0  # an object is there whole or not at all

    def registering(self) -> AbstractContextManager[None]:
        return nullcontext()

    def collecting(self) -> AbstractContextManager[float]:
        return nullcontext(LEAST_AGE)

    def age(self, digest: str) -> float:
        with self._store() as (store, below):
            put = store.modified(f"{below}/{self._name(digest)}")
        put = put if put.tzinfo else put.replace(tzinfo=UTC)
        return float((datetime.now(UTC) - put).total_seconds())

    def _name(self, digest: str) -> str:
        self.fetched.location(digest)  # raises ValueError for what is no digest
        return f"{digest[:2]}/{digest[2:4]}/{digest}"

    @contextmanager
    def _store(self) -> Iterator[tuple[Any, str]]:
        """The store, and the place within it. Whatever its library says is told without what is secret."""
        from mlc.store.secrets import hidden, revealed

        options, secrets = revealed(self.options)
        try:
            import fsspec

            store, below = fsspec.core.url_to_fs(self.url, use_listings_cache=False, **options)
            yield store, below
        except (StepFailed, FileNotFoundError):
            raise
        except Exception as error:  # the libraries of stores have no exception in common
            package, extra = _PACKAGES.get(self.url.partition("://")[0], ("", ""))
            if package and isinstance(error.__cause__ or error, ImportError):
                raise StepFailed(registry_unreachable.no_driver(self.url, package, extra)) from None
            told = registry_unreachable.found(self.url, hidden(error, secrets))
            passing = isinstance(error, ConnectionError | TimeoutError) or "onnect" in type(error).__name__
            raise StepFailed(told, passing=passing) from None
