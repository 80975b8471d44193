"""What a user asks of the compiler: which project, which environments, which overrides and inputs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node, plain
from mlc.ir.span import COMMAND_LINE, Span
from mlc.rules import bad_input, unknown_environment
from mlc.rules._words import did_you_mean

_TRUTH = {"true": True, "false": False}


class Request(Struct, frozen=True):
    """`environments` is empty for the default one and `("all",)` for every one."""

    root: Path
    environments: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


def request(root: Path, words: Iterable[str], env: str | None = None, inputs: Iterable[str] = ()) -> Request:
    """The words of a command line as a request. `env=dev,prod` among them selects environments."""
    overrides, named = [], env or ""
    for word in words:
        if word.startswith("env="):
            named = word.removeprefix("env=")
        else:
            overrides.append(word)
    environments = tuple(name.strip() for name in named.split(",") if name.strip())
    return Request(root, environments, tuple(overrides), tuple(inputs))


def wanted_environments(
    wanted: Request, known: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The environments to work on, and those asked for that do not exist."""
    if wanted.environments == ("all",):
        return known, ()
    if not wanted.environments:
        return known[:1], ()
    unknown = [name for name in wanted.environments if name not in known]
    line = len(wanted.overrides) + 1  # `env=…` is none of the overrides, so no frame may show one of them
    span = Span(COMMAND_LINE, line, 1, line, 1)
    return (
        tuple(dict.fromkeys(name for name in wanted.environments if name in known)),
        tuple(unknown_environment.found(name, known, span) for name in unknown),
    )


def inputs_of(wanted: Request, project: Node) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """The value of every input that mlc.yaml declares: given, or its default."""
    declared_node = project.get("inputs")
    declared = plain(declared_node) if declared_node is not None and declared_node.is_map else {}
    declared = {name: shape if isinstance(shape, dict) else {} for name, shape in declared.items()}
    found: list[Diagnostic] = []
    given: dict[str, str] = {}
    for text in wanted.inputs:
        name, equals, value = text.partition("=")
        if not equals:
            found.append(bad_input.found(f'"--input {text}" gives no value. Write --input NAME=VALUE.'))
        elif name not in declared:
            found.append(
                bad_input.found(f'The project declares no input "{name}".', did_you_mean(name, declared))
            )
        else:
            given[name] = value
    values: dict[str, Any] = {}
    for name, shape in declared.items():
        if name in given:
            try:
                values[name] = _converted(given[name], shape.get("type", "string"))
            except ValueError:
                kind = shape["type"]
                found.append(
                    bad_input.found(f'The input "{name}" is of type {kind}, and "{given[name]}" is not.')
                )
        elif shape.get("default") is not None:
            values[name] = shape["default"]
        else:
            help_text = f"Give it: --input {name}=…"
            found.append(bad_input.found(f'The input "{name}" has no default and was not given.', help_text))
    return values, tuple(found)


def _converted(text: str, kind: str) -> Any:
    """The value that a text on the command line stands for. Raises ValueError."""
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text)
    if kind == "boolean":
        if text not in _TRUTH:
            raise ValueError(text)
        return _TRUTH[text]
    return text
