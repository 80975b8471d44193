"""bad-feed: a model that another cannot feed on.

Why it matters: what a member says has to be what the other can take: the columns that it sees have to be in the
dataset, its answer has to be a number that means something, and it must not have learned from the rows that it is asked
about.
How to mend it: the message says which of these does not hold, and what can be done.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._code import is_code
from mlc.kinds._variants import LOSSY
from mlc.kinds.dataset import label_of
from mlc.rules._estimators import learners
from mlc.rules._members import Member, behind, columns_seen, is_of_models, members
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "error", "A model cannot feed on that one.")
SCOPE = "upstream"

_LEARNER = "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n"
_MODEL = "task: binary_classification\ndataset: people\n" + _LEARNER
_OTHER = {
    "dataset/pets.yaml": "source: {type: file, path: pets.csv, format: csv}\n"
    "columns:\n  pet: {type: integer, role: id}\n  age: {type: number}\n  plan: {type: integer}\n"
    "  ill: {type: integer, role: label}\n",
    "features/pets.yaml": "groups: {numbers: {columns: [age, plan]}}\n",
    "model/illness.yaml": "task: binary_classification\ndataset: pets\nfeatures: pets\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n",
}
BAD = {**_OTHER, "model/churn.yaml": _MODEL + "predictions: {illness: illness}\n"}
GOOD = {"model/other.yaml": _MODEL, "model/churn.yaml": _MODEL + "predictions: {other: other}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        found = members(model)
        if not found:
            continue
        yield from _own_code(subject, address, model)
        yield from _curve(subject, address, model)
        if not is_of_models(model):
            yield from _variants(subject, address, model)
        for member in found:
            spec = subject.specs.get(member.address)
            if spec is not None and member.address != address:
                yield from _kind(subject, address, member, spec)
                yield from _edge(subject, address, model, member, spec)
                yield from _told_before(subject, address, model, member, spec)
                if not is_of_models(model) or model["ensemble"]["method"] == "stacking":
                    yield from _name(subject, address, model, member)


def _own_code(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    for one in learners(address, model):
        if is_code(one.name):
            yield _at(
                subject.span(address, *one.path, "estimator"),
                "Code of the project is trained in a process of its own, and this version of mlc feeds it nothing.",
                "code of the project",
                "Take an estimator of a library.",
                address,
                (*one.path, "estimator"),
            )


def _curve(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    path = ("evaluate", "learning_curve")
    if model["evaluate"]["learning_curve"] is not None:
        yield _at(
            subject.key_span(address, *path),
            "A learning curve trains on ever more rows, and the models inside would have to be trained on as many.",
            "not of several models",
            "Draw the curves of the models inside.",
            address,
            path,
        )


def _variants(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    for name, variant in model["optimize"]["variants"].items():
        if any(variant[key] for key in LOSSY):
            path = ("optimize", "variants", name)
            yield _at(
                subject.key_span(address, *path),
                f'The variant "{name}" is made of one estimator, and what is served is a graph of several models.',
                "not of several models",
                "Leave it out.",
                address,
                path,
            )


def _kind(subject: Subject, address: Address, member: Member, spec: dict[str, Any]) -> Iterator[Diagnostic]:
    """Whether its answer can be handed on at all."""
    detail = ""
    if spec["task"] == "clustering":
        detail = f"{member.address} says the number of a cluster, which is only a name: 3 is not more than 2."
    elif any(is_code(one.name) for one in learners(member.address, spec)):
        detail = f"{member.address} is trained by code of the project, which this version of mlc joins with nothing."
    if detail:
        help_ = "Feed on a classifier, a regression or an anomaly detection with an estimator of a library."
        yield _at(
            subject.span(address, *member.path), detail, "not to be fed on", help_, address, member.path
        )


def _edge(
    subject: Subject, address: Address, model: dict[str, Any], member: Member, spec: dict[str, Any]
) -> Iterator[Diagnostic]:
    """Whether what it sees is in the dataset, as it was where it learned."""
    here, there = subject.named("dataset", model["dataset"]), subject.named("dataset", spec["dataset"])
    if here is None or there is None or model["dataset"] == spec["dataset"]:
        return
    wrong = []
    for column in columns_seen(subject, spec):
        if column not in there["columns"]:
            continue  # said of its features
        wanted = there["columns"][column]["type"]
        if column not in here["columns"]:
            wrong.append(f"has no {column}")
        elif here["columns"][column]["type"] != wanted:
            wrong.append(f"has {column} as {here['columns'][column]['type']}, not {wanted}")
    if wrong:
        yield _at(
            subject.span(address, *member.path),
            f"{member.address} sees columns of dataset.{spec['dataset']}, and dataset.{model['dataset']} "
            f"{listed(wrong)}.",
            "takes other columns",
            "Bring the columns into the dataset under these names and types, or feed on another model.",
            address,
            member.path,
        )


def _told_before(
    subject: Subject, address: Address, model: dict[str, Any], member: Member, spec: dict[str, Any]
) -> Iterator[Diagnostic]:
    """Whether its answers about the rows that are learned from can be had without its having learned from them."""
    reuse = spec["reuse"]
    if spec["dataset"] == model["dataset"]:
        if reuse is not None and reuse["as"] != "features":
            yield _at(
                subject.span(address, *member.path),
                f"{member.address} starts from the registered {reuse['model']}, which may have learned from the rows "
                "that it would be asked about: no training without them tells what it would say.",
                "starts from a registered version",
                f"Feed on a model that is trained anew, or take `reuse` out of {member.address}.",
                address,
                member.path,
            )
        return
    for inside, one in behind(subject, spec):
        if one["dataset"] == model["dataset"]:
            yield _at(
                subject.span(address, *member.path),
                f"{member.address} learned from dataset.{spec['dataset']}, but feeds on {inside}, which learned from "
                f"the rows of dataset.{model['dataset']} that it would be asked about.",
                "learned from these rows",
                f"Feed on {inside} itself, which is then asked by folds, or let {member.address} do without it.",
                address,
                member.path,
            )
            return


def _name(subject: Subject, address: Address, model: dict[str, Any], member: Member) -> Iterator[Diagnostic]:
    """Whether what the column would be called is free."""
    dataset = subject.named("dataset", model["dataset"])
    taken = {} if dataset is None else dataset["columns"]
    # of several classes each has a column of its own
    numbered = next((one for one in taken if re.fullmatch(re.escape(member.name) + "_[0-9]+", one)), None)
    label = model["label"] or (label_of(dataset) if dataset else None)
    if member.name in taken or member.name in ("label", "probabilities", "value", "score") or numbered:
        what = "an output"
        if member.name in taken or numbered:
            what = "the label" if member.name == label else "a column of the dataset"
        yield _at(
            subject.key_span(address, *member.path),
            f'"{numbered or member.name}" is what {what} is called already, and the answers of {member.address} would '
            "be called so as well.",
            "the name is taken",
            "Give the model another name here.",
            address,
            member.path,
        )


def _at(
    span: Any,
    detail: str,
    text: str,
    help: str,  # noqa: A002
    address: Address,
    path: tuple[str, ...],
) -> Diagnostic:
    return RULE.at(span, detail, text=text, help=help, address=str(address), path=".".join(path))
