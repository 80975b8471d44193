"""What the users' tests found, as JUnit XML: a suite per file, a test case per case."""

from __future__ import annotations

from mlc.ir.trial import CaseResult, TrialResult
from mlc.report import trial_text
from mlc.report.junit import attribute, content
from mlc.report.terminal import Paint


def result(found: TrialResult) -> str:
    files = list(dict.fromkeys(case.file for case in found.cases))
    suites = "".join(_suite(file, [case for case in found.cases if case.file == file]) for file in files)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="mlc test" {_counts(list(found.cases))}>\n'
        f"{suites}</testsuites>\n"
    )


def _suite(file: str, cases: list[CaseResult]) -> str:
    inside = "".join(map(_case, cases))
    return f'  <testsuite name="{attribute(file)}" {_counts(cases)} skipped="0">\n{inside}  </testsuite>\n'


def _counts(cases: list[CaseResult]) -> str:
    return f'tests="{len(cases)}" failures="{sum(not case.passed for case in cases)}" errors="0"'


def _case(case: CaseResult) -> str:
    head = (
        f'    <testcase classname="{attribute(case.file)}" name="{attribute(case.name)}" '
        f'file="{attribute(case.file)}" line="{case.span.line}"'
    )
    if case.passed:
        return f"{head}/>\n"
    first = case.failures[0]
    message = f"{first.what} {first.subject}: expected {first.expected}, got {first.actual}"
    text = "\n".join(trial_text.failures(case, Paint()))
    failure = f'<failure type="{first.what}" message="{attribute(message)}">{content(text)}</failure>'
    return f"{head}>\n      {failure}\n    </testcase>\n"
