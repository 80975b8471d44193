"""What drivers see of their effects: nothing where all stands as it was recorded, and what else there is."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from mlc import drivers
from mlc.drivers import promotion, registration
from mlc.drivers.registry import open_registry, remove_alias, set_alias, versions
from mlc.drivers.registry.standing import standing
from mlc.ir.operation import Operation, Outcome, digest_of
from stages.registry.making import SPEC, cause, put

ONNX = b"a model"


def registered(name: str = "churn", number: int = 1, onnx: bytes = ONNX) -> tuple[Operation, Outcome]:
    spec = {"name": name, "registry": SPEC}
    made_from = {"spec": digest_of(spec), "input onnx": hashlib.sha256(onnx).hexdigest()}
    operation = Operation(f"model.{name}/register", "registration", spec)
    return operation, Outcome("k", "registration", made_from, {}, {"version": number})


def promoted(number: int = 1, **summary: Any) -> tuple[Operation, Outcome]:
    spec = {"alias": "dev", "registry": SPEC, "deployment": "web"}
    operation = Operation(
        "deployment.web/promote", "promotion", spec, {"version": "model.churn/register#version"}
    )
    return operation, Outcome("k", "promotion", {}, {}, {"version": number, **summary})


def edit(root: Path, statement: str) -> None:
    """What somebody does who goes past mlc: its triggers are in the way of no one who owns the file."""
    with closing(sqlite3.connect(root / ".mlc/registry/registry.db")) as connection, connection:
        for table in ("files", "revisions", "versions"):
            connection.execute(f"DROP TRIGGER {table}_delete")
            connection.execute(f"DROP TRIGGER {table}_update")
        connection.executescript(statement)


def seen(root: Path, *done: tuple[Operation, Outcome]) -> dict[str, str]:
    found: dict[str, str] = {}
    for driver in (registration, promotion):
        mine = [each for each in done if each[0].driver == driver.__name__.rpartition(".")[2]]
        found |= {name: one.what for name, one in driver.observe(root, "dev", mine).items()}
        for one in driver.observe(root, "dev", mine).values():
            assert one.token
    return found


def test_nothing_where_all_stands(tmp_path: Path) -> None:
    put(tmp_path, ONNX)
    set_alias(open_registry(tmp_path, SPEC), "churn", "dev", 1, expected=None, cause=cause())
    assert seen(tmp_path, registered(), promoted()) == {}
    put(tmp_path, ONNX, accuracy=0.8)  # other measurements of the same model are no drift
    put(tmp_path, b"another model")
    assert seen(tmp_path, registered(), promoted(name="churn")) == {}


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path, registered(), promoted()) == {
        "model.churn/register": "version 1 of churn is not in the registry",
        "deployment.web/promote": "the alias dev of churn points nowhere, not to version 1",
    }
    assert list(tmp_path.iterdir()) == []


DELETED = "DELETE FROM files; DELETE FROM revisions; DELETE FROM versions;"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (DELETED, "version 1 of churn is not in the registry"),
        (f"UPDATE versions SET digest = '{'0' * 64}'", "version 1 of churn is another model"),
    ],
)
def test_a_version_that_somebody_deleted_or_replaced(tmp_path: Path, statement: str, words: str) -> None:
    put(tmp_path, ONNX)
    edit(tmp_path, statement)
    assert seen(tmp_path, registered()) == {"model.churn/register": words}


def test_files_that_somebody_edited_or_removed(tmp_path: Path) -> None:
    put(tmp_path, ONNX)
    registry = open_registry(tmp_path, SPEC)
    (version,) = versions(registry, "churn")
    card = Path(registry.files.place(version.entry.files["card"]))
    card.chmod(0o644)
    card.write_bytes(b"edited")
    assert seen(tmp_path, registered()) == {
        "model.churn/register": "card of churn:1 was edited in the registry"
    }
    registry.files.remove(version.entry.digest)
    registry.files.remove(version.revisions[-1])
    assert seen(tmp_path, registered()) == {
        "model.churn/register": "entry and onnx of churn:1 were removed from the registry; "
        "card of churn:1 was edited in the registry"
    }
    assert standing(registry, [("churn", 1), ("churn", 2)])["churn", 2].digest == ""


def test_an_alias_that_somebody_moved_or_removed(tmp_path: Path) -> None:
    put(tmp_path, ONNX)
    put(tmp_path, b"another model")
    registry = open_registry(tmp_path, SPEC)
    set_alias(registry, "churn", "dev", 2, expected=None, cause=cause())
    (one,) = promotion.observe(tmp_path, "dev", [promoted()]).values()
    assert (one.what, one.since, one.by) == (
        "the alias dev of churn points to version 2, not to version 1",
        cause().at,
        "web in prod",
    )
    remove_alias(registry, "churn", "dev", expected=2, cause=cause())
    (one,) = promotion.observe(tmp_path, "dev", [promoted()]).values()
    assert one.what.startswith("the alias dev of churn points nowhere")


def test_one_that_was_moved_past_the_log_is_seen_without_a_culprit(tmp_path: Path) -> None:
    put(tmp_path, ONNX)
    put(tmp_path, b"another model")
    set_alias(open_registry(tmp_path, SPEC), "churn", "dev", 1, expected=None, cause=cause())
    edit(tmp_path, "UPDATE aliases SET number = 2")
    (one,) = promotion.observe(tmp_path, "dev", [promoted()]).values()
    assert (one.found, one.since, one.by) == ("version 2", "", "")


@pytest.mark.parametrize("observe", [registration.observe, promotion.observe])
def test_a_registry_that_cannot_be_read_is_drift_and_no_end(
    tmp_path: Path, observe: Callable[..., dict[str, Any]]
) -> None:
    path = tmp_path / ".mlc/registry/registry.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database " * 500)
    done = registered() if observe is registration.observe else promoted()
    (one,) = observe(tmp_path, "dev", [done]).values()
    assert one.what.startswith("the registry cannot be read: ")


def test_what_is_out_of_reach_is_not_taken_for_changed(tmp_path: Path) -> None:
    spec = {"type": "database", "database": "postgresql://mlc@127.0.0.1:1/nowhere", "password": None}
    for password in (None, "${secret:NOT_HERE}"):
        elsewhere = {**spec, "password": password}
        done = [
            (structs.replace(operation, spec={**operation.spec, "registry": elsewhere}), outcome)
            for operation, outcome in (registered(), promoted(name="churn"))
        ]
        assert seen(tmp_path, *done) == {}


def test_which_drivers_observe() -> None:
    folder = Path(drivers.__file__).parent
    names = [path.stem for path in folder.glob("[a-z]*.py")]
    observing = {name for name in names if drivers.driver(name).observes}
    # what plans do not ask, as it takes a program to look
    assert {name for name in names if drivers.driver(name).programs} == {
        name for name in observing if name.startswith("azureml_")
    }
    assert observing == {
        "azureml_asset",
        "azureml_deployment",
        "azureml_endpoint",
        "azureml_schedule",
        "azureml_traffic",
        "champion",
        "contested_variants",
        "data_registration",
        "kubeflow_run",
        "kubeflow_version",
        "local",
        "mlflow_release",
        "mlflow_run",
        "promotion",
        "registration",
    }
    assert observing == {name for name in names if drivers.driver(name).effect}
