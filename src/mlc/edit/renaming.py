"""Every place that names a resource, and the edits that make it name another."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlc.edit.edits import line_starts, offsets, slice_of
from mlc.edit.scalars import as_written
from mlc.ir.address import Address
from mlc.ir.diagnostic import Edit
from mlc.ir.document import Document
from mlc.ir.module import is_of_module
from mlc.ir.node import Node, plain
from mlc.ir.span import Span

Path = tuple[str | int, ...]


class Mention(Struct, frozen=True):
    """`${..a.b}` in a text: where it stands, its leading dots, and its keys (None where one is made up)."""

    start: int
    end: int
    dots: int
    keys: tuple[str | None, ...]


class Language(Struct, frozen=True):
    """What is known of the kinds and of interpolations elsewhere.

    `references(value, kind)` gives (path, kind, name) of each reference in a resource, or part of one.
    """

    kinds: tuple[str, ...]
    references: Callable[[Any, str], Iterable[tuple[Path, str, str]]]
    mentions: Callable[[str], Iterable[Mention]]


class Renaming(Struct, frozen=True):
    """`unreachable` are places that name the resource and cannot be edited."""

    edits: tuple[Edit, ...]
    unreachable: tuple[Span, ...]


class Part(Struct, frozen=True):
    """A part of a file that is (part of) a resource. The name is None where it may be any."""

    node: Node
    kind: str
    name: str | None


def rename(
    nodes: Mapping[str, Node],
    texts: Mapping[str, str],
    documents: Iterable[Document],
    address: Address,
    name: str,
    language: Language,
) -> Renaming:
    """The edits that rename a resource in every file, its own file not moved yet.

    `nodes` and `texts` are the project's files by name, `documents` the composed project in each environment: it
    leads to references that only their kind's schema tells, through layers and variables.
    """
    edits: set[tuple[Span, str]] = set()
    unreachable: set[Span] = set()

    def value(node: Node) -> None:
        """A node that holds the name and nothing else."""
        if node.value == address.name and node.span.file in texts:
            new = _value(slice_of(texts[node.span.file], node.span), address.name, name)
            if new is not None:
                edits.add((node.span, new))

    for file, node in nodes.items():
        for part in parts_of(node, file, language.kinds):
            for path, kind, held in language.references(plain(part.node), part.kind):
                found = part.node.at(path)
                if (kind, held) == (address.kind, address.name) and found is not None:
                    value(found)
        _patch_keys(node, file, address, name, texts, edits)
        _defaults(node, file, address, name, texts, edits)
        for path, child in _with_paths(node, file):
            _interpolations(path, child, address, name, language, texts, edits, unreachable)
        if file.endswith(".mlctest.yaml"):
            _addresses(node, address, name, texts, edits)
    for document in documents:
        for node in _referring(document, address, language):
            for link in _chain(node, document, language):
                value(link)
            if is_of_module(node.span.file) and node.written is None:
                unreachable.add(node.span)
    made = tuple(Edit(span, text) for span, text in sorted(edits))
    return Renaming(made, tuple(sorted(unreachable)))


def add_move(project: Node, text: str, old: str, new: str) -> tuple[Edit, ...]:
    """The edits that say in mlc.yaml where a resource moved; none where there is no simple place for that.

    A rename that takes an earlier one back turns its entry round. Others are added: they make a chain.
    """
    back = project.at(("moved", new))
    if back is not None and back.value == old and back.key_span is not None:
        earlier = [child for child in _children(project.get("moved")) if child.value == new]
        turned = (Edit(back.key_span, old), Edit(back.span, new))
        return (*turned, *(Edit(child.span, old) for child in earlier))
    edit = entry_of(project, text, "moved", f"{old}: {new}")
    return () if edit is None else (edit,)


def entry_of(project: Node, text: str, field: str, entry: str) -> Edit | None:
    """The edit that puts an entry into a map of mlc.yaml: `moved`, `code`; None where there is no simple place for
    it."""
    moved = project.get(field)
    starts = line_starts(text.removeprefix("\ufeff"))
    if moved is None:
        own = next(iter(project.value.values()), None) if project.is_map else None
        if own is None or own.key_span is None or text[starts[project.span.line - 1] :].startswith("{"):
            return None
        end = Span("mlc.yaml", len(starts), 1, len(starts), len(text.removeprefix("\ufeff")) - starts[-1] + 1)
        at = Span("mlc.yaml", end.end_line, end.end_column, end.end_line, end.end_column)
        indent = " " * (own.key_span.column - 1)
        newline = "" if end.end_column == 1 else "\n"
        return Edit(at, f"{newline}{indent}{field}:\n{indent}  {entry}\n")
    if not moved.is_map:
        return None
    span = moved.span
    written = slice_of(text, span)
    if written.startswith("{"):
        at = Span(span.file, span.end_line, span.end_column - 1, span.end_line, span.end_column - 1)
        return Edit(at, f", {entry}" if moved.value else entry)
    first = next(iter(moved.value.values()), None)
    if first is None or first.key_span is None:
        return None
    key = first.key_span
    at = Span(key.file, key.line, key.column, key.line, key.column)
    return Edit(at, f"{entry}\n{' ' * (key.column - 1)}")


# ── references ──────────────────────────────────────────────────────────────────────────────────────


def parts_of(node: Node, file: str, kinds: tuple[str, ...]) -> Iterator[Part]:
    """The parts of a file that the schema of a kind describes."""
    folder, _, base = file.partition("/")
    if file == "mlc.yaml":
        yield Part(node, "project", None)
    elif folder in kinds:
        bare = "/" not in base and not base.startswith("_")
        yield Part(node, folder, base.removesuffix(".yaml") if bare else None)
    if file == "mlc.yaml" or folder == "env":
        for kind, child in _items(node.get("presets")):
            if kind in kinds:
                yield Part(child, kind, None)
        for kind, group in _items(node.get("patch")):
            for name, child in _items(group) if kind in kinds else ():
                yield Part(child, kind, name)


def _referring(document: Document, address: Address, language: Language) -> Iterator[Node]:
    """The nodes of a composed project that name the resource."""
    roots = [(document.project, "project")]
    for each in document.addresses():
        node = document.resource(each)
        if node is not None:
            roots.append((node, each.kind))
    for node, kind in roots:
        for path, wanted, held in language.references(plain(node), kind):
            found = node.at(path)
            if (wanted, held) == (address.kind, address.name) and found is not None:
                yield found


def _chain(node: Node, document: Document, language: Language) -> Iterator[Node]:
    """A value, those it overwrote, and those that its interpolation reads."""
    seen = 0
    waiting = [node]
    while waiting and seen < 100:
        seen += 1
        one = waiting.pop()
        yield one
        if one.overwrote is not None:
            waiting.append(one.overwrote)
        for mention in language.mentions(one.written) if one.written else ():
            keys = tuple(key for key in mention.keys if key is not None)
            if mention.dots or len(keys) < len(mention.keys):
                continue
            found = document.around.at(keys) or document.root.at(keys)
            if found is not None:
                waiting.append(found)


def _value(written: str, old: str, new: str) -> str | None:
    """The name in the quotes that the old one has, or None for what is not written there: an alias."""
    if written == old:
        return as_written(new)
    return next((quote + new + quote for quote in "'\"" if written == quote + old + quote), None)


# ── keys, defaults lists, interpolations, addresses ─────────────────────────────────────────────────


def _patch_keys(
    node: Node, file: str, address: Address, name: str, texts: Mapping[str, str], edits: set[tuple[Span, str]]
) -> None:
    if not file.startswith("env/"):
        return
    patched = node.at(("patch", address.kind, address.name))
    if patched is not None and patched.key_span is not None:
        new = _value(slice_of(texts[file], patched.key_span), address.name, name)
        if new is not None:
            edits.add((patched.key_span, new))


def _defaults(
    node: Node, file: str, address: Address, name: str, texts: Mapping[str, str], edits: set[tuple[Span, str]]
) -> None:
    """The entries of a defaults list that build on the resource's own file."""
    folder = file.rpartition("/")[0]
    for item in _children(node.get("defaults")):
        if isinstance(item.value, str):
            body = item.value.partition("@")[0]
            if _below(folder, body).removesuffix(".yaml") == f"{address.kind}/{address.name}":
                renamed = re.sub(rf"{re.escape(address.name)}(\.yaml)?$", rf"{name}\1", body)
                written = slice_of(texts[file], item.span)
                if body in written:
                    edits.add((item.span, written.replace(body, renamed, 1)))
        elif item.is_map and len(item.value) == 1:
            ((key, choice),) = item.value.items()
            group = key.partition("@")[0].rpartition(" ")[2]
            if _below(folder, group) != address.kind:
                continue
            for option in choice.value if choice.is_list else (choice,):
                for ending in ("", ".yaml"):
                    if option.value == address.name + ending:
                        written = slice_of(texts[file], option.span)
                        new = _value(written, address.name + ending, name + ending)
                        if new is not None:
                            edits.add((option.span, new))


