"""Secrets: read where they are used, and shown nowhere.

`${secret:NAME}` in a specification stays a reference until the moment something is reached with it. Then its
value is read from the file NAME in a folder: `/run/secrets`, where containers have them, or the folder that
the variable MLC_SECRETS names. Never from a command line, which every process can see.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mlc.ir.operation import StepFailed
from mlc.rules import secret_missing

FOLDER = "/run/secrets"
VARIABLE = "MLC_SECRETS"
LARGEST = 65_536  # bytes

_REFERENCE = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_-]*)\}")


class Secret:
    """A value that nobody gets to see by printing, formatting, logging or storing it: it shows as `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def hidden_in(self, text: str) -> str:
        """A text of somebody else's (an error) without the value."""
        return text.replace(self._value, "***") if self._value else text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


def read_secret(reference: str) -> Secret:
    """The value that `${secret:NAME}` stands for, without the line's end. Raises StepFailed (secret-missing)."""
    named = _REFERENCE.fullmatch(reference)
    if named is None:
        raise ValueError("not a reference to a secret")  # the schema admits no other; it is not repeated here
    folder = Path(os.environ.get(VARIABLE) or FOLDER)
    path = folder / named[1]
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise StepFailed(secret_missing.found(named[1], path, why)) from None
    try:
        value = content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise StepFailed(secret_missing.found(named[1], path, "it is not text in UTF-8")) from None
    if not value or len(content) > LARGEST:
        why = "it is empty" if not value else f"it has more than {LARGEST:,} bytes"
        raise StepFailed(secret_missing.found(named[1], path, why))
    return Secret(value)


def revealed(options: Any) -> tuple[Any, list[Secret]]:
    """Options with the values of the secrets that they refer to, and these secrets.

    Raises StepFailed (secret-missing).
    """
    if isinstance(options, str) and options.startswith("${secret:"):
        secret = read_secret(options)
        return secret.reveal(), [secret]
    if isinstance(options, dict):
        parts = {key: revealed(value) for key, value in options.items()}
        return {key: part[0] for key, part in parts.items()}, [
            one for part in parts.values() for one in part[1]
        ]
    if isinstance(options, list):
        listed = [revealed(value) for value in options]
        return [part[0] for part in listed], [one for part in listed for one in part[1]]
    return options, []


def hidden(error: BaseException, secrets: Sequence[Secret], query: str = "") -> str:
    """What an error says, without the values of some secrets and the query of a URL, which may be a signature."""
    words = str(error) or type(error).__name__
    if query:
        words = words.replace(f"?{query}", "").replace(query, "…")
    for secret in secrets:
        words = secret.hidden_in(words)
    return words
