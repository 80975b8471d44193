"""variant-not-possible: a variant of the served form that this estimator cannot have, or a choice that says nothing.

Why it matters: trees, linear models and neighbours are one operator in ONNX whose numbers cannot be given fewer bits:
the quantiser fails, or copies them as they are. It would come out only after the model was trained.
How to mend it: take what the message names, or leave the variant out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._candidates import compared_by
from mlc.kinds._code import is_code
from mlc.kinds._variants import DONE, impossible
from mlc.kinds.dataset import label_of
from mlc.rules._estimators import learners
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "This variant is not possible.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.tree.DecisionTreeClassifier}\n"
)
BAD = {
    "model/churn.yaml": _MODEL
    + "optimize: {variants: {fp32: {}, int8: {quantize: dynamic}}, choose: {smallest: size}}\n"
}
GOOD = {
    "model/churn.yaml": _MODEL
    + "optimize: {variants: {fp32: {}, graph: {graph: basic}}, choose: {smallest: size}}\n"
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        variants, choose = model["optimize"]["variants"], model["optimize"]["choose"]
        if variants or choose is not None:
            label = model["label"] or label_of(subject.named("dataset", model["dataset"]) or {"columns": {}})
            known = compared_by(model["task"], label)
            yield from _choice(subject, address, model["task"], known, variants, choose)
        for name, variant in variants.items():
            yield from _variant(subject, address, model, name, variant)


def _variant(
    subject: Subject, address: Address, model: dict[str, Any], name: str, variant: dict[str, Any]
) -> Iterator[Diagnostic]:
    path = ("optimize", "variants", name)
    place: dict[str, Any] = {"address": str(address), "path": ".".join(path)}
    span = subject.key_span(address, *path)
    done = [key for key in DONE if variant[key] is not None]
    if len(done) > 1:
        yield RULE.at(
            span,
            f'The variant "{name}" has {listed(f"`{key}`" for key in done)}. A variant is one thing that is done to '
            "the form, so that what it costs can be told.",
            text="more than one",
            help="Make a variant of each.",
            **place,
        )
        return
    learned = list(learners(address, model))
    if any(is_code(one.name) for one in learned):
        yield RULE.at(
            span,
            "The estimator is code of the project, which runs in an interpreter of its own within limits: variants are "
            "compared with it while they are measured, alone on the machine, and that is not done from there.",
            text="code of the project",
            help="Leave `variants` out, and let its own conversion make the form that is wanted.",
            **place,
        )
        return
    calibrated = model["calibrate"] is not None
    reasons = [impossible(one.name, variant, calibrated=calibrated) for one in learned]
    # of several candidates one may have it that is selected in the end
    if learned and all(reasons):
        yield RULE.at(
            span, reasons[0], text="not possible", help="Leave it out, or take another estimator.", **place
        )


def _choice(
    subject: Subject,
    address: Address,
    task: str,
    known: tuple[str, ...],
    variants: dict[str, Any],
    choose: dict[str, Any] | None,
) -> Iterator[Diagnostic]:
    place: dict[str, Any] = {"address": str(address), "path": "optimize.choose"}
    if not variants or choose is None:
        has, lacks = ("choose", "variants") if not variants else ("variants", "choose")
        yield RULE.at(
            subject.key_span(address, "optimize", has),
            f"`{has}` says nothing without `{lacks}`.",
            text=f"without `{lacks}`",
            help="Write, for example, choose: {smallest: size}." if variants else "Name the variants.",
            **place,
        )
        return
    if (choose["smallest"] is None) == (choose["fastest"] is None):
        yield RULE.at(
            subject.key_span(address, "optimize", "choose"),
            "A rule says `smallest` or `fastest`, and one of them only.",
            text="smallest or fastest",
            help="Write smallest: size, or fastest: latency.",
            **place,
        )
    for metric, allowed in choose["within"].items():
        where = subject.key_span(address, "optimize", "choose", "within", metric)
        if metric not in known:
            yield RULE.at(
                where,
                f'"{metric}" is no metric of a {task.replace("_", " ")} that a variant is compared by. There are '
                f"{listed(known)}.",
                text="not a metric",
                help=did_you_mean(metric, known),
                fix=instead(metric, known, where),
                **place,
            )
        elif not allowed >= 0:
            yield RULE.at(
                subject.span(address, "optimize", "choose", "within", metric),
                f"{allowed:g} would want a variant to be better than what it is made of.",
                text="below 0",
                help="Give how much worse it may be, for example 0.002.",
                **place,
            )
