"""policy-refused: a resource does not satisfy a policy that it is under.

Why it matters: the policy is what the organisation has agreed on; it cannot be skipped.
How to mend it: do what the policy's rule asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Label, Rule
from mlc.kinds.dataset import label_of
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "A policy refuses this.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\npolicies: [care]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
)
BAD = {"policy/care.yaml": "rules: {intended-use-declared: {}}\n", "model/churn.yaml": _MODEL}
GOOD = {
    "policy/care.yaml": "rules: {intended-use-declared: {}}\n",
    "model/churn.yaml": _MODEL + "card: {intended_use: To call customers who may leave.}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        for name in model["policies"]:
            policy = subject.named("policy", name)
            for rule, taken in (policy["rules"] if policy else {}).items():
                missing = _RULES[rule](model, subject)
                if missing:
                    severity = taken["severity"]
                    policy_address = Address("policy", name)
                    yield RULE.at(
                        subject.span(address),
                        f"The policy {name} has the rule {rule}, and {missing}",
                        text="",
                        related=(
                            Label(subject.key_span(policy_address, "rules", rule), "the policy's rule"),
                        ),
                        address=str(address),
                        severity=severity,
                        refused=severity == "error",
                    )


def _owner(model: dict[str, Any], subject: Subject) -> str:
    owned = model["owner"] or subject.project["owner"]
    return "" if owned else 'nobody owns this model. Give it an "owner", or the project one.'


def _licence(model: dict[str, Any], subject: Subject) -> str:
    dataset = subject.named("dataset", model["dataset"])
    declared = (
        dataset is None or dataset["licence"] is not None
    )  # one that is wrong or absent is told elsewhere
    return "" if declared else f'the dataset {model["dataset"]} declares no licence. Give it a "licence".'


def _gates(model: dict[str, Any], _: Subject) -> str:
    return "" if model["gates"] else 'this model has no gate. Name at least one in "gates".'


def _intended_use(model: dict[str, Any], _: Subject) -> str:
    return (
        ""
        if model["card"]["intended_use"]
        else 'nothing says what this model is for. Write "card.intended_use".'
    )


def _label_not_pii(model: dict[str, Any], subject: Subject) -> str:
    dataset = subject.named("dataset", model["dataset"])
    label = dataset and (model["label"] or label_of(dataset))
    personal = dataset is not None and label in dataset["columns"] and dataset["columns"][label]["pii"]
    return f'the label "{label}" is personal data. Predict something else.' if personal else ""


_RULES: dict[str, Callable[[dict[str, Any], Subject], str]] = {
    "owner-declared": _owner,
    "licence-declared": _licence,
    "gates-declared": _gates,
    "intended-use-declared": _intended_use,
    "label-not-pii": _label_not_pii,
}
