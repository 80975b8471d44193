"""A pipeline is uploaded once and has one recurring run, whatever was there: against a server that imitates the
documented endpoints of Kubeflow Pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from mlc.drivers import kubeflow_run
from mlc.ir.operation import Operation, Outcome, Product, StepFailed, Work
from stages.drivers.kubeflow_services import Pipelines, Requests, serving

SPEC: dict[str, Any] = {
    "token": None,
    "namespace": "risk",
    "schedule": {"cron": "30 3 * * 1", "enabled": True},
    "name": "shop-dev-churn",
    "description": 'A "pipeline" {{of}} a model',
    "documents": [{"pipelineInfo": {"name": "shop-dev-churn"}, "schemaVersion": "2.1.0"}, {"platforms": {}}],
}


@pytest.fixture(params=[True, False], ids=["several users", "a single user"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, Requests, Pipelines]]:
    pipelines = Pipelines(multi_user=request.param)
    with serving(pipelines) as (url, requests):
        yield url, requests, pipelines


def work(folder: Path, api: str, **changed: Any) -> Work:
    spec = {**SPEC, "api": api, **changed}
    return Work(
        operation=Operation("deployment.churn/schedule", "kubeflow_run", spec),
        environment="dev",
        root=folder,
        folder=folder,
        inputs={},
        digests={},
        files={},
        tell=lambda _: None,
        render=lambda *_: b"",
    )


def test_applying_twice_uploads_once_and_makes_one_run(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, requests, there = server
    first = kubeflow_run.run(work(tmp_path, url))
    told = msgspec.json.decode(first.outputs["uploaded"].read_bytes())
    (run,) = there.recurring.values()
    assert run["trigger"] == {"cron_schedule": {"cron": "0 30 3 * * 1"}}
    assert run["pipeline_version_reference"]["pipeline_version_id"] == told["version"]["id"]
    assert (run["max_concurrency"], run["no_catchup"], run["mode"]) == ("1", True, "ENABLE")
    (version,) = there.versions.values()
    assert list(yaml.safe_load_all(version["content"])) == SPEC["documents"]

    before = len(requests.changes)
    again = kubeflow_run.run(work(tmp_path, url))
    assert requests.changes[before:] == []
    assert again.summary == first.summary


def test_another_pipeline_is_another_version_and_updates_the_run(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, requests, there = server
    kubeflow_run.run(work(tmp_path, url))
    (old,) = there.recurring
    documents = [{"pipelineInfo": {"name": "other"}}]
    before = len(requests.changes)
    kubeflow_run.run(work(tmp_path, url, documents=documents))
    assert len(there.pipelines) == 1
    assert len(there.versions) == 2
    (new,) = there.recurring
    assert new != old
    # never do two of them start runs
    api = kubeflow_run.API
    assert requests.changes[before:] == [
        ("POST", f"{api}/pipelines/upload_version"),
        ("POST", f"{api}/recurringruns/{old}:disable"),
        ("POST", f"{api}/recurringruns"),
        ("DELETE", f"{api}/recurringruns/{old}"),
    ]


def test_another_time_replaces_it_and_a_switch_does_not(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, _, there = server
    kubeflow_run.run(work(tmp_path, url))
    (old,) = there.recurring
    kubeflow_run.run(work(tmp_path, url, schedule={"cron": "30 3 * * 1", "enabled": False}))
    assert [*there.recurring] == [old]
    assert there.recurring[old]["mode"] == "DISABLE"
    kubeflow_run.run(work(tmp_path, url, schedule={"cron": "0 4 * * 1", "enabled": True}))
    (new,) = there.recurring.values()
    assert new["trigger"]["cron_schedule"]["cron"] == "0 0 4 * * 1"


def test_duplicates_of_others_are_removed(tmp_path: Path, server: tuple[str, Requests, Pipelines]) -> None:
    """kubeflow/pipelines #3789: uploading again made another recurring run each time."""
    url, _, there = server
    kubeflow_run.run(work(tmp_path, url))
    (run,) = there.recurring.values()
    for i in range(3):
        there.recurring[f"copy-{i}"] = {**run, "recurring_run_id": f"copy-{i}"}
    there.recurring["foreign"] = {**run, "recurring_run_id": "foreign", "display_name": "another"}
    kubeflow_run.run(work(tmp_path, url))
    assert sorted(one["display_name"] for one in there.recurring.values()) == ["another", "shop-dev-churn"]


