"""foreign-file: a file that mlc did not write stands where it would write one.

Why it matters: somebody made that file, and it may be the only copy. The plan shows it with `!`; a person who is
asked can decide, and a command that may not ask does not.
How to mend it: move the file away or give the resource another name; or take it over with `mlc import`; or let it be
replaced, with `--overwrite`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import counted, listed

RULE = Rule.of(__name__, "error", "A file that mlc did not write would be replaced.")


def found(files: Sequence[tuple[str, str]]) -> Diagnostic:
    """`files` are paths and the addresses of the resources that would write there."""
    addresses = list(dict.fromkeys(address for _, address in files))
    return RULE.at(
        None,
        f"This plan would replace {counted(len(files), 'file')}, of which the state knows nothing: "
        f"{listed(path for path, _ in files)}. With --yes nobody is asked, so nothing was done.",
        help=f"Move what is there away; or run `mlc import {' '.join(addresses[:5])} --overwrite` to take it over; or "
        "pass --overwrite as well, if it may be lost.",
        address=addresses[0] if len(addresses) == 1 else "",
    )


def appeared(path: str, address: str) -> Diagnostic:
    """One that was not there, or was another one, when the plan was made."""
    return RULE.at(
        None,
        f"{path} is not what it was when the plan was made, and mlc did not write it. It was left as it is.",
        help="Make a new plan, which shows what would be replaced.",
        address=address,
    )
