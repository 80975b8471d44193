"""Rename a resource: its file and every reference to it, in layers, presets, patches, interpolations and tests.

mlc rename model.churn attrition moves model/churn.yaml and edits what names it; comments and order stay. The entry
under `moved` in mlc.yaml makes the next plan a rename rather than a destroy and a create. Nothing is written unless
the project says the same afterwards.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mlc.cli import _files
from mlc.cli._console import Unfit, guarded, paint, project_folder
from mlc.ir import outputs
from mlc.ir.address import Address
from mlc.ir.diagnostic import Edit, has_errors
from mlc.ir.node import Node, plain
from mlc.request import Request
from mlc.rules import rename_refused
from mlc.rules._words import counted

if TYPE_CHECKING:
    from mlc.edit.renaming import Mention
    from mlc.pipeline import Validated


class _Renamed(Struct, frozen=True):
    """`texts` are the files that change; None is the resource's old file."""

    edits: tuple[Edit, ...]
    moved: bool
    texts: dict[str, str | None]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="the resource, as in model.churn")
    parser.add_argument("name", metavar="NEW_NAME", help="its new name, without its kind")
    parser.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="give an input a value"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; say what would be done")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="the form of the output")


@guarded
def run(arguments: argparse.Namespace) -> int:
    root = project_folder(arguments)
    contents = _files.contents(root)
    texts = {
        file: text for file, content in contents.items() if (text := _files.decoded(content)) is not None
    }
    before = _validated(root, {}, arguments.input)
    address = _address(arguments.address, arguments.name, contents, before)
    renamed = _rename(texts, before, address, arguments.name)
    after = _validated(root, renamed.texts, arguments.input)
    difference, follow = _difference(before, after, address, arguments.name)
    if difference:
        raise Unfit(rename_refused.would_differ(str(address), difference), sources=texts)
    if not arguments.dry_run:
        _files.write(root, renamed.texts)
    _say(arguments, address, renamed, texts, follow)
    return 0


def _validated(root: Path, files: Mapping[str, str | None], inputs: list[str]) -> Validated:
    """The project with some files as they are to be."""
    from mlc import pipeline

    project = pipeline.with_files(pipeline.open_project(root), files)
    return pipeline.validate(Request(root, ("all",), inputs=tuple(inputs)), project)


def _address(text: str, name: str, files: Mapping[str, bytes], before: Validated) -> Address:
    """The resource to rename. Raises Unfit where there is none, or it cannot get the name."""
    from mlc import pipeline

    layers = before.composed.layers
    known = [str(each) for each in (*layers.resources, *layers.broken)]
    if text not in known:
        raise Unfit(rename_refused.unknown(text, known))
    address = Address.parse(text)
    if not pipeline.LANGUAGE.is_name(name):
        raise Unfit(rename_refused.bad_name(name))
    new_file = f"{address.kind}/{name}.yaml"
    if new_file in files:
        raise Unfit(rename_refused.taken(f"{address.kind}.{name}", new_file))
    if has_errors(before.composed.diagnostics):
        raise Unfit(
            *before.composed.diagnostics, rename_refused.has_mistakes(text), sources=before.composed.sources
        )
    return address


def _rename(texts: Mapping[str, str], before: Validated, address: Address, name: str) -> _Renamed:
    from mlc import kinds, load
    from mlc.edit import apply_edits, renaming
    from mlc.kinds._walk import references

    def held(value: Any, kind: str) -> Iterator[tuple[Any, str, str]]:
        for reference in references(value, kind):
            yield reference.path, reference.kind, reference.name

    loaded = {file: load.read(text, file).node for file, text in texts.items() if _describes(file)}
    nodes = {file: node for file, node in loaded.items() if node is not None}
    language = renaming.Language(kinds.names(), held, _mentions)
    documents = before.composed.documents.values()
    found = renaming.rename(nodes, texts, documents, address, name, language)
    if found.unreachable:
        raise Unfit(rename_refused.out_of_reach(str(address), found.unreachable), sources=texts)
    move = renaming.add_move(nodes["mlc.yaml"], texts["mlc.yaml"], str(address), f"{address.kind}.{name}")
    edits = (*found.edits, *move)
    by_file: dict[str, list[Edit]] = {}
    for edit in edits:
        by_file.setdefault(edit.span.file, []).append(edit)
    changed: dict[str, str | None] = {
        file: apply_edits(texts[file], wanted) for file, wanted in by_file.items()
    }
    old_file = f"{address.kind}/{address.name}.yaml"
    changed[f"{address.kind}/{name}.yaml"] = changed.get(old_file) or texts[old_file]
    changed[old_file] = None
    return _Renamed(edits, bool(move), changed)


def _describes(file: str) -> bool:
    """Whether a file may name resources: not what was rendered from them."""
    from mlc import kinds

    top = file.partition("/")[0]
    return top in ("mlc.yaml", "env", *kinds.names()) or file.endswith(".mlctest.yaml")


def _mentions(text: str) -> Iterator[Mention]:
    """The interpolations of a text that read a value, wherever in it they stand."""
    from mlc.compose.mentions import readings
    from mlc.edit.renaming import Mention

    return (Mention(found.start, found.end, found.dots, found.keys) for found in readings(text))


