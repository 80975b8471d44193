"""What the containers of a pipeline on Kubeflow run, by `kfp.dsl.executor_main`: steps of mlc, and what came of them.

The text of this file is part of the pipeline; mlc itself never imports it. Beside Python it needs mlc, git and kfp.
"""

# mypy: ignore-errors
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from kfp.dsl import Metrics, Output


class Described(NamedTuple):
    description: str


class Done(NamedTuple):
    outputs: str


class Judged(NamedTuple):
    outputs: str
    passed: bool


def checkout(
    work: str, folder: str, environment: str, deployment: str, repository: str, revision: str
) -> Described:
    """Fetch the project where it is fetched. The digest of what it describes lets a changed project run anew."""
    import hashlib
    import tempfile

    if repository:
        git = ["git", "-c", f"safe.directory={work}", "-C", work]
        Path(work).mkdir(parents=True, exist_ok=True)
        subprocess.run([*git, "init", "--quiet", "."], check=True)
        subprocess.run([*git, "fetch", "--quiet", "--depth", "1", "--", repository, revision], check=True)
        subprocess.run([*git, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"], check=True)
    with tempfile.TemporaryDirectory() as out:
        words = ["render", "--env", environment, "--select", f"deployment.{deployment}", "--out", out]
        subprocess.run([*_mlc(work, folder), *words], check=True)
        (pipeline,) = Path(out).glob(f"**/kubeflow/{deployment}/pipeline.yaml")
        return Described(hashlib.sha256(pipeline.read_bytes()).hexdigest())


def step(work: str, folder: str, environment: str, step: str) -> Done:
    return Done(_applied(work, folder, environment, step))


def evaluate(
    work: str, folder: str, environment: str, step: str, evaluation: str, metrics: Output[Metrics]
) -> Done:
    """A step whose metrics, with the ends of their intervals, Kubeflow shows too."""
    outputs = _applied(work, folder, environment, step)
    text = Path(work, folder, evaluation).read_text()
    told = json.loads(text)
    for name, estimate in told["estimates"].items():
        for part, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            if estimate.get(part) is not None:
                metrics.log_metric(name + suffix, estimate[part])
    Path(metrics.path).parent.mkdir(parents=True, exist_ok=True)
    Path(metrics.path).write_text(text)
    return Done(outputs)


def gate(work: str, folder: str, environment: str, step: str) -> Judged:
    """A gate that says no is no failure: it is what the pipeline goes by."""
    words = ["apply", "--yes", "--env", environment, "--step", step, "--format", "json"]
    done = subprocess.run([*_mlc(work, folder), *words], stdout=subprocess.PIPE, text=True)
    print(done.stdout)
    if done.returncode == 0:
        return Judged(_outputs(work, folder, environment, step), True)
    found = json.loads(done.stdout)["diagnostics"] if done.returncode == 3 else []
    if not found or any(one["rule"] != "gate-refused" for one in found):
        sys.exit(done.returncode)
    return Judged("{}", False)


def _applied(work: str, folder: str, environment: str, step: str) -> str:
    """Run a step, and tell its outputs by their digests."""
    words = ["apply", "--yes", "--env", environment, "--step", step]
    done = subprocess.run([*_mlc(work, folder), *words])
    if done.returncode:
        sys.exit(done.returncode)
    return _outputs(work, folder, environment, step)


def _outputs(work: str, folder: str, environment: str, step: str) -> str:
    words = ["state", "show", step, "--env", environment, "--format", "json"]
    shown = subprocess.run([*_mlc(work, folder), *words], check=True, stdout=subprocess.PIPE, text=True)
    return json.dumps(json.loads(shown.stdout)["operation"]["outputs"], sort_keys=True)


def _mlc(work: str, folder: str) -> list:
    return ["mlc", "-C", str(Path(work, folder))]
