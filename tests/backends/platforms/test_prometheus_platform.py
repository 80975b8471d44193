"""The prometheus backend on Prometheus, Alertmanager and Grafana's own classes, and an alert that really arrives.

Asked for by name (`make test-platforms`), and then what is missing is a failure, never a skip.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from acceptance.script import environment
from backends.project import broken, emitted, named
from mlc.emit import quoting
from mlc.emit.verify import verify
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend
from stages.emit.test_quoting import naughty

SMALL = Path(__file__).parents[2] / "acceptance" / "projects" / "small"
FILES = ("prometheus.yml", "rules.yml", "rules_test.yml", "alertmanager.yml", "dashboard.json")


def of_monitor(artifacts: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
    return tuple(one for one in artifacts if one.backend == "prometheus")


@pytest.mark.parametrize("name", FILES)
def test_the_official_checkers_accept_it(
    name: str, artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]
) -> None:
    artifact = emitted(artifacts, f"prometheus/risk/{name}")
    found = verify(artifact, named(backends, "prometheus"), beside=of_monitor(artifacts))
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("name", "old", "new", "finding"),
    [
        ("prometheus.yml", "scrape_configs:", "scrape_config:", "scrape_config"),
        ("prometheus.yml", 'scrape_interval: "15s"', 'scrape_interval: "soon"', "soon"),
        ("prometheus.yml", "static_configs", "static_config", "static_config"),
        ("rules.yml", "sum(rate(", "summ(rate(", "summ"),
        ("rules.yml", "{{ $value | humanizePercentage }}", "{{ $value | percent }}", "percent"),
        ("rules.yml", '        for: "2m"', '        fore: "2m"', "fore"),
        ("rules.yml", "[5m]", "", "range vector"),
        ("rules_test.yml", "0+505x32", "0+5x32", "FAILED"),
        ("rules_test.yml", "exp_samples: []", "exp_samples: [{value: 1}]", "FAILED"),
        ("rules_test.yml", "input_series", "input_serie", "input_serie"),
        ("alertmanager.yml", "- receiver: risk-team", "- receiver: risk-teem", "risk-teem"),
        ("alertmanager.yml", "matchers:", "matcher:", "matcher"),
        ("alertmanager.yml", 'channel: "#risk"', "channels: [a]", "channels"),
        ("alertmanager.yml", "https://", "htps://", "unsupported scheme"),
        (
            "dashboard.json",
            '"schemaVersion"',
            '"schemaVersions"',
            "schemaVersions: Grafana has no such field",
        ),
        ("dashboard.json", '"refId"', '"reference"', "reference: Grafana has no such field"),
        ("dashboard.json", '"thresholds"', '"threshold"', "threshold: Grafana has no such field"),
        ("dashboard.json", '"expr"', '"expression"', "expression: Grafana has no such field"),
    ],
)
def test_broken_artifacts_are_rejected(
    name: str,
    old: str,
    new: str,
    finding: str,
    artifacts: tuple[Artifact, ...],
    backends: tuple[Backend, ...],
) -> None:
    artifact = broken(emitted(artifacts, f"prometheus/risk/{name}"), old, new)
    found = verify(artifact, named(backends, "prometheus"), beside=of_monitor(artifacts))
    assert found.outcome == "rejected"
    assert finding in " ".join(found.findings)


def test_no_naughty_string_becomes_a_template(tmp_path: Path) -> None:
    """Prometheus fills in the annotations of one alert for each text, and has to come to the text itself."""
    texts = [text for text in naughty() if "\0" not in text and text.strip()]
    rules = [
        f"      - {{alert: A{i}, expr: up == 0, annotations: {{a: {quoting.prometheus(text)}}}}}"
        for i, text in enumerate(texts)
    ]
    (tmp_path / "rules.yml").write_text(
        "groups:\n  - name: a\n    rules:\n" + "\n".join(rules) + "\n", "utf-8"
    )
    expected = [
        {"eval_time": "1m", "alertname": f"A{i}", "exp_alerts": [{"exp_annotations": {"a": text}}]}
        for i, text in enumerate(texts)
    ]
    test = {
        "rule_files": ["rules.yml"],
        "tests": [{"input_series": [{"series": "up", "values": "0 0 0"}], "alert_rule_test": expected}],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test), "utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode()[:2000] + done.stderr.decode()[:2000]


class Posted(BaseHTTPRequestHandler):
    """Who is told: notes what Alertmanager posts."""

    alerts: list[dict[str, Any]]

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.alerts.extend(sent["alerts"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    alerts: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Posted,), {"alerts": alerts}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/mlc", alerts
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def asked(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def until(what: str, holds: Any, seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := holds():
                return found
        except OSError:
            pass
        time.sleep(0.3)
    raise AssertionError(f"not seen in {seconds} s: {what}")


def test_an_alert_arrives_when_the_server_is_gone(
    tmp_path: Path, told: tuple[str, list[dict[str, Any]]]
) -> None:
    url, alerts = told
    shop = tmp_path / "shop"
    shutil.copytree(SMALL, shop)
    serving, prometheus, alertmanager = free_port(), free_port(), free_port()
    (shop / "deployment" / "local.yaml").write_text(f"model: churn\ntarget: here\nport: {serving}\n")
    (shop / "monitor").mkdir()
    (shop / "monitor" / "churn.yaml").write_text(
        f"deployment: local\nalertmanager: 127.0.0.1:{alertmanager}\n"
        "health: {availability: {after: 6s}, errors: {max: 0.5, window: 1m}, latency: {max: 2s, window: 1m}}\n"
        f"alerts: {{oncall: {{type: webhook, url: '{url}', severities: [critical]}}}}\n"
    )
    mlc = [sys.executable, "-P", "-m", "mlc.cli.main"]
    done = subprocess.run(
        [*mlc, "apply", "--yes"], cwd=shop, env=environment(tmp_path), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    folder = shop / "generated" / "dev" / "prometheus" / "churn"
    config = folder / "prometheus.yml"
    config.write_text(config.read_text().replace('"15s"', '"1s"'))  # a test does not wait for minutes
    routes = folder / "alertmanager.yml"
    routes.write_text(routes.read_text().replace("  group_by:", '  group_wait: "1s"\n  group_by:'))
    watch = [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/tsdb",
        f"--web.listen-address=127.0.0.1:{prometheus}",
    ]  # fmt: skip
    tell = [
        "prometheus-alertmanager", f"--config.file={routes}", f"--storage.path={tmp_path}/alerts",
        f"--web.listen-address=127.0.0.1:{alertmanager}", "--cluster.listen-address=",
    ]  # fmt: skip
    query = f"http://127.0.0.1:{prometheus}/api/v1/query?query="

    def value(expression: str) -> str:
        result = asked(query + expression)["data"]["result"]
        return str(result[0]["value"][1]) if result else ""

    with running(tell, tmp_path), ExitStack() as stack:
        with running([*mlc, "-C", str(shop), "serve", "local"], tmp_path):
            until("the server is ready", lambda: asked(f"http://127.0.0.1:{serving}/v2"))
            stack.enter_context(running(watch, tmp_path))
            until("the server answers Prometheus", lambda: value("up") == "1")
            until("Prometheus knows the model", lambda: value("mlc_model_info") == "1")
            assert value("count(ALERTS{alertstate='firing'})") == ""
            assert alerts == []
        until(
            "the alert fires",
            lambda: value("count(ALERTS{alertname='MlcUnavailable',alertstate='firing'})") == "1",
        )
        until("the alert arrives", lambda: alerts)
    assert {alert["labels"]["alertname"] for alert in alerts} == {"MlcUnavailable"}
    assert alerts[0]["labels"]["deployment"] == "local"
    assert alerts[0]["status"] == "firing"
