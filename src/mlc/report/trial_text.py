"""What the users' tests found, for people: each case in a line, each failure with where the value comes from."""

from __future__ import annotations

import json

from mlc.ir.span import Span
from mlc.ir.trial import CaseResult, Coverage, Covered, Failure, TrialResult
from mlc.report import explain_text
from mlc.report.terminal import Paint, harmless
from mlc.rules._words import counted

_MOST_OPTIONS = 15


def result(found: TrialResult, paint: Paint, *, quiet: bool = False, verbose: bool = False) -> str:
    lines: list[str] = []
    file = ""
    for case in found.cases:
        if quiet and case.passed:
            continue
        if case.file != file:
            file = case.file
            lines.append(paint(harmless(file), "bold"))
        lines += _case(case, paint)
    for verb, paths in (("wrote", found.written), ("removed", found.removed), ("not used", found.unused)):
        lines += [f"{verb:<9} {harmless(path)}" for path in paths]
    if found.unused:
        lines.append("mlc test --update removes the snapshots that are not used.")
    lines.append(_count(found, paint))
    if found.coverage is not None:
        lines += ["", *_coverage(found.coverage, paint, verbose)]
    return "\n".join(lines) + "\n"


def failures(case: CaseResult, paint: Paint) -> list[str]:
    """The lines that say what does not hold and why."""
    return [line for failure in case.failures for line in _failure(failure, case, paint)]


def _case(case: CaseResult, paint: Paint) -> list[str]:
    sign = paint("✓", "green") if case.passed else paint("✗", "red", "bold")
    head = f"{sign} {harmless(case.name)}  {paint(harmless(case.environment), 'dim')}".rstrip()
    return [head, *failures(case, paint)]


def _failure(one: Failure, case: CaseResult, paint: Paint) -> list[str]:
    lines = [
        f"    {one.what} {paint(harmless(one.subject), 'bold')}  {paint(harmless(str(one.span)), 'blue')}",
        f"      expected  {harmless(one.expected)}",
        f"      actual    {paint(harmless(one.actual), 'red')}",
    ]
    if one.explanation is not None:
        told = explain_text.explanation(one.explanation, case.sources, paint).splitlines()
        chain = told[told.index("") + 1 :] if "" in told else told
        lines += [f"      {line}" for line in chain if line.strip() and "A change to it costs" not in line]
    for step in one.steps:
        because = f"  {harmless(step.because)}" if step.because else ""
        operation = f" {step.operation.name}" if step.operation is not None else ""
        lines.append(
            f"        {step.action}{operation} {harmless(step.address)}: {step.change_class}{because}"
        )
        for change in step.changes:
            cause = paint(f"  {harmless(str(change.cause))}", "blue") if change.cause is not None else ""
            before, after = (json.dumps(value, ensure_ascii=False) for value in (change.before, change.after))
            lines.append(f"          {harmless(f'{change.path} {before} → {after}')}{cause}")
            lines += _line(change.cause, case, paint)
    for span in one.places:
        lines += _line(span, case, paint)
    lines += [f"        {harmless(line)}" for line in one.difference]
    if one.help:
        lines.append(f"      {paint('help:', 'cyan')} {harmless(one.help)}")
    return lines


def _line(span: Span | None, case: CaseResult, paint: Paint) -> list[str]:
    """The line of a file, or the override, that a place is in."""
    text = case.sources.get(span.file, "").splitlines() if span is not None else []
    if span is None or not 1 <= span.line <= len(text):
        return []
    return [paint(f"            {span.line} | {harmless(text[span.line - 1].strip())}", "dim")]


def _count(found: TrialResult, paint: Paint) -> str:
    failed = sum(not case.passed for case in found.cases)
    expectations = sum(case.expectations for case in found.cases)
    text = f"{counted(len(found.cases), 'case')}, {counted(expectations, 'expectation')}: "
    if failed:
        return paint(f"{text}{failed} failed, {len(found.cases) - failed} passed.", "red", "bold")
    return paint(f"{text}all passed.", "green", "bold")


def _coverage(found: Coverage, paint: Paint, verbose: bool) -> list[str]:
    lines = [paint("Exercised by some case", "bold")]
    for name in ("layers", "presets", "resources", "gates"):
        things: tuple[Covered, ...] = getattr(found, name)
        lines.append(_row(name, sum(thing.cases > 0 for thing in things), len(things)))
        for thing in things:
            if not thing.cases:
                place = paint(f"  {harmless(thing.place)}", "blue") if thing.place else ""
                lines.append(f"    never  {harmless(thing.name)}{place}")
    options = found.options
    untried = [option for option in options if option.untried]
    tried = sum(option.cases for option in options)
    lines.append(_row("options", tried, tried + sum(len(option.untried) for option in untried), "values"))
    shown = untried if verbose else untried[:_MOST_OPTIONS]
    for option in shown:
        values = ", ".join(json.dumps(value, ensure_ascii=False) for value in option.untried)
        lines.append(f"    never  {harmless(option.name)}: {harmless(values)}")
    if len(untried) > len(shown):
        lines.append(paint(f"    … and {len(untried) - len(shown)} more options (-v shows them)", "dim"))
    return lines


def _row(name: str, number: int, whole: int, noun: str = "") -> str:
    share = f"{100 * number // whole:>3} %" if whole else "    –"
    return f"  {name:<10} {share}  {number} of {whole} {noun}".rstrip()
