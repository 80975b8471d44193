"""What people have already → files of a project, checked before anybody writes them.

load → an importer → YAML → compose → check. What the rules refuse of a value that comes from a source is taken out
and told with the source's line; where the resource cannot do without it, nothing is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from mlc import importers, load, pipeline
from mlc.compose.source import Source
from mlc.edit.formatting import FormattingFailed, format_text
from mlc.edit.writing import write_yaml
from mlc.importers import Asked, File
from mlc.importers._draft import Draft
from mlc.ir import language
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.node import Node, plain
from mlc.ir.span import Span, start_of
from mlc.request import Request
from mlc.rules import import_refused, import_unreadable

PROJECT = "mlc.yaml"
MOST_ROUNDS = 50
LARGEST_TEXT = 10 << 20  # bytes of one source
_MARKER = re.compile(r"^---(?=[ \t\r\n]|$)[^\n]*$", re.MULTILINE)
_PICKLES = (".pkl", ".pickle", ".joblib", ".sav")
_BEGINS_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

_NOT_TAKEN_OUT = frozenset({"missing-key", "unresolved-reference", "empty-resource", "resource-name"})
"""What no taking out mends."""

_NEEDED = frozenset({"target", "model", "dataset", "features", "task", "train", "type", "source"})
"""Fields that a resource cannot do without; what is wrong with them is told as it is."""


class Unreadable(Exception):
    """A source that cannot be imported at all."""

    def __init__(self, *diagnostics: Diagnostic, sources: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.diagnostics = diagnostics
        self.sources = sources or {}


class Translated(Struct, frozen=True):
    """`texts` are the files to write below `root`, by path. Where `diagnostics` holds an error, none may be."""

    root: Path
    texts: Mapping[str, str]
    before: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


def translate(
    kind: str, paths: Sequence[tuple[str, Path]], root: Path, asked: Asked, *, is_new: bool, overwrite: bool
) -> Translated:
    """`paths` are the sources by the name that the author called them. Raises Unreadable."""
    files = [file for name, path in paths for file in _read(kind, name, path)]
    sources = {file.name: file.text for file in files}
    opened = pipeline.opened(Source(load.read, root))
    known = {} if is_new else _known(opened)
    project = asked.project if is_new else _project_name(opened)
    draft = Draft(structs.replace(asked, known=known, project=project))
    importers.module(kind).take(files, draft)
    if has_errors(tuple(draft.told)):
        raise Unreadable(*draft.told, sources=sources)
    if not draft.resources:
        what = importers.module(kind).WHAT
        raise Unreadable(
            *draft.told,
            import_unreadable.nothing_in(", ".join(name for name, _ in paths), what),
            sources=sources,
        )
    before = {} if is_new else dict(opened.source.texts)
    if not is_new:
        _refuse_a_broken_project(root, opened)
    texts, found = _mended(root, opened, draft, asked, before, is_new=is_new)
    told = [*draft.told, *found]
    if not overwrite:
        told += [
            import_refused.exists(file)
            for file in sorted(texts)
            if file != PROJECT and (root / file).exists() and _text_of(root / file) != texts[file]
        ]
    old = {file: text for file in texts if (text := _text_of(root / file)) is not None}
    return Translated(root, texts, old, tuple(told), {**sources, **texts})


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────


def _read(kind: str, name: str, path: Path) -> Iterator[File]:
    if not path.exists():
        raise Unreadable(import_unreadable.missing(name))
    found = importers.module(kind).files(path)
    if not found:
        raise Unreadable(import_unreadable.nothing_in(name, importers.module(kind).WHAT))
    folder, above = (path, name) if path.is_dir() else (path.parent, os.path.dirname(name))  # noqa: PTH120 - a name
    for one in found:
        shown = name if one == path else os.path.join(above, one.relative_to(folder).as_posix())  # noqa: PTH118
        yield _file(shown, one)


def _file(name: str, path: Path) -> File:
    with path.open("rb") as stream:
        head = stream.read(2)
    if path.suffix.lower() in _PICKLES or head in _BEGINS_PICKLE:
        raise Unreadable(import_unreadable.a_pickle(name))
    if path.suffix.lower() == ".skops":
        return File(name, path, told=_told_apart(name, path))
    if path.stat().st_size > LARGEST_TEXT:
        raise Unreadable(
            import_unreadable.found(start_of(name), f"{name} is larger than {LARGEST_TEXT:,} bytes.")
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unreadable(import_unreadable.no_text(name)) from None
    if path.suffix in (".yaml", ".yml", ".lock") or path.name == "MLmodel":
        return File(name, path, text, _documents(name, text))
    return File(name, path, text)


def _documents(name: str, text: str) -> tuple[Node, ...]:
    """Each document of a stream, with the lines that it has in the file."""
    marks = [(mark.start(), mark.end()) for mark in _MARKER.finditer(text)]
    starts = [0, *(end for _, end in marks)]
    ends = [*(start for start, _ in marks), len(text)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        lines = "\n" * text.count("\n", 0, start)
        loaded = load.read(lines + text[start:end], name, any_key=True)
        if loaded.node is None and (broken := [one for one in loaded.diagnostics if one.severity == "error"]):
            raise Unreadable(*broken, sources={name: text})
        if loaded.node is not None:
            found.append(loaded.node)
    return tuple(found)


def _told_apart(name: str, path: Path) -> Any:
    """What a process of its own tells of a file of skops: only listed types are loaded, within limits."""
    from mlc.drivers import _skops_told

    told = _skops_told.ask(path)
    if told.untrusted:
        raise Unreadable(import_unreadable.untrusted(name, told.untrusted))
    if told.refused:
        raise Unreadable(import_unreadable.found(start_of(name), f"{name}: {told.refused}"))
    return told.model


# ── what is written ─────────────────────────────────────────────────────────────────────────────────


def _known(opened: pipeline.Opened) -> dict[str, dict[str, Any]]:
    kinds: dict[str, dict[str, Any]] = {}
    for address in opened.layers.broken:
        kinds.setdefault(address.kind, {})[address.name] = None
    for address, node in opened.layers.resources.items():
        kinds.setdefault(address.kind, {})[address.name] = plain(node)
    return kinds


def _project_name(opened: pipeline.Opened) -> str:
    node = opened.layers.project.get("project")
    return "" if node is None else str(node.value)


def _refuse_a_broken_project(root: Path, opened: pipeline.Opened) -> None:
    found = pipeline.validate(Request(root, ("all",)), opened).diagnostics
    if has_errors(found):
        mistakes = tuple(one for one in found if one.severity == "error")
        raise Unreadable(*mistakes, import_refused.broken_project(), sources=opened.source.texts)


def _mended(
    root: Path,
    opened: pipeline.Opened,
    draft: Draft,
    asked: Asked,
    before: Mapping[str, str],
    *,
    is_new: bool,
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The texts, without what the rules refuse of them; and what is wrong with them all the same."""
    for _ in range(MOST_ROUNDS):
        texts = _texts(draft, asked, before, is_new=is_new)
        found = pipeline.validate(Request(root, ("all",)), pipeline.with_files(opened, texts)).diagnostics
        errors = [one for one in found if one.severity == "error"]
        if not errors:
            return texts, []
        if not _taken_out(draft, errors, texts):
            names = ", ".join(sorted({one.address or PROJECT for one in errors}))
            return texts, [*errors, import_unreadable.would_be_unfit(names)]
    return texts, [*errors, import_unreadable.would_be_unfit("it")]


