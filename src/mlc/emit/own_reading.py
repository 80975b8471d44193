"""Reading a template of a project's own: everything that can be told to be wrong with it before it is filled.

Which of Jinja's nodes may stand in one is listed here; no other may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import TemplateError as JinjaError
from jinja2 import nodes

from mlc.emit import quoting
from mlc.emit.own_templates import TESTS, Mistake, NotCompiled, compiled, environment, sentence
from mlc.emit.templates import is_quoted
from mlc.rules._words import did_you_mean

_DEEPEST = 60  # of nodes within one another
_MOST_LOOPS = 8  # within one another
_LARGEST_INDENT = 40
KNOWN = (
    "resource",
    "facts",
    "name",
    "kind",
    "project",
    "environment",
    "header",
    "steps",
    "publishes",
    "reads",
    "folder",
    "root",
    "pins",
)
"""What a template may name."""
SHAPING = ("items", "join", "length")

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.For,
    nodes.If,
    nodes.Assign,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Tuple,
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "something is called",
    nodes.Macro: "it defines a macro",
    nodes.CallBlock: "it calls a macro",
    nodes.FilterBlock: "a filter stands around a block",
    nodes.AssignBlock: "a block is put into a variable",
    nodes.Include: "it includes another template",
    nodes.Import: "it imports another template",
    nodes.FromImport: "it imports another template",
    nodes.Extends: "it extends another template",
    nodes.Block: "it has a block for others to replace",
    nodes.Slice: "a part of a list or a text is cut out",
    nodes.ScopedEvalContextModifier: "it switches escaping",
    nodes.With: "it has a `with`",
}


def mistakes_in(source: str) -> tuple[Mistake, ...]:
    """Everything that can be told to be wrong with a template before it is filled."""
    try:
        tree = environment().parse(source)
    except JinjaError as error:
        return (Mistake(getattr(error, "lineno", None) or 1, sentence(error)),)
    except (RecursionError, MemoryError, OverflowError, ValueError):
        return (Mistake(1, "it cannot be read: something in it is nested too deeply, or too large"),)
    found = [*_unknown_forms(tree)]
    if not found:
        found = [*_unquoted(tree), *_unknown_names(tree), *_unknown_filters(tree)]
    if not found:
        try:
            compiled(source)
        except JinjaError as error:
            found.append(Mistake(getattr(error, "lineno", None) or 1, sentence(error)))
        except NotCompiled:
            found.append(Mistake(1, "it cannot be compiled: too much is nested within one another"))
    return tuple(sorted(found, key=lambda one: one.line))


def names_read(source: str) -> Iterator[tuple[str, str, int]]:
    """The fields that a template names of what it knows, as (`resource`, `replicas`, line).

    None of a name that the template gives to something else, and none of a template that cannot be read.
    """
    try:
        tree = environment().parse(source)
    except (JinjaError, RecursionError, MemoryError, OverflowError, ValueError):
        return
    stored = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    reading: Iterable[Any] = tree.find_all((nodes.Getattr, nodes.Getitem))
    for node in reading:
        if not isinstance(node.node, nodes.Name) or node.node.name in stored:
            continue
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if isinstance(key, str):
            yield node.node.name, key, node.lineno


def _unknown_forms(tree: nodes.Template) -> Iterator[Mistake]:
    """What may not stand in a template, each kind of it once."""
    seen: set[str] = set()
    pending: list[tuple[nodes.Node, int, int, int]] = [(tree, 1, 0, 0)]
    while pending:
        node, line, depth, loops = pending.pop()
        line = node.lineno or line
        reason = _refused(node)
        loops += isinstance(node, nodes.For)
        if depth > _DEEPEST or loops > _MOST_LOOPS:
            reason = "too much stands within one another"
        if reason:
            if reason not in seen:
                seen.add(reason)
                yield Mistake(
                    line,
                    f"{reason}; templates hold loops over data, conditions, and values that end in a quoting filter",
                )
            continue
        pending += [(child, line, depth + 1, loops) for child in node.iter_child_nodes()]


def _refused(node: nodes.Node) -> str:
    if not isinstance(node, _ALLOWED):
        kind = next((words for form, words in _WORDS.items() if isinstance(node, form)), "")
        return kind or (
            "something is computed"
            if isinstance(node, nodes.BinExpr | nodes.UnaryExpr)
            else f"it holds a {type(node).__name__.lower()}"
        )
    if isinstance(node, nodes.CondExpr) and node.expr2 is None:
        return "an `if` within a value has no `else`"
    if isinstance(node, nodes.For) and node.recursive:
        return "a loop is recursive"
    named = (
        node.name if isinstance(node, nodes.Name) else node.attr if isinstance(node, nodes.Getattr) else ""
    )
    if named.startswith("_"):
        return "a name begins with an underscore"
    if isinstance(node, nodes.Filter) and (node.kwargs or node.dyn_args or node.dyn_kwargs):
        return "a filter is given a named or an unpacked argument"
    if isinstance(node, nodes.Filter) and node.name in ("json", "yaml_block"):
        for argument in node.args:
            value = argument.value if isinstance(argument, nodes.Const) else None
            if type(value) is not int or not 0 <= value <= _LARGEST_INDENT:
                return f"a filter is given an indent that is no number from 0 to {_LARGEST_INDENT}"
    elif isinstance(node, nodes.Filter) and node.args and node.name != "join":
        return f"the filter {node.name} is given an argument"
    if isinstance(node, nodes.Test) and (node.name not in TESTS or node.args or node.kwargs):
        return f"the test `is {node.name}` is used, which is none of {', '.join(TESTS)}"
    return ""


def _unquoted(tree: nodes.Template) -> Iterator[Mistake]:
    lines = {
        value.lineno
        for output in tree.find_all(nodes.Output)
        for value in output.nodes
        if not isinstance(value, nodes.TemplateData) and not is_quoted(value)
    }
    for line in sorted(lines):
        yield Mistake(
            line,
            "a value does not end in a quoting filter, so what it holds could change the structure of the artifact",
            f"End it in the filter of its sink: {', '.join(quoting.FILTERS)}.",
        )


def _unknown_names(tree: nodes.Template) -> Iterator[Mistake]:
    stored = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"} | {"loop"}
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name not in (*KNOWN, *stored):
            yield Mistake(
                node.lineno, f'nothing is called "{node.name}"', did_you_mean(node.name, [*KNOWN, *stored])
            )


def _unknown_filters(tree: nodes.Template) -> Iterator[Mistake]:
    known = [*SHAPING, *quoting.FILTERS]
    for node in tree.find_all(nodes.Filter):
        if node.name not in known:
            yield Mistake(node.lineno, f'there is no filter "{node.name}"', did_you_mean(node.name, known))
