"""The short form of `make machines`: one small project gives the same bytes as on another machine."""

from __future__ import annotations

from pathlib import Path

from msgspec import structs

from rigour.machines import MACHINES, Made, applied, differing

PROJECT = Path(__file__).parents[1] / "acceptance" / "projects" / "small"


def test_every_step_gives_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    # as another user only in the long form: pytest's folders are not open to others
    here, elsewhere = (structs.replace(machine, as_nobody=False) for machine in MACHINES)
    first, second = applied(PROJECT, here, tmp_path), applied(PROJECT, elsewhere, tmp_path)
    assert differing(first, second) == []
    steps = {name.partition("#")[0].rpartition("/")[2] for name in first.outputs}
    assert {"ingest", "train", "export", "evaluate"} <= steps
    assert first.artifacts


def test_what_is_only_on_one_side_differs() -> None:
    first = Made({"a#x": "1", "b#y": "2"}, {"Dockerfile": "3"})
    second = Made({"a#x": "1", "b#y": "other"}, {})
    assert differing(first, second) == ["b#y", "Dockerfile"]