def _taken_out(draft: Draft, errors: Sequence[Diagnostic], texts: Mapping[str, str]) -> bool:
    """Whether something that the rules refuse was taken out of the draft."""
    by_file = {one.file: one for one in draft.resources.values()}
    done = False
    for error in errors:
        if error.primary is None or error.rule in _NOT_TAKEN_OUT:
            return False
        drafted = by_file.get(error.primary.span.file)
        path = None if drafted is None else _path_at(error.primary.span, texts)
        if drafted is None or not path or path not in _paths(drafted.spec):
            return done
        if len(path) == 1 and path[0] in _NEEDED:
            return done
        if any(isinstance(part, int) for part in path) or path[-1] == "columns":
            return done  # of a list, what is left would be another one
        held: Any = drafted.spec
        for part in path[:-1]:
            held = held[part]
        del held[path[-1]]
        draft.left_out(drafted.origin(path), ".".join(map(str, path)), error.detail, error.help, on=drafted)
        done = True
    return done


def _path_at(span: Span, texts: Mapping[str, str]) -> tuple[str | int, ...] | None:
    node = load.read(texts[span.file], span.file).node
    for path, child in node.walk() if node is not None else ():
        if span in (child.span, child.key_span) and path:
            return path
    return None


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in entries:
        yield from _paths(child, (*path, key))


def _texts(draft: Draft, asked: Asked, before: Mapping[str, str], *, is_new: bool) -> dict[str, str]:
    texts = {
        one.file: _formatted(one.file, write_yaml(one.spec, one.head, one.notes))
        for one in draft.resources.values()
    }
    if is_new:
        environment = draft.environment or "dev"
        fields = {
            "mlc": language.VERSION,
            "project": asked.project or draft.project.get("project") or "imported",
            "environments": [environment],
            **{key: value for key, value in draft.project.items() if key != "project"},
        }
        texts[PROJECT] = _formatted(PROJECT, write_yaml(fields))
        texts[f"env/{environment}.yaml"] = "description: The environment that was imported.\n"
    else:
        changed = _with_code(before[PROJECT], draft.project.get("code", {}))
        if changed != before[PROJECT]:
            texts[PROJECT] = changed
    return texts


def _with_code(text: str, code: Mapping[str, Any]) -> str:
    """mlc.yaml with modules among those that may be run; what it says of one already stays."""
    from mlc.edit import apply_edits
    from mlc.edit.renaming import entry_of

    for name, module in code.items():
        node = load.read(text, PROJECT).node
        assert node is not None
        if node.at(("code", name)) is None:
            entry = write_yaml({name: module}).strip()
            edit = entry_of(node, text, "code", entry)
            text = text if edit is None else apply_edits(text, [edit])
    return text


def _formatted(file: str, text: str) -> str:
    """In the house's form. It says the same as what was drafted, or this is a mistake of ours."""
    try:
        return format_text(text, file, load.read)
    except FormattingFailed as failure:
        raise AssertionError(f"{file} was written in a form that does not read back: {failure}") from failure


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
