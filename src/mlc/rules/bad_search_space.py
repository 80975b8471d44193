"""bad-search-space: parameters are searched for that do not exist, or among values that the estimator refuses.

Why it matters: every trial would fail, or those at one end of the space would, after the data have been read.
How to mend it: correct the candidate, the parameter or the ends; the estimator's own constraints say what it takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._estimators import parameter_schema
from mlc.kinds._parameters import is_valid, is_whole
from mlc.rules._estimators import Used, denial, learners
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import counted, did_you_mean, listed
from mlc.rules.bad_estimator_parameter import describe

RULE = Rule.of(__name__, "error", "Parameters are searched for where there are none.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"model/churn.yaml": _MODEL + "tune: {space: {train: {C: {log: [0, 10]}}}}\n"}
GOOD = {"model/churn.yaml": _MODEL + "tune: {space: {train: {C: {log: [0.01, 10]}}}}\n"}

_KINDS = ("log", "int", "float", "choice")
_MOST_CHOICES = 1000


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        if model["tune"] is None:
            continue
        space: dict[str, dict[str, Any]] = model["tune"]["space"]
        known = {"train" if one.path == ("train",) else one.path[1]: one for one in learners(address, model)}
        if not any(space.values()):
            yield RULE.at(
                subject.key_span(address, "tune"),
                f"`tune` of {address} names no parameter to search for.",
                text="no parameter",
                help=f"Say which, for example space: {{{next(iter(known), 'train')}: {{…}}}}.",
                address=str(address),
                path="tune.space",
            )
        for name, parameters in space.items():
            if name not in known:
                span = subject.key_span(address, "tune", "space", name)
                yield RULE.at(
                    span,
                    f'{address} has no candidate "{name}". It has {listed(known)}.',
                    text="not a candidate",
                    help=did_you_mean(name, known),
                    fix=instead(name, known, span),
                    address=str(address),
                    path=f"tune.space.{name}",
                )
                continue
            schema = parameter_schema(known[name].name, model["task"])
            if schema is not None:
                for parameter, given in parameters.items():
                    yield from _parameter(subject, known[name], schema, name, parameter, given)


def _parameter(
    subject: Subject, one: Used, schema: dict[str, Any], name: str, parameter: str, given: dict[str, Any]
) -> Iterator[Diagnostic]:
    path = ("tune", "space", name, parameter)
    place: dict[str, Any] = {"address": str(one.address), "path": ".".join(path)}
    field = schema["properties"].get(parameter)
    span = subject.key_span(one.address, *path)
    if field is None:
        why = schema["x-mlc-not-settable"].get(parameter)
        yield RULE.at(
            span,
            f'"{parameter}" cannot be set here: {why}'
            if why
            else f'{one.short} has no parameter "{parameter}".',
            text="cannot be set" if why else "not a parameter",
            help="" if why else did_you_mean(parameter, schema["properties"]),
            fix=None if why else instead(parameter, schema["properties"], span),
            **place,
        )
        return
    said = [kind for kind in _KINDS if given[kind] is not None]
    if len(said) != 1:
        yield RULE.at(
            span,
            f'"{parameter}" is given {" and ".join(said) if said else "no values"}. Give exactly one of log, int, '
            "float and choice.",
            text="exactly one",
            help=f"For example {parameter}: {{float: [0.1, 1]}}.",
            **place,
        )
        return
    (kind,) = said
    for detail, index in _mistakes(one, schema, parameter, kind, given[kind]):
        where = (*path, kind) if index is None else (*path, kind, index)
        yield RULE.at(
            subject.span(one.address, *where),
            detail,
            text="not possible",
            help=f'"{parameter}" takes {describe(field)}.',
            **place,
        )


def _mistakes(
    one: Used, schema: dict[str, Any], parameter: str, kind: str, values: list[Any]
) -> Iterator[tuple[str, int | None]]:
    """What is wrong with the values of a parameter, in words, and with which of them."""
    if kind == "choice":
        if not 1 <= len(values) <= _MOST_CHOICES:
            yield f"A choice has from 1 to {_MOST_CHOICES:,} values, and this has {len(values):,}.", None
        repeated = [place for place, value in enumerate(values) if value in values[:place]]
        yield from ((f"{values[place]!r} stands twice.", place) for place in repeated)
    else:
        if len(values) != 2:
            yield (
                f"`{kind}` takes the two ends [low, high], and this has {counted(len(values), 'number')}.",
                None,
            )
            return
        low, high = values
        if not low < high:
            yield f"The lower end {low:g} is not below the upper end {high:g}.", None
        if kind == "log" and low <= 0:
            yield f"The lower end is {low:g}, and a logarithm is of what is above 0.", 0
            return
        whole = kind == "log" and is_whole(schema["properties"][parameter], values)
        if kind == "int" or whole:
            for place, value in enumerate(values):
                if value != int(value):
                    yield f"{value:g} is no whole number.", place
            values = [int(value) for value in values]
    field = schema["properties"][parameter]
    for place, value in enumerate(values):
        why = denial(schema, parameter, value)
        if why:
            yield f'{one.short} with "{parameter}: {value}" cannot be served. {why}', place
        elif not is_valid(value, field):
            yield f'{one.short} does not take {value!r} for "{parameter}".', place
