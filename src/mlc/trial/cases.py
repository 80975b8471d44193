"""One case: the project with its overrides, inputs and files, against what is expected of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from mlc import inquiry, pipeline
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.document import Document
from mlc.ir.explanation import Explanation
from mlc.ir.plan import Plan, Step
from mlc.ir.plan import outcome as outcome_of
from mlc.ir.trial import CaseResult, Failure
from mlc.kinds.mlctest import Contains, ExpectedDiagnostic
from mlc.pipeline import Compiled, Opened, Validated
from mlc.request import Request
from mlc.rules._words import did_you_mean
from mlc.trial.reading import SUFFIX, Test, slug
from mlc.trial.snapshots import Book

_MOST_LINES = 40  # of a difference
_MISTAKEN = "none, as the configuration has mistakes"


class Seen(Struct, frozen=True):
    """What the expectations of a case are about: resources as a whole, and single values."""

    document: Document | None
    opened: Opened
    addresses: frozenset[str]
    explained: tuple[Explanation, ...]


class Bases:
    """The project as it is without a case's overrides and files, compiled once for an environment and inputs."""

    def __init__(self, root: Path, project: Opened) -> None:
        self.root = root
        self.project = project
        self._backends: tuple[Backend, ...] = ()
        self._compiled: dict[tuple[tuple[str, ...], tuple[str, ...]], Compiled | None] = {}

    def compiled(self, request: Request) -> Compiled | None:
        """None where the project itself has mistakes."""
        key = (request.environments, request.inputs)
        if key not in self._compiled:
            bare = Request(self.root, request.environments, (), request.inputs)
            validated = pipeline.validate(bare, self.project)
            sound = validated.checked and not has_errors(validated.diagnostics)
            self._compiled[key] = self.compile(validated) if sound else None
        return self._compiled[key]

    def compile(self, validated: Validated) -> Compiled:
        """A project without mistakes in its one environment; the templates are read once for all cases."""
        self._backends = self._backends or pipeline.backends()
        return pipeline.compile_validated(validated, self._backends)[0]


def run_case(test: Test, bases: Bases, book: Book) -> tuple[CaseResult, Seen]:
    """What does not hold, and what was looked at."""
    case = test.case
    opened = pipeline.with_files(bases.project, case.files) if case.files else bases.project
    request = Request(
        bases.root,
        (case.env,) if case.env is not None else (),
        tuple(case.overrides),
        tuple(f"{name}={_input(value)}" for name, value in case.inputs.items()),
    )
    validated = pipeline.validate(request, opened)
    document = next(iter(validated.composed.documents.values()), None)
    failures = [*_files(test, bases.project, validated), *_diagnostics(test, validated.diagnostics)]
    explained: list[Explanation] = []
    if document is not None:
        failures += _values(test, document, explained)
        failures += _absent(test, document)
    compiled = None
    if (case.expect.plan or case.expect.artifacts) and not has_errors(validated.diagnostics):
        compiled = bases.compile(validated)
    failures += _plan(test, compiled, bases.compiled(request) if case.expect.plan else None)
    addresses: set[str] = set()
    failures += _artifacts(test, compiled, book, addresses)
    result = CaseResult(
        file=test.file,
        name=test.name,
        environment=document.environment if document is not None else case.env or "",
        span=test.span,
        failures=tuple(failures),
        expectations=_number(test),
        sources=dict(validated.composed.sources),
    )
    return result, Seen(
        document, opened, frozenset(addresses | _addresses(test, validated)), tuple(explained)
    )


def _files(test: Test, project: Opened, validated: Validated) -> Iterator[Failure]:
    """A file that is laid over and that nothing reads is one whose name is mistyped."""
    for path, text in test.case.files.items():
        read = project.source.has_layer(path) if text is None else path in validated.composed.sources
        if not read:
            actual = "no such file to take away" if text is None else "nothing reads a file of this name"
            known = [file for file in project.source.texts if not file.startswith("<")]
            span = test.key("files", path)
            yield Failure(
                "files", path, "a layer of the project", actual, span, help=did_you_mean(path, known)
            )


