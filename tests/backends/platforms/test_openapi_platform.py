"""The OpenAPI document before its own validator, and the server before schemathesis, which makes requests from it.

Asked for by name (`make test-platforms`), and then what is missing is a failure, never a skip.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from acceptance.script import environment
from backends.project import broken, emitted, named
from mlc import data
from mlc.emit.verify import verify
from mlc.ir.artifact import Artifact
from mlc.ir.backend import Backend

SMALL = Path(__file__).parents[2] / "acceptance" / "projects" / "small"
PROGRAM = data.path().resolve() / ".checkers" / "openapi" / "bin" / "schemathesis"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_the_validator_accepts_it(artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]) -> None:
    found = verify(emitted(artifacts, "openapi.yaml"), named(backends, "openapi"))
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('openapi: "3.1.0"', 'openapi: "9.9.9"'),
        ("#/components/schemas/Request", "#/components/schemas/Asked"),
        ("      responses:\n", "      answers:\n"),
        ("  title: risk_local of lending in prod\n", ""),
        ("  /v2/models/default_risk/infer:", "  v2/models/default_risk/infer:"),
    ],
)
def test_a_broken_document_is_rejected(
    old: str, new: str, artifacts: tuple[Artifact, ...], backends: tuple[Backend, ...]
) -> None:
    found = verify(broken(emitted(artifacts, "openapi.yaml"), old, new), named(backends, "openapi"))
    assert found.outcome == "rejected"
    assert found.findings


def test_the_server_does_what_the_document_says(tmp_path: Path) -> None:
    assert PROGRAM.is_file(), f"{PROGRAM} is not there: run `make checkers` first"
    shop = tmp_path / "shop"
    shutil.copytree(SMALL, shop)
    (shop / "deployment" / "local.yaml").write_text("model: churn\ntarget: here\nopenapi: true\n")
    mlc = [sys.executable, "-P", "-m", "mlc.cli.main", "-C", str(shop)]
    subprocess.run([*mlc, "apply", "--yes", "-q"], env=environment(tmp_path), check=True, capture_output=True)
    log = tmp_path / "log"
    with log.open("wb") as opened:
        server = subprocess.Popen(
            [*mlc, "serve", "local", "--port", "0"], env=environment(tmp_path), stdout=opened, stderr=opened
        )
    try:
        url = reached(log, server)
        with urllib.request.urlopen(f"{url}/v2/health/ready", timeout=10) as answer:
            assert answer.status == 200
        file = shop / "generated" / "dev" / "openapi" / "local" / "openapi.yaml"
        words = ["run", str(file), "--url", url, "--checks", CHECKS, "--max-examples", "60", "--seed", "7"]
        done = subprocess.run(
            [PROGRAM, *words],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        assert "infer" in done.stdout or "passed" in done.stdout
    finally:
        server.terminate()
        server.wait(60)


def reached(log: Path, server: subprocess.Popen[bytes]) -> str:
    """The address that the server says."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for word in log.read_text().split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip(".,/").removesuffix("/v2")
        assert server.poll() is None, log.read_text()
        time.sleep(0.2)
    raise AssertionError(log.read_text())
