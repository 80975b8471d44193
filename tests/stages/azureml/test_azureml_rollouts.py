"""How requests go over from one version to the next, and what somebody changed in the portal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from stages.azureml.conftest import Azure

ENDPOINT = "small-dev-online"
CANARY = "rollout: {strategy: canary, steps: {few: {traffic: 10%HOLD}, half: {traffic: 50%, hold: 20ms}}}\n"


def test_a_canary_goes_step_by_step_to_the_end(azure: Azure) -> None:
    azure.deploy(CANARY.replace("HOLD", ", hold: 20ms"))
    azure.apply()
    assert azure.traffic() == {"version-1": 100}  # there is nothing to compare the first one with
    azure.another_version(2)
    said = azure.apply()
    assert azure.traffic() == {"version-2": 100}
    assert azure.names("online-deployment") == [f"{ENDPOINT}/version-2"]
    assert azure.shares_sent() == [
        "version-1=100",
        "version-1=90 version-2=10",
        "version-1=50 version-2=50",
        "version-2=100",
    ], said
    azure.rest()


def test_a_canary_waits_for_a_person_where_no_time_is_said(azure: Azure) -> None:
    azure.deploy(CANARY.replace("HOLD", ""))
    azure.apply()
    azure.another_version(2)
    azure.apply()
    assert azure.traffic() == {"version-1": 90, "version-2": 10}
    azure.rest()
    azure.forget_log()
    azure.apply()
    assert azure.changes == []
    azure.deploy(CANARY.replace("HOLD", ", hold: 20ms"))  # somebody looked, and lets it go on
    azure.apply()
    assert azure.traffic() == {"version-2": 100}
    assert azure.names("online-deployment") == [f"{ENDPOINT}/version-2"]


def test_a_canary_that_falls_ill_while_it_is_held_gives_everything_back(azure: Azure) -> None:
    azure.deploy(CANARY.replace("HOLD", ", hold: 20ms"))
    azure.apply()
    azure.another_version(2)
    azure.fail({"match": "online-endpoint update", "ill": f"online-deployment/{ENDPOINT}/version-2"})
    said = azure.apply(expect=1)
    assert "version-2 of small-dev-online ended as Failed" in said
    assert azure.traffic() == {"version-1": 100}


def test_a_shadow_gets_copies_only(azure: Azure) -> None:
    azure.deploy("rollout: {strategy: shadow, traffic: 20%}\n")
    azure.apply()
    azure.another_version(2)
    azure.apply()
    assert azure.traffic() == {"version-1": 100}
    assert azure.items[f"online-endpoint/{ENDPOINT}"]["mirror_traffic"] == {"version-2": 20}
    azure.rest()
    azure.deploy("")  # it did well
    azure.apply()
    assert azure.traffic() == {"version-2": 100}
    assert azure.items[f"online-endpoint/{ENDPOINT}"]["mirror_traffic"] == {}
    assert azure.names("online-deployment") == [f"{ENDPOINT}/version-2"]


def test_blue_green_keeps_the_one_before_and_goes_back_to_it_at_once(azure: Azure) -> None:
    azure.deploy("rollout: {strategy: blue_green}\n")
    azure.apply()
    before = (azure.root / "model/risk.yaml").read_text()
    azure.another_version(2)
    azure.apply()
    assert azure.traffic() == {"version-2": 100}
    assert azure.names("online-deployment") == [f"{ENDPOINT}/version-1", f"{ENDPOINT}/version-2"]
    azure.rest()
    (azure.root / "model/risk.yaml").write_text(before)
    azure.forget_log()
    azure.apply()
    assert azure.changes == ["online-endpoint update"]  # nothing has to be started
    assert azure.traffic() == {"version-1": 100}
    azure.rest()


def test_what_was_changed_in_the_portal_is_found_by_drift_and_undone_by_apply(azure: Azure) -> None:
    azure.apply()
    (deployment,) = azure.names("online-deployment")
    azure.change(f"online-endpoint/{ENDPOINT}", traffic={"version-1": 0})
    azure.change(f"online-deployment/{deployment}", instance_count=7)
    azure.change(f"schedule/{ENDPOINT}", is_enabled=False)
    azure.forget_log()
    assert azure.mlc("plan", "--detailed-exitcode")[0] == 0  # a plan starts no program
    assert not (azure.home / "log.jsonl").read_text()
    code, said = azure.mlc("drift", "--detailed-exitcode")
    assert code == 2
    for words in ("the shares (none)", "instance_count of", "is_enabled of the schedule"):
        assert words in said
    assert azure.changes == []
    azure.apply()
    assert sorted(azure.changes) == ["online-deployment update", "online-endpoint update", "schedule enable"]
    assert azure.traffic() == {"version-1": 100}
    assert azure.mlc("drift", "--detailed-exitcode")[0] == 0


def test_what_is_gone_is_made_again(azure: Azure) -> None:
    azure.apply()
    azure.items_write({key: item for key, item in azure.items.items() if key.startswith("model/")})
    code, said = azure.mlc("drift", "--detailed-exitcode")
    assert code == 2
    assert "is gone from the workspace" in said
    azure.apply()
    assert azure.traffic() == {"version-1": 100}


@pytest.mark.parametrize("command", ["online-endpoint create", "online-deployment create", "schedule create"])
def test_killed_while_azure_works_the_next_apply_converges(azure: Azure, command: str) -> None:
    azure.fail({"match": command, "hang": True})
    killed = subprocess.Popen(
        [sys.executable, "-P", "-m", "mlc.cli.main", "-C", str(azure.root), "apply", "--yes"],
        env={**os.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while not azure.has(command) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(killed.pid, signal.SIGKILL)  # the process that this test started, and what that one did
    killed.wait()
    assert azure.has(command)
    azure.apply()
    assert azure.traffic() == {"version-1": 100}
    for noun in ("online-endpoint", "online-deployment", "schedule", "model", "environment"):
        assert len(azure.names(noun)) == 1
    azure.rest()
