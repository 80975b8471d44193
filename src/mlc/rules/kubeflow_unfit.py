"""kubeflow-unfit: a deployment that Kubeflow could not run as it is written.

Why it matters: what Katib cannot express would be left out without a word, and its search would be another one than
is described; Kubernetes cuts no name short; and a version is told of by where its files lie.
How to mend it: shorten the name; leave `search` out of the target, and let the step `tune` of the pipeline search; or
say what Katib can: no time limit, and choices without quotes, dollar signs and backslashes that are spelled apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._kind import Scope
from mlc.kinds._kubeflow_pipeline import dashed, pipeline_name
from mlc.kinds._spaces import spelled
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Kubeflow could not run this as it is written.")
SCOPE = "project"

_TARGET = f"type: kubeflow\nnamespace: shop\nimage: ghcr.io/acme/mlc@sha256:{'0123' * 16}\n"
_TUNED = (
    "task: binary_classification\ndataset: people\nfeatures: basic\n"
    "train: {estimator: sklearn.linear_model.LogisticRegression}\ntune: {space: {train: {C: {log: [0.1, 10]}}}"
)
_DEPLOYMENT = "model: churn\ntarget: cluster\n"
BAD = {
    "target/cluster.yaml": f"{_TARGET}search: {{}}\n",
    "model/churn.yaml": f"{_TUNED}, timeout: 1h}}\n",
    "deployment/local.yaml": _DEPLOYMENT,
}
GOOD = {
    "target/cluster.yaml": f"{_TARGET}search: {{}}\n",
    "model/churn.yaml": f"{_TUNED}}}\n",
    "deployment/local.yaml": _DEPLOYMENT,
}

_LONGEST = 52  # of what others make pods of, which get up to eleven characters more; 63 are all
UNSAFE = re.compile(r"""['"\\$\x00-\x1f\x7f]""")
"""What would leave the quotes of the line that a trial is, or of the JSON that it stands in."""


def claims(subject: Subject) -> Iterator[tuple[Address, str]]:
    """The names that deployments would have there."""
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is not None and target["type"] == "kubeflow":
            yield address, _name_there(subject, address)


def check(subject: Subject) -> Iterator[Diagnostic]:
    taken: dict[str, Address] = {}
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is None or target["type"] != "kubeflow":
            continue
        model = subject.named("model", deployment["model"])
        yield from _of_names(subject, address, target, model, taken)
        for field, why, text in _of_target(subject, target):
            yield RULE.at(
                subject.span(Address("target", deployment["target"]), field),
                why,
                text=text,
                address=f"target.{deployment['target']}",
                path=field,
            )
        if model is not None and model["tune"] is not None and target["search"] is not None:
            yield from _of_search(subject, Address("model", deployment["model"]), model["tune"])


def _of_target(subject: Subject, target: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The field that cannot be as it is, why and what can, and a few words for the line."""
    if target["model_registry"] and _without_files(subject):
        yield (
            "model_registry",
            "Kubeflow's Model Registry says of a version where its files lie, and this project keeps them in "
            'its database. Take a registry of the type hybrid or filesystem, or leave "model_registry" out.',
            "the files have no address",
        )
    if target["schedule"] is not None and not target["api"]:
        yield (
            "schedule",
            'A recurring run is made by asking Kubeflow Pipelines for it. Say in "api" where it answers, or leave '
            '"schedule" out and start runs otherwise.',
            "nobody is asked for it",
        )
    if target["model_registry"] and target["token"] is not None and target["secret"] is None:
        yield (
            "token",
            "A step of the pipeline tells the Model Registry of a version, and finds no token there. Name the "
            'Secret whose keys the steps find, as in "secret: mlc".',
            "the steps have no secrets",
        )


def _of_names(
    subject: Subject,
    address: Address,
    target: dict[str, Any],
    model: dict[str, Any] | None,
    taken: dict[str, Address],
) -> Iterator[Diagnostic]:
    name = _name_there(subject, address)
    searched = (model or {}).get("tune") and target["search"] is not None
    candidates = model["tune"]["space"] if model and searched else {}
    longest = max((f"{name}-{dashed(one)}" for one in candidates), key=len, default=name)
    why = ""
    if name in taken:
        why = f'"{name}" would be its name there, and is that of {taken[name]} as well'
    elif not name[:1].isalpha():
        why = f'"{name}" would be its name there, and a letter has to come first'
    elif len(longest) > _LONGEST:
        why = f'"{longest}" would be a name there, of {len(longest)} characters, and {_LONGEST} are the most'
    taken.setdefault(name, address)
    if why:
        yield RULE.at(
            subject.span(address, "target"),
            f"{address} goes to Kubeflow: {why}. Rename deployment/{address.name}.yaml.",
            text="a target on Kubeflow",
            address=str(address),
            path="target",
        )


def _name_there(subject: Subject, address: Address) -> str:
    return pipeline_name(address.name, Scope(subject.project, subject.document.environment))


def _of_search(subject: Subject, address: Address, tune: dict[str, Any]) -> Iterator[Diagnostic]:
    if tune["timeout"] is not None:
        yield RULE.at(
            subject.span(address, "tune", "timeout"),
            'Katib starts trials until there are as many as "trials" says, and knows no time after which none starts. '
            'Leave "timeout" out, or "search" out of the target.',
            text="not by Katib",
            address=str(address),
            path="tune.timeout",
        )
    for candidate, space in tune["space"].items():
        for parameter, one in space.items():
            at = ("tune", "space", candidate, parameter)
            words = [spelled(choice) for choice in one["choice"] or ()]
            unsafe = next((word for word in words if UNSAFE.search(word)), None)
            twice = next((word for word in words if words.count(word) > 1), None)
            why = ""
            if UNSAFE.search(parameter):
                why = f'Katib puts "{parameter}" into the line of a shell, and it holds a quote, $ or \\'
            elif unsafe is not None:
                why = f"Katib puts `{unsafe}` into the line of a shell, and it holds a quote, $ or \\"
            elif twice is not None:
                why = f"Katib knows texts only, and two of the choices are spelled `{twice}`"
            if why:
                yield RULE.at(
                    subject.span(address, *at),
                    f'{why}. Write other choices, or leave "search" out of the target.',
                    text="not by Katib",
                    address=str(address),
                    path=".".join(at),
                )


def _without_files(subject: Subject) -> bool:
    registry = subject.named("registry", subject.project["registry"])
    return registry is not None and registry["type"] == "database"
