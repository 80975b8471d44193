"""Version 0 is what the language was before its first release; version 1 is the same, and stays.

What has changed since the first specs were written: nothing was renamed and nothing moved, and what is new has a
default that means what was meant before it (docs/decisions/0110 says how that was looked up). One thing is narrower:
the namespace of a `kserve` target has to be one that Kubernetes takes. A name with an underscore was accepted,
rendered, and refused by the cluster; which name was meant is not for a tool to guess, so that is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Edit
from mlc.migrations import Files, Migration
from mlc.rules import migration_by_hand

BEFORE = {
    "mlc.yaml": "mlc: 0  # before the first release\nproject: shop\nenvironments: [dev]\n",
    "env/dev.yaml": "description: Where changes are tried.\n",
}
AFTER = {**BEFORE, "mlc.yaml": BEFORE["mlc.yaml"].replace("mlc: 0", "mlc: 1")}

_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)


def _edits(_: Files) -> Iterable[Edit]:
    """But for the version itself, which whoever migrates writes."""
    return ()


def _by_hand(files: Files) -> Iterable[Diagnostic]:
    for part in files.of("target"):
        namespace = part.at("namespace")
        if namespace is None or not isinstance(namespace.value, str) or "${" in namespace.value:
            continue
        if not _NAMESPACE.fullmatch(namespace.value):
            yield migration_by_hand.found(
                namespace.span,
                f'Kubernetes has no namespace "{namespace.value}": a name there is lower-case letters, digits and -, '
                "with a letter or digit first and last. Version 0 took it, and the cluster did not.",
                "Write the namespace that is meant.",
            )


MIGRATION = Migration(before=0, after=1, edits=_edits, by_hand=_by_hand)
