"""Promotes a version: its alias moves to it, once, and the promotion log says so.

There is no undoing: other deployments may go by the same alias, and history is not taken back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from mlc.drivers.registry import Cause, aliases, open_registry, set_alias
from mlc.ir.operation import Product, Work
from mlc.store.files import write_atomically

VERSION = 1
PACKAGES: tuple[str, ...] = ()
EFFECT = True


def run(work: Work) -> Product:
    """`promotion` is promotion.json: name, version, alias.

    Raises StepFailed (unknown-version, registry-unreadable; alias-moved where another process promoted
    between our looking and our moving).
    """
    version: dict[str, Any] = msgspec.json.decode(work.inputs["version"].read_bytes())
    name, number, alias = version["name"], version["version"], work.spec["alias"]
    registry = open_registry(work.root, work.spec["registry"])
    former = aliases(registry, name).get(alias)
    work.tell(f"{name}@{alias} → version {number}")
    cause = Cause(
        environment=work.environment,
        deployment=work.spec["deployment"],
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    moved = set_alias(registry, name, alias, number, expected=former, cause=cause)
    path = work.folder / "promotion.json"
    content = {"name": name, "version": number, "alias": alias}
    write_atomically(path, msgspec.json.encode(content, order="deterministic"))
    return Product({"promotion": path}, {"version": number, "alias": alias, "former": former, "moved": moved})
