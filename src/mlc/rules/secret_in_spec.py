"""secret-in-spec: a value that looks like a password, a key or a token.

Why it matters: whoever can read the repository, a plan or a log can use it, for as long as it is valid and
also after it was removed: the history keeps it.
How to mend it: withdraw it where it was issued, then write `${secret:NAME}`, which stays a reference.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A secret stands in the configuration.")

BAD = {"env/dev.yaml": "vars: {store_key: AKIAIOSFODNN7EXAMPLE}\n"}
GOOD = {"env/dev.yaml": "vars: {store_key: '${secret:STORE_KEY}'}\n"}

_FORMS = (
    ("an access key of AWS", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    ("a token of GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})"),
    ("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20}"),
    ("a token of Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{10}"),
    ("a key of Google", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{30}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
    ("a URL with a password", r"[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@$<*]{3,}@"),
)
_ANY_FORM = re.compile("|".join(f"({pattern})" for _, pattern in _FORMS))
_NAMED_SO = re.compile(
    r"(?:^|[_-])(?:password|passwd|passphrase|secret|token|api[_-]?key|(?:access|secret|private)[_-]?key)$",
    re.IGNORECASE,
)
_SHORTEST = 8
_MOST_GUESSABLE = 2.8  # bits per character; words of a language repeat their letters


def check(subject: Subject) -> Iterator[Diagnostic]:
    document = subject.document
    seen: set[Span] = set()
    for tree in (document.project, document.around, document.root):
        for path, winner in tree.walk():
            node: Node | None = winner
            while node is not None:  # also what was overwritten is written down
                what = _secret(path, node)
                if what and node.span not in seen:
                    seen.add(node.span)
                    yield _found(what, path, node.span)
                node = node.overwrote


def _secret(path: tuple[str | int, ...], node: Node) -> str:
    """What kind of secret a value looks like, or nothing. What was resolved is written elsewhere."""
    value = node.value
    if type(value) is not str or node.written is not None or len(value) < _SHORTEST:
        return ""
    found = _ANY_FORM.search(value)
    if found is not None:
        return _FORMS[(found.lastindex or 1) - 1][0]
    names = [part for part in path if isinstance(part, str) and part != "default"]
    if names and _NAMED_SO.search(names[-1]) and "${" not in value and " " not in value:
        return "a password or a token" if _bits_per_character(value) > _MOST_GUESSABLE else ""
    return ""


def _bits_per_character(text: str) -> float:
    """The entropy of a text's characters (Shannon 1948), in bits."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


def _found(what: str, path: tuple[str | int, ...], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'"{".".join(map(str, path))}" looks like {what}. Who can read the repository could use it.',
        text=f"looks like {what}",
        help="Withdraw it where it was issued, and write ${secret:NAME} here.",
        path=".".join(map(str, path)),
    )
