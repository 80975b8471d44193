"""`mlc modules update` killed, or refused by the disk, at its write-side calls (in the short form every fifth).

The lock is the old one or the new one, what it names is there, and the next run brings what was wanted.
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from faults.forking import Server
from faults.soundness import LONG
from rules.project import lay
from stages.modules.places import value

OLD, NEW = "train: {seed: 5}\n", "train: {seed: 6}\n"


def project(folder: Path, layer: str) -> Path:
    lay(
        folder / "project",
        {
            "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
            "modules: {acme: {source: ../layers}}\n",
            "model/churn.yaml": "defaults: [acme/_tabular, _self_]\ntask: binary_classification\ndataset: people\n"
            "features: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n",
        },
    )
    source(folder, layer)
    return folder / "project"


def source(folder: Path, layer: str) -> None:
    (folder / "layers" / "model").mkdir(parents=True, exist_ok=True)
    (folder / "layers" / "model" / "_tabular.yaml").write_text(layer)


@pytest.mark.parametrize("how", ["kill", "ENOSPC", "EIO"])
def test_at_every_call(server: Server, tmp_path: Path, how: str) -> None:
    counted = project(tmp_path / "counted", OLD)
    assert server.run(counted, "modules", "update").code == 0
    before = (counted / "mlc.lock").read_bytes()
    source(tmp_path / "counted", NEW)
    count = tmp_path / "count"
    fault = {"how": "none", "at": 0, "count": str(count), "shim": ""}
    assert server.run(counted, "modules", "update", fault=fault).code == 0
    calls = int(count.read_text())
    assert calls > 10
    locks = {before: 5, (counted / "mlc.lock").read_bytes(): 6}
    for at in range(1, calls + 1, 1 if LONG else 5):
        folder = tmp_path / str(at)
        root = project(folder, OLD)
        assert server.run(root, "modules", "update").code == 0
        source(folder, NEW)
        ended = server.run(root, "modules", "update", fault={"how": how, "at": at, "count": "", "shim": ""})
        assert ended.code in ((-signal.SIGKILL,) if how == "kill" else (0, 1)), (at, ended)
        assert "mistake in mlc, not yours" not in ended.err, (at, ended)
        seed = locks[(root / "mlc.lock").read_bytes()]
        assert value(root, "model", "churn", "train", "seed") == seed, at
        again = server.run(root, "modules", "update")
        assert again.code == 0, (at, again)
        assert locks[(root / "mlc.lock").read_bytes()] == 6
        assert not list((root / ".mlc" / "modules").glob(".mlc-tmp-*"))
        assert value(root, "model", "churn", "train", "seed") == 6
