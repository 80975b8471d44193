"""Jinja's door: templates hold loops, conditions and values that end in a quoting filter, nothing else.

Absent on purpose: globals, loading of other templates, filters that compute, and methods of values. A dot
reads a key of a map and nothing else, so a user's column called `items` is only ever a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mlc.emit import quoting


class TemplateError(Exception):
    """A template is wrong, or wrote what its format cannot read. Always a bug of the backend."""

    def __init__(self, template: str, reason: str) -> None:
        super().__init__(f"The template {template} is broken: {reason}")
        self.template = template


def fill(label: str, source: str, data: Mapping[str, Any]) -> str:
    """The template's text with the data in it. `label` names the template in errors.

    Templates whose label ends in `.html.j2` escape by themselves. Raises TemplateError.
    """
    try:
        return _compiled(label, source).render(data)
    except (JinjaError, TypeError, ValueError) as error:
        raise TemplateError(label, str(error)) from error


def fill_path(label: str, source: str, data: Mapping[str, Any]) -> str:
    """The path of an artifact; every value in it has to be one plain name. Raises TemplateError."""
    try:
        plain = source.replace("{{ name }}", "")
        if "{" not in plain and "\n" not in plain:
            return source.replace("{{ name }}", quoting.path_part(data["name"]))
        return _compiled_path(source).render(data)
    except (JinjaError, TypeError, ValueError) as error:
        raise TemplateError(label, str(error)) from error


def unquoted(label: str, source: str) -> tuple[int, ...]:
    """The lines with a value that does not end in a quoting filter.

    A template that escapes by itself (`.html.j2`) need not name a filter, but may not switch escaping off.
    Raises TemplateError when it cannot be parsed.
    """
    try:
        tree = _environment(escapes(label)).parse(source)
    except JinjaError as error:
        raise TemplateError(label, str(error)) from error
    lines = {
        value.lineno
        for output in tree.find_all(nodes.Output)
        for value in output.nodes
        if not isinstance(value, nodes.TemplateData) and not is_quoted(value, escapes(label))
    }
    # a macro's result, a captured block and switched-off escaping would all pass for text already quoted
    lines |= {
        node.lineno
        for node in tree.find_all(
            (nodes.AssignBlock, nodes.FilterBlock, nodes.CallBlock, nodes.ScopedEvalContextModifier)
        )
    }
    return tuple(sorted(lines))


def escapes(label: str) -> bool:
    return label.endswith(".html.j2")


class MadeEnvironment(ImmutableSandboxedEnvironment):
    """In which a dot reads a key of a map and nothing else."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            return super().getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if type(obj) is dict and argument in obj:  # nearly always, and asking whether it is a Mapping is slow
            return obj[argument]
        if isinstance(obj, Undefined):
            return obj[argument]
        if isinstance(obj, Mapping) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple | str) and isinstance(argument, int | slice):
            return super().getitem(obj, argument)
        return self.undefined(obj=obj, name=argument)


@cache
def _environment(autoescape: bool) -> MadeEnvironment:
    environment = MadeEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,
        auto_reload=False,
        cache_size=0,
    )
    shaping = {name: environment.filters[name] for name in ("items", "join", "length")}
    environment.filters = {**shaping, **quoting.FILTERS}
    environment.globals.clear()
    return environment


@cache
def _compiled_path(source: str) -> Template:
    environment = MadeEnvironment(undefined=StrictUndefined, finalize=quoting.path_part)
    environment.globals.clear()
    environment.filters = {}
    return environment.from_string(source)


@cache
def _compiled(label: str, source: str) -> Template:
    lines = unquoted(label, source)
    if lines:
        where = ", ".join(str(line) for line in lines)
        filters = ", ".join(quoting.FILTERS)
        raise TemplateError(
            label,
            f"a value on line {where} does not end in a quoting filter, so what it holds could change the "
            f"structure of the artifact. End it in the filter of its sink: {filters}.",
        )
    return _environment(escapes(label)).from_string(source)


def is_quoted(value: nodes.Node, autoescape: bool = False) -> bool:
    """Whether a value that stands in a template ends in a quoting filter."""
    if isinstance(value, nodes.Filter) and value.name in quoting.FILTERS:
        return True
    # in an escaping template any value is escaped, unless something marks it as safe
    return autoescape and not any(
        isinstance(node, nodes.Call | nodes.MarkSafe | nodes.MarkSafeIfAutoescape)
        for node in (value, *value.find_all(nodes.Node))
    )
