"""One file as the loader read it."""

from __future__ import annotations

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node


class Loaded(Struct, frozen=True):
    """`node` is None for an empty file and for one that could not be read: then a diagnostic says why.

    `header` holds the `# @key value` comments at the top of the file: Hydra's `# @package`. `values` counts what
    the file holds, and `copies` what aliases repeat of it, which is among them.
    """

    node: Node | None
    header: dict[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()
    values: int = 0
    copies: int = 0
