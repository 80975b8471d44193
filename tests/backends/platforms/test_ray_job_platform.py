"""A RayJob on Ray itself: what KubeRay hands over is taken by Ray, and the job trains and registers a model."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from backends.cluster_project import SPECS
from backends.project import broken, emitted, graph_of
from mlc import data
from mlc.emit import emit, load_backends
from mlc.emit.verify import verify_by

PYTHON = data.path(".checkers", "ray", "bin", "python")
BACKENDS = load_backends((data.path("templates"),))
JOB = emitted(emit(graph_of(SPECS), BACKENDS, first_environment=True), "ray/risk_trained/rayjob.yaml")
SMALL = Path(__file__).parents[2] / "acceptance" / "projects" / "small"

# A cluster with its dashboard, the job by Ray's own client, and its end; nothing is stopped by name.
SUBMIT = """
import sys, time
import ray
from ray.job_submission import JobStatus, JobSubmissionClient

entrypoint, path, port = sys.argv[1:]
ray.init(include_dashboard=True, dashboard_port=int(port), num_cpus=2, log_to_driver=False)
client = JobSubmissionClient(f"http://127.0.0.1:{port}")
job = client.submit_job(entrypoint=entrypoint, runtime_env={"env_vars": {"PATH": path}})
while client.get_job_status(job) in (JobStatus.PENDING, JobStatus.RUNNING):
    time.sleep(0.5)
print(client.get_job_logs(job))
print("STATUS", client.get_job_status(job).value)
ray.shutdown()
"""


def test_ray_takes_the_job() -> None:
    found = verify_by("ray", JOB)
    assert (found.outcome, found.findings) == ("ok", ())


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("entrypoint: ", "entrypoints: ", "entrypoint"),
        ("  submissionMode: HTTPMode", "  entrypointNumCpus: two", "entrypoint_num_cpus"),
        ("  submissionMode: HTTPMode", "  metadata: {a: 1}", "metadata"),
        ("  submissionMode: HTTPMode", "  runtimeEnvYAML: '['", "while parsing"),
    ],
)
def test_a_broken_job_is_rejected(old: str, new: str, finding: str) -> None:
    found = verify_by("ray", broken(JOB, old, new))
    assert found.outcome == "rejected"
    assert finding in "\n".join(found.findings)


def test_the_job_trains_and_registers(tmp_path: Path) -> None:
    shop = tmp_path / "claim" / "shop"
    shutil.copytree(SMALL, shop)
    job = {
        "image": "ghcr.io/acme/mlc-ray@sha256:" + "0" * 64,
        "claim": "work",
        "path": f"{shop.parent}",
        "folder": "shop",
    }
    (shop / "target" / "ray.yaml").write_text(yaml.safe_dump({"type": "ray", "job": job}))
    image = "ghcr.io/acme/shop@sha256:" + "1" * 64
    (shop / "deployment" / "trained.yaml").write_text(
        f"{{model: churn, target: ray, image: {image}, port: 8000}}\n"
    )
    mlc = [sys.executable, "-P", "-m", "mlc.cli.main", "-C", str(shop)]
    rendered = subprocess.run(
        [*mlc, "render", "--out", str(tmp_path / "out"), "-q"], capture_output=True, text=True, check=False
    )
    assert rendered.returncode == 0, rendered.stderr
    document = yaml.safe_load((tmp_path / "out" / "generated/dev/ray/trained/rayjob.yaml").read_bytes())
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    words = [
        str(PYTHON),
        "-c",
        SUBMIT,
        document["spec"]["entrypoint"],
        f"{Path(sys.executable).parent}:{os.defpath}",
        str(port),
    ]
    environment = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "RAY_USAGE_STATS_ENABLED": "0",
        "LC_ALL": "C.UTF-8",
    }
    started = subprocess.Popen(
        words,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = started.communicate(timeout=300)
    finally:
        try:  # the processes of this one session, and no others
            os.killpg(started.pid, signal.SIGTERM)
        except ProcessLookupError:
            time.sleep(0)
    assert "STATUS SUCCEEDED" in said, said[-3000:]
    listed = subprocess.run([*mlc, "registry", "list"], capture_output=True, text=True, check=True).stdout
    assert "churn" in listed
