"""backend-missing: mlc.yaml declares a backend whose files are not there, or cannot be used.

Why it matters: what the backend should write would be missing without a word.
How to mend it: put `backend.yaml` and its templates into `backends/NAME`, or say where they are with `path` or
`module`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "A backend is not there.")

_PROJECT = "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
BAD = {"mlc.yaml": _PROJECT + "backends: {systemd: {}}\n"}
GOOD = {
    "mlc.yaml": _PROJECT + "backends: {systemd: {}}\n",
    "backends/systemd/backend.yaml": "backend: systemd\ndescription: Units of systemd.\nemits:\n"
    "  - {kind: deployment, template: unit.service.j2, path: 'systemd/{{ name }}.service'}\n",
    "backends/systemd/unit.service.j2": "# {{ header | comment }}\n",
}


def found(name: str, place: str, known: Iterable[str], span: Span, *, is_there: bool) -> Diagnostic:
    what = "holds no backend.yaml" if is_there else "is no folder of the project that may be read"
    return RULE.at(
        span,
        f"The backend {name} should stand in {place}, which {what}.",
        text="not there",
        help=did_you_mean(name, [one for one in known if one != name], noun="There are"),
        path=f"backends.{name}",
    )


def no_module(name: str, module: str, known: Iterable[str], span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f'The backend {name} should come from the module "{module}", which mlc.yaml does not have.',
        text="no such module",
        help=did_you_mean(module, known) or "Declare it under `modules`.",
        path=f"backends.{name}.module",
    )


def both(name: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"The backend {name} has a `path` and a `module`. It stands in a folder of the project or comes from a "
        "module; say one of them.",
        path=f"backends.{name}",
    )


def many(most: int, span: Span) -> Diagnostic:
    return RULE.at(span, f"A project has at most {most} backends of its own.", path="backends")


def too_much(name: str, place: str, most: str, span: Span) -> Diagnostic:
    return RULE.at(
        span,
        f"The backend {name} in {place} is too large: backends of a project's own take at most {most}.",
        path=f"backends.{name}",
    )


def unreadable(file: str, span: Span, *, is_locked: bool) -> Diagnostic:
    why = (
        "is not the file that mlc.lock has. Run `mlc modules install`."
        if is_locked
        else "cannot be read: it has to be a regular file that no link leads to."
    )
    return RULE.at(span, f"{file} {why}", text="declared here")


def no_text(file: str, span: Span) -> Diagnostic:
    return RULE.at(
        span, f"{file} is not UTF-8 text. Templates are text; save it as UTF-8.", text="declared here"
    )
