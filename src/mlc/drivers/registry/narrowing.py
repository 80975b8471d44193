"""The part of a search that an index of facts can answer: which versions are to be looked at.

What it says of a search is never more than the search says: every version that fits the search fits this.
"""

from __future__ import annotations

import ast
from itertools import pairwise

from mlc.drivers.registry.asking import WORDS, path_of, read
from mlc.drivers.registry.facts import Both, Either, Is, Wanted, is_exact, is_kept

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_TURNED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_LISTS = ("tags", "alias")


def narrowed(asked: str) -> Wanted | None:
    """What an index can be asked, with `alias` among the paths; None where that is nothing.

    Raises StepFailed (bad-search), for what cannot be read at all.
    """
    return _narrowed(read(asked))


def aliases_asked(wanted: Wanted | None) -> frozenset[str] | None:
    """The aliases that a version has to have one of, where a search says so; None where it does not."""
    if isinstance(wanted, Is):
        return frozenset({str(wanted.value)}) if wanted.path == "alias" else None
    if isinstance(wanted, Both):
        found = [one for one in map(aliases_asked, wanted.each) if one is not None]
        return min(found, key=len, default=None)
    return None


def _narrowed(node: ast.expr) -> Wanted | None:
    if isinstance(node, ast.BoolOp):
        each = [_narrowed(value) for value in node.values]
        told = tuple(one for one in each if one is not None)
        if isinstance(node.op, ast.And):
            return Both(_flat(told)) if told else None
        # of an alternative that an index does not know, anything may be true
        aliases = any(aliases_asked(one) is not None for one in told)
        return Either(told) if len(told) == len(each) and not aliases else None
    if isinstance(node, ast.Compare):
        sides = (node.left, *node.comparators)
        pairs = zip(pairwise(sides), node.ops, strict=True)
        compared = (_compared(left, operator, right) for (left, right), operator in pairs)
        told = tuple(one for one in compared if one is not None)
        return Both(told) if told else None
    if isinstance(node, ast.Name | ast.Attribute):
        return Is("gated", "=", "true") if path_of(node) == ("gated",) else None
    return None


def _flat(told: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    """All of all of some is all of them."""
    return tuple(each for one in told for each in (one.each if isinstance(one, Both) else (one,)))


def _compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Is | None:
    if isinstance(operator, ast.In):
        path, value = _fact(right), _constant(left)
        return _is(path, "=", value) if path is not None and path[0] in _LISTS else None
    sign = _OPERATORS.get(type(operator))
    if sign is None:
        return None
    path, value = _fact(left), _constant(right)
    if path is None or value is None:
        path, value, sign = _fact(right), _constant(left), _TURNED[sign]
    return _is(path, sign, value)


def _is(path: tuple[str, ...] | None, sign: str, value: str | float | bool | None) -> Is | None:
    """A comparison that every database makes in the same way: texts are equal or not, and numbers are exact."""
    if path is None or value is None or not (path == ("alias",) or is_kept(path)):
        return None
    if isinstance(value, bool):
        return Is("gated", sign, "true" if value else "false") if path == ("gated",) and sign == "=" else None
    if isinstance(value, str):
        is_plain = sign == "=" and path != ("number",) and value.isprintable()
        return Is(".".join(path), sign, value) if is_plain else None
    return (
        Is(".".join(path), sign, value) if path not in (("alias",), ("name",)) and is_exact(value) else None
    )


def _fact(node: ast.expr) -> tuple[str, ...] | None:
    path = path_of(node)
    return None if path is None or (len(path) == 1 and path[0] in WORDS) else path


def _constant(node: ast.expr) -> str | float | bool | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _constant(node.operand)
        return None if value is None or isinstance(value, str | bool) else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | bool):
        return node.value
    if isinstance(node, ast.Name) and isinstance(WORDS.get(node.id), bool):
        return WORDS[node.id]
    return None