def _difference(before: Validated, after: Validated, address: Address, name: str) -> tuple[str, list[str]]:
    """What the project says otherwise after a rename, but for the name (nothing where it says the same), and the
    values that an interpolation has put the name into."""
    word = re.compile(rf"(?<![\w-]){re.escape(address.name)}(?![\w-])")

    def findings(validated: Validated) -> Counter[tuple[str, ...]]:
        return Counter(
            tuple(
                word.sub(name, text)
                for text in (
                    one.rule,
                    one.address,
                    one.path,
                    one.primary.span.file if one.primary else "",
                    one.detail,
                )
            )
            for one in validated.diagnostics
        )

    for (rule, *_, detail), number in (findings(after) - findings(before)).items():
        return f"there would be {counted(number, 'new finding')}, {rule}: {detail.rstrip('.')}", []
    for rule, *_, detail in findings(before) - findings(after):
        return f"a finding would be gone, {rule}: {detail.rstrip('.')}", []
    follow: dict[str, None] = {}
    for environment, document in before.composed.documents.items():
        other = after.composed.documents[environment]
        if len(document.addresses()) != len(other.addresses()):
            return f"there would be other resources in {environment}", []
        pairs: list[tuple[str, str, Node | None, Node | None]] = [
            ("project", "mlc.yaml", document.project, other.project)
        ]
        for each in document.addresses():
            new = Address(each.kind, name) if each == address else each
            pairs.append((each.kind, str(new), document.resource(each), other.resource(new)))
        for kind, where, old_node, new_node in pairs:
            if old_node is None or new_node is None:
                return f"{where} would be gone in {environment}", []
            wanted, got = _expected(old_node, kind, address, name), plain(new_node)
            if kind == "project":
                wanted, got = _settings(wanted), _settings(got)
            for path in _differing(wanted, got):
                text = ".".join(map(str, (where, *path)))
                was, now = (one.at(path) if one else None for one in (old_node, new_node))
                if (
                    was is not None
                    and now is not None
                    and any(one.written for one in _on_the_way(old_node, path))
                    and isinstance(was.value, str)
                    and now.value in (word.sub(name, was.value), was.value.replace(address.name, name))
                ):
                    follow[f"{text} reads the name: {was.value} → {now.value}"] = None
                else:
                    return f"the value of {text} would be another in {environment}", []
    return "", list(follow)


def _on_the_way(node: Node, path: tuple[str | int, ...]) -> Iterator[Node]:
    for length in range(len(path) + 1):
        found = node.at(path[:length])
        if found is not None:
            yield found


def _differing(one: Any, other: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths at which two plain values differ."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        for key in one:
            yield from _differing(one[key], other[key], (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index in range(len(one)):
            yield from _differing(one[index], other[index], (*path, index))
    elif repr(one) != repr(other):
        yield path


def _expected(node: Node, kind: str, address: Address, name: str) -> Any:
    """A resource's values with the name replaced in each reference to the renamed one."""
    from mlc.kinds._walk import references

    value = plain(node)
    for reference in list(references(value, kind)):
        if (reference.kind, reference.name) == (address.kind, address.name):
            holder = value
            for part in reference.path[:-1]:
                holder = holder[part]
            holder[reference.path[-1]] = name
    return value


def _settings(project: dict[str, Any]) -> dict[str, Any]:
    """mlc.yaml without what is seen in the resources (presets, variables), and without what a rename adds."""
    return {key: value for key, value in project.items() if key not in ("moved", "presets", "vars")}


def _say(
    arguments: argparse.Namespace,
    address: Address,
    renamed: _Renamed,
    texts: Mapping[str, str],
    follow: list[str],
) -> None:
    from mlc.edit.edits import slice_of

    new = f"{address.kind}.{arguments.name}"
    old_file, new_file = f"{address.kind}/{address.name}.yaml", f"{address.kind}/{arguments.name}.yaml"
    if arguments.format == "json":
        from mlc.report import json

        edits = [
            outputs.RenameEditOut(
                file=edit.span.file,
                line=edit.span.line,
                column=edit.span.column,
                end_line=edit.span.end_line,
                end_column=edit.span.end_column,
                before=slice_of(texts[edit.span.file], edit.span),
                text=edit.text,
            )
            for edit in renamed.edits
        ]
        document = outputs.Renamed(
            written=not arguments.dry_run,
            address=str(address),
            new_address=new,
            file=old_file,
            new_file=new_file,
            edits=edits,
            moved=renamed.moved,
        )
        sys.stdout.write(json.bare(document))
        return
    if arguments.quiet:
        return
    print(f"{old_file} → {new_file}")
    for edit in renamed.edits:
        was = slice_of(texts[edit.span.file], edit.span)
        place = f"{edit.span.file}:{edit.span.line}:{edit.span.column}"
        print(f"{place}  {was} → {edit.text}" if was else f"{place}  + {' '.join(edit.text.split())}")
    for line in follow:
        print(line)
    done = "would be renamed" if arguments.dry_run else "is renamed"
    places = counted(len(renamed.edits), "place")
    print(f"{paint(arguments, sys.stdout)(str(address), 'bold')} {done} to {new}: its file and {places}.")
    if renamed.moved:
        print("The next plan renames what was applied, for mlc.yaml says where it moved.")
    else:
        print(
            f"The next plan destroys {address} and creates {new}: add it to `moved` in mlc.yaml to keep it."
        )
