"""bad-ensemble: an ensemble that has no members, or that something else contradicts.

Why it matters: the members are the candidates of the model, which are combined and not selected among; a name that is
none of theirs, or a search for what is then not used, would promise something that does not happen.
How to mend it: name at least two candidates, and leave `select` and `tune` out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._code import is_code
from mlc.kinds._variants import LOSSY
from mlc.rules._fixes import instead
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean, listed

RULE = Rule.of(__name__, "error", "This cannot be an ensemble.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ncandidates:\n"
    "  linear: {estimator: sklearn.linear_model.LogisticRegression}\n"
    "  bayes: {estimator: sklearn.naive_bayes.GaussianNB}\n"
)
BAD = {"model/churn.yaml": _MODEL + "ensemble: {method: voting, members: [linear, byes]}\n"}
GOOD = {"model/churn.yaml": _MODEL + "ensemble: {method: voting, members: [linear, bayes]}\n"}

_CODE_ALONE = (
    "Code of the project brings its own conversion to ONNX, which scikit-learn's ensembles do not ask their members "
    "for: combined, it would have no form that is served."
)
_NOT_COMBINED = {
    "anomaly_detection": "The scores of detectors are on scales of their own, so that their mean means nothing, and "
    "nothing is learned from a label that could tell whom to believe.",
    "clustering": "Clusters have numbers only, which stand for something else in every clustering: there is nothing "
    "to take the mean of.",
}
"""Tasks whose models cannot be combined, and why."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        if model["ensemble"] is not None:
            yield from _members(subject, address, model)
            yield from _contradictions(subject, address, model)


def _members(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    known, ensemble = model["candidates"], model["ensemble"]
    named = [(("ensemble", "members", place), name) for place, name in enumerate(ensemble["members"])]
    weights = [(("ensemble", "weights", name), name) for name in ensemble.get("weights", {})]
    for path, name in (*named, *weights):
        if name in known:
            continue
        span = subject.span(address, *path) if path[1] == "members" else subject.key_span(address, *path)
        yield _at(
            address,
            span,
            f'{address} has no candidate "{name}". '
            + (f"It has {listed(known)}." if known else "It has none."),
            "not a candidate",
            did_you_mean(name, known),
            path,
            fix=instead(name, known, span),
        )
    members = ensemble["members"] or list(known)
    for place, name in enumerate(ensemble["members"]):
        if name in ensemble["members"][:place]:
            path = ("ensemble", "members", place)
            yield _at(
                address,
                subject.span(address, *path),
                f'"{name}" is named twice.',
                "twice",
                "Give it a weight.",
                path,
            )
    if len(members) < 2:
        yield _at(
            address,
            subject.key_span(address, "ensemble"),
            f"An ensemble combines at least two candidates, and this has {len(members)}.",
            "too few members",
            "Name the estimators under `candidates`.",
            ("ensemble",),
        )
    for name in members:
        if name in known and is_code(known[name]["estimator"]):
            path = ("candidates", name, "estimator")
            yield _at(
                address,
                subject.span(address, *path),
                _CODE_ALONE,
                "code of the project",
                "Take an estimator of a library, or leave `ensemble` out and let the candidates be selected among.",
                path,
            )
    if is_code((ensemble.get("final") or {}).get("estimator", "")):
        path = ("ensemble", "final", "estimator")
        yield _at(
            address,
            subject.span(address, *path),
            _CODE_ALONE,
            "code of the project",
            "Take an estimator of a library.",
            path,
        )


def _contradictions(subject: Subject, address: Address, model: dict[str, Any]) -> Iterator[Diagnostic]:
    if model["task"] in _NOT_COMBINED:
        yield _at(
            address,
            subject.key_span(address, "ensemble"),
            _NOT_COMBINED[model["task"]],
            "not for this task",
            "Name one estimator in `train`.",
            ("ensemble",),
        )
    for field in ("select", "tune"):
        written = subject.node(address, field)
        if model[field] is not None and written is not subject.node(address):
            yield _at(
                address,
                subject.key_span(address, field),
                f"The members of an ensemble are combined as they are written: nothing follows `{field}`.",
                "nothing follows it",
                "Take it out, or select one candidate and leave `ensemble` out.",
                (field,),
            )
    for name, variant in model["optimize"]["variants"].items():
        if any(variant[key] for key in LOSSY):
            path = ("optimize", "variants", name)
            yield _at(
                address,
                subject.key_span(address, *path),
                f'The variant "{name}" is made of one estimator, and an ensemble has several.',
                "not of an ensemble",
                "Leave it out.",
                path,
            )


def _at(
    address: Address,
    span: Any,
    detail: str,
    text: str,
    help: str,  # noqa: A002
    path: tuple[str | int, ...],
    fix: Any = None,
) -> Diagnostic:
    return RULE.at(
        span,
        detail,
        text=text,
        help=help,
        fix=fix,
        address=str(address),
        path=".".join(str(part) for part in path),
    )
