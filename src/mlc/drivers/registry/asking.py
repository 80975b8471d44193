"""The language of searches, as a tree: `metrics.roc_auc.low > 0.9 and owner = "risk-ml"`."""

from __future__ import annotations

import ast
import re

from mlc.ir.operation import StepFailed
from mlc.rules import bad_search

LONGEST = 2_000  # characters
WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_TOKEN = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[<>!=]=|=)""")


def read(asked: str) -> ast.expr:
    """A search as an expression, which nobody runs. Raises StepFailed (bad-search)."""
    if len(asked) > LONGEST:
        raise StepFailed(bad_search.too_long(len(asked), LONGEST))
    python = "".join("==" if part == "=" else part for part in _TOKEN.split(asked))
    try:
        return ast.parse(python, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StepFailed(bad_search.found(asked, str(getattr(error, "msg", error)))) from None


def path_of(node: ast.expr) -> tuple[str, ...] | None:
    """A fact by its path; None for what is none."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        above = path_of(node.value)
        return None if above is None else (*above, node.attr)
    return None
