"""bad-ensemble-of-models: models that cannot be combined so.

Why it matters: a mean is one of like answers to the same question; a chain is one only where each model takes what the
one before it says; and what is said of an ensemble that nothing follows would promise something that does not happen.
How to mend it: name models of one task and label, let each model of a chain feed on the one before, and leave out what
the message names.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.kinds._variants import LOSSY
from mlc.kinds.dataset import label_of
from mlc.rules._members import is_of_models, members
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "These models cannot be combined so.")
SCOPE = "upstream"

_MODEL = "task: binary_classification\ndataset: people\n"
_LEARNER = "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n"
_TWO = {"model/one.yaml": _MODEL + _LEARNER, "model/other.yaml": _MODEL + _LEARNER}
BAD = {**_TWO, "model/churn.yaml": _MODEL + "ensemble: {method: chain, members: {first: one, then: other}}\n"}
GOOD = {
    **_TWO,
    "model/other.yaml": _MODEL + _LEARNER + "predictions: {first: one}\n",
    "model/churn.yaml": BAD["model/churn.yaml"],
}

_VOTES = ("binary_classification", "multiclass_classification", "regression")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        if not is_of_models(model):
            continue
        yield from _members(subject, address, model)
        yield from _contradictions(subject, address, model)
        yield from _of_method(subject, address, model)


def _of_method(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    match model["ensemble"]["method"]:
        case "voting":
            yield from _alike(subject, address, model)
            yield from _weights(subject, address, model)
        case "chain":
            yield from _links(subject, address, model)


def _members(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    named = members(model)
    count = len(model["ensemble"]["members"])
    if count < 2:
        yield _at(
            address,
            subject.key_span(address, "ensemble"),
            f"An ensemble combines at least two models, and this has {count}.",
            "too few members",
            "Name more of them.",
            ("ensemble",),
        )
    for place, one in enumerate(named):
        earlier = next((other for other in named[:place] if other.address == one.address), None)
        if earlier is not None and one.path[0] == earlier.path[0] == "ensemble":
            yield _at(
                address,
                subject.span(address, *one.path),
                f"{one.address} is a member already, as {earlier.name}.",
                "twice",
                "Give it a weight instead." if model["ensemble"]["method"] == "voting" else "Take one out.",
                one.path,
            )


def _contradictions(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    stacked = model["ensemble"]["method"] == "stacking"
    nothing_follows = {
        "train": "The members are models of their own, and",
        "candidates": "The members are models of their own, and",
        "select": "The members are models of their own, and",
        "tune": "The members are models of their own, and",
        "predictions": "What an ensemble of models feeds on are its members:",
        "reuse": "An ensemble of models is made of models of this project:",
    }
    if not stacked:
        nothing_follows |= {
            "features": "Nothing learns from the members, and",
            "calibrate": "Nothing learns from the members, and",
        }
    for field, why in nothing_follows.items():
        if model[field] and subject.node(address, field) is not subject.node(address):
            yield _at(
                address,
                subject.key_span(address, field),
                f"{why} nothing follows `{field}`.",
                "nothing follows it",
                "Make the model a member." if field == "predictions" else "Take it out.",
                (field,),
            )
    for name, variant in model["optimize"]["variants"].items():
        if any(variant[key] for key in LOSSY):
            yield _at(
                address,
                subject.key_span(address, "optimize", "variants", name),
                f'The variant "{name}" is made of one estimator, and this is a graph of several models.',
                "not of several models",
                "Leave it out.",
                ("optimize", "variants", name),
            )


def _alike(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """A mean is of answers to one question."""
    if model["task"] not in _VOTES:
        yield _at(
            address,
            subject.key_span(address, "ensemble"),
            f"There is no mean of what models of {model['task'].replace('_', ' ')} say: the scale is each one's own.",
            "not for this task",
            "Let a model learn from them: method: stacking.",
            ("ensemble",),
        )
    own = _question(subject, model)
    for one in members(model):
        spec = subject.specs.get(one.address)
        if spec is None:
            continue
        theirs = _question(subject, spec)
        differing = [name for name in own if own[name] != theirs.get(name)]
        if differing:
            name = differing[0]
            yield RULE.at(
                subject.span(address, *one.path),
                f"{one.address} answers another question: its {name} is {theirs[name]}, and that of {address} is "
                f"{own[name]}.",
                text="answers another question",
                related=(Label(subject.key_span(one.address, name), f"its {name}"),),
                help="Name models of the same task and label, or let one learn from them: method: stacking.",
                address=str(address),
                path=".".join(one.path),
            )


def _question(subject: Subject, model: dict[str, Any]) -> dict[str, Any]:
    """What a model is asked: its task, and what it is about."""
    dataset = subject.named("dataset", model["dataset"])
    label = model["label"] or (label_of(dataset) if dataset else None)
    asked = {"task": model["task"], "dataset": model["dataset"], "label": label}
    return asked | ({"positive": model["positive"]} if model["task"] == "binary_classification" else {})


def _weights(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    known = model["ensemble"]["members"]
    for name in model["ensemble"]["weights"]:
        if name not in known:
            path = ("ensemble", "weights", name)
            yield _at(
                address,
                subject.key_span(address, *path),
                f'{address} has no member "{name}". It has {listed(known)}.',
                "not a member",
                did_you_mean(name, known),
                path,
            )


def _links(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """Each model of a chain feeds on the one before; the last one answers the question of the whole."""
    links = [one for one in members(model) if one.path[0] == "ensemble"]
    for before, after in pairwise(links):
        spec = subject.specs.get(after.address)
        if spec is None or before.address == after.address:
            continue
        if before.address not in {one.address for one in members(spec)}:
            name = before.name.replace("-", "_")
            yield RULE.at(
                subject.span(address, *after.path),
                f"{after.address} does not take what {before.address} says, which comes before it.",
                text="does not feed on it",
                related=(Label(subject.span(address, *before.path), "comes before"),),
                help=f"Write `predictions: {{{name}: {before.address.name}}}` in {after.address}.",
                address=str(address),
                path=".".join(after.path),
            )
    last = subject.specs.get(links[-1].address) if links else None
    if last is None:
        return
    own, theirs = _question(subject, model), _question(subject, last)
    differing = [name for name in own if own[name] != theirs.get(name)]
    if differing:
        name = differing[0]
        yield _at(
            address,
            subject.span(address, *links[-1].path),
            f"{links[-1].address} answers for the chain, and its {name} is {theirs[name]}, where that of {address} is "
            f"{own[name]}.",
            "answers another question",
            f"Write {name}: {theirs[name]}.",
            links[-1].path,
        )


def _at(
    address: Address,
    span: Any,
    detail: str,
    text: str,
    help: str,  # noqa: A002
    path: tuple[str, ...],
) -> Diagnostic:
    return RULE.at(span, detail, text=text, help=help, address=str(address), path=".".join(path))
