"""Versions by what is known of them: `metrics.roc_auc.low > 0.9 and owner = "risk-ml"`.

A search is a small language of its own, and never run as code: facts of an entry by their path, compared with numbers,
texts, true, false and null, joined by and, or, not. What a version does not say is equal to null, and neither less
nor more than anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers.registry.catalogue import View
from mlc.drivers.registry.places import Registry
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, Version
from mlc.rules import bad_search

LONGEST = 2_000  # characters
_WORDS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_TOKEN = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[<>!=]=|=)""")
_FIELDS = (*Entry.__struct_fields__, "alias", "created")

Test = Callable[[Mapping[str, Any]], bool]


def search(registry: Registry, asked: str) -> tuple[Version, ...]:
    """Every version of every model that a search fits, by name and number.

    Raises StepFailed (bad-search, registry-unreadable).
    """
    fits = parsed(asked)
    with registry.catalogue.look() as view:
        return () if view is None else tuple(_found(registry, view, fits))


def parsed(asked: str) -> Test:
    """The search as a test of an entry's facts. Raises StepFailed (bad-search)."""
    if len(asked) > LONGEST:
        raise StepFailed(bad_search.too_long(len(asked), LONGEST))
    parts = _TOKEN.split(asked)
    python = "".join("==" if part == "=" else part for part in parts)
    try:
        tree = ast.parse(python, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StepFailed(bad_search.found(asked, str(getattr(error, "msg", error)))) from None
    try:
        return _test(tree.body, asked)
    except RecursionError:
        raise StepFailed(bad_search.found(asked, "it is nested too deeply")) from None


def _found(registry: Registry, view: View, fits: Test) -> Iterator[Version]:
    for name in view.names():
        if "/" in name:
            continue  # a dataset
        pointing: dict[int, list[str]] = {}
        for alias, number in view.aliases(name).items():
            pointing.setdefault(number, []).append(alias)
        for number in view.numbers(name):
            held = view.held(name, number)
            assert held is not None, (name, number)
            content = registry.files.read(held.revisions[-1].entry)
            aliases = pointing.get(number, [])
            facts = {**msgspec.json.decode(content), "alias": aliases, "created": held.created}
            if fits(facts):
                yield Version(
                    entry=msgspec.json.decode(content, type=Entry),
                    created=held.created,
                    aliases=tuple(aliases),
                    revisions=tuple(revision.entry for revision in held.revisions),
                )


def _test(node: ast.expr, asked: str) -> Test:
    if isinstance(node, ast.BoolOp):
        tests = [_test(value, asked) for value in node.values]
        together = all if isinstance(node.op, ast.And) else any
        return lambda facts: together(test(facts) for test in tests)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        test = _test(node.operand, asked)
        return lambda facts: not test(facts)
    if isinstance(node, ast.Compare):
        sides = [_value(one, asked) for one in (node.left, *node.comparators)]
        operators = [_operator(one, asked) for one in node.ops]
        return lambda facts: all(
            operator(left(facts), right(facts))
            for operator, left, right in zip(operators, sides, sides[1:], strict=False)
        )
    if isinstance(node, ast.Name | ast.Attribute):
        value = _value(node, asked)
        return lambda facts: value(facts) is True
    raise StepFailed(bad_search.found(asked, "it says nothing that is true or false of a version"))


def _value(node: ast.expr, asked: str) -> Callable[[Mapping[str, Any]], Any]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = node.operand
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float):
            negative = -inner.value
            return lambda _: negative
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str | bool | None):
        constant = node.value
        return lambda _: constant
    path = _path(node)
    if path is None:
        raise StepFailed(bad_search.found(asked, "it takes facts, numbers, texts, true, false and null only"))
    if path[0] in _WORDS and len(path) == 1:
        word = _WORDS[path[0]]
        return lambda _: word
    if path[0] not in _FIELDS:
        raise StepFailed(bad_search.unknown(path[0], _FIELDS))
    return lambda facts: _followed(facts, path)


def _path(node: ast.expr) -> tuple[str, ...] | None:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        above = _path(node.value)
        return None if above is None else (*above, node.attr)
    return None


def _followed(facts: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(facts, Mapping):
            return None
        facts = facts.get(name)
    return facts


def _operator(node: ast.cmpop, asked: str) -> Callable[[Any, Any], bool]:
    found = _OPERATORS.get(type(node))
    if found is None:
        raise StepFailed(bad_search.found(asked, "it compares by =, !=, <, <=, >, >=, in and not in"))
    return found


def _equal(left: Any, right: Any) -> bool:
    """A list (tags, aliases) is equal to what it holds."""
    if isinstance(left, list) and not isinstance(right, list):
        return right in left
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        both = (left, right)
        if any(isinstance(one, bool) for one in both):
            return False
        numbers = all(isinstance(one, int | float) for one in both)
        return (numbers or all(isinstance(one, str) for one in both)) and compare(left, right)

    return ordered


def _within(left: Any, right: Any) -> bool:
    """An item of a list, a key of a map, or a part of a text."""
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    return isinstance(right, list | dict) and left in right


_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.Lt: _ordered(lambda left, right: bool(left < right)),
    ast.LtE: _ordered(lambda left, right: bool(left <= right)),
    ast.Gt: _ordered(lambda left, right: bool(left > right)),
    ast.GtE: _ordered(lambda left, right: bool(left >= right)),
    ast.In: _within,
    ast.NotIn: lambda left, right: not _within(left, right),
}
