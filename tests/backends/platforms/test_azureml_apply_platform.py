"""Applying to the imitation of `az`, with Microsoft's SDK loading every file that is sent, and killed again and again.

Asked for by name (`make test-platforms`), and then a missing SDK is a failure, never a skip.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from mlc import data
from stages.azureml.conftest import Azure, applied_locally, azure  # noqa: F401 - fixtures
from stages.azureml.test_azureml_monitor import target_of, watched

SDK = data.path(".checkers").resolve() / "azureml" / "bin" / "python"
CANARY = "rollout: {strategy: canary, steps: {few: {traffic: 10%, hold: 300ms}, half: {traffic: 50%, hold: 300ms}}}\n"


def test_the_sdk_loads_every_file_that_is_sent(
    azure: Azure,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert SDK.is_file(), f"{SDK} is not there: run `make checkers` first"
    monkeypatch.setenv("AZ_IMITATION_SDK", str(SDK))
    target = azure.root / "target/azure.yaml"
    target.write_text(target.read_text() + "compute: cpu-cluster\nkey_vault: risk-secrets\n")
    azure.deploy("rollout: {strategy: shadow, traffic: 20%}\nvariables: {TOKEN: '${secret:API_TOKEN}'}\n")
    azure.deploy("mode: batch\n", "nightly")
    watched(azure)
    azure.apply()
    azure.another_version(2)
    azure.apply()
    assert azure.traffic() == {"version-1": 100}
    assert target_of(azure) == "azureml:small-dev-online:version-2"
    sent = {" ".join(words[1:3]) for words in azure.log if "--file" in words}
    online = ("environment", "data", "model", "online-endpoint", "online-deployment", "schedule")
    assert sent >= {f"{noun} create" for noun in (*online, "batch-endpoint", "batch-deployment")}
    code, said = azure.mlc("render", "--verify")
    assert code == 0, said


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_it_converges(
    azure: Azure,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    draw = random.Random(seed)
    azure.deploy(CANARY)
    azure.apply()
    azure.another_version(2 + seed)
    monkeypatch.setenv("AZ_IMITATION_SECONDS", "0.3")
    kills = 0
    for _ in range(6):
        at = _calls(azure) + draw.randrange(1, 10)  # calls of `az`, however quick the machine is
        running = subprocess.Popen(
            [sys.executable, "-P", "-m", "mlc.cli.main", "-C", str(azure.root), "apply", "--yes"],
            env={**os.environ},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while running.poll() is None and _calls(azure) < at:
            time.sleep(0.02)
        time.sleep(draw.uniform(0.0, 0.3))
        if running.poll() is None:
            # the process that this test started, and what that one did
            os.killpg(running.pid, signal.SIGKILL)
            kills += 1
        running.wait()
    assert kills
    azure.apply()
    assert azure.traffic() == {"version-2": 100}
    assert azure.names("online-deployment") == ["small-dev-online/version-2"]
    assert azure.names("model") == ["small-dev-risk/1", "small-dev-risk/2"]
    for noun in ("online-endpoint", "schedule", "environment"):
        assert len(azure.names(noun)) == 1
    azure.rest()
    azure.forget_log()
    azure.apply()
    assert azure.changes == []


def _calls(azure: Azure) -> int:  # noqa: F811
    """Of `az` so far; a line that is being written does not count yet."""
    return (azure.home / "log.jsonl").read_bytes().count(b"\n")