def _values(test: Test, document: Document, explained: list[Explanation]) -> Iterator[Failure]:
    for path, expected in test.case.expect.values.items():
        span = test.at("expect", "values", path)
        found = inquiry.explain_in(document, path)
        if isinstance(found, Diagnostic):
            yield Failure("values", path, _text(expected), "nothing", span, help=found.help)
            continue
        explained.append(found)
        if not _same(expected, found.winner.value):
            yield Failure("values", path, _text(expected), _text(found.winner.value), span, explanation=found)


def _absent(test: Test, document: Document) -> Iterator[Failure]:
    for index, path in enumerate(test.case.expect.absent):
        found = inquiry.explain_in(document, path)
        if isinstance(found, Explanation):
            span = test.at("expect", "absent", index)
            actual = f"it is in {document.environment}, by {found.winner.span}"
            yield Failure("absent", path, "nothing", actual, span, places=(found.winner.span,))


def _diagnostics(test: Test, found: tuple[Diagnostic, ...]) -> Iterator[Failure]:
    """Each expected mistake must be found, and each mistake that is found must be expected."""
    wanted = test.case.expect.diagnostics or []
    left, missed = list(found), []
    # those that say most choose first
    for index, expected in sorted(enumerate(wanted), key=lambda pair: -_told(pair[1])):
        match = next((one for one in left if _fits(expected, one)), None)
        if match is None:
            missed.append((index, expected))
        else:
            left.remove(match)
    for index, expected in sorted(missed, key=lambda pair: pair[0]):
        near = [one for one in left if one.rule == expected.rule]
        actual = "; ".join(map(_place, near)) if near else "no diagnostic of this rule"
        span = test.at("expect", "diagnostics", index)
        yield Failure("diagnostics", expected.rule, _described(expected), actual, span)
    for one in left:
        if one.severity == "error":
            yield Failure(
                "diagnostics",
                one.rule,
                "no such mistake",
                f"{_place(one)}: {one.detail}",
                test.key("expect", "diagnostics"),
                places=(one.primary.span,) if one.primary is not None else (),
                help=one.help,
            )


def _plan(test: Test, compiled: Compiled | None, base: Compiled | None) -> Iterator[Failure]:
    expected = test.case.expect.plan
    if not expected:
        return
    planned = inquiry.plan_change(base, compiled) if compiled is not None and base is not None else None
    for address, outcome in expected.items():
        span = test.at("expect", "plan", address)
        if planned is None or compiled is None:
            actual = _MISTAKEN if compiled is None else "none, as the project itself has mistakes"
            yield Failure("plan", address, outcome, actual, span)
            continue
        steps = tuple(step for step in planned.steps if step.address == address)
        there = {str(resource.address) for resource in compiled.graph.resources}
        if not steps and address not in there:
            yield Failure(
                "plan", address, outcome, "no such resource", span, help=did_you_mean(address, there)
            )
        elif outcome_of(steps) != outcome:
            yield Failure("plan", address, outcome, outcome_of(steps), span, steps=_telling(steps, planned))


def _telling(steps: tuple[Step, ...], planned: Plan) -> tuple[Step, ...]:
    """The steps that say why: those with changes or a reason; also of the resource that is behind it."""
    telling = [
        step for step in steps if step.changes or (step.because and not step.because.startswith("after "))
    ]
    behind = {
        step.because.removeprefix("because ").removesuffix(" changes")
        for step in telling
        if step.because.endswith(" changes")
    }
    causes = [step for step in planned.steps if step.address in behind and step.changes]
    return (*telling, *causes)


