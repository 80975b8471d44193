"""A file that the compiler writes."""

from __future__ import annotations

from msgspec import Struct

from mlc.ir.address import Address


class Artifact(Struct, frozen=True):
    """`path` is relative to the project's folder, with forward slashes. `digest` is the SHA-256 in hex."""

    path: str
    content: bytes
    digest: str
    backend: str
    address: Address


def artifact(path: str, content: bytes, backend: str, address: Address) -> Artifact:
    import hashlib  # validating needs no digest

    return Artifact(path, content, hashlib.sha256(content).hexdigest(), backend, address)
