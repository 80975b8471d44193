"""Templates of a project's own, which a stranger may have written: the same language as mlc's own, held tighter.

A template holds loops, conditions and values that end in a quoting filter, and nothing else (`own_reading`): no
arithmetic, no call, no macro, no other template. What remains ends by itself, as loops go over data only, and what it
costs is counted: every turn of a loop, every character that is made, every value that is looked at. Nothing is measured
by a clock, so the same template is refused on every machine or on none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Protocol

from jinja2 import StrictUndefined, Template, Undefined, nodes, pass_context
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import Context

from mlc.emit import quoting
from mlc.emit.templates import MadeEnvironment
from mlc.ir.backend import Backend
from mlc.rules._words import did_you_mean

MOST_COST = 1_000_000
"""Of one artifact: characters made or looked at, and turns of loops, each of which counts ten."""
_TURN = 10
_EACH = 1000  # whatever it holds
TESTS = (
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


def fill(backend: Backend, template: str, data: Mapping[str, Any], spent: Spending) -> str:
    """A template with the data in it; what that cost is added to `spent`. Raises Mistake, with the line."""
    try:
        made = compiled(backend.templates[template])
    except (JinjaError, NotCompiled) as error:  # `mistakes_in` told it before
        raise Mistake(getattr(error, "lineno", None) or 1, sentence(error)) from error
    cost = _Cost()
    cost.add(_EACH)
    context = made.new_context({**data, _COST: cost})
    pieces: list[str] = []
    try:
        for piece in made.root_render_func(context):
            cost.add(len(piece))
            pieces.append(piece)
    except _TooMuch as error:
        reason = (
            f"it costs more than {MOST_COST:,} for one artifact, of which each turn of a loop takes {_TURN} and each "
            "character that is made or looked at 1"
        )
        raise Mistake(_line(error, made), reason) from error
    except _Missing as error:
        raise Mistake(_line(error, made), str(error), error.hint) from error
    except (JinjaError, TypeError, ValueError, LookupError, RecursionError) as error:
        raise Mistake(_line(error, made), sentence(error)) from error
    finally:
        spent.cost += MOST_COST - cost.left
    return "".join(pieces)


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
def environment() -> _Environment:
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
    environment.tests = {name: environment.tests[name] for name in TESTS}
    environment.globals.clear()
    return environment


class NotCompiled(Exception):
    """More is nested than Python can compile."""


@cache
def compiled(source: str) -> Template:
    try:
        return environment().from_string(source)
    except (RecursionError, MemoryError, SyntaxError, OverflowError, ValueError) as error:
        raise NotCompiled from error


def _line(error: BaseException, template: Template) -> int:
    """The line of the template that was being filled."""
    line, frame = 1, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = template.get_corresponding_lineno(frame.tb_lineno)
        frame = frame.tb_next
    return line


def sentence(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text[:500].rstrip(".")
