"""language-version: mlc.yaml is written in another version of the language.

Why it matters: a key may have another name or meaning there, so nothing else that would be said of the project is sure
to be right.
How to mend it: `mlc migrate` brings an older project to this version, comments kept; a newer one needs a newer mlc.
"""

from __future__ import annotations

from mlc import __version__
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.language import VERSION, first_release
from mlc.ir.node import Node
from mlc.ir.span import Span

RULE = Rule.of(__name__, "error", "The project is written in another version of the language.")

BAD = {"mlc.yaml": "mlc: 0\nproject: shop\nenvironments: [dev]\n", "env/dev.yaml": "{}\n"}
GOOD = {"mlc.yaml": "mlc: 1\nproject: shop\nenvironments: [dev]\n", "env/dev.yaml": "{}\n"}


def check_version(project: Node) -> tuple[Diagnostic, ...]:
    """What there is to say of the version that mlc.yaml names; nothing where it is this one, or none at all."""
    node = project.get("mlc")
    if node is None or type(node.value) is not int or node.value == VERSION:
        return ()
    return (found(node.value, node.span),)


def found(version: int, span: Span) -> Diagnostic:
    if version > VERSION:
        return RULE.at(
            span,
            f"It is written in version {version} of the language, which mlc {first_release(version)} and "
            "newer read. This is mlc "
            f"{__version__}, which reads version {VERSION}.",
            text="newer than this mlc",
            help=f"Install mlc {first_release(version)} or newer.",
            path="mlc",
        )
    return RULE.at(
        span,
        f"It is written in version {version} of the language, and mlc {__version__} reads version {VERSION}.",
        text="an older version",
        help="`mlc migrate` writes it in this version, comments and order kept; `mlc migrate --diff` shows how.",
        path="mlc",
    )


def no_way(version: int, span: Span | None) -> Diagnostic:
    return RULE.at(
        span,
        f"There is no way from version {version} of the language to version {VERSION}: there never was a "
        f"version {version}.",
        text="no version of the language",
        help=f"Write the version that the project was written in, which is 0 to {VERSION}.",
        path="mlc",
    )
