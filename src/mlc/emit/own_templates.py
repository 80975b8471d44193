"""Templates of a project's own, which a stranger may have written: the same language as mlc's own, held tighter.

A template holds loops, conditions and values that end in a quoting filter. Which of Jinja's nodes may stand in it is
listed here; no other may: no arithmetic, no call, no macro, no other template. What remains ends by itself, as loops go
over data only, and what it costs is counted: every turn of a loop, every character that is made, every value that is
looked at. Nothing is measured by a clock, so the same template is refused on every machine or on none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Protocol

from jinja2 import StrictUndefined, Template, Undefined, nodes, pass_context
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import Context

from mlc.emit import quoting
from mlc.emit.templates import MadeEnvironment, is_quoted
from mlc.ir.backend import Backend
from mlc.rules._words import did_you_mean

MOST_COST = (
    1_000_000  # of one artifact: characters made or looked at, and turns of loops, each of which counts ten
)
_TURN = 10
_EACH = 1000  # whatever it holds
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
_TESTS = (
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "integer",
    "float",
    "boolean",
    "mapping",
    "sequence",
)
_COST = "_cost"  # no template may name what begins so

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


class Mistake(Exception):
    """What is wrong with a template, on a line of it, from 1."""

    def __init__(self, line: int, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.hint = hint


class Spending(Protocol):
    """What artifacts have cost together."""

    cost: int


class _TooMuch(Exception):
    pass


class _Cost:
    """What an artifact has cost so far."""

    def __init__(self) -> None:
        self.left = MOST_COST

    def add(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise _TooMuch

    def of(self, value: Any) -> None:
        """Every value within plain data, each time that it occurs, and every character."""
        pending = [value]
        while pending:
            one = pending.pop()
            self.add(1 + (len(one) if isinstance(one, str) else 0))
            if isinstance(one, Mapping):
                pending += one.keys()
                pending += one.values()
            elif isinstance(one, list | tuple):
                pending += one


def mistakes_in(source: str) -> tuple[Mistake, ...]:
    """Everything that can be told to be wrong with a template before it is filled."""
    try:
        tree = _environment().parse(source)
    except JinjaError as error:
        return (Mistake(getattr(error, "lineno", None) or 1, _sentence(error)),)
    except (RecursionError, MemoryError, OverflowError, ValueError):
        return (Mistake(1, "it cannot be read: something in it is nested too deeply, or too large"),)
    found = [*_unknown_forms(tree)]
    if not found:
        found = [*_unquoted(tree), *_unknown_names(tree), *_unknown_filters(tree)]
    if not found:
        try:
            _compiled(source)
        except JinjaError as error:
            found.append(Mistake(getattr(error, "lineno", None) or 1, _sentence(error)))
        except _NotCompiled:
            found.append(Mistake(1, "it cannot be compiled: too much is nested within one another"))
    return tuple(sorted(found, key=lambda one: one.line))


def names_read(source: str) -> Iterator[tuple[str, str, int]]:
    """The fields that a template names of what it knows, as (`resource`, `replicas`, line).

    None of a name that the template gives to something else.
    """
    tree = _environment().parse(source)
    stored = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    reading: Iterable[Any] = tree.find_all((nodes.Getattr, nodes.Getitem))
    for node in reading:
        if not isinstance(node.node, nodes.Name) or node.node.name in stored:
            continue
        key = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if isinstance(key, str):
            yield node.node.name, key, node.lineno


def fill(backend: Backend, template: str, data: Mapping[str, Any], spent: Spending) -> str:
    """A template with the data in it; what that cost is added to `spent`. Raises Mistake, with the line."""
    try:
        compiled = _compiled(backend.templates[template])
    except (JinjaError, _NotCompiled) as error:  # `mistakes_in` told it before
        raise Mistake(getattr(error, "lineno", None) or 1, _sentence(error)) from error
    cost = _Cost()
    cost.add(_EACH)
    context = compiled.new_context({**data, _COST: cost})
    pieces: list[str] = []
    try:
        for piece in compiled.root_render_func(context):
            cost.add(len(piece))
            pieces.append(piece)
    except _TooMuch as error:
        reason = (
            f"it costs more than {MOST_COST:,} for one artifact, of which each turn of a loop takes {_TURN} and each "
            "character that is made or looked at 1"
        )
        raise Mistake(_line(error, compiled), reason) from error
    except _Missing as error:
        raise Mistake(_line(error, compiled), str(error), error.hint) from error
    except (JinjaError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise Mistake(_line(error, compiled), _sentence(error)) from error
    finally:
        spent.cost += MOST_COST - cost.left
    return "".join(pieces)


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
    if isinstance(node, nodes.Test) and (node.name not in _TESTS or node.args or node.kwargs):
        return f"the test `is {node.name}` is used, which is none of {', '.join(_TESTS)}"
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


class _Missing(Exception):
    """Something was read that is not there."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


