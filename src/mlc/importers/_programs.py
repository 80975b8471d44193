"""A program that trains, and the parameters that it is given → `train` of a model.

mlc runs no program of the project. Where a parameter names an estimator of the catalogue, it is that; else it is code
of the project, as a function that has yet to be written (docs/code.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from posixpath import basename, splitext
from typing import Any

from mlc.importers._draft import Draft, name_of
from mlc.ir.node import Node, plain
from mlc.ir.span import Span
from mlc.kinds._estimators import catalogue, offered, parameter_schema

Known = Sequence[tuple[str, Node]]
"""Parameters by their paths."""

_MODULE = re.compile(r"[a-z_][a-z0-9_]{0,60}")
_ESTIMATOR = (
    "estimator",
    "model",
    "model_type",
    "model_name",
    "algorithm",
    "classifier",
    "regressor",
    "name",
)
_SEEDS = ("random_state", "seed", "random_seed")


def training_of(
    known: Known, script: str, script_node: Node | None, command: Span, draft: Draft, what: str
) -> tuple[dict[str, Any] | None, list[tuple[str, Node]]]:
    """`train` and the parameters that have no place in it; None where neither an estimator nor a module is known.
    `what` is how the command is called."""
    train, left = estimator_of(known)
    if train is not None:
        draft.left_out(command, what, "mlc trains the estimator by itself, and runs no program.")
        return train, left
    return code_of(known, script, script_node, command, draft, what), []


def estimator_of(known: Known) -> tuple[dict[str, Any] | None, list[tuple[str, Node]]]:
    """`train`, where a parameter names an estimator of the catalogue, with the parameters that it has; and the
    others."""
    by_short = {one.rpartition(".")[2]: one for one in offered("train")}
    for path, node in known:
        if last_of(path) not in _ESTIMATOR or not isinstance(node.value, str):
            continue
        name = node.value if node.value in catalogue() else by_short.get(node.value.rpartition(".")[2])
        if name is not None:
            return _with_parameters(name, node, [one for one in known if one[0] != path])
    return None, []


def _with_parameters(name: str, node: Node, known: Known) -> tuple[dict[str, Any], list[tuple[str, Node]]]:
    fields = parameter_schema(name) or {"properties": {}, "x-mlc-not-settable": {}}
    params: dict[str, Any] = {}
    seed: dict[str, Any] = {}
    left = []
    for path, value in known:
        short = last_of(path)
        if short in _SEEDS and type(value.value) is int:
            seed = {"seed": value}
        elif short in fields["properties"] or short in fields["x-mlc-not-settable"]:
            params[short] = value
        else:
            left.append((path, value))
    made = {"estimator": Node(name, node.span)}
    return made | ({"params": params} if params else {}) | seed, left


def code_of(
    known: Known, script: str, script_node: Node | None, command: Span, draft: Draft, what: str
) -> dict[str, Any] | None:
    """Code of the project in the place of a program: the function that has to be in it."""
    module = splitext(basename(script))[0]
    if script_node is None or not _MODULE.fullmatch(module) or script.startswith(("..", "/")):
        draft.left_out(
            command,
            what,
            "mlc trains an estimator, or calls a function of a Python module; it runs no program.",
        )
        return None
    draft.project.setdefault("code", {})[module] = {"path": script}
    why = (
        f"mlc runs no program; it calls a function of {script}, `train(table, labels, *, seed, **params)`, "
        "which gives a "
        "trained estimator (docs/code.md)."
    )
    draft.left_out(command, what, why, "Put what the program does to train into that function.")
    params, seed = {}, None
    for path, node in known:
        if last_of(path) in _SEEDS and type(node.value) is int:
            seed = node
        elif _is_plain(node):
            params[name_of(last_of(path), "parameter").replace("-", "_")] = node
    made: dict[str, Any] = {"estimator": Node(f"code.{module}.train", script_node.span)}
    return made | ({"params": params} if params else {}) | ({"seed": seed} if seed is not None else {})


def last_of(path: str) -> str:
    return path.rpartition(".")[2]


def _is_plain(node: Node) -> bool:
    return not node.is_map and not (node.is_list and any(isinstance(one, dict) for one in plain(node)))
