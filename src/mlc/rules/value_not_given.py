"""value-not-given: a value that is still `???`.

Why it matters: `???` in a layer says that whoever builds on it must give the value; nobody did.
How to mend it: give the value in the resource, a preset, a patch or on the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A value is still to be given.")
SCOPE = "upstream"

_LAYER = {"target/_team.yaml": "type: local\nowner: ???\n"}
BAD = {**_LAYER, "target/here.yaml": "defaults: [_team, _self_]\n"}
GOOD = {**_LAYER, "target/here.yaml": "defaults: [_team, _self_]\nowner: growth\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, spec in subject.specs.items():
        if not _may_hold_it(spec):
            continue
        resource = subject.document.resource(address)
        assert resource is not None, address
        for path, node in resource.walk():
            if node.value == "???":
                shown = ".".join(map(str, path))
                yield RULE.at(
                    node.span,
                    f'"{shown}" is `???`, which stands for a value that is still to be given.',
                    text="still to be given",
                    help=f"Give it in {address.kind}/{address.name}.yaml, or with {address}.{shown}=VALUE.",
                    address=str(address),
                    path=shown,
                )


def _may_hold_it(spec: dict[str, Any]) -> bool:
    """Whether the text stands anywhere in a spec: far sooner seen in its encoded form than by looking at each value."""
    try:
        return b'"???"' in msgspec.json.encode(spec)
    except (ValueError, OverflowError):  # a text that is no Unicode, a number that is too large for it
        return True
