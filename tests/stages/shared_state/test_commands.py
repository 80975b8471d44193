"""What commands say while somebody else holds the lease on a shared state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlc.cli import main
from mlc.store.records import Owner
from mlc.store.shared import Place, leased
from rules.project import lay

OWNER = Owner("shop", "dev")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay(
        tmp_path / "shop",
        {
            "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n"
            "state: {type: database, url: 'sqlite:///states.db'}\n"
        },
    )


def mlc(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main.run(["-C", str(root), *words])
    return code, " ".join("".join(capsys.readouterr()).split())


def test_who_holds_the_lease_is_told_and_may_be_unlocked(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = Place(f"sqlite:///{root}/states.db")
    with leased(where, OWNER) as (store, _):
        store.put_resource("policy.care", {})
        code, said = mlc(root, capsys, "state", "rm", "policy.care", "--yes")
        assert code == 1
        assert "error[state-locked]" in said
        assert f"locked by process {os.getpid()} on " in said
        assert "the lock runs out in" in said
        assert "mlc state unlock dev-1 --env dev" in said
        assert mlc(root, capsys, "state", "list") == (0, "resource policy.care")

        code, said = mlc(root, capsys, "state", "unlock", "dev-9")
        assert code == 1
        assert 'with the id "dev-1"' in said
        code, said = mlc(root, capsys, "state", "unlock", "dev-1")
        assert code == 0
        assert f"The lock dev-1 was taken from process {os.getpid()} on " in said
        assert mlc(root, capsys, "state", "unlock", "dev-1")[0] == 1
        assert mlc(root, capsys, "state", "rm", "policy.care", "--yes")[0] == 0


def test_an_apply_that_loses_its_lease_stops_and_says_what_to_do(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule lease-lost: from the moment on, nothing is written, and the next apply does the rest."""
    from mlc.store import shared

    rows = [f"{20 + number / 4},{'ab'[number % 2]},{int(number % 7 > number / 30)}" for number in range(200)]
    (root / "people.csv").write_text("\n".join(["age,plan,left", *rows, ""]))
    real, count = shared._Leased._change, 0

    def stolen(rows: shared._Leased, *arguments: object) -> None:
        nonlocal count
        count += 1
        if count == 2:
            assert shared.unlock_shared(rows._place, rows._owner, "dev-1") is not None
        real(rows, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(shared._Leased, "_change", stolen)
    code, said = mlc(root, capsys, "apply", "--yes")
    assert code == 1
    assert said.count("error[lease-lost]") == 1
    assert "it was taken away" in said
    monkeypatch.undo()
    code, said = mlc(root, capsys, "apply", "--yes")
    assert code == 0, said
    assert "Nothing to do" in mlc(root, capsys, "apply", "--yes")[1]
