"""packages-unlocked: an image installs packages that nobody has locked.

Why it matters: of a package that is only named with its version, the index decides on the day of the build which file
that is, and what it needs in its turn is resolved anew each time.
How to mend it: write what is wanted into requirements.in, lock it with
`uv pip compile --generate-hashes --output-file requirements.lock requirements.in`, and name the file in the runtime's
`lock`.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules import lock_unfit
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "An image installs packages that nobody has locked.")
SCOPE = "upstream"

_BOX = {
    "target/box.yaml": "type: docker\nrepository: ghcr.io/acme/shop\n",
    "deployment/local.yaml": "model: churn\ntarget: box\nruntime: python\n",
}
BAD = {
    **_BOX,
    "runtime/python.yaml": "python: '3.11'\nimage: python@sha256:"
    + "0" * 64
    + "\npackages: {numpy: 2.4.6}\n",
}
GOOD = {**_BOX, **lock_unfit.GOOD}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for _, deployment in subject.each("deployment"):
        target, name = subject.named("target", deployment["target"]), deployment["runtime"]
        runtime = subject.named("runtime", name)
        if target is None or target["type"] != "docker" or runtime is None or runtime["lock"] is not None:
            continue
        # of the runtime, so that it is said once, however many images are built on it
        address = Address("runtime", name)
        yield RULE.at(
            subject.key_span(address, "packages"),
            "Each build of an image with this runtime takes what its index then gives for these packages, and for "
            'what they need. Lock them with their hashes, and name the file in "lock".',
            text="have no hashes",
            help="uv pip compile --generate-hashes --output-file requirements.lock requirements.in",
            address=str(address),
            path="packages",
        )
