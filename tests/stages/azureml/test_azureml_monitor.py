"""A monitor is made in the workspace of the deployment that it looks at, follows its versions, and goes with it."""

from __future__ import annotations

from faults.small import write
from stages.azureml.conftest import RUNTIME, Azure

NAME = "small-dev-drifting_monitor"
MONITOR = """\
deployment: online
drift:
  features: {numbers: {jensen_shannon_distance: 0.1}}
  prediction: {categories: {population_stability_index: 0.2}}
data_quality: {numbers: {null_rate: 0.05}}
alerts:
  team: {type: email, to: [risk@example.com]}
"""


def watched(azure: Azure, text: str = MONITOR, monitoring: str = "monitoring: {}\n") -> None:
    target = azure.root / "target/azure.yaml"
    target.write_text(target.read_text() + monitoring)
    packages = RUNTIME.replace(
        "{azureml-inf", '{azureml-ai-monitoring: "1.0.0", pandas: "3.1.1", azureml-inf'
    )
    write(azure.root, "runtime/served.yaml", packages)
    write(azure.root, "monitor/drifting.yaml", text)


def target_of(azure: Azure) -> str:
    monitor = azure.items[f"schedule/{NAME}"]["create_monitor"]
    found: str = monitor["monitoring_target"]["endpoint_deployment_id"]
    return found


def test_it_is_made_once_and_is_told_the_versions(azure: Azure) -> None:
    watched(azure)
    azure.apply()
    assert azure.changes.count("schedule create") == 2  # the job's, and the monitor
    assert target_of(azure) == "azureml:small-dev-online:version-1"
    (data,) = azure.names("data")
    signals = azure.items[f"schedule/{NAME}"]["create_monitor"]["monitoring_signals"]
    assert signals["features"]["reference_data"]["input_data"] == {
        "type": "mltable",
        "path": f"azureml:{data.replace('/', ':')}",
    }
    document = azure.root / "generated/dev/azureml/online/9-monitor-drifting.yaml"
    assert "small-dev-online-version-1-model_outputs:1" in document.read_text()
    azure.rest()
    azure.forget_log()
    azure.apply()
    assert azure.changes == []


def test_it_follows_a_new_version(azure: Azure) -> None:
    watched(azure)
    azure.apply()
    azure.another_version(2)
    azure.apply()
    assert target_of(azure) == "azureml:small-dev-online:version-2"
    azure.rest()


def test_it_is_changed_in_its_place_and_goes_when_it_is_not_described(azure: Azure) -> None:
    watched(azure)
    azure.apply()
    write(azure.root, "monitor/drifting.yaml", MONITOR.replace("null_rate: 0.05", "null_rate: 0.02"))
    azure.forget_log()
    azure.apply()
    assert azure.changes == ["schedule create"]
    (azure.root / "monitor/drifting.yaml").unlink()
    azure.apply()
    assert azure.names("schedule") == ["small-dev-online"]
    azure.rest()


def test_drift_tells_a_limit_that_was_changed_in_the_portal(azure: Azure) -> None:
    watched(azure)
    azure.apply()
    items = azure.items
    signals = items[f"schedule/{NAME}"]["create_monitor"]["monitoring_signals"]
    signals["features"]["metric_thresholds"]["numerical"]["jensen_shannon_distance"] = 0.9
    items[f"schedule/{NAME}"]["is_enabled"] = False
    azure.items_write(items)
    code, said = azure.mlc("drift", "--detailed-exitcode")
    assert code == 2
    assert "create_monitor.monitoring_signals.features.metric_thresholds" in said
    assert "is_enabled" in said
    azure.apply()
    monitor = azure.items[f"schedule/{NAME}"]
    limits = monitor["create_monitor"]["monitoring_signals"]["features"]["metric_thresholds"]
    assert limits == {"numerical": {"jensen_shannon_distance": 0.1}}
    assert monitor["is_enabled"]


def test_destroy_takes_it_before_what_it_looks_at(azure: Azure) -> None:
    watched(azure)
    azure.apply()
    azure.forget_log()
    code, said = azure.mlc("destroy", "--yes")
    assert code == 0, said
    assert azure.names("schedule") == azure.names("online-endpoint") == []
    assert azure.changes.index("schedule delete") < azure.changes.index("online-endpoint delete")


def test_what_another_made_is_left_alone(azure: Azure) -> None:
    watched(azure)
    azure.apply()
    azure.change(f"schedule/{NAME}", tags={"mlc": "other/dev/monitor.drifting"})
    write(azure.root, "monitor/drifting.yaml", MONITOR.replace("null_rate: 0.05", "null_rate: 0.02"))
    assert "did not make it" in azure.apply(expect=1)


def test_what_fails_for_a_moment_is_tried_again(azure: Azure) -> None:
    watched(azure, MONITOR + "lifecycle: {retries: 3, backoff: 10ms}\n")
    azure.apply()
    write(
        azure.root,
        "monitor/drifting.yaml",
        MONITOR.replace("0.05", "0.02") + "lifecycle: {retries: 3, backoff: 10ms}\n",
    )
    azure.fail({"match": "schedule create", "stderr": "(TooManyRequests) 429 slow down", "times": 2})
    azure.apply()
    quality = azure.items[f"schedule/{NAME}"]["create_monitor"]["monitoring_signals"]["quality"]
    assert quality["metric_thresholds"] == {"numerical": {"null_value_rate": 0.02}}