def _below(folder: str, name: str) -> str:
    return name[1:] if name.startswith("/") else f"{folder}/{name}" if folder else name


def _with_paths(node: Node, file: str) -> Iterator[tuple[Path, Node]]:
    """Every value of a file with its path in the composed project, a `*` where a name may be any."""
    folder, _, base = file.partition("/")
    if folder == "env":
        for path, child in node.walk():
            patched = path[1:] if path[:1] == ("patch",) else path
            yield (_preset(path) if path[:1] == ("presets",) else patched), child
    elif file == "mlc.yaml":
        for path, child in node.walk():
            yield (_preset(path) if path[:1] == ("presets",) else path), child
    else:
        name = "*" if "/" in base or base.startswith("_") else base.removesuffix(".yaml")
        for path, child in node.walk():
            yield (folder, name, *path), child


def _preset(path: Path) -> Path:
    return (*path[1:2], "*", *path[2:])


def _interpolations(
    path: Path,
    node: Node,
    address: Address,
    name: str,
    language: Language,
    texts: Mapping[str, str],
    edits: set[tuple[Span, str]],
    unreachable: set[Span],
) -> None:
    """The interpolations of a text that lead to the resource."""
    if not isinstance(node.value, str) or "${" not in node.value:
        return
    text = texts[node.span.file].removeprefix("\ufeff")
    starts = line_starts(text)
    start, end = offsets(starts, text, node.span)
    written = text[start:end]
    if written.startswith("*"):
        return  # an alias: the text stands at its anchor
    for mention in language.mentions(node.value):
        index = _name_index(mention, path, address)
        if index is None:
            continue
        source = node.value[mention.start : mention.end]
        offset = _key_offset(source, mention, index)
        places = [found.start() for found in re.finditer(re.escape(source), written)]
        if not places:
            unreachable.add(node.span)
        for place in places:
            at = start + place + offset
            edits.add((_span(node.span.file, starts, at, at + len(address.name)), name))


