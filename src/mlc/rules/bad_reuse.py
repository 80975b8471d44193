"""bad-reuse: what is taken of a registered version does not fit the model that takes it.

Why it matters: transforms that were fitted serve one estimator, and not a search among several; not every estimator can
go on from where another stopped; and an alias that this very apply moves would make the next plan differ from this one.
How to mend it: name the version by its number, or change what the message names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._code import is_code
from mlc.kinds._reuse import WARM
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "A registered version cannot be taken up so.")
SCOPE = "upstream"  # but for aliases: who reuses versions is planned with the whole project (parts.part)

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"
_REUSE = "reuse: {model: churn:1, as: warm_start}\n"
BAD = {"model/later.yaml": f"{_MODEL}train: {{estimator: sklearn.naive_bayes.GaussianNB}}\n{_REUSE}"}
GOOD = {
    "model/later.yaml": f"{_MODEL}train: {{estimator: sklearn.linear_model.LogisticRegression}}\n{_REUSE}"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        reuse = model["reuse"]
        if reuse is None:
            continue
        yield from _alias(subject, address, reuse["model"])
        if model["evaluate"]["learning_curve"] is not None:
            yield RULE.at(
                subject.key_span(address, "evaluate", "learning_curve"),
                "A learning curve trains anew on ever more rows, and this model begins with a registered version.",
                text="does not begin anew",
                help="Take it out.",
                address=str(address),
                path="evaluate.learning_curve",
            )
        if reuse["as"] == "features":
            yield from _answers(subject, address, model)
        else:
            yield from _fitted(subject, address, model)
            yield from _by_label(subject, address, model)
        if reuse["as"] == "warm_start":
            yield from _warm(subject, address, model)


def _alias(subject: Subject, address: Address, reference: str) -> Iterator[Diagnostic]:
    name, _, alias = reference.partition("@")
    for deployment, spec in subject.each("deployment"):
        if alias and spec["model"] == name and alias == (spec["alias"] or subject.document.environment):
            yield _at(
                subject.span(address, "reuse", "model"),
                f"{deployment} moves the alias {alias} of {name} to the version that this apply registers: the next "
                "plan would find another version than this one.",
                "moves as this is applied",
                f"Name the version by its number, such as {name}:1; or feed on the model itself with `predictions`.",
                address,
                "model",
            )


def _answers(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    reuse, dataset = model["reuse"], subject.named("dataset", model["dataset"])
    name = reuse["name"] or reuse["model"].partition(":")[0].partition("@")[0]
    if dataset is not None:
        for place, column in enumerate(reuse["columns"]):
            if column not in dataset["columns"]:
                yield RULE.at(
                    subject.span(address, "reuse", "columns", place),
                    f'dataset.{model["dataset"]} has no column "{column}".',
                    text="no such column",
                    help=did_you_mean(column, dataset["columns"]),
                    address=str(address),
                    path=f"reuse.columns[{place}]",
                )
        if name in dataset["columns"] or name in model["predictions"]:
            yield _at(
                subject.span(address, "reuse"),
                f'The answers would be called "{name}", and something else is called so already.',
                "the name is taken",
                "Give them another `name`.",
                address,
                "name",
            )
    if not reuse["columns"] and not model["features"]:
        yield _at(
            subject.span(address, "reuse"),
            "It is not said what the version sees: the model has no `features` of its own.",
            "sees nothing",
            "Name the `columns` that the version takes.",
            address,
            "columns",
        )


def _fitted(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """Transforms that were fitted go with one estimator of a library."""
    for field in ("candidates", "tune", "ensemble"):
        if model[field]:
            yield RULE.at(
                subject.key_span(address, field),
                f"What a registered version was fitted with is taken up by one estimator, and {address} has `{field}`.",
                text="several estimators",
                help="Name one estimator in `train`, or take its answers: as: features.",
                address=str(address),
                path=field,
            )
    if model["predictions"]:
        yield RULE.at(
            subject.key_span(address, "predictions"),
            "The transforms of a registered version know nothing of what other models say.",
            text="not known to it",
            help="Take the version's answers instead: as: features.",
            address=str(address),
            path="predictions",
        )
    if model["train"] and is_code(model["train"]["estimator"]):
        yield RULE.at(
            subject.span(address, "train", "estimator"),
            "Code of the project is trained in a process of its own, and this version of mlc gives it nothing of a "
            "registered version.",
            text="code of the project",
            help="Take an estimator of a library.",
            address=str(address),
            path="train.estimator",
        )


def _by_label(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    """What was fitted with `encode: target` tells of labels of the rows that it was fitted on."""
    features = subject.named("features", model["features"]) if model["features"] else None
    for name, group in (features or {"groups": {}})["groups"].items():
        if group["encode"] == "target":
            yield _at(
                subject.span(address, "reuse", "as"),
                f'The group "{name}" of its features has "encode: target": as it was fitted it holds what the labels '
                "of the version's rows are, and where the new model learns from any of them, it would be told the "
                "answer. Rows are told nothing of themselves only where they are encoded by folds, as it is fitted.",
                "told of labels",
                'Encode the group "one_hot" or "ordinal", train without `reuse`, or take the version\'s answers: '
                "as: features.",
                address,
                "as",
            )


def _warm(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    if model["train"] and not is_code(model["train"]["estimator"]):
        estimator = model["train"]["estimator"]
        short = estimator.rpartition(".")[2]
        liblinear = model["train"]["params"].get("solver") == "liblinear"
        if not estimator.startswith("sklearn.") or short not in WARM or liblinear:
            which = "With the solver liblinear it" if liblinear else short
            yield RULE.at(
                subject.span(address, "train", "estimator"),
                f"{which} cannot go on learning from where a registered version stopped. What can: {listed(WARM)}.",
                text="always starts anew",
                help="Take one of these, or only its transforms: as: transforms.",
                address=str(address),
                path="train.estimator",
            )
    if model["calibrate"]:
        yield RULE.at(
            subject.key_span(address, "calibrate"),
            "A calibration learns from what is said of rows that were not learned from, and what training starts from "
            "may have learned from any of them.",
            text="not of a warm start",
            help="Take it out, or start anew with the version's transforms: as: transforms.",
            address=str(address),
            path="calibrate",
        )


def _at(
    span: Any,
    detail: str,
    text: str,
    help: str,  # noqa: A002
    address: Address,
    field: str,
) -> Diagnostic:
    return RULE.at(span, detail, text=text, help=help, address=str(address), path=f"reuse.{field}")
