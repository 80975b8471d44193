"""not-of-this-task: a field that means nothing for what the model predicts.

Why it matters: what is written and does nothing looks as if it did: a bound that holds nothing, a positive value of a
label that has none.
How to mend it: take the field out, or name the task that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._variants import BOUNDS
from mlc.rules._subject import Subject
from mlc.rules._words import listed
from mlc.rules.positive_unknown import POSITIVE

RULE = Rule.of(__name__, "error", "A field means nothing for this task.")
SCOPE = "upstream"

_DATASET = {
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n  age: {type: number}\n  plan: {type: string, values: [a, b]}\n"
    "  left: {type: number, role: label}\nsplit: {method: random}\n"
}
_MODEL = (
    "task: regression\ndataset: people\nfeatures: basic\ntrain: {estimator: sklearn.linear_model.Ridge}\n"
)
BAD = {**_DATASET, "model/churn.yaml": _MODEL + "optimize: {min_label_agreement: 0.99}\n"}
GOOD = {**_DATASET, "model/churn.yaml": _MODEL + "optimize: {min_value_agreement: 0.99}\n"}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        if model["task"] not in POSITIVE and _is_its_own(subject, address, ("positive",)):
            yield _found(
                subject,
                address,
                model,
                ("positive",),
                'no value of the label is "positive"',
                listed(POSITIVE),
            )
        every = dict.fromkeys(bound for bounds in BOUNDS.values() for bound in bounds)
        for path, bound in _bounds(model["optimize"], every):
            if bound not in BOUNDS[model["task"]] and _is_its_own(subject, address, path):
                what = bound.split("_")[1]
                yield _found(
                    subject, address, model, path, f"there is no {what} to hold to it", _tasks(bound)
                )


def _bounds(optimize: dict[str, Any], every: Iterable[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where bounds may be written, and which: of what is served, and of each variant that gives one."""
    for bound in every:
        yield ("optimize", bound), bound
        for name, variant in optimize["variants"].items():
            if variant[bound] is not None:
                yield ("optimize", "variants", name, bound), bound


def _is_its_own(subject: Subject, address: Address, path: tuple[str, ...]) -> bool:
    """Whether the model's own files say it: a preset speaks to models of every task."""
    node = subject.document.resource(address)
    found = node.at(path) if node is not None else None
    return found is not None and found.span.file.startswith("model/")


def _tasks(bound: str) -> str:
    return listed(task for task, bounds in BOUNDS.items() if bound in bounds)


def _found(
    subject: Subject, address: Address, model: dict[str, Any], path: tuple[str, ...], why: str, tasks: str
) -> Diagnostic:
    return RULE.at(
        subject.key_span(address, *path),
        f'{address} is of task {model["task"]}, and {why}: "{path[-1]}" belongs to {tasks}.',
        text=f"not of {model['task']}",
        help="Take it out.",
        address=str(address),
        path=".".join(path),
    )
