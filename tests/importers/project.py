"""Importing in tests: sources as texts, the project that is made of them, and what was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mlc import importing, load, pipeline
from mlc.importers import Asked
from mlc.importing import Translated
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.node import Node
from mlc.request import Request

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def laid(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return root


def translated(
    kind: str,
    paths: Sequence[Path],
    root: Path,
    *,
    is_new: bool = True,
    overwrite: bool = False,
    **asked: Any,
) -> Translated:
    """What `mlc import --from` would write, with the sources called by the ends of their paths."""
    named = [(path.name, path) for path in paths]
    return importing.translate(kind, named, root, Asked(**asked), is_new=is_new, overwrite=overwrite)


def imported(kind: str, paths: Sequence[Path], root: Path, **asked: Any) -> Translated:
    """The same, written."""
    found = translated(kind, paths, root, **asked)
    assert not has_errors(found.diagnostics), [one.detail for one in found.diagnostics]
    laid(root, found.texts)
    return found


def refusals(kind: str, paths: Sequence[Path], root: Path, **asked: Any) -> tuple[Diagnostic, ...]:
    """Why a source cannot be imported."""
    try:
        return translated(kind, paths, root, **asked).diagnostics
    except importing.Unreadable as error:
        return error.diagnostics


def findings(root: Path) -> list[str]:
    """The rules that validating the project finds broken."""
    return [one.rule for one in pipeline.validate(Request(root, ("all",))).diagnostics]


def told(found: Translated, rule: str = "import-left-out") -> list[str]:
    """What was told, as `LINE: what`."""
    return [
        f"{one.primary.span.line}: {one.detail}"
        for one in found.diagnostics
        if one.rule == rule and one.primary is not None
    ]


def rendered(root: Path) -> dict[str, str]:
    """Every artifact of the project, by path."""
    validated, compiled = pipeline.compile_project(Request(root))
    assert not has_errors(validated.diagnostics), [one.detail for one in validated.diagnostics]
    return {artifact.path: artifact.content.decode("utf-8") for one in compiled for artifact in one.artifacts}


def spec_of(found: Translated, file: str) -> Any:
    """What a written file says."""
    return yaml.load(found.texts[file], Loader=LOADER)


def leaves(node: Node) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """The values of a source that hold no others, with their paths."""
    for path, child in node.walk():
        if not child.value or not (child.is_map or child.is_list):
            yield path, child


def read(text: str, name: str) -> Node:
    node = load.read(text, name, any_key=True).node
    assert node is not None
    return node
