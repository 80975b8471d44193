"""bad-backend: the backend.yaml of a backend of the project's own says something that cannot be.

Why it matters: what it is about would not be written, or would be written where it must not be.
How to mend it: correct the line that is pointed at; `docs/own-backends.md` shows a whole backend.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean, listed
from mlc.rules.backend_missing import GOOD as _GOOD

RULE = Rule.of(__name__, "error", "A backend cannot be used.")

_MANIFEST = "backends/systemd/backend.yaml"
BAD = {**_GOOD, _MANIFEST: _GOOD[_MANIFEST].replace("kind: deployment", "kind: deploymnet")}
GOOD = _GOOD


def named(written: str, name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'It calls the backend "{written}", and mlc.yaml "{name}". Give both the same name.',
        text=f"mlc.yaml has {name}",
    )


def taken(name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"mlc has a backend called {name} already, and two of one name could not be told apart. Give it another name.",
        text="taken",
        path=f"backends.{name}",
    )


def rendered_by(key: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"`{key}` is for what mlc's own steps render. A backend of a project's own is filled from the specs alone: "
        "list what it writes under `emits`.",
    )


def empty(name: str, span: Span) -> Diagnostic:
    return RULE.at(span, f"The backend {name} emits nothing. Say what it writes under `emits`.")


def many(name: str, most: int, span: Span) -> Diagnostic:
    return RULE.at(span, f"The backend {name} has more than {most} entries under `emits`.")


def kind(written: str, known: Iterable[str], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'There is no kind of resource called "{written}".',
        text="no kind",
        help=did_you_mean(written, known),
    )


def template(written: str, place: str, known: Iterable[str], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'{place} holds no file called "{written}".',
        text="not there",
        help=did_you_mean(written, known, noun="It holds"),
    )


def path(written: str, reason: str, span: Span) -> Diagnostic:
    shown = written if len(written) <= 300 else f"{written[:80]}…"
    return RULE.at(span, f'Nothing can be written to "{shown}": {reason}.', text="not a path for an artifact")


def condition(written: str, missing: str, of: str, known: Iterable[str], span: Span) -> Diagnostic:
    where = "mlc.yaml" if of == "project" else f"A {of}"
    return RULE.at(
        span,
        f'The condition "{written}" can never hold: {where} has no field "{missing}".',
        text="no such field",
        help=did_you_mean(missing, known),
    )


def checker(written: str, known: Iterable[str], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'"{written}" is no checker that a backend of a project\'s own may name: only those that look at the one file, '
        "fetch nothing and run nothing.",
        text="not for backends of a project's own",
        help=did_you_mean(written, known),
    )


def argument(written: str, forms: Iterable[str], span: Span) -> Diagnostic:
    return RULE.at(span, f'"{written}" is not written as {listed(forms)}.', text="not in this form")


def schema(file: str, reason: str, span: Span) -> Diagnostic:
    return RULE.at(span, f"{file} is no JSON Schema: {reason}.")


def no_value(written: str, missing: str, address: str, known: Iterable[str], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'The path needs {written}, and for {address} there is no "{missing}".',
        help=did_you_mean(missing, known, noun="There are"),
        address=address,
    )


def unfit_value(written: str, reason: str, address: str, span: Span) -> Diagnostic:
    return RULE.at(span, f"The path needs {written} for {address}: {reason}.", address=address)


def too_costly(name: str, most: int, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"What the backends of the project's own write costs more than {most:,} in one environment, counted in "
        f"characters made or looked at and in turns of loops (ten each). {name} was at work.",
    )
