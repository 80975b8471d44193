"""The emitted Dockerfile, built by buildah on a Debian of its own, and the image's server asked.

Nothing is pulled from a registry: the base is made by mmdebstrap (`make checkers`) and named by its digest. Needs root.
Asked for by name (`make test-platforms`), and then what is missing is a failure, never a skip.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance.script import environment
from mlc import data

SMALL = Path(__file__).parents[2] / "acceptance" / "projects" / "small"
BASE = data.path().resolve() / ".checkers" / "debian" / "base.tar"
HOST = ("/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
"""How this machine reaches its package index."""


class Buildah:
    """buildah with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self.words = [
            "buildah",
            "--root",
            f"{folder}/storage",
            "--runroot",
            f"{folder}/run",
            "--storage-driver",
            "vfs",
        ]

    def __call__(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run([*self.words, *words], cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout.strip()


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    assert BASE.is_file(), f"{BASE} is not there: run `make checkers` first"
    folder = tmp_path_factory.mktemp("buildah")
    yield Buildah(folder)
    shutil.rmtree(folder)  # an image is large, and pytest would keep it


@pytest.fixture(scope="module")
def context(buildah: Buildah, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the emitted Dockerfile after `mlc apply`, with the wheel of mlc that it asks for."""
    container = buildah("from", "scratch")
    buildah("add", container, str(BASE), "/")
    for file in HOST:
        if Path(file).is_file():
            buildah("copy", container, file, file)
    buildah("commit", "--rm", container, "localhost/base:1")
    digest = buildah("inspect", "--type", "image", "--format", "{{.FromImageDigest}}", "localhost/base:1")
    shop = tmp_path_factory.mktemp("image") / "shop"
    shutil.copytree(SMALL, shop)
    (shop / "runtime").mkdir()
    packages = "packages: {numpy: '2.4.6'}, lock: requirements.lock"
    for name, text in {
        "runtime/base": f"{{python: '3.11', image: 'localhost/base@{digest}', {packages}}}",
        "target/image": "{type: docker, repository: localhost/shop}",
        "deployment/image": "{description: 'Who \"leaves\" for $5', model: churn, target: image, runtime: base}",
    }.items():
        (shop / f"{name}.yaml").write_text(text + "\n")
    # everything but mlc's own wheel, by its hashes: pip refuses what is not there
    shutil.copy(data.path("examples", "lending", "requirements.lock"), shop)
    apply = [sys.executable, "-P", "-m", "mlc.cli.main", "apply", "--yes", "-q"]
    subprocess.run(apply, cwd=shop, env=environment(shop.parent), check=True, capture_output=True)
    context = shop / "generated" / "dev" / "docker" / "image"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(context / "wheels")]
    subprocess.run(build, cwd=data.path().resolve(), check=True, capture_output=True)
    (context / "secret.txt").write_text("of this machine")
    return context


@pytest.fixture(scope="module")
def container(buildah: Buildah, context: Path) -> str:
    buildah(
        "bud", "--isolation", "chroot", "--layers=false", "--pull-never", "--format", "docker", "-t", "shop:dev", ".",
        cwd=context,
    )  # fmt: skip
    return buildah("from", "--pull-never", "localhost/shop:dev")


def test_the_image_says_what_the_dockerfile_says(buildah: Buildah, container: str) -> None:
    image = json.loads(buildah("inspect", "--type", "image", "localhost/shop:dev"))
    config: dict[str, Any] = image["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Labels"]["org.opencontainers.image.description"] == 'Who "leaves" for $5'
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Cmd"][:2] == ["mlc", "serve"]
    history = json.dumps(image["History"])
    assert "secret.txt" not in history


def test_it_holds_what_it_serves_and_nothing_else_of_the_context(buildah: Buildah, container: str) -> None:
    run = ("run", "--isolation", "chroot", container, "--")
    assert buildah(*run, "id", "-u") == "10001"
    assert buildah(*run, "ls", "/srv", "/srv/bundle").split() == [
        "/srv:", "bundle", "/srv/bundle:", "bundle.json", "model.onnx",
    ]  # fmt: skip
    assert buildah(*run, "sh", "-c", "test -w /opt/venv || echo no") == "no"
    assert "numpy 2.4.6" in buildah(*run, "python", "-m", "pip", "list", "--format", "freeze").replace(
        "==", " "
    )


def test_its_server_answers(buildah: Buildah, container: str, context: Path, tmp_path: Path) -> None:
    signature = json.loads((context / "bundle" / "bundle.json").read_bytes())["signature"]
    data_of = {"age": [30, 70], "plan": ["a", "b"]}
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = ["mlc", "serve", "--bundle", "/srv/bundle", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*buildah.words, "run", "--isolation", "chroot", container, "--", *command],
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}/v2"
        end = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:
                    assert answer.status == 200
                break
            except OSError:
                assert time.monotonic() < end, (tmp_path / "log").read_text()
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.5)
        inputs = [
            {
                "name": tensor["name"],
                "datatype": tensor["datatype"],
                "shape": [2, 1],
                "data": data_of[tensor["name"]],
            }
            for tensor in signature["inputs"]
        ]
        request = urllib.request.Request(f"{url}/models/churn/infer", json.dumps({"inputs": inputs}).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            outputs = {one["name"]: one for one in json.load(answer)["outputs"]}
        assert outputs["label"]["shape"][0] == 2
    finally:
        server.terminate()
        server.wait(60)
