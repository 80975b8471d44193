"""container-unfit: a container of KServe that does not say how it starts, or says it twice.

Why it matters: a server of one's own is started with `args`, and nothing else says them; mlc's predictor on KServe's
Python server is started with those that mlc writes, and others would be dropped.
How to mend it: write `args`, or `server: python` without them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "It is not clear how this container starts.")
SCOPE = "upstream"

_TARGET = "type: kserve\nstorage: s3://acme\nserving_runtime: acme-onnx\n"
_IMAGE = "image: ghcr.io/acme/server@sha256:" + "a" * 64
BAD = {"target/cluster.yaml": f"{_TARGET}container: {{{_IMAGE}}}\n"}
GOOD = {"target/cluster.yaml": f"{_TARGET}container: {{server: python, {_IMAGE}}}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, target in subject.each("target"):
        container = target.get("container")
        if container is None:
            continue
        if container["server"] == "own" and not container["args"]:
            why = (
                'Nothing says what is started in this image. Write it in "args", or take `server: python` for '
                "mlc's predictor on KServe's Python server."
            )
            yield RULE.at(
                subject.span(address, "container"),
                why,
                text="no args",
                address=str(address),
                path="container",
            )
        elif container["server"] == "python" and container["args"]:
            why = (
                'With `server: python` mlc writes what is started, and these "args" would be dropped. Leave them out, '
                "or leave out `server` for a server of your own."
            )
            yield RULE.at(
                subject.span(address, "container", "args"),
                why,
                text="mlc writes them",
                address=str(address),
                path="container.args",
            )
