"""Deploying to the embedded target, and scoring with what was deployed."""

from __future__ import annotations

import errno
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import onnx
import pytest

from mlc.drivers import local
from mlc.drivers._bundle import Pointer, current, read_bundle, read_pointer
from mlc.drivers._serving import Refused, load, predict
from mlc.ir.operation import Operation, StepFailed
from stages.serve._model import SIGNATURE, deploy, model_bytes, place


def bundles(root: Path) -> list[str]:
    return sorted(folder.name.partition("-")[0] for folder in (place(root) / "versions").iterdir())


def pointer(root: Path) -> Pointer:
    found = read_pointer(place(root))
    assert found is not None
    return found


def test_the_outcome_says_what_is_served_and_where(tmp_path: Path) -> None:
    product = deploy(tmp_path, 3)
    told = msgspec.json.decode(product.outputs["deployment"].read_bytes())
    assert told == {
        "environment": "prod",
        "deployment": "web",
        "name": "churn",
        "version": 3,
        "digest": told["digest"],
        "alias": "production",
        "bundle": pointer(tmp_path).bundle,
        "port": 0,
    }
    bundle = read_bundle(current(place(tmp_path)))
    assert (bundle.name, bundle.number, bundle.digest) == ("churn", 3, told["digest"])


def test_the_same_again_changes_nothing(tmp_path: Path) -> None:
    first = deploy(tmp_path)
    content = first.outputs["deployment"].read_bytes()
    inode = (place(tmp_path) / "current").stat().st_ino
    again = deploy(tmp_path)
    assert (first.summary["changed"], again.summary["changed"]) == (True, False)
    assert again.outputs["deployment"].read_bytes() == content
    assert (place(tmp_path) / "current").stat().st_ino == inode


