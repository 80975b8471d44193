"""A registry on MLflow's own server: all that every shape does, and what others do in MLflow's pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from mlc.drivers.registry import (
    Registry,
    aliases,
    collect,
    log,
    mlflow_versions,
    set_alias,
    versions,
)
from mlc.drivers.registry.catalogue import Changes, Held, Revision
from mlc.drivers.registry.mlflow_files import BytesInArtifacts
from mlc.drivers.registry.retention import remove
from mlc.drivers.registry.standing import Standing, standing
from mlc.ir.operation import StepFailed
from mlc.ir.retention import Judged
from mlc.store.mlflow import Mlflow, MlflowError, as_map
from platforms.servers import Server, mlflow
from stages.registry.conformance import *  # noqa: F403 - the tests of every shape
from stages.registry.conformance import Shape
from stages.registry.lasting import *  # noqa: F403
from stages.registry.making import NOON, cause, put, rule_of

NUMBERS = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with mlflow() as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[Mlflow]:
    found = Mlflow(server.url)
    for model in list(found.all_of("registered-models/search", "registered_models", max_results=100)):
        found.delete("registered-models/delete", name=model["name"])
    yield found
    found.close()


@pytest.fixture
def spec(server: Server) -> dict[str, Any]:
    return {"type": "mlflow", "uri": server.url, "experiment": f"registry {next(NUMBERS)}"}


@pytest.fixture
def shape(client: Mlflow, spec: dict[str, Any], tmp_path: Path) -> Shape:
    return Shape(tmp_path, spec, overwrite_artifact)


def overwrite_artifact(registry: Registry, digest: str, content: bytes) -> None:
    files = registry.files
    assert isinstance(files, BytesInArtifacts)
    files.keep(digest, content)


def point(client: Mlflow, alias: str, number: int) -> None:
    client.post("registered-models/alias", name="churn", alias=alias, version=str(number))


def seen(registry: Registry, number: int) -> Standing:
    return standing(registry, [("churn", number)])["churn", number]


def test_mlflow_shows_what_was_registered(client: Mlflow, shape: Shape, registry: Registry) -> None:
    shape.put(b"a", accuracy=0.9, owner="risk-ml")
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    found = client.get("model-versions/get", name="churn", version="1")["model_version"]
    tags = as_map(found["tags"])
    assert tags["mlc.metric.accuracy"] == "0.9 [0.8, 1]"
    assert (tags["mlc.owner"], tags["mlc.digest"]) == ("risk-ml", shape.show("churn").entry.digest)
    assert found["current_stage"] == "None", "aliases, never stages"
    model = client.get("registered-models/get", name="churn")["registered_model"]
    assert model["aliases"] == [{"alias": "production", "version": "1"}]
    run = client.run(found["run_id"])
    assert run is not None
    assert run["info"]["run_name"] == "churn:1"
    metrics = as_map(run["data"]["metrics"])
    assert [metrics[f"accuracy{end}"] for end in ("", ".low", ".high")] == [0.9, 0.8, 1.0]
    assert dict(client.listed(found["source"])).keys() == {
        "MLmodel",
        "model.onnx",
        "python_env.yaml",
        "requirements.txt",
    }


def test_what_is_edited_in_mlflow_shows_and_is_put_back(
    client: Mlflow, shape: Shape, registry: Registry
) -> None:
    shape.put(b"a", owner="risk-ml")
    assert seen(registry, 1).edited == ()
    version = client.get("model-versions/get", name="churn", version="1")["model_version"]
    client.post("model-versions/set-tag", name="churn", version="1", key="mlc.owner", value="me")
    client.put(f"{version['source']}/MLmodel", b"flavors: {}\n")
    client.put(f"{version['source']}/model.onnx", b"another")
    assert seen(registry, 1).edited == (
        "the tag mlc.owner",
        "the file model/MLmodel",
        "the file model/model.onnx",
    )
    assert not shape.put(b"a", owner="risk-ml").revised
    assert seen(registry, 1).edited == ()
    client.post("runs/delete", run_id=version["run_id"])
    assert seen(registry, 1).edited == ("its run, which was deleted",)
    shape.put(b"a", owner="risk-ml")
    assert seen(registry, 1).edited == ()
    assert client.read(f"{version['source']}/model.onnx") == b"a"
    client.post("model-versions/set-tag", name="churn", version="1", key="reviewed", value="by me")
    assert seen(registry, 1).edited == (), "what others add is theirs"


def test_a_version_that_is_deleted_in_mlflow_is_gone_and_comes_back_as_another(
    client: Mlflow, shape: Shape, registry: Registry
) -> None:
    shape.put(b"a")
    shape.put(b"b")
    client.delete("model-versions/delete", name="churn", version="2")
    assert seen(registry, 2) == Standing()
    assert [one.entry.number for one in versions(registry, "churn")] == [1]
    assert shape.put(b"b").entry.number == 3, "MLflow gives no number twice"
    client.delete("registered-models/delete", name="churn")
    assert shape.models() == ()
    again = shape.put(b"b")
    assert again.entry.number == 4, "nor do we, where MLflow begins anew"
    assert client.get("model-versions/get", name="churn", version="4")["model_version"]["status"] == "READY"
    assert set_alias(registry, "churn", "production", 4, expected=None, cause=cause())


def test_numbers_follow_those_that_others_made_in_mlflow(client: Mlflow, shape: Shape) -> None:
    shape.put(b"a")
    version = client.get("model-versions/get", name="churn", version="1")["model_version"]
    for number in ("2", "3"):
        client.post("model-versions/create", name="churn", source=version["source"], run_id=version["run_id"])
        client.delete("model-versions/delete", name="churn", version=number)
    assert shape.put(b"b").entry.number == 5, "4 was met with, and given up"
    assert [model.versions for model in shape.models()] == [2]
    assert shape.verify() == ()


def test_an_alias_that_is_moved_in_mlflow_shows_and_history_stays(
    client: Mlflow, shape: Shape, registry: Registry
) -> None:
    for onnx in (b"a", b"b"):
        shape.put(onnx)
    set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    point(client, "production", 2)
    assert aliases(registry, "churn") == {"production": 2}
    assert [found.rule for found in shape.verify()] == ["promotion-log-broken"]
    with pytest.raises(StepFailed) as failed:
        set_alias(registry, "churn", "production", 1, expected=1, cause=cause())
    assert rule_of(failed) == "alias-moved"
    assert set_alias(registry, "churn", "production", 1, expected=2, cause=cause())
    assert shape.verify() == ()
    assert [line.number for line in log(registry)] == [1, 1]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_who_comes_next_finishes_what_a_killed_process_began(
    moment: str, shape: Shape, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before MLflow was told of a version, and after it was told and before the journal said so."""
    projected = mlflow_versions.projected

    def killed(*asked: Any) -> Any:
        if moment == "after":
            projected(*asked)
        raise KeyboardInterrupt

    shape.put(b"a")
    with monkeypatch.context() as patch:
        patch.setattr(mlflow_versions, "projected", killed)
        patch.setattr("mlc.drivers.registry.mlflow._LEASE", 1.0)
        with pytest.raises(KeyboardInterrupt):
            shape.put(b"b")
        with pytest.raises(KeyboardInterrupt):
            set_alias(registry, "churn", "production", 1, expected=None, cause=cause())
    assert shape.put(b"c").entry.number == 3
    assert [found.entry.number for found in versions(registry, "churn")] == [1, 2, 3]
    assert shape.verify() == ()


