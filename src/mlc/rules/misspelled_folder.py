"""misspelled-folder: a folder that is called nearly like a kind.

Why it matters: resources are found by the name of their folder; what lies in another one is not part of the project,
and nothing would say so.
How to mend it: rename the folder. One that has nothing to do with mlc can have a name that is less alike.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import start_of

RULE = Rule.of(__name__, "warning", "A folder is called nearly like a kind.")

BAD = {"targets/there.yaml": "type: local\n"}
GOOD = {"target/there.yaml": "type: local\n", "notes/there.yaml": "type: local\n"}


def meant(folder: str, kinds: Iterable[str]) -> str | None:
    """The kind whose folder was probably meant: `policies` for `policy`, `datset` for `dataset`."""
    from difflib import get_close_matches

    singular = folder[:-3] + "y" if folder.endswith("ies") else folder
    near = get_close_matches(singular.lower(), list(kinds), n=1, cutoff=0.8)
    return near[0] if near else None


def found(folder: str, file: str, kind: str) -> Diagnostic:
    return RULE.at(
        start_of(f"{folder}/{file}.yaml"),
        f"No kind is called {folder}, so nothing in that folder is part of the project.",
        text="not read",
        help=f"Rename the folder to {kind} if it holds resources of that kind.",
    )