def test_a_run_that_is_refused_leaves_the_old_one(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, _, there = server
    kubeflow_run.run(work(tmp_path, url))
    there.refuses = "/recurringruns"
    with pytest.raises(StepFailed, match="400") as failed:
        kubeflow_run.run(work(tmp_path, url, schedule={"cron": "0 4 * * 1", "enabled": True}))
    assert [one.rule for one in failed.value.diagnostics] == ["kubeflow-refused"]
    assert not failed.value.passing
    (run,) = there.recurring.values()
    assert run["mode"] == "ENABLE"


def test_without_a_schedule_there_is_none_and_undoing_removes_it(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, _, there = server
    kubeflow_run.run(work(tmp_path, url))
    kubeflow_run.run(work(tmp_path, url, schedule=None))
    assert there.recurring == {}
    done = kubeflow_run.run(work(tmp_path, url))
    recorded = Operation("deployment.churn/schedule", "kubeflow_run", done.summary["undo"])
    kubeflow_run.undo(tmp_path, "dev", recorded)
    assert there.recurring == {}
    assert len(there.pipelines) == 1


def test_the_token_is_sent_and_never_told(
    tmp_path: Path, server: tuple[str, Requests, Pipelines], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, requests, there = server
    monkeypatch.setenv("MLC_SECRETS", str(tmp_path))
    (tmp_path / "KUBEFLOW").write_text("very-secret\n")
    kubeflow_run.run(work(tmp_path, url, token="${secret:KUBEFLOW}"))
    assert requests.tokens == {"Bearer very-secret"}
    there.refuses = "/upload_version"
    with pytest.raises(StepFailed) as failed:
        kubeflow_run.run(work(tmp_path, url, token="${secret:KUBEFLOW}", documents=[{}]))
    assert "very-secret" not in str(failed.value)


@pytest.mark.parametrize(
    ("answer", "why", "passing"),
    [
        ((503, {}), "503", True),
        ((200, b"<html>"), "no JSON", False),
        ((302, {}), "302", False),
        ((403, {}), "403", False),
    ],
)
def test_what_a_server_does_wrong_is_said(
    tmp_path: Path, answer: tuple[int, Any], why: str, passing: bool
) -> None:
    with serving(lambda *_: answer) as (url, _), pytest.raises(StepFailed, match=why) as failed:
        kubeflow_run.run(work(tmp_path, url))
    assert failed.value.passing == passing


def test_a_server_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    with serving(lambda *_: (200, {})) as (url, _):
        pass
    with pytest.raises(StepFailed) as failed:
        kubeflow_run.run(work(tmp_path, url))
    assert failed.value.passing


@pytest.mark.parametrize("fatal", range(1, 10))
def test_killed_anywhere_the_next_one_converges(tmp_path: Path, fatal: int) -> None:
    """What a request did is done although no answer came; the next run leaves one of each."""
    there, count = Pipelines(), 0

    def answer(*asked: Any) -> tuple[int, Any]:
        nonlocal count
        count += 1
        told = there(*asked)
        return (500, {"error": "gone, though it was done"}) if count == fatal else told

    with serving(answer) as (url, _):
        with suppress(StepFailed):
            kubeflow_run.run(work(tmp_path, url))
        kubeflow_run.run(work(tmp_path, url))
        kubeflow_run.run(work(tmp_path, url, documents=[{"other": 1}]))
    assert (len(there.pipelines), len(there.versions), len(there.recurring)) == (1, 2, 1)


def seen(made: Work, product: Product) -> str:
    outcome = Outcome("k", "kubeflow_run", {}, {}, product.summary)
    found = kubeflow_run.observe(made.root, "dev", [(made.operation, outcome)])
    assert all(one.token and one.recorded for one in found.values())
    return found[made.operation.id].what if found else ""


def test_what_was_changed_from_outside_is_seen(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, requests, there = server
    made = work(tmp_path, url)
    product = kubeflow_run.run(made)
    before = len(requests.changes)
    assert seen(made, product) == ""
    ((identifier, run),) = there.recurring.items()

    there.recurring[identifier] = {**run, "mode": "DISABLE"}
    assert seen(made, product).startswith(
        "Kubeflow has another recurring run shop-dev-churn, or it was switched"
    )
    there.recurring[identifier] = {**run, "trigger": {"cron_schedule": {"cron": "0 0 0 * * *"}}}
    assert "not one at 30 3 * * 1" in seen(made, product)
    there.recurring["another"] = {**run, "recurring_run_id": "another"}
    assert "2 recurring runs" in seen(made, product)
    there.recurring.clear()
    assert "no recurring run" in seen(made, product)
    there.versions.clear()
    assert "no such version" in seen(made, product)
    there.pipelines.clear()
    assert "no such version" in seen(made, product)
    assert requests.changes[before:] == []  # looking changes nothing

    kubeflow_run.run(made)
    assert seen(made, product) == ""


def test_a_schedule_that_nobody_described_is_seen(
    tmp_path: Path, server: tuple[str, Requests, Pipelines]
) -> None:
    url, _, there = server
    kubeflow_run.run(work(tmp_path, url))
    kept = dict(there.recurring)
    without = work(tmp_path, url, schedule=None)
    product = kubeflow_run.run(without)
    assert seen(without, product) == ""
    there.recurring.update(kept)
    assert "has a recurring run" in seen(without, product)


def test_a_server_that_does_not_answer_is_no_drift(tmp_path: Path) -> None:
    gone = work(tmp_path, "http://127.0.0.1:9")
    assert seen(gone, Product({}, {"version": "v", "recurring": True})) == ""