def _name_index(mention: Mention, path: Path, address: Address) -> int | None:
    """Which key of an interpolation is the resource's name, if one is."""
    base = path[: len(path) - mention.dots] if mention.dots else ()
    if mention.dots > len(path) or len(base) > 1:
        return None
    whole = (*base, *mention.keys)
    return 1 - len(base) if whole[:2] == (address.kind, address.name) else None


def _key_offset(source: str, mention: Mention, index: int) -> int:
    """Where a key begins in the text of an interpolation."""
    position = len(source) - len(source[2:].lstrip(" \t")) + mention.dots
    for number, key in enumerate(mention.keys):
        position += source[position : position + 1] == "." and number > 0
        bracket = source[position : position + 1] == "["
        position += bracket
        if number == index:
            break
        position += len(key or "") + bracket
    return position


def _addresses(
    node: Node, address: Address, name: str, texts: Mapping[str, str], edits: set[tuple[Span, str]]
) -> None:
    """Addresses in the user's tests: in keys and in texts."""
    pattern = re.compile(rf"(?<![\w.-]){re.escape(str(address))}(?![\w-])")
    for _, child in node.walk():
        spans = [child.key_span] if child.key_span is not None else []
        spans += [child.span] if isinstance(child.value, str) else []
        for span in spans:
            text = texts[span.file].removeprefix("\ufeff")
            starts = line_starts(text)
            start, end = offsets(starts, text, span)
            for found in pattern.finditer(text[start:end]):
                at = start + found.end() - len(address.name)
                edits.add((_span(span.file, starts, at, at + len(address.name)), name))


def _span(file: str, starts: list[int], start: int, end: int) -> Span:
    line = bisect_right(starts, start)
    return Span(file, line, start - starts[line - 1] + 1, line, end - starts[line - 1] + 1)


def _items(node: Node | None) -> Iterator[tuple[str, Node]]:
    if node is not None and node.is_map:
        yield from node.value.items()


def _children(node: Node | None) -> Iterator[Node]:
    if node is not None and node.is_map:
        yield from node.value.values()
    elif node is not None and node.is_list:
        yield from node.value
