"""What an image installs where its runtime has a lock, and what pip makes of it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from backends.project import SPECS, emitted, graph_of, named
from mlc.emit import emit, quoting
from mlc.emit.verify import verify
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

PACKAGES = {"onnxruntime": "1.32.0", "numpy": "2.4.6"}


def locked(text: str, backends: tuple[Backend, ...], lock: str = "requirements.lock") -> tuple[Artifact, ...]:
    runtime = {**SPECS["runtime.python"], "lock": lock}
    graph = graph_of({**SPECS, "runtime.python": runtime}, files={lock: text})
    return emit(graph, backends, first_environment=True)


def lock_of(*packages: str, digit: str = "a") -> str:
    return "".join(f"{package} --hash=sha256:{digit * 64}\n" for package in packages)


def wheel(folder: Path, name: str) -> str:
    """A wheel that holds nothing, and its digest."""
    told = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{told}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{told}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{told}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pip(folder: Path, requirements: bytes) -> subprocess.CompletedProcess[str]:
    """What pip says that it would install from the folder, and from nowhere else."""
    file = folder / "requirements.txt"
    file.write_bytes(requirements)
    options = ["--require-hashes", "--no-index", "--find-links", str(folder), "--requirement", str(file)]
    words = [
        sys.executable,
        "-I",
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--no-cache-dir",
        "--ignore-installed",
    ]
    return subprocess.run([*words, *options], capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize("lock", ["requirements.lock", "pylock.toml"])
def test_pip_installs_what_is_locked_and_nothing_else(
    lock: str, tmp_path: Path, backends: tuple[Backend, ...]
) -> None:
    digests = {name: wheel(tmp_path, name) for name in ("first", "second")}
    if lock.endswith(".toml"):
        text = "lock-version = '1.0'\n" + "".join(
            f"[[packages]]\nname = '{name}'\nversion = '1.0'\n[[packages.wheels]]\nhashes = {{sha256 = '{digest}'}}\n"
            for name, digest in digests.items()
        )
    else:
        text = "".join(
            f"{name}==1.0 ; python_version > '3' \\\n  --hash=sha256:{'0' * 64} \\\n  --hash=sha256:{digest}\n"
            for name, digest in digests.items()
        )
    requirements = emitted(locked(text, backends, lock), "requirements.txt").content
    found = pip(tmp_path, requirements)
    assert found.returncode == 0, found.stderr
    assert "Would install first-1.0 second-1.0" in found.stdout
    other = requirements.replace(digests["second"].encode(), b"f" * 64)
    refused = pip(tmp_path, other)
    assert refused.returncode == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.stderr
    without = b"".join(
        line for line in requirements.splitlines(True) if digests["second"].encode() not in line
    )
    without = without.replace(b" \\\n    --hash=sha256:" + b"0" * 64 + b" \\\n", b"\n")
    assert pip(tmp_path, without).returncode == 1, "no hash, or another one"


def test_artifacts(backends: tuple[Backend, ...], artifact_file: SnapshotAssertion) -> None:
    found = locked(lock_of("numpy==2.4.6", "onnxruntime==1.32.0"), backends)
    for name in ("Dockerfile", "requirements.txt"):
        artifact = emitted(found, f"docker/risk_image/{name}")
        assert artifact.content == artifact_file(name=f"locked/{name}")
    dockerfile = emitted(found, "docker/risk_image/Dockerfile")
    assert verify(dockerfile, named(backends, "docker")).outcome == "ok"
    assert b"--require-hashes" in dockerfile.content


def test_a_lock_that_has_mlc_needs_no_wheel_of_it(backends: tuple[Backend, ...]) -> None:
    with_mlc = emitted(locked(lock_of("mlc==0.1.0"), backends), "docker/risk_image/Dockerfile")
    without = emitted(locked(lock_of("numpy==2.4.6"), backends), "docker/risk_image/Dockerfile")
    assert b"wheels/*.whl" not in with_mlc.content
    assert b"--no-index --no-deps wheels/*.whl" in without.content
    assert verify(with_mlc, named(backends, "docker")).outcome == "ok"


@pytest.mark.parametrize(
    "value",
    [
        {"requirement": "a==1\n--index-url x", "marker": "", "hashes": ["sha256:aa"]},
        {"requirement": "a==1", "marker": "x\n-e .", "hashes": ["sha256:aa"]},
        {"requirement": "a==1", "marker": "`id`", "hashes": ["sha256:aa"]},
        {"requirement": "a==1", "marker": "", "hashes": []},
        {"requirement": "a==1", "marker": "", "hashes": ["sha256:aa\n-e ."]},
        {"requirement": "a==1", "marker": "", "hashes": ["md5:aa"]},
        "a==1",
    ],
)
def test_what_is_no_locked_package_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"is no|are no|exact version"):
        quoting.locked(value)
