"""The users' own tests of their configuration: each case composes, checks and plans; nothing is run.

Absent on purpose: no state is read, no driver is started, and no file outside the project is opened. The
layers are parsed once for all cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from mlc import pipeline
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.trial import CaseResult, TrialResult
from mlc.rules import no_tests
from mlc.trial import coverage as covering
from mlc.trial import snapshots
from mlc.trial.cases import Bases, Seen, run_case
from mlc.trial.reading import find, read


class Trial(Struct, frozen=True):
    """What came out; None where the files of tests themselves have mistakes, which the diagnostics tell."""

    result: TrialResult | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


def run(
    root: Path, paths: Sequence[Path] = (), *, pattern: str = "", update: bool = False, coverage: bool = False
) -> Trial:
    """Every case of the files that `paths` name or hold (none: all of the project's).

    `pattern` keeps the cases that have it in their name or file, whatever its case. `update` writes the
    snapshots; raises StepFailed where links lead them out of the project, OSError where the disk says no.
    """
    files = find(root, paths)
    if isinstance(files, Diagnostic):
        return Trial(None, (files,), {})
    project = pipeline.open_project(root)
    tests, found, sources = read(root, files, project.layers)
    if has_errors(found):
        return Trial(None, found, sources)
    wanted = [test for test in tests if pattern.lower() in f"{test.file}::{test.name}".lower()]
    if not wanted:
        return Trial(None, (no_tests.none_selected(pattern, len(tests)),), sources)
    book = snapshots.Book(root, update)
    bases = Bases(root, project)
    results: list[CaseResult] = []
    seen: list[Seen] = []
    for test in wanted:
        result, what = run_case(test, bases, book)
        results.append(result)
        seen.append(what)
    everything = not pattern and not paths
    unused = book.unused() if everything else ()
    if update:
        book.remove(unused)
    return Trial(
        TrialResult(
            cases=tuple(results),
            written=tuple(book.written),
            removed=unused if update else (),
            unused=() if update else unused,
            coverage=covering.coverage(project, seen) if coverage else None,
        ),
        found,
        sources,
    )
