"""A document without mistakes."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mlc.ir.address import Address
from mlc.ir.document import Document


class Checked(Struct, frozen=True):
    """A document that every check has passed: the only thing that `lower` takes.

    `specs` holds each resource as plain data with its defaults; `project` likewise mlc.yaml.
    `default_registry` serves a project that declares none.
    """

    document: Document
    project: dict[str, Any]
    specs: dict[Address, dict[str, Any]]
    default_registry: dict[str, Any]