def test_a_writer_that_took_too_long_does_it_once(
    shape: Shape, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits, its time runs out and another one does it in its place; both give the same number."""
    projected = mlflow_versions.projected
    others: list[int] = []

    def slow(*asked: Any) -> Any:
        if not others:
            others.append(0)
            time.sleep(2.5)
            others.append(put(shape.root, b"c", spec=shape.spec).entry.number)
        return projected(*asked)

    monkeypatch.setattr(mlflow_versions, "projected", slow)
    monkeypatch.setattr("mlc.drivers.registry.mlflow._LEASE", 1.0)
    assert shape.put(b"b").entry.number == 1
    assert others == [0, 2]
    assert [found.entry.number for found in versions(registry, "churn")] == [1, 2]
    assert shape.verify() == ()


def test_aliases_that_mlflow_keeps_for_itself_are_refused(shape: Shape, registry: Registry) -> None:
    shape.put(b"a")
    for alias in ("latest", "v3"):
        with pytest.raises(StepFailed, match="keeps it for itself") as failed:
            set_alias(registry, "churn", alias, 1, expected=None, cause=cause())
        assert rule_of(failed) == "registry-cannot"
    assert log(registry) == ()


def test_a_server_that_is_gone_is_told_kindly(tmp_path: Path, spec: dict[str, Any]) -> None:
    with pytest.raises(StepFailed) as failed:
        put(tmp_path, b"a", spec={**spec, "uri": "http://127.0.0.1:1"})
    assert rule_of(failed) == "registry-unreachable"
    assert failed.value.passing


def put_there(changes: Changes, *, number: int, held: Held) -> None:
    changes.add_version("churn", number, held)


def test_versions_that_are_brought_keep_their_numbers_or_are_refused(
    shape: Shape, registry: Registry
) -> None:
    """As `registry copy` brings them, with gaps and with their history."""
    entry = registry.files.put(b"{}")
    held = Held(
        "a" * 64, NOON, tuple(Revision({"entry": entry}, at) for at in (NOON, "2026-02-01T00:00:00+00:00"))
    )
    for number in (1, 4):
        brought = structs.replace(held, digest=str(number) * 64)
        registry.catalogue.change(partial(put_there, number=number, held=brought))
    with registry.catalogue.look() as view:
        assert view is not None
        assert view.numbers("churn") == (1, 4)
        assert view.held("churn", 4) == structs.replace(held, digest="4" * 64)
    with pytest.raises(StepFailed, match="gives none twice") as failed:
        registry.catalogue.change(partial(put_there, number=2, held=held))
    assert rule_of(failed) == "registry-cannot"


def test_many_models_are_listed_at_once(shape: Shape, client: Mlflow, registry: Registry) -> None:
    names = [f"many-{number}" for number in range(7)]
    for name in names:
        shape.put(b"a", name=name)
    try:
        assert [model.name for model in shape.models()] == names
        with registry.catalogue.look() as view:
            assert view is not None
            assert view.names() == tuple(names)
            assert view.held("many-3", 1) is not None
    finally:
        for name in names:
            client.delete("registered-models/delete", name=name)


def test_a_version_that_need_not_be_kept_is_taken_out_of_mlflow(
    client: Mlflow, shape: Shape, registry: Registry
) -> None:
    for onnx in (b"a", b"b"):
        shape.put(onnx)
    run_id = client.get("model-versions/get", name="churn", version="1")["model_version"]["run_id"]
    list(remove(registry, [Judged("churn", 1, "", "")], 0))
    assert [found.entry.number for found in versions(registry, "churn")] == [2]
    with pytest.raises(MlflowError):
        client.get("model-versions/get", name="churn", version="1")
    run = client.run(run_id)
    assert run is not None
    assert run["info"]["lifecycle_stage"] == "deleted"
    assert collect(registry, older_than=0), "its bytes, which nothing names any more"
    assert shape.put(b"a").entry.number == 3
    assert shape.verify() == ()
