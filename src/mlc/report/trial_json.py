"""What the users' tests found, as the document of `schemas/test.json`."""

from __future__ import annotations

from mlc.ir import trial
from mlc.ir.trial import Covered, Failure, TrialResult
from mlc.report import json


def result(found: TrialResult) -> str:
    return json.bare(
        trial.Tested(
            passed=sum(case.passed for case in found.cases),
            failed=sum(not case.passed for case in found.cases),
            cases=[
                trial.CaseOut(
                    file=case.file,
                    name=case.name,
                    environment=case.environment,
                    line=case.span.line,
                    passed=case.passed,
                    expectations=case.expectations,
                    failures=[_failure(one) for one in case.failures],
                )
                for case in found.cases
            ],
            snapshots_written=list(found.written),
            snapshots_removed=list(found.removed),
            snapshots_unused=list(found.unused),
            coverage=None if found.coverage is None else _coverage(found.coverage),
        )
    )


def _failure(one: Failure) -> trial.FailureOut:
    chain = []
    if one.explanation is not None:
        read = [layer for _, layer in one.explanation.read]
        layers = [one.explanation.winner, *one.explanation.overwrote, *read]
        chain = [trial.LayerOut(layer.value, str(layer.span)) for layer in layers]
    changes = [change for step in one.steps for change in step.changes]
    chain += [trial.LayerOut(change.after, str(change.cause or "")) for change in changes]
    return trial.FailureOut(
        what=one.what,
        subject=one.subject,
        expected=one.expected,
        actual=one.actual,
        place=str(one.span),
        chain=chain,
        difference=list(one.difference),
        help=one.help,
    )


def _coverage(found: trial.Coverage) -> trial.CoverageOut:
    return trial.CoverageOut(
        layers=_covered(found.layers),
        presets=_covered(found.presets),
        resources=_covered(found.resources),
        gates=_covered(found.gates),
        options=_covered(found.options),
    )


def _covered(things: tuple[Covered, ...]) -> list[trial.CoveredOut]:
    return [trial.CoveredOut(one.name, one.cases, one.place, list(one.untried)) for one in things]
