"""Versions by what is known of them: `metrics.roc_auc.low > 0.9 and owner = "risk-ml"`.

A search is a small language of its own, and never run as code: facts of an entry by their path, compared with numbers,
texts, true, false and null, joined by and, or, not. What a version does not say is equal to null, and neither less
nor more than anything.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mlc.drivers.registry.asking import WORDS, path_of, read
from mlc.drivers.registry.catalogue import Indexed, View
from mlc.drivers.registry.facts import Wanted
from mlc.drivers.registry.narrowing import aliases_asked, narrowed
from mlc.drivers.registry.places import Registry
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Entry, Version
from mlc.rules import bad_search

_FIELDS = (*Entry.__struct_fields__, "alias", "created")

Test = Callable[[Mapping[str, Any]], bool]


def search(registry: Registry, asked: str) -> tuple[Version, ...]:
    """Every version of every model that a search fits, by name and number.

    An index of facts says which to look at, where the registry has one that knows of what is asked for.
    Raises StepFailed (bad-search, registry-unreadable).
    """
    fits, wanted = parsed(asked), narrowed(asked)
    with registry.catalogue.look() as view:
        if view is None:
            return ()
        return tuple(_found(registry, view, _candidates(view, wanted), fits))


def searched_whole(registry: Registry, asked: str) -> tuple[Version, ...]:
    """The same, by looking at every version there is."""
    fits = parsed(asked)
    with registry.catalogue.look() as view:
        if view is None:
            return ()
        return tuple(_found(registry, view, _all(view), fits))


def parsed(asked: str) -> Test:
    """The search as a test of an entry's facts. Raises StepFailed (bad-search)."""
    tree = read(asked)
    try:
        return _test(tree, asked)
    except RecursionError:
        raise StepFailed(bad_search.found(asked, "it is nested too deeply")) from None


def _all(view: View) -> list[tuple[str, int]]:
    # what has a / in its name is a dataset
    return [(name, number) for name in view.names() if "/" not in name for number in view.numbers(name)]


def _candidates(view: View, wanted: Wanted | None) -> list[tuple[str, int]]:
    """The versions that may fit, in order."""
    aliases = aliases_asked(wanted)
    if aliases is not None:  # there are few of them, and where they point is known
        return sorted(
            {(name, number) for (name, alias), number in view.standing().items() if alias in aliases}
        )
    if wanted is None or not isinstance(view, Indexed):
        return _all(view)
    return sorted(key for key in view.seek(wanted) if "/" not in key[0])


def _found(
    registry: Registry, view: View, candidates: list[tuple[str, int]], fits: Test
) -> Iterator[Version]:
    pointing: dict[str, dict[str, int]] = {}
    for name, number in candidates:
        held = view.held(name, number)
        if held is None:
            continue  # it has been removed since
        content = registry.files.read(held.revisions[-1].entry)
        if name not in pointing:
            pointing[name] = view.aliases(name)
        aliases = [alias for alias, at in pointing[name].items() if at == number]
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
    path = path_of(node)
    if path is None:
        raise StepFailed(bad_search.found(asked, "it takes facts, numbers, texts, true, false and null only"))
    if path[0] in WORDS and len(path) == 1:
        word = WORDS[path[0]]
        return lambda _: word
    if path[0] not in _FIELDS:
        raise StepFailed(bad_search.unknown(path[0], _FIELDS))
    return lambda facts: _followed(facts, path)


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
