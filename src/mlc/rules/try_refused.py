"""try-refused: a choice of parameters that cannot be tried.

Why it matters: a search would take the score of something else for that of what it asked for.
How to mend it: name a model that is tuned, one of the candidates below `tune.space`, and values that its space holds:
`mlc try model.churn linear alpha=0.1`; prepare its rows before, by `mlc apply --step`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "This choice of parameters cannot be tried.")


def no_model(name: str, environment: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'"{name}" is no model of {environment} whose parameters are tuned.',
        help=did_you_mean(name, known),
    )


def no_candidate(name: str, model: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'{model} searches no parameters of a candidate "{name}".',
        help=did_you_mean(name, known),
        address=model,
    )


def no_pair(word: str) -> Diagnostic:
    return RULE.at(None, f'"{word}" is no parameter with its value, such as alpha=0.1.')


def no_parameter(name: str, model: str, known: Iterable[str]) -> Diagnostic:
    return RULE.at(
        None,
        f'The space of {model} has no parameter "{name}".',
        help=did_you_mean(name, known),
        address=model,
    )


def missing(names: Iterable[str], model: str) -> Diagnostic:
    return RULE.at(None, f"No value was given of {', '.join(names)}.", address=model)


def no_value(word: str, why: str, model: str) -> Diagnostic:
    return RULE.at(None, f'"{word}" is not in the space of {model}: {why}.', address=model)


def not_prepared(step: str, environment: str) -> Diagnostic:
    return RULE.at(
        None,
        f"The rows to learn from are not prepared as {environment} describes them now.",
        help=f"`mlc apply --yes --env {environment} --step {step}` does that.",
        address=step.rpartition("/")[0],
    )


def failed(reason: str, model: str) -> Diagnostic:
    return RULE.at(None, f"The trial did not come through. {reason}", address=model)
