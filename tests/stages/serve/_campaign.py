"""Run as a program: kill deploying at each effect. Prints how many kills there were."""

from __future__ import annotations

from pathlib import Path

from mlc.drivers import local
from mlc.drivers._bundle import current, read_pointer
from mlc.drivers._serving import load
from stages.serve._model import deploy, model_bytes, place
from stages.store.killing import campaign

BYTES = [model_bytes(bias) for bias in range(4)]


def version(root: Path, number: int) -> None:
    deploy(root, number, onnx_bytes=BYTES[number])


def two(root: Path) -> None:
    version(root, 1)
    version(root, 2)


def third(root: Path) -> None:
    version(root, 3)


def third_check(root: Path, done: bool) -> None:
    loaded = load(current(place(root)))  # verified by digest, opened, and held against its signature
    assert loaded.bundle.number in ((3,) if done else (2, 3))
    if done:
        pointer = read_pointer(place(root))
        assert pointer is not None
        there = sorted(folder.name for folder in (place(root) / "versions").iterdir())
        assert there == sorted([pointer.bundle, str(pointer.previous)])
        assert [name.partition("-")[0] for name in there] == ["2", "3"]
        assert sorted(path.name for path in place(root).iterdir()) == [".lock", "current", "versions"]


def undeploy(root: Path) -> None:
    local.remove(root, "prod", "web")


def undeploy_check(root: Path, done: bool) -> None:
    if done:
        assert not place(root).exists()
    elif read_pointer(place(root)) is not None:
        assert load(current(place(root))).bundle.number == 3


def three(root: Path) -> None:
    two(root)
    third(root)


if __name__ == "__main__":
    print(campaign(two, third, third_check), campaign(three, undeploy, undeploy_check))
