"""The bytes of registered files in an object store, by fsspec: S3 and what speaks its language, Google's, Azure's.

An object is there whole or not at all, and its name is its digest, so that putting it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from mlc.drivers._stores import REACHED_BY
from mlc.drivers.registry.files import Elsewhere
from mlc.ir.operation import StepFailed
from mlc.rules import registry_unreachable


class InObjectStore(Elsewhere, frozen=True, kw_only=True):
    """Files below a URL (`s3://bucket/models`)."""

    url: str
    options: dict[str, Any]

    def content(self, digest: str) -> bytes | None:
        with self._store() as (store, below):
            try:
                found: bytes = store.cat_file(f"{below}/{self._name(digest)}")
            except FileNotFoundError:
                return None
        return found

    def keep(self, digest: str, content: bytes) -> None:
        with self._store() as (store, below):
            store.pipe_file(f"{below}/{self._name(digest)}", content)

    def has(self, digest: str) -> bool:
        with self._store() as (store, below):
            return bool(store.exists(f"{below}/{self._name(digest)}"))

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

    def age(self, digest: str) -> float:
        with self._store() as (store, below):
            put = store.modified(f"{below}/{self._name(digest)}")
        put = put if put.tzinfo else put.replace(tzinfo=UTC)
        return float((datetime.now(UTC) - put).total_seconds())

    def _name(self, digest: str) -> str:
        return f"{self.valid(digest)[:2]}/{digest[2:4]}/{digest}"

    @contextmanager
    def _store(self) -> Iterator[tuple[Any, str]]:
        """The store, and the place within it. Whatever its library says is told without what is secret."""
        from mlc.store.secrets import hidden, revealed

        options, secrets = revealed(self.options)
        try:
            import fsspec

            store, below = fsspec.core.url_to_fs(self.url, use_listings_cache=False, **options)
            yield store, below
        except StepFailed:
            raise
        except Exception as error:  # the libraries of stores have no exception in common
            package, extra = REACHED_BY.get(self.url.partition("://")[0], ("", ""))
            if package and isinstance(error.__cause__ or error, ImportError):
                raise StepFailed(registry_unreachable.no_driver(self.url, package, extra)) from None
            told = registry_unreachable.found(self.url, hidden(error, secrets))
            passing = isinstance(error, ConnectionError | TimeoutError) or "onnect" in type(error).__name__
            raise StepFailed(told, passing=passing) from None
