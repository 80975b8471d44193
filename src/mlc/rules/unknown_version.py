"""unknown-version: the registry has no such model, version or alias.

Why it matters: there is nothing to show, to promote or to serve.
How to mend it: correct the name, or register the model by applying.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import counted, did_you_mean, listed

RULE = Rule.of(__name__, "error", "The registry has no such version.")


def no_model(name: str, known: Iterable[str]) -> Diagnostic:
    known = sorted(known)
    return RULE.at(
        None,
        f'The registry has no version of a model named "{name}". It knows {counted(len(known), "model")}.',
        help=did_you_mean(name, known) or "Nothing is registered yet: `mlc apply` registers models.",
    )


def no_dataset(name: str, known: Iterable[str]) -> Diagnostic:
    known = sorted(known)
    return RULE.at(
        None,
        f'The registry has no version of a dataset named "{name}". It knows {counted(len(known), "dataset")}.',
        help=did_you_mean(name, known)
        or "Give the dataset a `profile: {}`, and `mlc apply` registers each version of it.",
    )


def no_version(name: str, number: int, known: Iterable[int]) -> Diagnostic:
    return RULE.at(
        None,
        f'The dataset "{name}" has no version {number}. Its versions are {listed(map(str, known))}.',
        help=f"`mlc registry diff dataset.{name}` compares the last two.",
    )


def one_too_many(text: str, action: str) -> Diagnostic:
    return RULE.at(
        None,
        f"`registry {action}` takes one name, and {text} is another.",
        help="`registry diff` takes two: versions of a dataset.",
    )


def no_two(name: str) -> Diagnostic:
    return RULE.at(
        None,
        f'The dataset "{name}" has one version only, so there is nothing to compare it with.',
        help="Applying with other data registers another one.",
    )


def not_datasets(texts: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f"Two versions of one dataset are compared, and {listed(texts) or 'none'} was named.",
        help="Write dataset.NAME for its last two versions, dataset.NAME:1 for that and the last, or both.",
    )


def no_number(name: str, number: int, known: Iterable[int]) -> Diagnostic:
    return RULE.at(
        None,
        f'The model "{name}" has no version {number}. Its versions are {listed(map(str, known))}.',
        help=f"`mlc registry show {name}` shows the latest.",
    )


def no_alias(name: str, alias: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'The model "{name}" has no alias "{alias}", so there is no version that it stands for.',
        help=did_you_mean(alias, known)
        or "It has no aliases yet: a deployment, when applied, moves its own.",
    )


def unnamed(known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        "No model was named. A version is written NAME (the latest), NAME:3 (by number) or NAME@production (by alias).",
        help=f"Known: {listed(sorted(known))}." if known else "Nothing is registered yet.",
    )


def not_a_reference(text: str) -> Diagnostic:
    return RULE.at(
        None,
        f'"{text}" does not name a version. A version is written NAME (the latest), NAME:3 (by number) '
        "or NAME@production (by alias).",
        help="Write the model's name, and after it a number or an alias.",
    )


def no_alias_named(action: str, text: str) -> Diagnostic:
    said = f'"{text}" is no name of an alias' if text else "No alias was named"
    return RULE.at(
        None,
        f"{said}. `registry {action}` moves an alias, which has a name of lower-case letters, digits, _ and -.",
        help=f"As in: mlc registry {action} {'churn:3' if action == 'promote' else 'churn'} production.",
    )


def nothing_before(name: str, alias: str, now: int) -> Diagnostic:
    return RULE.at(
        None,
        f"{name}@{alias} has pointed to version {now} from the first, so there is none to go back to.",
        help=f"`mlc registry promote {name}:N {alias}` points it to another one.",
    )


def nothing_then(name: str, alias: str, day: str) -> Diagnostic:
    return RULE.at(
        None,
        f"{name}@{alias} pointed nowhere at {day}.",
        help=f"`mlc registry log {name}` says where it has pointed, and since when.",
    )


def no_alias_at(reference: str) -> Diagnostic:
    return RULE.at(
        None,
        f'--at asks where an alias pointed at a time, and "{reference}" names none.',
        help="Write NAME@ALIAS, as in: mlc registry show churn@production --at 2026-01-15.",
    )


def no_picture(form: str) -> Diagnostic:
    return RULE.at(
        None,
        f"--format {form} draws a lineage, and nothing else of the registry is drawn.",
        help="As in: mlc registry lineage churn@production --format mermaid.",
    )


def no_moment(text: str) -> Diagnostic:
    return RULE.at(
        None,
        f'"{text}" is no day and no time.',
        help="Write a day or a time in ISO 8601: 2026-01-15, or 2026-01-15T12:00:00+01:00.",
    )
