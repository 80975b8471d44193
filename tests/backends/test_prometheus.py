"""Alerts say what the monitor asks for, of the metrics that the server has; `platforms/` runs Prometheus itself."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from backends.project import SPECS, emitted, graph_of
from mlc.drivers import server
from mlc.emit import emit
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from mlc.rules import monitor_unfit

JOB = "mlc-lending-prod-risk_local"


def read(artifacts: tuple[Artifact, ...], name: str) -> Any:
    return yaml.safe_load(emitted(artifacts, f"prometheus/risk/{name}").content)


def of(backends: tuple[Backend, ...], **changed: Any) -> tuple[Artifact, ...]:
    specs = {**SPECS, "monitor.risk": {**SPECS["monitor.risk"], **changed}}
    return emit(graph_of(specs), backends, first_environment=True)


def rules(artifacts: tuple[Artifact, ...]) -> dict[str, Any]:
    (group,) = read(artifacts, "rules.yml")["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_what_is_not_asked_for_is_not_looked_at(backends: tuple[Backend, ...]) -> None:
    assert list(rules(of(backends))) == ["MlcUnavailable", "MlcErrors", "MlcSlow"]
    assert list(rules(of(backends, health={}))) == ["MlcUnavailable"]
    assert list(rules(of(backends, health=None))) == ["MlcUnavailable"]


def test_alerts_name_whom_they_are_about(artifacts: tuple[Artifact, ...]) -> None:
    for rule in rules(artifacts).values():
        assert rule["labels"] == {
            "severity": "warning" if rule["alert"] == "MlcSlow" else "critical",
            "project": "lending",
            "environment": "prod",
            "deployment": "risk_local",
            "monitor": "risk",
            "owner": "risk-on-call",
        }


def test_expressions_ask_for_what_the_server_measures(artifacts: tuple[Artifact, ...]) -> None:
    """Every metric in an alert or a panel is one of the server's own or Prometheus' `up`."""
    said = "\n".join(rule["expr"] for rule in rules(artifacts).values())
    said += "\n".join(t["expr"] for p in read(artifacts, "dashboard.json")["panels"] for t in p["targets"])
    measured = {
        f"{metric.name}{suffix}"
        for metric in server._Measures().registry.collect()
        for suffix in ({"counter": ["_total"], "histogram": ["_bucket"]}.get(metric.type, [""]))
    }
    asked = set(re.findall(r"\b(mlc_\w+)", said))
    assert asked == {"mlc_requests_total", "mlc_request_seconds_bucket", "mlc_rows_total", "mlc_model_info"}
    assert asked <= measured


def test_a_latency_has_to_be_one_that_the_server_can_tell() -> None:
    assert server._BUCKETS[-1] == monitor_unfit.LAST_BUCKET


def test_every_alert_is_played_twice(artifacts: tuple[Artifact, ...]) -> None:
    names = [test["name"] for test in read(artifacts, "rules_test.yml")["tests"]]
    wanted = [
        f"{name} is {said}"
        for name in rules(artifacts)
        for said in ("raised", "not raised while all is well")
    ]
    assert names == wanted


def test_who_is_told_what(artifacts: tuple[Artifact, ...]) -> None:
    found = read(artifacts, "alertmanager.yml")
    assert [route["receiver"] for route in found["route"]["routes"]] == ["risk-oncall", "risk-team"]
    assert found["route"]["routes"][0]["matchers"][-1] == 'severity=~"critical"'
    assert len(found["route"]["routes"][1]["matchers"]) == 3
    oncall, team = found["receivers"][1:]
    assert oncall["webhook_configs"] == [
        {
            "url": "https://oncall.example.com/mlc",
            "http_config": {"authorization": {"credentials_file": "/etc/alertmanager/oncall.token"}},
        }
    ]
    assert team["slack_configs"][0]["api_url_file"] == "/etc/alertmanager/slack.url"


def test_servers_are_those_named_or_this_machine(
    artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]
) -> None:
    def targets(found: tuple[Artifact, ...]) -> Any:
        return read(found, "prometheus.yml")["scrape_configs"][0]["static_configs"][0]["targets"]

    assert targets(artifacts) == ["127.0.0.1:8080"]
    docker = {**SPECS["deployment.risk_image"], "replicas": 3}
    image = {**SPECS, "deployment.risk_image": docker, "monitor.risk": {**SPECS["monitor.risk"]}}
    image["monitor.risk"]["deployment"] = "risk_image"
    assert targets(emit(graph_of(image), backends, True)) == [f"127.0.0.1:{8080 + i}" for i in range(3)]
    assert targets(of(backends, servers=["risk-1:8080", "risk-2:8080"])) == ["risk-1:8080", "risk-2:8080"]


@pytest.mark.parametrize(
    "hostile", ["{{ $labels.x }}", 'a"\n      - alert: b', "}} {{", "a: b #", "\u2028", "{{{{"]
)
def test_descriptions_stay_texts(
    hostile: str, artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]
) -> None:
    deployment = {**SPECS["deployment.risk_local"], "description": hostile}
    monitor = {**SPECS["monitor.risk"], "owner": hostile}
    graph = graph_of({**SPECS, "deployment.risk_local": deployment, "monitor.risk": monitor})
    found, usual = rules(emit(graph, backends, True)), rules(artifacts)
    for name, rule in found.items():
        for part, key in (("annotations", "description"), ("labels", "owner")):
            assert rule[part][key].replace('{{ "{{" }}', "{{") == hostile
            rule[part][key] = usual[name][part][key]
    assert found == usual


def test_the_dashboard_shows_the_limits(artifacts: tuple[Artifact, ...]) -> None:
    dashboard = json.loads(emitted(artifacts, "prometheus/risk/dashboard.json").content)
    limits = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"]
        for panel in dashboard["panels"]
        if "thresholds" in panel["fieldConfig"]["defaults"]
    }
    assert limits == {"Share that fails": 0.01, "Time of a request": 0.05}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
