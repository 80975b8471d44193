"""The files of a module of the project's own code, in a commit and on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlc.git import Tree
from mlc.store.files import leads_out
from mlc.store.source import is_passed_over, source_files


def committed(tree: Tree, path: str) -> tuple[str, ...]:
    """The files of a module in a commit: the path itself, or all below it."""
    return tuple(sorted(_below(tree, path)))


def on_disk(root: Path, path: str) -> tuple[str, ...]:
    """The same in the working tree."""
    place = root / path
    if leads_out(root, path) or not place.exists():
        return ()
    return (path,) if place.is_file() else tuple(f"{path}/{name}" for name in source_files(place))


def _below(tree: Tree, path: str) -> Iterator[str]:
    found = tree.listing(path)
    if found is None:
        entry = tree.entry(path)
        if entry is not None and entry.kind == "file":
            yield path
        return
    files, folders = found
    yield from (f"{path}/{name}" for name in files if not is_passed_over(name))
    for name in folders:
        if not is_passed_over(name):
            yield from _below(tree, f"{path}/{name}")
