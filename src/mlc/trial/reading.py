"""Files of tests → cases, and what is wrong with them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from mlc import check, kinds, load, rules
from mlc.compose.project import Layers, known_environments
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node, plain
from mlc.ir.span import Span
from mlc.kinds.mlctest import Case, TestFile
from mlc.rules import bad_test, missing_layer, no_tests, unknown_environment
from mlc.store.files import leads_out

SUFFIX = ".mlctest.yaml"
FOLDER = "tests"

_LONGEST = 80  # characters of the name of a folder
_MOST_BYTES = 4_000_000  # more is never read: the loader refuses long before


class Test(Struct, frozen=True):
    """One case as it is written: `node` is what its author wrote, for the lines."""

    file: str
    name: str
    case: Case
    node: Node

    @property
    def span(self) -> Span:
        return self.node.key_span or self.node.span

    def at(self, *path: str | int) -> Span:
        """Where a part of the case is written, or the nearest thing around it."""
        return self.node.nearest(path).span

    def key(self, *path: str | int) -> Span:
        """Where the key of a part of the case is written."""
        node = self.node.nearest(path)
        return node.key_span or node.span


def find(root: Path, paths: Sequence[Path]) -> tuple[str, ...] | Diagnostic:
    """The files of tests, by their paths in the project, sorted; or that there is none.

    Without `paths` those in `tests/`, in the project's folder and beside the resources. Symbolic links are not
    followed.
    """
    if not paths:
        here = ("", "env", *kinds.names())
        found = {file for folder in here for file in _in(root, folder, deep=False)}
        found.update(_in(root, FOLDER, deep=True))
        return tuple(sorted(found)) or no_tests.found(None)
    found = set()
    real = root.resolve()
    for path in paths:
        where = path.resolve()
        inside = where.relative_to(real).as_posix() if where.is_relative_to(real) else None
        if inside is not None and where.is_file() and where.name.endswith(SUFFIX):
            found.add(inside)
            continue
        below = set() if inside is None else {*_in(real, "" if inside == "." else inside, deep=True)}
        if not below:
            return no_tests.found(str(path))
        found |= below
    return tuple(sorted(found))


def read(
    root: Path, files: Sequence[str], layers: Layers
) -> tuple[tuple[Test, ...], tuple[Diagnostic, ...], dict[str, str]]:
    """The cases in order, what is wrong with them, and the texts that the diagnostics point into."""
    tests: list[Test] = []
    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    for file in files:
        try:
            with (root / file).open("rb") as stream:
                content = stream.read(_MOST_BYTES)
        except OSError as error:
            found.append(missing_layer.unreadable(Span(file, 1, 1, 1, 1), file, error.strerror or str(error)))
            continue
        sources[file] = content.decode("utf-8", "replace")
        loaded = load.read(content, file)
        found += loaded.diagnostics
        node = loaded.node
        if node is None:
            if not loaded.diagnostics:
                node = Node({}, Span(file, 1, 1, 1, 1))
            else:
                continue
        spec, mistakes = check.check_schema(node, plain(node), "mlctest", "")
        found += mistakes
        if spec is not None:
            written = node.get("cases")
            assert written is not None, file
            cases = msgspec.convert(spec, TestFile).cases
            own = [Test(file, name, case, written.value[name]) for name, case in cases.items()]
            found += _mistakes(own, layers)
            tests += own
    return tuple(tests), tuple(found), sources


def slug(name: str) -> str:
    """The name of a folder for a case: `Prod trains longer` is `prod-trains-longer`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST] or "case"


def _in(root: Path, folder: str, *, deep: bool) -> Iterator[str]:
    if leads_out(root, folder):
        return
    try:
        entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_file(follow_symlinks=False) and entry.name.endswith(SUFFIX):
            yield path
        elif deep and entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _in(root, path, deep=True)


def _mistakes(tests: Sequence[Test], layers: Layers) -> Iterator[Diagnostic]:
    """What fits the schema and yet cannot say anything."""
    known = known_environments(layers.project)
    folders: dict[str, str] = {}
    for test in tests:
        case, expect = test.case, test.case.expect
        if (
            not (expect.values or expect.absent or expect.plan or expect.artifacts)
            and expect.diagnostics is None
        ):
            yield bad_test.nothing_expected(test.name, test.span)
        if expect.plan and not (case.overrides or case.files):
            yield bad_test.nothing_changed(test.name, test.key("expect", "plan"))
        if case.env is not None and case.env not in known and "mlc.yaml" not in case.files:
            yield unknown_environment.found(case.env, known, test.at("env"))
        for index, one in enumerate(expect.diagnostics or ()):
            if one.rule not in rules.names():
                where = test.at("expect", "diagnostics", index, "rule")
                yield bad_test.no_rule(one.rule, where, rules.names())
        for address in expect.plan:
            if address.partition(".")[0] not in kinds.names():
                yield bad_test.no_kind(address, test.key("expect", "plan", address), kinds.names())
        other = folders.setdefault(slug(test.name), test.name)
        if other != test.name:
            yield bad_test.same_folder(test.name, other, test.span)
