"""What the forms for machines share: the file and line that a diagnostic is shown at, and its fingerprint.

GitLab, SARIF's viewers and JUnit's readers show nothing without a place in a file. What has none (a wrong
word on the command line, a project that is not there) is shown at the top of `mlc.yaml`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from urllib.parse import quote

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span, start_of

NOWHERE = start_of("mlc.yaml")


def place(one: Diagnostic) -> Span:
    """Where a diagnostic is shown: its culprit, else another place it names, else the top of mlc.yaml."""
    spans = [label.span for label in sorted(one.labels, key=lambda label: not label.primary)]
    return next((span for span in spans if is_in_file(span)), NOWHERE)


def is_in_file(span: Span) -> bool:
    """Whether a file holds it: the command line and field defaults are none."""
    return not span.file.startswith("<")


def uri(file: str) -> str:
    """The path of a file of the project as a relative URI reference (RFC 3986)."""
    escaped = quote(file.encode("utf-8", "surrogateescape"))
    # a colon in the first segment would be read as the end of a scheme
    return escaped if ":" not in escaped.partition("/")[0] else f"./{escaped}"


def fingerprints(found: tuple[Diagnostic, ...]) -> list[str]:
    """A name (SHA-256, hex) for each, so that a service knows one it has seen.

    It is the same wherever in its file the mistake stands, so that a line added above changes nothing. Those
    that are alike in all else are told apart by their order.
    """
    seen: Counter[str] = Counter()
    made = []
    for one in found:
        alike = "\0".join((one.rule, place(one).file, one.address, one.path, one.detail))
        seen[alike] += 1
        text = f"{alike}\0{seen[alike]}"
        made.append(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
    return made
