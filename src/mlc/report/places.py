"""What the forms for machines share: the file and line that a diagnostic is shown at, and its fingerprint.

GitLab, SARIF's viewers and JUnit's readers show nothing without a place in a file. What has none (a wrong
word on the command line, a project that is not there) is shown at the top of `mlc.yaml`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from urllib.parse import quote

from msgspec import structs

from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.span import Span, start_of

NOWHERE = start_of("mlc.yaml")


def place(one: Diagnostic) -> Span:
    """Where a diagnostic is shown: its culprit, else another place it names, else the top of mlc.yaml."""
    spans = [label.span for label in sorted(one.labels, key=lambda label: not label.primary)]
    return next((span for span in spans if is_in_file(span)), NOWHERE)


def is_in_file(span: Span) -> bool:
    """Whether a file holds it: the command line and field defaults are none."""
    return not span.file.startswith("<")


def below(folder: str, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Diagnostics whose files are named from where the project is a folder: a repository's top."""
    return tuple(
        structs.replace(
            one,
            labels=tuple(structs.replace(label, span=_below(folder, label.span)) for label in one.labels)
            or (Label(_below(folder, NOWHERE), primary=True),),
            fix=one.fix
            and structs.replace(
                one.fix,
                edits=tuple(structs.replace(edit, span=_below(folder, edit.span)) for edit in one.fix.edits),
            ),
        )
        for one in found
    )


def sources_below(folder: str, sources: Mapping[str, str]) -> dict[str, str]:
    """The texts that such diagnostics point into."""
    return {name if name.startswith("<") else f"{folder}/{name}": text for name, text in sources.items()}


def _below(folder: str, span: Span) -> Span:
    return structs.replace(span, file=f"{folder}/{span.file}") if is_in_file(span) else span


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
