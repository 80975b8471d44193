"""Secrets that somebody pasted in, kept out of what is shown of a change."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

MASK = "***"
Value = TypeVar("Value")


def masked(value: Value, secrets: frozenset[str]) -> Value:
    """The same value with asterisks in the place of every secret, wherever in it a text holds one."""
    if not secrets:
        return value
    ordered = sorted(secrets, key=len, reverse=True)  # one may hold another
    found: Value = _masked(value, ordered)
    return found


def masked_text(text: str, secrets: frozenset[str]) -> str:
    """The same text, as long as before: what points into it still does."""
    for secret in sorted(secrets, key=len, reverse=True):
        for part in secret.splitlines():
            if len(part) >= len(MASK):
                text = text.replace(part, "*" * len(part))
    return text


def _masked(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value
    if isinstance(value, msgspec.Struct):
        fields = {name: _masked(getattr(value, name), secrets) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, dict):
        return {_masked(key, secrets): _masked(child, secrets) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_masked(child, secrets) for child in value)
    return value
