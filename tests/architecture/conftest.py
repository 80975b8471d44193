"""The applied project is that of the acceptance tests."""

from __future__ import annotations

from acceptance.conftest import applied

__all__ = ["applied"]