def _artifacts(test: Test, compiled: Compiled | None, book: Book, addresses: set[str]) -> Iterator[Failure]:
    for path, expected in test.case.expect.artifacts.items():
        span = test.at("expect", "artifacts", path)
        wanted = (
            expected
            if isinstance(expected, str)
            else "a file with " + ", ".join(map(_text, expected.contains))
        )
        if compiled is None:
            yield Failure("artifacts", path, wanted, _MISTAKEN, span)
            continue
        found = _emitted(path, compiled)
        if found is not None:
            addresses.add(str(found.address))
        if expected == "absent":
            if found is not None:
                yield Failure("artifacts", path, "no such file", f"{found.address} emits it", span)
        elif found is None:
            known = [_short(artifact.path, compiled) for artifact in compiled.artifacts]
            yield Failure("artifacts", path, wanted, "no such file", span, help=did_you_mean(path, known))
        elif isinstance(expected, Contains):
            text = found.content.decode("utf-8", "replace")
            missing = [each for each in expected.contains if each not in text]
            if missing:
                actual = "it lacks " + ", ".join(map(_text, missing))
                help_text = f"`mlc render` writes {found.path}, to look at."
                yield Failure("artifacts", path, wanted, actual, span, help=help_text)
        else:
            yield from _snapshot(test, path, found, book)


def _snapshot(test: Test, path: str, found: Artifact, book: Book) -> Iterator[Failure]:
    folder = test.file.removesuffix(SUFFIX).removeprefix("tests/").replace("/", ".") + ".mlctest"
    recorded = book.compare(f"{folder}/{slug(test.name)}/{path}", found.content)
    span = test.at("expect", "artifacts", path)
    if recorded is None:
        actual = "a file of which there is no snapshot yet"
        yield Failure(
            "artifacts", path, "snapshot", actual, span, help="Look at it, and record it with --update."
        )
    elif recorded != found.content:
        before, after = (
            content.decode("utf-8", "replace").splitlines() for content in (recorded, found.content)
        )
        lines = list(difflib.unified_diff(before, after, "snapshot", "emitted", lineterm=""))
        help_text = "Record it with --update where it is meant to be so."
        yield Failure(
            "artifacts",
            path,
            "snapshot",
            f"another file, emitted by {found.address}",
            span,
            difference=tuple(lines[:_MOST_LINES]),
            help=help_text,
        )


def _emitted(path: str, compiled: Compiled) -> Artifact | None:
    paths = (path, f"{_folder(compiled)}{path}")
    return next((artifact for artifact in compiled.artifacts if artifact.path in paths), None)


def _short(path: str, compiled: Compiled) -> str:
    return path.removeprefix(_folder(compiled))


def _folder(compiled: Compiled) -> str:
    return f"{compiled.graph.project['artifacts']}/{compiled.graph.environment}/"


def _addresses(test: Test, validated: Validated) -> set[str]:
    """The resources that expectations are about as a whole."""
    expect = test.case.expect
    found = {*expect.plan, *(".".join(path.split(".")[:2]) for path in expect.absent)}
    for one in validated.diagnostics:
        if one.address and any(_fits(expected, one) for expected in expect.diagnostics or ()):
            found.add(one.address)
    return found


def _fits(expected: ExpectedDiagnostic, one: Diagnostic) -> bool:
    span = one.primary.span if one.primary is not None else None
    return (
        expected.rule == one.rule
        and (expected.address is None or expected.address == one.address)
        and (expected.file is None or (span is not None and span.file == expected.file))
        and (expected.line is None or (span is not None and span.line == expected.line))
    )


def _told(expected: ExpectedDiagnostic) -> int:
    return sum(part is not None for part in (expected.file, expected.line, expected.address))


def _described(expected: ExpectedDiagnostic) -> str:
    where = ":".join(str(part) for part in (expected.file, expected.line) if part is not None)
    of = f" of {expected.address}" if expected.address else ""
    return expected.rule + (f" at {where}" if where else "") + of


def _place(one: Diagnostic) -> str:
    where = f" at {one.primary.span}" if one.primary is not None else ""
    return f"{one.rule}{where}" + (f" of {one.address}" if one.address else "")


def _number(test: Test) -> int:
    expect = test.case.expect
    listed = (expect.values, expect.absent, expect.plan, expect.artifacts, expect.diagnostics or ())
    return sum(map(len, listed)) + (expect.diagnostics == [])


def _input(value: str | int | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _same(expected: Any, actual: Any) -> bool:
    """Equality in which true is not 1, and 1.0 is 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(_same(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_same, expected, actual))
    return bool(expected == actual)