def test_the_previous_bundle_is_kept_and_older_ones_go(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        deploy(tmp_path, number, bias=float(number))
    assert bundles(tmp_path) == ["2", "3"]
    assert str(pointer(tmp_path).previous).startswith("2-")
    deploy(tmp_path, 2, bias=2.0)
    assert pointer(tmp_path).bundle.startswith("2-")
    assert bundles(tmp_path) == ["2", "3"]


def test_another_port_is_another_bundle(tmp_path: Path) -> None:
    deploy(tmp_path, port=8080)
    before = pointer(tmp_path).bundle
    deploy(tmp_path, port=8081)
    assert pointer(tmp_path).previous == before
    assert read_bundle(current(place(tmp_path))).port == 8081


def test_a_damaged_bundle_is_not_served_and_is_mended_by_deploying(tmp_path: Path) -> None:
    deploy(tmp_path)
    model = current(place(tmp_path)) / "model.onnx"
    model.chmod(0o600)
    model.write_bytes(model_bytes(bias=9.0))
    with pytest.raises(StepFailed) as failed:
        load(current(place(tmp_path)))
    assert failed.value.diagnostics[0].rule == "bundle-refused"
    assert "the bundle was made for" in failed.value.diagnostics[0].detail
    deploy(tmp_path)
    assert load(current(place(tmp_path))).bundle.number == 1


def external() -> bytes:
    model = onnx.load_model_from_string(model_bytes())
    tensor = model.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    content: bytes = model.SerializeToString()
    return content


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "no ONNX": ({"onnx_bytes": b"\x80\x04pickle"}, "onnx-refused"),
    "nothing": ({"onnx_bytes": b""}, "onnx-refused"),
    "external data": ({"onnx_bytes": external()}, "onnx-refused"),
    "other inputs": ({"signature": {**SIGNATURE, "inputs": SIGNATURE["inputs"][:1]}}, "bundle-refused"),
    "other outputs": ({"signature": {**SIGNATURE, "outputs": SIGNATURE["outputs"][:1]}}, "bundle-refused"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_cannot_be_served_never_becomes_current(tmp_path: Path, case: str) -> None:
    deploy(tmp_path, 1)
    before = pointer(tmp_path)
    changes, rule = UNFIT[case]
    with pytest.raises(StepFailed) as failed:
        deploy(tmp_path, 2, **changes)
    assert failed.value.diagnostics[0].rule == rule
    assert pointer(tmp_path) == before
    assert bundles(tmp_path) == ["1"]


def test_a_full_disk_leaves_the_old_bundle_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deploy(tmp_path, 1)
    before = pointer(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            deploy(tmp_path, 2)
    assert pointer(tmp_path) == before
    assert load(current(place(tmp_path))).bundle.number == 1
    deploy(tmp_path, 2)
    assert bundles(tmp_path) == ["1", "2"]


def test_removing_leaves_nothing(tmp_path: Path) -> None:
    deploy(tmp_path)
    assert local.remove(tmp_path, "prod", "web")
    assert not place(tmp_path).exists()
    assert not local.remove(tmp_path, "prod", "web")
    with pytest.raises(ValueError, match="not a name"):
        local.remove(tmp_path, "prod", "../../..")


def test_undoing_the_operation_removes_the_deployment(tmp_path: Path) -> None:
    deploy(tmp_path)
    operation = Operation(id="deployment.web/deploy", driver="local", spec={})
    local.undo(tmp_path, "dev", operation)
    assert place(tmp_path).exists(), "that of another environment stays"
    for _ in range(2):
        local.undo(tmp_path, "prod", operation)
        assert not place(tmp_path).exists()


def test_a_pointer_leads_nowhere_else(tmp_path: Path) -> None:
    deploy(tmp_path)
    (place(tmp_path) / "current").write_bytes(b'{"bundle": "../../../elsewhere"}')
    with pytest.raises(StepFailed) as failed:
        current(place(tmp_path))
    assert failed.value.diagnostics[0].rule == "bundle-refused"


def test_processes_that_deploy_at_once_leave_one_whole_bundle(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from stages.serve._model import deploy\n" + (
        "root = Path(sys.argv[1]); n = int(sys.argv[2])\n"
        "(root / str(n)).mkdir()\n"
        "for _ in range(5): deploy(root, n, bias=float(n), work=root / str(n))\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(number)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for number in (1, 2, 3)
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    loaded = load(current(place(tmp_path)))
    assert pointer(tmp_path).bundle.startswith(f"{loaded.bundle.number}-")
    assert len(bundles(tmp_path)) == 2


def test_deploying_and_removing_at_once_do_not_trip_over_each_other(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from stages.serve._model import deploy\n"
        "from mlc.drivers import local\n"
        "root, turn = Path(sys.argv[1]), sys.argv[2]\n"
        "for _ in range(25):\n"
        "    deploy(root) if turn == 'deploy' else local.remove(root, 'prod', 'web')\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), turn],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for turn in ("deploy", "remove")
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    deploy(tmp_path)
    assert load(current(place(tmp_path))).bundle.number == 1


def test_many_rows_are_scored_at_once(tmp_path: Path) -> None:
    deploy(tmp_path)
    ages = [30 + row * 0.004 for row in range(5000)]
    rows: dict[str, list[Any]] = {
        "age": ages,
        "city": ["rome"] * 5000,
        "member": [False] * 5000,
        "unused": [None] * 5000,
    }
    found = predict(place(tmp_path), rows)
    assert len(found["label"]) == len(found["probabilities"]) == 5000
    for age, label, (_, one) in zip(ages, found["label"], found["probabilities"], strict=True):
        assert one == pytest.approx(1 / (1 + math.exp(40 - age)), abs=1e-5)
        assert label == (one > 0.5)
    assert predict(place(tmp_path), {"age": [], "city": [], "member": []}) == {
        "label": [],
        "probabilities": [],
    }


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"age": [30], "city": ["rome"]}, "columns member are missing"),
        ({"age": [30, 31], "city": ["rome"], "member": [True]}, "different lengths"),
        ({"age": ["30"], "city": ["rome"], "member": [True]}, "must be a number"),
        ({"age": [math.inf], "city": ["rome"], "member": [True]}, "is not finite"),
        ({"age": [math.nan], "city": ["rome"], "member": [True]}, "is not finite"),
        ({"age": [30], "city": [None], "member": [True]}, "never missing"),
    ],
)
def test_rows_that_do_not_fit_are_refused(tmp_path: Path, rows: dict[str, list[Any]], says: str) -> None:
    deploy(tmp_path)
    with pytest.raises(Refused, match=says):
        predict(place(tmp_path), rows)
