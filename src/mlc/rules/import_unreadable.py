"""import-unreadable: what is to be imported is not what it is said to be.

Why it matters: nothing can be taken over of a file that is not understood, and nothing was written.
How to mend it: name the right kind after `--from`, or the right file.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.span import Span, start_of
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "The source cannot be read.")


def found(span: Span, detail: str, help: str = "") -> Diagnostic:  # noqa: A002
    return RULE.at(span, detail, text="not readable", help=help)


def missing(name: str) -> Diagnostic:
    return RULE.at(None, f"There is no {name}.", help="Name a file or a folder that is there.")


def nothing_in(name: str, what: str) -> Diagnostic:
    return RULE.at(None, f"There is nothing to import in {name}: it holds no {what}.")


def no_text(name: str) -> Diagnostic:
    return RULE.at(start_of(name), f"{name} is no text of UTF-8.")


def unknown_kind(name: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'"{name}" is no kind of source that can be imported.',
        help=did_you_mean(name, known) or f"Known: {listed(sorted(known))}.",
    )


def a_pickle(name: str) -> Diagnostic:
    return RULE.at(
        start_of(name),
        f"{name} is a pickle, or looks like one. To load a pickle is to run what is in it, whatever that "
        "is, so mlc never "
        "does.",
        help="Where you trust it, save it again: `skops.io.dump(joblib.load(…), 'model.skops')`, with the version of "
        "scikit-learn that wrote it.",
    )


def untrusted(name: str, types: Iterable[str]) -> Diagnostic:
    return RULE.at(
        start_of(name),
        f"{name} holds types that are on no list of what may be loaded: {listed(sorted(types))}. Nothing "
        "of it was loaded.",
        help="What is the project's own is described by hand, as code of the project (docs/code.md).",
    )


def would_be_unfit(what: str) -> Diagnostic:
    return RULE.at(
        None,
        f"What would be written of {what} has mistakes, which are told above; nothing was written.",
        help="Name what is in the project already with --dataset, --features or --model, or describe it by hand.",
    )
