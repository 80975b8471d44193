"""Experiments of Katib: what its models let through, and its webhook would refuse or, worse, its trials would not find.

Source: kubeflow/katib, pkg/webhook/v1beta1/experiment/validator and the metrics collector of standard output.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlc.emit.objects import amount, inside, mapping
from mlc.emit.programs import losing

Object = Mapping[str, Any]

METRIC = re.compile(r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)")
"""What Katib looks for in what a trial prints, where the experiment gives no filter of its own."""

_SUBSTITUTED = re.compile(r"\$\{trialParameters\.([^{}]*)\}")
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LONGEST = 52  # what Katib makes of it gets up to eleven characters more
_DISTRIBUTIONS = ("uniform", "logUniform", "normal", "logNormal")
_STRATEGIES = ("min", "max", "latest")


def experiment_findings(documents: Sequence[Any]) -> tuple[str, ...]:
    """Of each Experiment: parameters that the trial is not given or that are none, spaces without values, metrics that
    no line of a trial can name, a trial that does not start or is not looked at."""
    if not documents:
        return ("there is no Experiment in the file",)
    found: list[str] = []
    for document in documents:
        spec = mapping(document, "spec")
        if document.get("kind") != "Experiment" if isinstance(document, Mapping) else True:
            found.append("the document is no Experiment")
            continue
        name = str(inside(document, "metadata", "name"))
        if _NAME.fullmatch(name) is None or len(name) > _LONGEST:
            found.append(f"metadata.name: {name!r} is no name of at most {_LONGEST} letters, digits and -")
        found += [*_of_counts(spec), *_of_objective(spec), *_of_parameters(spec), *_of_trial(spec)]
    return tuple(found)


def _of_counts(spec: Object) -> Iterator[str]:
    most = spec.get("maxTrialCount")
    if not isinstance(most, int) or most < 1:
        yield "maxTrialCount: it has to be at least 1"
        return
    for name in ("parallelTrialCount", "maxFailedTrialCount"):
        if isinstance(spec.get(name), int) and spec[name] > most:
            yield f"{name}: it is more than maxTrialCount"


def _of_objective(spec: Object) -> Iterator[str]:
    objective = mapping(spec, "objective")
    metric = str(objective.get("objectiveMetricName") or "")
    if objective.get("type") not in ("minimize", "maximize"):
        yield f"objective.type: {objective.get('type')!r} is neither minimize nor maximize"
    if METRIC.fullmatch(f"{metric}=1") is None:
        yield f"objective.objectiveMetricName: no line of a trial can name {metric!r}"
    known = [metric, *(objective.get("additionalMetricNames") or ())]
    if len(set(known)) < len(known):
        yield "objective.additionalMetricNames: a metric is named twice"
    for one in objective.get("metricStrategies") or ():
        if inside(one, "name") not in known:
            yield f"objective.metricStrategies: there is no metric {inside(one, 'name')}"
        if inside(one, "value") not in _STRATEGIES:
            yield f"objective.metricStrategies: {inside(one, 'value')!r} is none of {', '.join(_STRATEGIES)}"


def _of_parameters(spec: Object) -> Iterator[str]:
    parameters = spec.get("parameters") or ()
    names = [inside(one, "name") for one in parameters]
    if not names:
        yield "parameters: there is nothing to search"
    yield from (
        f"parameters: two are called {name}" for name in sorted({n for n in names if names.count(n) > 1})
    )
    for one in parameters:
        at, space = f"parameters.{inside(one, 'name')}", mapping(one, "feasibleSpace")
        kind = inside(one, "parameterType")
        if kind in ("int", "double"):
            low, high = (_number(space.get(end), kind) for end in ("min", "max"))
            if low is None or high is None:
                yield f"{at}: of the type {kind} it needs min and max, as numbers of that type in quotes"
            elif low >= high:
                yield f"{at}: min is not less than max"
            if "list" in space:
                yield f"{at}: of the type {kind} it takes no list"
            distribution = space.get("distribution", "uniform")
            if distribution not in _DISTRIBUTIONS:
                yield f"{at}: there is no distribution {distribution}"
            elif distribution.startswith("log") and low is not None and low <= 0:
                yield f"{at}: {distribution} needs a min above 0"
        elif kind in ("categorical", "discrete"):
            values = space.get("list") or ()
            if not values or not all(isinstance(value, str) for value in values):
                yield f"{at}: of the type {kind} it needs a list of texts"
            elif len(set(values)) < len(values):
                yield f"{at}: a value is in the list twice"
        else:
            yield f"{at}: there is no type {kind}"


def _of_trial(spec: Object) -> Iterator[str]:
    template = mapping(spec, "trialTemplate")
    trial = mapping(template, "trialSpec")
    parameters = {inside(one, "name") for one in spec.get("parameters") or ()}
    given = {
        str(inside(one, "name")): inside(one, "reference") for one in template.get("trialParameters") or ()
    }
    asked = set(_SUBSTITUTED.findall(json.dumps(trial)))
    for name, reference in given.items():
        if reference not in parameters:
            yield f"trialParameters.{name}: there is no parameter {reference}"
        if name not in asked:
            yield f"trialParameters.{name}: the trial does not ask for it"
    yield from (f"trialSpec: there is no trial parameter {name}" for name in sorted(asked - given.keys()))
    yield from (
        f"parameters.{name}: no trial parameter is of it" for name in sorted(parameters - set(given.values()))
    )
    containers = inside(trial, "spec", "template", "spec", "containers") or ()
    primary = template.get("primaryContainerName")
    if primary not in [inside(one, "name") for one in containers]:
        yield f"trialTemplate.primaryContainerName: there is no container {primary}"
    if inside(trial, "spec", "template", "spec", "restartPolicy") != "Never":
        yield "trialSpec: a pod that starts again would report its metrics twice; it needs restartPolicy: Never"
    volumes = {inside(one, "name") for one in inside(trial, "spec", "template", "spec", "volumes") or ()}
    for one in containers:
        for mount in inside(one, "volumeMounts") or ():
            if inside(mount, "name") not in volumes:
                yield f"trialSpec: there is no volume {inside(mount, 'name')}"
        for kind in ("requests", "limits"):
            for resource, quantity in mapping(one, "resources", kind).items():
                if amount(quantity) is None:
                    yield f"trialSpec: {quantity!r} is no quantity of {resource}"


def _number(text: Any, kind: str) -> float | None:
    try:
        return None if not isinstance(text, str) else float(int(text) if kind == "int" else float(text))
    except ValueError:
        return None


# Katib's own models read what they know and drop the rest: what is not there any more after writing is a finding.
OFFICIAL = (
    losing("Katib")
    + """
import sys, types, json, yaml
from kubeflow.katib import ApiClient, models

client, findings = ApiClient(), []
with open(sys.argv[1]) as opened:
    documents = list(yaml.safe_load_all(opened))
for given in documents:
    try:
        response = types.SimpleNamespace(data=json.dumps(given))
        read = client.deserialize(response, "V1beta1Experiment")
        findings += lost("", given, json.loads(json.dumps(client.sanitize_for_serialization(read))))
        job = given["spec"]["trialTemplate"]["trialSpec"]
        read = client.deserialize(types.SimpleNamespace(data=json.dumps(job)), "V1Job")
        findings += lost("trialSpec", job, json.loads(json.dumps(client.sanitize_for_serialization(read))))
    except Exception as error:
        findings.append(f"{type(error).__name__}: {error}")
print("\\n".join(findings))
sys.exit(1 if findings or not documents else 0)
"""
)
