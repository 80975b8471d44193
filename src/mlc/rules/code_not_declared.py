"""code-not-declared: a model is to be trained by a module of the project that mlc.yaml does not allow.

Why it matters: what a module says is run when the configuration is applied. The project's own file says which modules
may be, so that one line of one file is what a reviewer has to look at.
How to mend it: declare the module under `code` in mlc.yaml, or correct its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._code import is_code, module_of
from mlc.rules._estimators import used
from mlc.rules._subject import Subject
from mlc.rules._words import did_you_mean

RULE = Rule.of(__name__, "error", "The module is not one of the project's code.")
SCOPE = "upstream"

_MODEL = "task: binary_classification\ndataset: people\nfeatures: basic\n"

BAD = {"model/churn.yaml": _MODEL + "train: {estimator: code.scoring.Score}\n"}
GOOD = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\ncode: {scoring: {path: code/scoring.py}}\n",
    "model/churn.yaml": _MODEL + "train: {estimator: code.scoring.Score}\n",
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    declared = subject.project["code"]
    for one in used(subject):
        if one.place == "train" and is_code(one.name) and module_of(one.name) not in declared:
            yield RULE.at(
                subject.span(one.address, *one.path, "estimator"),
                f'"{one.name}" is of the module "{module_of(one.name)}", and mlc.yaml does not allow it under `code`.',
                text="not declared",
                help=did_you_mean(module_of(one.name), declared)
                or f"Write into mlc.yaml: code: {{{module_of(one.name)}: {{}}}}; its file is then "
                f"code/{module_of(one.name)}.py.",
                **one.field,
            )
    for name, module in declared.items():
        for other in module["imports"]:
            if other not in declared:
                yield RULE.at(
                    subject.document.project.nearest(("code", name, "imports")).span,
                    f'The module "{name}" imports "{other}", and mlc.yaml does not allow that under `code`.',
                    text="not declared",
                    help=did_you_mean(other, [known for known in declared if known != name]),
                    address="project",
                    path=f"code.{name}.imports",
                )
