"""documentation-incomplete: the technical documentation of a high-risk model leaves out what has to be in it.

Why it matters: Article 11 of the EU AI Act asks for all of Annex IV before a high-risk system is put into service; mlc
fills in what it knows, and what only a person can say stands there as missing.
How to mend it: say it below `documentation` of the model, or write there where it is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._documentation import FIELDS
from mlc.rules._subject import Subject
from mlc.rules._words import listed

RULE = Rule.of(__name__, "warning", "The technical documentation of a high-risk model is incomplete.")
SCOPE = "upstream"

_MODEL = (
    "task: binary_classification\ndataset: people\nfeatures: basic\ndescribe: [annex_iv]\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\n"
    "card: {intended_use: To call customers who may leave., limits: None known., risk_class: high}\n"
)
BAD = {"model/churn.yaml": _MODEL + "documentation: {provider: 'Shop Ltd, Riga'}\n"}
GOOD = {
    "model/churn.yaml": _MODEL
    + "documentation:\n"
    + "".join(f"  {name}: {'[none]' if name == 'standards' else 'Told.'}\n" for name in FIELDS)
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        card, told = model["card"], model["documentation"] or {}
        if "annex_iv" not in model["describe"] or card["risk_class"] != "high":
            continue
        missing = [f"card.{name}" for name in ("intended_use", "limits") if not card[name]]
        missing += [f"documentation.{name}" for name in FIELDS if not told.get(name)]
        if missing:
            yield RULE.at(
                subject.key_span(address, "documentation" if told else "describe"),
                f"{listed(missing)} {'are' if len(missing) > 1 else 'is'} not said. The model is of high risk, and "
                "Annex IV of the EU AI Act asks for it; the file shows it as missing.",
                text="is incomplete",
                address=str(address),
                path="documentation",
            )
