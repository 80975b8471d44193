"""The name of a resource: its kind and its own name."""

from __future__ import annotations

from msgspec import Struct


class Address(Struct, frozen=True, order=True):
    """Prints as `model.churn`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"

    @staticmethod
    def parse(text: str) -> Address:
        """The address that `str` printed. Raises ValueError where there is no dot."""
        kind, dot, name = text.partition(".")
        if not dot or not name:
            raise ValueError(f"not an address: {text!r}")
        return Address(kind, name)
