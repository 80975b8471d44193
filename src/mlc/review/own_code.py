"""Modules of the project's own code that differ, and which models they train."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from mlc.ir.node import Node, plain
from mlc.ir.review import CodeReview
from mlc.kinds._code import is_code, modules_of
from mlc.review.datafiles import alike
from mlc.review.sides import Side

_Modules = dict[str, set[str]]


def differing(old: Side, new: Side, environments: Iterable[str]) -> tuple[CodeReview, ...]:
    """The modules that some model is trained by on either side and that are not the same on both."""
    before, after = _modules(old, environments), _modules(new, environments)
    found = []
    for path in sorted({*before, *after}):
        was, now = old.module(path), new.module(path)
        files = tuple(name for name in sorted({*was, *now}) if not _same(old, new, name))
        if files or bool(was) != bool(now):
            action: Literal["added", "changed", "removed"]
            action = "added" if not was else "removed" if not now else "changed"
            found.append(CodeReview(path, _models(before, after, path), action, files))
    return tuple(found)


def _models(before: _Modules, after: _Modules, path: str) -> tuple[str, ...]:
    return tuple(sorted({*before.get(path, ()), *after.get(path, ())}))


def _same(old: Side, new: Side, path: str) -> bool:
    was = old.data(path, None)
    return alike(was, new.data(path, was))


def _modules(one: Side, environments: Iterable[str]) -> _Modules:
    """The paths of the modules that models name, with these models."""
    found: _Modules = {}
    for environment in environments:
        document = one.documents.get(environment)
        if document is None or document.project is None:
            continue
        declared = _declared(document.project)
        group = document.root.get("model")
        for name, node in group.value.items() if group is not None and group.is_map else ():
            estimator = node.at(("train", "estimator"))
            if estimator is not None and isinstance(estimator.value, str) and is_code(estimator.value):
                for path in modules_of(estimator.value, declared).values():
                    found.setdefault(path, set()).add(f"model.{name}")
    return found


def _declared(project: Node) -> Mapping[str, dict[str, object]]:
    """What mlc.yaml declares under `code`, as far as it has the right form."""
    code = project.get("code")
    entries = plain(code) if code is not None and code.is_map else {}
    return {
        name: {"path": _text(entry.get("path")), "imports": _texts(entry.get("imports"))}
        for name, entry in entries.items()
        if isinstance(entry, dict)
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
