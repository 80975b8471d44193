"""azureml-unfit: a deployment that Azure Machine Learning would not take as it is described.

Why it matters: Azure refuses a name or a number only once it is applied, when parts of it are there already.
How to mend it: shorten the deployment's name or give the target a shorter `endpoint_prefix`; name a `runtime` that has
what answers there; take a shorter time; name the one estimator whose parameters are searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.kinds._fields import seconds
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "Azure Machine Learning would not take this.")
SCOPE = "project"

_WORKSPACE = (
    "type: azureml\nsubscription: 00000000-0000-4000-8000-000000000000\nresource_group: ml\nworkspace: risk\n"
)
_DEPLOYMENT = "model: churn\ntarget: azure\nruntime: served\n"
_RUNTIME = (
    f"python: '3.11'\nimage: docker.io/library/python@sha256:{'0' * 64}\n"
    "packages: {azureml-inference-server-http: 1.5.1, numpy: 2.4.6, onnxruntime: 1.32.0}\n"
)
BAD = {
    "target/azure.yaml": _WORKSPACE,
    "runtime/served.yaml": _RUNTIME,
    "deployment/a_name_that_is_much_too_long_for_azure.yaml": _DEPLOYMENT,
}
GOOD = {
    "target/azure.yaml": _WORKSPACE,
    "runtime/served.yaml": _RUNTIME,
    "deployment/online.yaml": _DEPLOYMENT,
}

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")
_LONGEST = 180.0  # seconds that Azure lets a request take
_NEEDED = {
    "online": ("azureml-inference-server-http", "numpy", "onnxruntime"),
    "batch": ("numpy", "onnxruntime"),
}
_COLLECTS = ("azureml-ai-monitoring", "pandas")
"""What hands over requests and answers, with `monitoring` in the target."""

Reason = tuple[tuple[str, ...], str, str]
"""The path of what is asked for, why it cannot be and what can, and a few words for the line."""


def claims(subject: Subject) -> Iterator[tuple[Address, str]]:
    """The names that endpoints would have: no two may have one."""
    for address, _, target in _deployments(subject):
        yield address, f"azureml {_endpoint(subject, address, target)}"


def check(subject: Subject) -> Iterator[Diagnostic]:
    taken: dict[str, Address] = {}
    for address, deployment, target in _deployments(subject):
        name = _endpoint(subject, address, target)
        reasons = [
            *_name(name, taken.get(name)),
            *_runtime(subject, deployment, target),
            *_sweep(subject, deployment, target),
        ]
        taken.setdefault(name, address)
        for path, why, text in reasons:
            yield RULE.at(
                subject.span(address, *path), why, text=text, address=str(address), path=".".join(path)
            )
    for address, target in subject.each("target"):
        if target["type"] == "azureml" and not 0 < seconds(target["requests"]["timeout"]) <= _LONGEST:
            yield RULE.at(
                subject.span(address, "requests", "timeout"),
                f"Azure lets a request take {_LONGEST:g} seconds at most. Take a time up to that.",
                text="too long for Azure",
                address=str(address),
                path="requests.timeout",
            )


def _deployments(subject: Subject) -> Iterator[tuple[Address, dict[str, Any], dict[str, Any]]]:
    for address, deployment in subject.each("deployment"):
        target = subject.named("target", deployment["target"])
        if target is not None and target["type"] == "azureml":
            yield address, deployment, target


def _endpoint(subject: Subject, address: Address, target: dict[str, Any]) -> str:
    prefix = target["endpoint_prefix"]
    if prefix is None:
        prefix = f"{subject.project['project']}-{subject.document.environment}-"
    return f"{prefix}{address.name}".replace("_", "-")


def _name(name: str, other: Address | None) -> Iterator[Reason]:
    if not _NAME.fullmatch(name):
        yield (
            ("target",),
            f'The endpoint would be called "{name}", of {len(name)} characters. Azure takes 3 to 32 lower-case '
            "letters, digits and -, a letter first and no - at the end. Shorten the deployment's name, or give the "
            "target an `endpoint_prefix`.",
            "a name that Azure does not take",
        )
    elif other is not None:
        yield (
            ("target",),
            f'The endpoint would be called "{name}", as that of {other} is. Rename one of the two.',
            "a name that is taken",
        )


def _runtime(subject: Subject, deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    runtime = subject.named("runtime", deployment["runtime"])
    if deployment["runtime"] is None:
        yield (
            ("target",),
            "Azure makes an environment of a runtime's image and packages, and this names none. Add `runtime`.",
            "without a runtime",
        )
    elif runtime is not None and runtime["packages"]:
        known = {name.lower().replace("_", "-") for name in runtime["packages"]}
        collects = _COLLECTS if target["monitoring"] and deployment["mode"] == "online" else ()
        missing = [name for name in (*_NEEDED[deployment["mode"]], *collects) if name not in known]
        if missing:
            yield (
                ("runtime",),
                f"What answers there needs {', '.join(missing)}, which the packages of runtime.{deployment['runtime']} "
                "do not have. Add them, at exact versions.",
                f"without {missing[0]}",
            )


def _sweep(subject: Subject, deployment: dict[str, Any], target: dict[str, Any]) -> Iterator[Reason]:
    model = subject.named("model", deployment["model"])
    if target["jobs"] is None or not target["jobs"]["sweep"] or model is None or model["tune"] is None:
        return
    if model["candidates"]:
        yield (
            ("model",),
            f"A sweep of Azure searches the parameters of one estimator, and model.{deployment['model']} has "
            "candidates. Take `sweep` out of the target's `jobs`, or leave the model one estimator in `train`.",
            "a model with candidates",
        )
