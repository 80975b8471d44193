"""A saved plan: canonical JSON, with the digest of itself, so that an edited one is noticed."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from mlc.ir.plan import VERSION, Plan


class _Saved(Struct, frozen=True):
    digest: str
    plan: msgspec.Raw


class _Versioned(Struct, frozen=True):
    version: int


def encode(plan: Plan) -> bytes:
    """The bytes of a plan; the same plan has the same bytes."""
    return _enclosed(msgspec.json.encode(plan, order="sorted"))


def _enclosed(body: bytes) -> bytes:
    return b'{"digest":"%s","plan":%s}\n' % (hashlib.sha256(body).hexdigest().encode(), body)


def decode(content: bytes) -> Plan:
    """The plan. Raises ValueError, with the reason in words, where it cannot be used."""
    try:
        saved = msgspec.json.decode(content, type=_Saved)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueError("it is not a saved plan") from None
    body = bytes(saved.plan)
    if content != _enclosed(body):
        raise ValueError("it was changed after it was saved")
    try:
        version = msgspec.json.decode(body, type=_Versioned).version
        if version != VERSION:
            raise ValueError(f"it has version {version}, and this mlc takes version {VERSION}")
        return msgspec.json.decode(body, type=Plan)
    except msgspec.DecodeError:
        raise ValueError("it was saved by another version of mlc") from None
