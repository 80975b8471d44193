"""A monitor: when a deployment is unwell or is asked other things than it learned from, and who is told."""

import hashlib
import math
from typing import Annotated, Any, Literal

from msgspec import Struct, to_builtins

from mlc.ir.address import Address
from mlc.ir.operation import Operation
from mlc.kinds._azureml_monitor import monitor_facts, monitor_operations
from mlc.kinds._drift import DataQuality, Drift, Looks
from mlc.kinds._fields import NAME_PATTERN, DeploymentName, Duration, Resource, about, seconds
from mlc.kinds._kind import Kind, Scope, View

Severity = Literal["critical", "warning"]

INTERVAL = 15
"""Seconds between two looks of Prometheus at a server."""


class Availability(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the server answers."""

    after: Annotated[Duration, about("How long it may be away before somebody is told.")] = "2m"
    severity: Annotated[Severity, about("How bad that is.", stricter=["warning", "critical"])] = "critical"


class Errors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests that the server could not answer (5xx); what a caller did wrong is none of them."""

    max: Annotated[float, about("The largest share of requests.", stricter="lower", gt=0, lt=1, example=0.01)]
    window: Annotated[Duration, about("Over how long the share is taken.")] = "5m"
    after: Annotated[Duration, about("How long it has to hold before somebody is told.")] = "2m"
    severity: Annotated[Severity, about("How bad that is.", stricter=["warning", "critical"])] = "critical"


class Latency(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The time from a request's head to its answer, of nearly all requests."""

    quantile: Annotated[float, about("Of which share of requests.", ge=0.5, le=0.999, example=0.99)] = 0.99
    max: Annotated[Duration, about("The longest it may take, of the server's buckets.", example="50ms")]
    window: Annotated[Duration, about("Over how long it is taken.")] = "5m"
    after: Annotated[Duration, about("How long it has to hold before somebody is told.")] = "5m"
    severity: Annotated[Severity, about("How bad that is.", stricter=["warning", "critical"])] = "warning"


class Health(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is looked at, all of it measured by the server itself."""

    availability: Annotated[Availability, about("Whether the server answers.")] = Availability()
    errors: Annotated[Errors | None, about("The share of requests that fail; not looked at without it.")] = (
        None
    )
    latency: Annotated[Latency | None, about("How long requests take; not looked at without it.")] = None


_FILE: dict[str, Any] = {"pattern": r"^/[A-Za-z0-9._/-]+$", "form": "the full path of a file"}
_SEVERITIES = Annotated[
    list[Severity], about("Which alerts it gets; all where empty.", stricter="more", example=["critical"])
]


class Webhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="webhook"):
    """A program that Alertmanager posts alerts to."""

    url: Annotated[
        str,
        about(
            "Its address, without anything secret.",
            example="https://oncall.example.com/mlc",
            pattern=r"^https?://[A-Za-z0-9][A-Za-z0-9.:/_-]*$",
            form="an address that begins with https:// or http://, without credentials or a query",
        ),
    ]
    token_file: Annotated[
        Annotated[str, about("A file.", **_FILE)] | None,
        about("A file on Alertmanager's machine with the token that it shows."),
    ] = None
    severities: _SEVERITIES = []


class Slack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="slack"):
    """A channel of Slack."""

    channel: Annotated[
        str,
        about("The channel.", example="#risk", pattern=r"^[#@][a-z0-9._-]+$", form="a channel such as #risk"),
    ]
    url_file: Annotated[
        str, about("A file on Alertmanager's machine with the address of Slack's webhook.", **_FILE)
    ]
    severities: _SEVERITIES = []


class Email(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="email"):
    """People who get a mail, of Azure ML."""

    to: Annotated[
        list[
            Annotated[
                str,
                about(
                    "An address.",
                    pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9][A-Za-z0-9.-]*$",
                    form="an address such as risk@example.com",
                ),
            ]
        ],
        about("Their addresses.", stricter="more", min_length=1, example=["risk@example.com"]),
    ]


class Monitor(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a deployment is unwell or is asked other things than it learned from, and who is told."""

    deployment: Annotated[DeploymentName, about("What is looked at.", change="render")]
    servers: Annotated[
        list[
            Annotated[
                str,
                about(
                    "A server.",
                    pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}$",
                    form="a host and a port such as risk-1:8080",
                ),
            ]
        ],
        about(
            "Where Prometheus reaches the deployment's servers; this machine at the deployment's port where empty.",
            change="render",
            example=["risk-1:8080", "risk-2:8080"],
        ),
    ] = []
    alertmanager: Annotated[
        str,
        about(
            "Where Prometheus reaches Alertmanager.",
            change="render",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{1,5}$",
            form="a host and a port such as alerts:9093",
        ),
    ] = "127.0.0.1:9093"
    health: Annotated[
        Health | None,
        about(
            "Whether a server of mlc answers, and how; whether it answers where nothing is said.",
            change="render",
        ),
    ] = None
    drift: Annotated[
        Drift | None,
        about(
            "How far inputs and answers may move away, on a target of the type azureml.", change="redeploy"
        ),
    ] = None
    data_quality: Annotated[
        DataQuality | None,
        about("How many values may be wrong, on a target of the type azureml.", change="redeploy"),
    ] = None
    schedule: Annotated[
        Looks | None,
        about(
            "When drift and quality are looked at; at six every day, at the last week, where nothing is said.",
            change="redeploy",
        ),
    ] = None
    alerts: Annotated[
        dict[Annotated[str, about("Who is told.", pattern=NAME_PATTERN)], Webhook | Slack | Email],
        about("Who is told.", change="render", stricter="more", min_length=1),
    ]


_HEALTH: View = to_builtins(Health())


def _operations(address: Address, view: View, scope: Scope) -> tuple[Operation, ...]:
    """Alerts of Prometheus are files; a monitor of Azure ML is made in its workspace."""
    if view["deployment"]["target"]["type"] != "azureml":
        return ()
    return monitor_operations(address, view, scope)


def _facts(address: Address, view: View, scope: Scope) -> dict[str, Any]:
    """The alerts as Prometheus has them, and for each two histories: one that raises it, and one that does not."""
    deployment, health = view["deployment"], view["health"] or _HEALTH
    if deployment["target"]["type"] == "azureml":
        return {"prometheus": False, "azureml": monitor_facts(address, view, scope)}
    job = f"mlc-{scope.project['project']}-{scope.environment}-{deployment['name']}"
    alerts = [_availability(job, health["availability"])]
    if health["errors"]:
        alerts.append(_errors(job, health["errors"]))
    if health["latency"]:
        alerts.append(_latency(job, health["latency"]))
    receivers = [{"name": f"{address.name}-{name}", **receiver} for name, receiver in view["alerts"].items()]
    return {
        "prometheus": True,
        "job": job,
        "interval": f"{INTERVAL}s",
        "uid": hashlib.sha256(job.encode()).hexdigest()[:16],
        "title": f"{deployment['name']} of {scope.project['project']} in {scope.environment}",
        "panels": _panels(job, alerts),
        "servers": view["servers"] or _servers(deployment),
        "alerts": alerts,
        "receivers": receivers,
        "labels": {
            "project": scope.project["project"],
            "environment": scope.environment,
            "deployment": deployment["name"],
            "monitor": address.name,
            "owner": view["owner"],
        },
    }


def _servers(deployment: View) -> list[str]:
    """Those of this machine: one that `mlc serve` starts, or as many as the Compose file has replicas."""
    replicas = deployment["replicas"] if deployment["target"]["type"] == "docker" else 1
    return [f"127.0.0.1:{deployment['port'] + i}" for i in range(replicas)]


def _availability(job: str, spec: View) -> dict[str, Any]:
    up = f"up{{job='{job}'}}"
    return {
        "name": "MlcUnavailable",
        "expression": f"{up} == 0 or absent({up})",
        "after": spec["after"],
        "severity": spec["severity"],
        "summary": "A server of the deployment does not answer.",
        "value": None,
        "panel": None,
        "limit": None,
        **_tests(0, spec["after"], [(_series("up", job), "0+0x{n}")], [(_series("up", job), "1+0x{n}")]),
    }


def _errors(job: str, spec: View) -> dict[str, Any]:
    """The share of answers with a status of 5xx; without a request there is no share, and no alert."""
    failed = f"sum(rate(mlc_requests_total{{job='{job}',status=~'5..'}}[{spec['window']}]))"
    every = f"sum(rate(mlc_requests_total{{job='{job}'}}[{spec['window']}]))"
    wrong = max(1, math.ceil(1000 * (1 + spec["max"]) / 2))

    def requests(failing: int) -> list[tuple[str, str]]:
        return [
            (_series("mlc_requests_total", job, status="500"), f"0+{failing}x{{n}}"),
            (_series("mlc_requests_total", job, status="200"), f"0+{1000 - failing}x{{n}}"),
        ]

    return {
        "name": "MlcErrors",
        "expression": f"{failed} / {every} > {spec['max']!r}",
        "after": spec["after"],
        "severity": spec["severity"],
        "summary": f"More than {100 * spec['max']:g} % of the requests fail.",
        "value": "humanizePercentage",
        "panel": "Share that fails",
        "limit": spec["max"],
        **_tests(seconds(spec["window"]), spec["after"], requests(wrong), requests(0)),
    }


def _latency(job: str, spec: View) -> dict[str, Any]:
    """Of Prometheus' histogram_quantile: linear within a bucket, so never above the last bucket's lower end."""
    limit = seconds(spec["max"])
    rate = f"sum by (le) (rate(mlc_request_seconds_bucket{{job='{job}'}}[{spec['window']}]))"

    def requests(slow: bool) -> list[tuple[str, str]]:
        return [
            (_series("mlc_request_seconds_bucket", job, le=f"{limit:g}"), "0+0x{n}" if slow else "0+10x{n}"),
            (_series("mlc_request_seconds_bucket", job, le=f"{2 * limit:g}"), "0+10x{n}"),
            (_series("mlc_request_seconds_bucket", job, le="+Inf"), "0+10x{n}"),
        ]

    return {
        "name": "MlcSlow",
        "expression": f"histogram_quantile({spec['quantile']!r}, {rate}) > {limit!r}",
        "after": spec["after"],
        "severity": spec["severity"],
        "summary": f"{100 * spec['quantile']:g} % of the requests take longer than {spec['max']}.",
        "value": "humanizeDuration",
        "panel": "Time of a request",
        "limit": limit,
        **_tests(seconds(spec["window"]), spec["after"], requests(True), requests(False)),
    }


def _panels(job: str, alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a dashboard of Grafana shows: whether it answers, how much it is asked, what fails, how long it takes."""
    one = f"{{job='{job}'}}"
    bucket = f"sum by (le) (rate(mlc_request_seconds_bucket{one}[$__rate_interval]))"
    failed = f"sum(rate(mlc_requests_total{{job='{job}',status=~'5..'}}[$__rate_interval]))"
    shown = [
        ("stat", "Servers that answer", "none", [(f"sum(up{one})", "servers")]),
        ("stat", "Version served", "none",
         [(f"max by (model, version) (mlc_model_info{one})", "{{model}} {{version}}")]),
        ("timeseries", "Requests by status", "reqps",
         [(f"sum by (status) (rate(mlc_requests_total{one}[$__rate_interval]))", "{{status}}")]),
        ("timeseries", "Share that fails", "percentunit",
         [(f"{failed} / sum(rate(mlc_requests_total{one}[$__rate_interval]))", "of all requests")]),
        ("timeseries", "Time of a request", "s",
         [(f"histogram_quantile({q}, {bucket})", f"{100 * q:g} %") for q in (0.5, 0.9, 0.99)]),
        ("timeseries", "Rows scored", "rowsps", [(f"sum(rate(mlc_rows_total{one}[$__rate_interval]))", "rows")]),
    ]  # fmt: skip
    source = {"type": "prometheus", "uid": "${datasource}"}
    panels = []
    for i, (kind, title, unit, queries) in enumerate(shown):
        defaults: dict[str, Any] = {"unit": unit}
        limit = next((alert["limit"] for alert in alerts if alert["panel"] == title), None)
        if limit is not None:
            steps = [{"color": "green", "value": None}, {"color": "red", "value": limit}]
            defaults |= {"thresholds": {"mode": "absolute", "steps": steps}}
            defaults |= {"custom": {"thresholdsStyle": {"mode": "line"}}}
        panels.append(
            {
                "id": i + 1,
                "type": kind,
                "title": title,
                "datasource": source,
                "gridPos": {"h": 8, "w": 12, "x": 12 * (i % 2), "y": 8 * (i // 2)},
                "fieldConfig": {"defaults": defaults, "overrides": []},
                "targets": [
                    {
                        "refId": chr(ord("A") + number),
                        "expr": query,
                        "legendFormat": legend,
                        "datasource": source,
                    }
                    for number, (query, legend) in enumerate(queries)
                ],
            }
        )
    return panels


def _series(name: str, job: str, **labels: str) -> str:
    pairs = {"job": job, "instance": "server:8080", **labels}
    return name + "{" + ", ".join(f"{key}='{value}'" for key, value in pairs.items()) + "}"


def _tests(
    window: float, after: str, unwell: list[tuple[str, str]], well: list[tuple[str, str]]
) -> dict[str, Any]:
    """Two histories, and the moment at which the first one has raised the alert."""
    count = math.ceil((window + seconds(after)) / INTERVAL) + 4

    def history(series: list[tuple[str, str]]) -> list[dict[str, str]]:
        return [{"series": name, "values": values.format(n=count)} for name, values in series]

    return {"at": f"{count * INTERVAL}s", "unwell": history(unwell), "well": history(well)}


KIND = Kind(
    name="monitor",
    spec=Monitor,
    operations=_operations,
    facts=_facts,
    planned=("baseline", "performance", "retrain"),
)
