"""overlap-unseen: whether a model has learned from rows that it will be asked about cannot be seen.

Why it matters: a model that learned from another dataset is asked about rows of this one. Where the same people or
things are in both, it was told what it is asked, and looks better than it is. Ids tell, where both datasets call them
alike.
How to mend it: give both datasets a column of the same name with `role: id`, which means the same in both.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds.dataset import id_of
from mlc.rules._members import members
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "warning", "Whether two datasets share rows cannot be seen.")
SCOPE = "upstream"

_COLUMNS = (
    "  age: {type: number}\n  plan: {type: string, values: [a, b]}\n  left: {type: integer, role: label}\n"
)
_MODEL = "task: binary_classification\nfeatures: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n"
_FORMER = {"model/former.yaml": _MODEL + "dataset: past\n"}
_FED = {"model/churn.yaml": _MODEL + "dataset: people\npredictions: {former: former}\n"}


def _dataset(name: str, id_: str) -> dict[str, str]:
    source = f"source: {{type: file, path: {name}.csv, format: csv}}\ncolumns:\n"
    return {f"dataset/{name}.yaml": f"{source}  {id_}: {{type: integer, role: id}}\n{_COLUMNS}"}


BAD = {**_FORMER, **_FED, **_dataset("past", "row"), **_dataset("people", "person")}
GOOD = {**_FORMER, **_FED, **_dataset("past", "person"), **_dataset("people", "person")}


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, model in subject.each("model"):
        here = subject.named("dataset", model["dataset"])
        for one in members(model):
            spec = subject.specs.get(one.address)
            there = None if spec is None else subject.named("dataset", spec["dataset"])
            if spec is None or here is None or there is None or spec["dataset"] == model["dataset"]:
                continue
            ids = id_of(here), id_of(there)
            if ids[0] is None or ids[0] != ids[1]:
                yield RULE.at(
                    subject.span(address, *one.path),
                    f"{one.address} learned from dataset.{spec['dataset']}, and is asked about dataset."
                    f"{model['dataset']}: whether rows of one are in the other cannot be seen, as "
                    + (
                        "their ids have different names."
                        if all(ids)
                        else "not both of them have a column with the role id."
                    ),
                    text="may know these rows",
                    help="Give both a column of the same name with `role: id`.",
                    address=str(address),
                    path=".".join(one.path),
                )
