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
from mlc.ir.document import Document
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A secret stands in the configuration.")
SCOPE = "upstream"

BAD = {"env/dev.yaml": "vars: {store_key: AKIAIOSFODNN7EXAMPLE}\n"}
GOOD = {"env/dev.yaml": "vars: {store_key: '${secret:STORE_KEY}'}\n"}

Path = tuple[str | int, ...]

# What it is called, texts of which every such secret holds one, and its form. Each form begins at one place of a
# run of its characters only, so that searching takes time linear in the text.
_FORMS = (
    ("an access key of AWS", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a private key", ("-----BEGIN",), r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    (
        "a token of GitHub",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})",
    ),
    ("a token of GitLab", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20}"),
    ("a token of Slack", ("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10}"),
    ("a key of Google", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a token of Hugging Face", ("hf_",), r"\bhf_[A-Za-z0-9]{30}"),
    ("a JSON web token", ("eyJ",), r"(?<![\w-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
    ("a URL with a password", ("://",), r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://[^\s/:@]*:[^\s/@$<*]{3,}@"),
)
_NAMED_SO = re.compile(
    r"(?:^|[_-])(?:password|passwd|passphrase|secret|token|api[_-]?key|(?:access|secret|private)[_-]?key)$",
    re.IGNORECASE,
)
_MARKED = re.compile("|".join(re.escape(mark) for _, marks, _ in _FORMS for mark in marks))
_SHORTEST = 8
_MOST_GUESSABLE = 2.8  # bits per character; words of a language repeat their letters


def check(subject: Subject) -> Iterator[Diagnostic]:
    seen: set[Span] = set()
    for what, path, node in _secrets(subject.document):
        if node.span not in seen:
            seen.add(node.span)
            yield found(what, path, node.span)


def secrets(document: Document) -> Iterator[Node]:
    """The values of a project in one environment that look like secrets, for whoever must not show them."""
    return (node for _, _, node in _secrets(document))


def _secrets(document: Document) -> Iterator[tuple[str, Path, Node]]:
    for tree in (document.project, document.around, document.root):
        for path, node in _texts(tree):
            what = _secret(path, node)
            if what:
                yield what, path, node


def _texts(tree: Node) -> Iterator[tuple[Path, Node]]:
    """Every text long enough that some layer wrote, also where another layer overwrote it."""
    pending: list[tuple[Path, Node]] = [((), tree)]
    while pending:
        path, node = pending.pop()
        value = node.value
        if node.overwrote is not None:
            pending.append((path, node.overwrote))
        if type(value) is str:
            # what an interpolation gave is written elsewhere
            if len(value) >= _SHORTEST and node.written is None:
                yield path, node
        elif type(value) is dict:
            pending += [((*path, key), child) for key, child in value.items()]
        elif type(value) is tuple:
            pending += [((*path, index), child) for index, child in enumerate(value)]


def _secret(path: Path, node: Node) -> str:
    """What kind of secret a text looks like, or nothing."""
    value: str = node.value
    for what, marks, form in _FORMS if _MARKED.search(value) else ():
        if any(mark in value for mark in marks) and re.search(form, value):
            return what
    name = next((part for part in reversed(path) if isinstance(part, str) and part != "default"), None)
    if name is not None and _NAMED_SO.search(name) and "${" not in value and " " not in value:
        return "a password or a token" if _bits_per_character(value) > _MOST_GUESSABLE else ""
    return ""


def _bits_per_character(text: str) -> float:
    """The entropy of a text's characters (Shannon 1948), in bits."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


def found(what: str, path: Path, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'"{".".join(map(str, path))}" looks like {what}. Who can read the repository could use it.',
        text=f"looks like {what}",
        help="Withdraw it where it was issued, and write ${secret:NAME} here.",
        path=".".join(map(str, path)),
    )