class _Undefined(StrictUndefined):
    """Says what is there in the place of what is not."""

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> Any:
        of, name = self._undefined_obj, self._undefined_name
        if isinstance(of, Mapping):
            raise _Missing(
                f'there is no "{name}" here', did_you_mean(str(name), map(str, of), noun="There are")
            )
        if name is not None and isinstance(of, list | tuple | str | int | float | bool | None):
            what = "no value" if of is None else f"a {type(of).__name__}"
            raise _Missing(f'{what} stands where "{name}" is read of a map', "")
        if self._undefined_name is not None:
            raise _Missing(
                f'nothing is called "{name}" here',
                "What exists once per project knows no `environment`." if name == "environment" else "",
            )
        raise _Missing("there is no value here", "")

    __iter__ = __str__ = __len__ = _fail_with_undefined_error
    __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __contains__ = __getattr__ = __getitem__ = _fail_with_undefined_error


class _Environment(MadeEnvironment):
    """With a filter around whatever costs something."""

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_counted(source), *args, **kwargs)


def _counted(tree: nodes.Template) -> nodes.Template:
    """The tree with internal filters in it; the names of these cannot stand in a template."""

    def around(node: Any, name: str) -> nodes.Expr:
        return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)

    for node in tree.find_all(nodes.For):
        node.iter = around(node.iter, "_turns")
    for compared in tree.find_all(nodes.Compare):
        compared.expr = around(compared.expr, "_compared")
        for operand in compared.ops:
            name = "_searched" if operand.op in ("in", "notin") else "_compared"
            operand.expr = around(operand.expr, name)
    for parent in [tree, *tree.find_all(nodes.Node)]:
        for field, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, field, _joined(value))
            elif isinstance(value, list):
                value[:] = [_joined(one) if isinstance(one, nodes.Concat) else one for one in value]
    return tree


def _joined(node: nodes.Concat) -> nodes.Expr:
    return nodes.Filter(
        nodes.List(node.nodes, lineno=node.lineno), "_concat", [], [], None, None, lineno=node.lineno
    )


@pass_context
def _turns(context: Context, value: Any) -> Iterator[Any]:
    if isinstance(value, Undefined):
        iter(value)
    if not isinstance(value, Mapping | list | tuple | str):
        raise TypeError(f"a loop goes over a list or a map, and this is a {type(value).__name__}")
    cost = _cost_of(context)

    def turns() -> Iterator[Any]:
        for one in value:
            cost.add(_TURN)
            yield one

    return turns()


@pass_context
def _compared(context: Context, value: Any) -> Any:
    """Comparing is for single values; an empty list or map is one, too."""
    if isinstance(value, Mapping | list | tuple) and value:
        raise TypeError("lists and maps are not compared; only single values are")
    _cost_of(context).add(1 + (len(value) // 64 if isinstance(value, str) else 0))
    return value


@pass_context
def _searched(context: Context, value: Any) -> Any:
    if isinstance(value, Mapping | list | tuple | str):
        _cost_of(context).add(1 + len(value))
    return value


@pass_context
def _concat(context: Context, values: list[Any]) -> str:
    texts = [quoting.as_text(value) for value in values]
    _cost_of(context).add(sum(map(len, texts)))
    return "".join(texts)


@pass_context
def _join(context: Context, values: Any, separator: Any = "") -> str:
    cost, between = _cost_of(context), quoting.as_text(separator)
    texts = []
    for value in _listed(values):
        texts.append(quoting.as_text(value))
        cost.add(1 + len(texts[-1]) + len(between))
    return between.join(texts)


@pass_context
def _items(context: Context, value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Undefined):
        iter(value)
    if not isinstance(value, Mapping):
        raise TypeError(f"items are a map's, and this is a {type(value).__name__}")
    _cost_of(context).add(len(value))
    return list(value.items())


def _length(value: Any) -> int:
    return len(value if isinstance(value, str) else _listed(value))


def _listed(value: Any) -> Any:
    if isinstance(value, Undefined):
        iter(value)
    if not isinstance(value, Mapping | list | tuple):
        raise TypeError(f"this takes a list or a map, and this is a {type(value).__name__}")
    return value


def _quoting(name: str) -> Any:
    """A quoting filter that counts what it is given, and what it makes of it."""
    quoted = quoting.FILTERS[name]

    @pass_context
    def counting(context: Context, value: Any, *arguments: Any) -> str:
        if isinstance(value, Undefined):
            str(value)
        cost = _cost_of(context)
        cost.of(value)
        made = str(quoted(value, *arguments))
        cost.add(max(0, len(made) - 1000) // 4)
        return made

    return counting


def _cost_of(context: Context) -> _Cost:
    found = context.resolve_or_missing(_COST)
    assert isinstance(found, _Cost), found
    return found


@cache
def _environment() -> _Environment:
    environment = _Environment(
        undefined=_Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=0,
        optimized=False,  # what can be known before is not computed before: it would not be counted
    )
    environment.filters = {
        "items": _items,
        "join": _join,
        "length": _length,
        "_turns": _turns,
        "_compared": _compared,
        "_searched": _searched,
        "_concat": _concat,
        **{name: _quoting(name) for name in quoting.FILTERS},
    }
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    environment.globals.clear()
    return environment


class _NotCompiled(Exception):
    pass


@cache
def _compiled(source: str) -> Template:
    try:
        return _environment().from_string(source)
    except (RecursionError, MemoryError, SyntaxError, OverflowError, ValueError) as error:
        raise _NotCompiled from error


def _line(error: BaseException, template: Template) -> int:
    """The line of the template that was being filled."""
    line, frame = 1, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = template.get_corresponding_lineno(frame.tb_lineno)
        frame = frame.tb_next
    return line


def _sentence(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text[:500].rstrip(".")
