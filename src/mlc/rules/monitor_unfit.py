"""monitor-unfit: a monitor whose alerts could never be raised, or always would be.

Why it matters: an alert that cannot fire is worse than none, because people rely on it.
How to mend it: look at the `health` of a deployment whose target is `local` or `docker` (the server of mlc has the
metrics), name its `servers` where it takes any free port, and take a window of at least one minute, as Prometheus looks
every 15 seconds; a `latency.max` below the last of the server's buckets, 5 s. Look at `drift` and `data_quality` of a
deployment whose target is `azureml`, online, with `register_data` and `monitoring` there, and with limits for what its
model takes and answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc.ir.diagnostic import Diagnostic, Rule
from mlc.ir.task import TASKS as ALL_TASKS
from mlc.kinds._azureml_monitor import TASKS, comparable
from mlc.kinds._fields import seconds
from mlc.rules._members import columns_seen
from mlc.rules._subject import Subject

RULE = Rule.of(__name__, "error", "The monitor could not do its work.")
SCOPE = "upstream"

_REST = "alerts: {oncall: {type: webhook, url: 'https://oncall.example.com/mlc'}}\n"
BAD = {"monitor/local.yaml": f"deployment: local\nhealth: {{errors: {{max: 0.01, window: 20s}}}}\n{_REST}"}
GOOD = {"monitor/local.yaml": f"deployment: local\nhealth: {{errors: {{max: 0.01, window: 5m}}}}\n{_REST}"}

_SHORTEST = 60.0
LAST_BUCKET = 5.0
"""Seconds: the largest latency that a histogram of the server can tell from more."""

_ALERTMANAGER = "127.0.0.1:9093"

Reason = tuple[tuple[str | int, ...], str, str]
"""The path of what is asked for, why it cannot be and what can, and a few words for the line."""


def check(subject: Subject) -> Iterator[Diagnostic]:
    for address, monitor in subject.each("monitor"):
        deployment = subject.named("deployment", monitor["deployment"])
        target = subject.named("target", deployment["target"]) if deployment else None
        if deployment is not None and target is not None and target["type"] == "azureml":
            reasons = _of_azureml(subject, monitor, deployment, target)
        else:
            reasons = _of_prometheus(monitor, deployment, target)
        for path, detail, text in reasons:
            yield RULE.at(
                subject.span(address, *path),
                detail,
                text=text,
                address=str(address),
                path=".".join(map(str, path)),
            )


def _of_prometheus(
    monitor: dict[str, Any], deployment: dict[str, Any] | None, target: dict[str, Any] | None
) -> Iterator[Reason]:
    if target is not None and target["type"] not in ("local", "docker"):
        yield (
            ("deployment",),
            f'On a target of type "{target["type"]}" another server answers, and it does not have the metrics '
            "that these alerts are about. Look at a deployment on a local or docker target.",
            "not served by mlc",
        )
    if deployment is not None and deployment["port"] == 0 and not monitor["servers"]:
        why = "The deployment takes any free port, so Prometheus would not know where to look."
        yield ("deployment",), f'{why} Give it a port, or name its "servers".', "on no fixed port"
    health = monitor["health"] or {"errors": None, "latency": None}
    for name in ("errors", "latency"):
        part = health[name]
        if part and seconds(part["window"]) < _SHORTEST:
            yield (
                ("health", name, "window"),
                f"Prometheus looks every 15 seconds, and {part['window']} hold too few looks for a rate. "
                "Take at least 1m.",
                "too short",
            )
    latency = health["latency"]
    if latency and not 0 < seconds(latency["max"]) < LAST_BUCKET:
        yield (
            ("health", "latency", "max"),
            f"The server tells times up to {LAST_BUCKET:g} s apart: that a request takes longer than "
            f"{latency['max']} would never be seen, or always. Take a limit between.",
            "never seen",
        )
    for field in ("drift", "data_quality", "schedule"):
        if monitor[field] is not None:
            yield (
                (field,),
                f'"{field}" belongs to the language, but this version of mlc does it only on a target of the type '
                "azureml: elsewhere nothing keeps what a model was asked and answered. Leave it out, or look at a "
                "deployment on such a target.",
                "only on azureml",
            )
    for name, receiver in monitor["alerts"].items():
        if receiver["type"] == "email":
            yield (
                ("alerts", name, "type"),
                "Alertmanager sends mail by a server of yours, which a monitor does not describe. Take a webhook or "
                "slack; mails are sent by a target of the type azureml.",
                "no mail from Alertmanager",
            )


def _of_azureml(
    subject: Subject, monitor: dict[str, Any], deployment: dict[str, Any], target: dict[str, Any]
) -> Iterator[Reason]:
    """What a monitor of Azure ML compares is drift and the quality of values, online."""
    if monitor["health"] is not None:
        yield (
            ("health",),
            "On a target of the type azureml another server answers, and Azure Monitor sees whether it does, and how "
            "quickly. Leave `health` out, or look at a deployment on a local or docker target.",
            "Azure Monitor's to see",
        )
    if monitor["servers"] or monitor["alertmanager"] != _ALERTMANAGER:
        field = "servers" if monitor["servers"] else "alertmanager"
        yield (field,), "Prometheus does not look at what is on azureml. Leave it out.", "of Prometheus alone"
    for name, receiver in monitor["alerts"].items():
        if receiver["type"] != "email":
            why = "A monitor of Azure ML sends mails alone. Say {type: email, to: [...]}."
            yield ("alerts", name, "type"), why, "no mail"
    if deployment["mode"] != "online":
        why = "Azure keeps what is asked and answered online alone. Look at a deployment that answers online."
        yield ("deployment",), why, "in batches"
    if target["monitoring"] is None:
        yield (
            ("deployment",),
            f"Nothing of what it is asked and answers is kept, so there is nothing to compare. Add `monitoring: {{}}` "
            f"to target.{deployment['target']}.",
            "nothing is kept",
        )
    drift = monitor["drift"] or {"features": None, "prediction": None}
    signals: list[tuple[tuple[str, ...], dict[str, Any] | None]] = [
        (("drift", "features"), drift["features"]),
        (("drift", "prediction"), drift["prediction"]),
        (("data_quality",), monitor["data_quality"]),
    ]
    said = [(path, signal) for path, signal in signals if signal is not None]
    if not said:
        why = "It looks at nothing. Say `drift` or `data_quality`; `health` is of the server of mlc."
        yield ("deployment",), why, "looks at nothing"
    if not target["register_data"] and any(path != ("drift", "prediction") for path, _ in said):
        yield (
            ("deployment",),
            "The rows that the model learned from are the baseline, and the workspace does not have them. Add "
            f"`register_data: true` to target.{deployment['target']}.",
            "without a baseline",
        )
    for path, signal in said:
        yield from _limits(path, signal)
    model = subject.named("model", deployment["model"])
    if model is not None:
        yield from _of_model(subject, model, said)


def _limits(path: tuple[str, ...], signal: dict[str, Any]) -> Iterator[Reason]:
    """Where no limit is said there is nothing that somebody could be told of."""
    parts = {name: signal[name] for name in ("numbers", "categories") if signal[name] is not None}
    if not parts:
        yield path, "It says no limit. Say one of `numbers` or of `categories`.", "no limit"
    for name, part in parts.items():
        measures = [measure for measure, limit in part.items() if limit is not None]
        if not measures:
            yield (*path, name), f"It says no limit. Say one of {', '.join(part)}.", "no limit"
        elif len(measures) > 1 and path[0] == "drift":
            why = f"Azure ML keeps one measure of drift, and drops the others. Say one of {', '.join(measures)}."
            yield (*path, name), why, "more than one"


def _of_model(
    subject: Subject, model: dict[str, Any], said: list[tuple[tuple[str, ...], dict[str, Any]]]
) -> Iterator[Reason]:
    task = ALL_TASKS[model["task"]]
    if task.name not in TASKS:
        why = f"Azure ML watches classification and regression, and the model does {task.title}."
        yield ("deployment",), f"{why} Look at a deployment of such a model.", f"of {task.title}"
    dataset = subject.named("dataset", model["dataset"])
    kinds = comparable(dataset["columns"]) if dataset is not None else {}
    seen = [name for name in columns_seen(subject, model) if name in kinds]
    for path, signal in said:
        if path == ("drift", "prediction"):
            kept, other = ("categories", "numbers") if task.classifies else ("numbers", "categories")
            if signal[other] is not None:
                why = f"The model answers with {'a class' if task.classifies else 'a number'}. Say `{kept}` instead."
                yield (*path, other), why, f"no {other} in its answers"
            continue
        if dataset is None or not seen:
            continue
        for i, name in enumerate(signal["columns"]):
            if name not in seen:
                known = f"Known: {', '.join(seen)}."
                why = f"The model takes no {name} that can be compared: dates and times cannot. {known}"
                yield (*path, "columns", i), why, "no such input"
        chosen = {kinds[name] for name in (signal["columns"] or seen) if name in seen}
        for name, kind in (("numbers", "numerical"), ("categories", "categorical")):
            if signal[name] is not None and chosen and kind not in chosen:
                why = f"None of its inputs that are looked at are {name}, so this limit is never passed. Leave it out."
                yield (*path, name), why, "never passed"
