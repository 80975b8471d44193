"""resource-name: a file whose name cannot be the name of a resource.

Why it matters: the name stands in addresses, in file names and in Kubernetes objects, which all take only
lower-case letters, digits, `-` and `_`.
How to mend it: rename the file.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import start_of

RULE = Rule.of(__name__, "error", "A resource has a name that cannot be used.")

BAD = {"target/My Cluster.yaml": "type: local\n"}
GOOD = {"target/my-cluster.yaml": "type: local\n"}


def found(file: str) -> Diagnostic:
    return RULE.at(
        start_of(file),
        f"The file {file} would name a resource, and a resource's name begins with a lower-case letter or a digit "
        "and goes on with lower-case letters, digits, - and _. Rename the file, or begin its name with _ if it is "
        "a layer for others to build on.",
    )
