"""The same project applied as on two machines: whether every step gives the same bytes.

`python -m rigour.machines PYTHON PYTHON …` (with tests/ on the path; `make machines`) applies every example once on
each of MACHINES, whose interpreters are taken from the command line in turn (those of fresh virtual environments in
different places), and says of each step whose bytes differ. test_machines.py does one small project on every run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from mlc.store.state import read_state

EXAMPLES = Path(__file__).parents[2] / "examples"

NOBODY = 65534

MEASURED = ("measure", "gate", "report", "card", "register", "bundle", "deploy", "optimize")
"""Steps behind a measurement of time: `measure` itself, and what tells or packs its numbers."""

MEASURED_FILES = ("README.md", "evaluation.html", "variants.html", "variants.json", "bundle.json")
"""What they write."""


class Machine(Struct, frozen=True):
    """What differs: where the project lies, the environment, which processors it may use and its umask.

    `as_nobody` is another user, where one may be taken (by root).
    """

    name: str
    place: str
    environment: Mapping[str, str] = {}
    processors: str = ""
    umask: int = 0o022
    as_nobody: bool = False


MACHINES = (
    Machine(
        "one",
        "one",
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    ),
    Machine(
        "two: place, language, clock, umask, processors, threads",
        "on another/máquina två",
        {
            **{"PYTHONHASHSEED": "4242", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "tr_TR.UTF-8"},
            **{"OMP_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": "5", "POLARS_MAX_THREADS": "3"},
            "MALLOC_PERTURB_": "170",
        },
        processors="0",
        umask=0o077,
        as_nobody=True,
    ),
)
"""What has to give the same bytes."""

OTHER_PROCESSOR = Machine(
    "another processor: no AVX-512",
    "three",
    {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX X86_V4"},
)
"""The nearest to an older processor that one machine can be: sums run in another order there, and nothing promises the
same bytes. What still is the same is told."""


class Made(Struct, frozen=True):
    """The outputs of every step, `model.churn/train#model`, by digest; and the files written, less the measured.

    `whole` is False where a gate refused a model, as one on the latency does on a busy machine: what follows the
    gate is not there then.
    """

    outputs: Mapping[str, str]
    artifacts: Mapping[str, str]
    whole: bool = True


def applied(project: Path, machine: Machine, folder: Path, python: str = sys.executable) -> Made:
    """A copy of a project, applied on a machine. Raises RuntimeError with what it said where it is not done."""
    place = folder / machine.place / project.name
    shutil.copytree(project, place, ignore=shutil.ignore_patterns(".mlc", "generated"))
    words = [python, "-P", "-m", "mlc.cli.main", "-C", str(place), "apply", "--yes", "-q"]
    if machine.processors and shutil.which("taskset"):
        words = ["taskset", "-c", machine.processors, *words]
    environment = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_ALL", "TZ")}
    user: int | None = None
    if machine.as_nobody and os.geteuid() == 0 and _reaches(python):
        user = NOBODY
        environment["HOME"] = str(folder / machine.place)
        for path in (folder, *folder.rglob("*")):
            if path.is_dir() and path not in place.parents:
                continue
            path.chmod(0o755)
        for path in (place.parent, place, *place.rglob("*")):
            os.chown(path, 65534, 65534)
    done = subprocess.run(
        words,
        cwd=place.parent,
        env=environment | dict(machine.environment),
        umask=machine.umask,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        group=user,
    )
    refused = "error[gate-refused]" in done.stdout + done.stderr
    if done.returncode != 0 and not refused:
        raise RuntimeError(f"{project.name} on {machine.name}:\n{done.stdout}\n{done.stderr}")
    state = read_state(place / ".mlc" / "state" / "dev.db")
    outputs = {
        f"{step}#{output}": digest
        for step, outcome in state.operations.items()
        if step.rpartition("/")[2] not in MEASURED
        for output, digest in outcome.outputs.items()
    }
    artifacts = {
        path: one.digest for path, one in state.artifacts.items() if not path.endswith(MEASURED_FILES)
    }
    return Made(outputs, artifacts, not refused)


def _reaches(python: str) -> bool:
    """Whether another user can run an interpreter and what it imports: not below a folder closed to others."""
    words = [python, "-c", "import mlc.cli.main"]
    try:
        asked = subprocess.run(words, cwd="/", user=NOBODY, capture_output=True, check=False)
    except PermissionError:
        return False
    return asked.returncode == 0


def differing(first: Made, second: Made) -> list[str]:
    """The outputs and files that are not the same, or only on one side."""
    found = []
    for one, other in ((first.outputs, second.outputs), (first.artifacts, second.artifacts)):
        names = one.keys() | other.keys() if first.whole and second.whole else one.keys() & other.keys()
        found += sorted(name for name in names if one.get(name) != other.get(name))
    return found


def compared(projects: Iterable[Path], pythons: list[str]) -> int:
    """Every project on all machines; prints a line each. The number of differences where there may be none."""
    wrong = 0
    for project in projects:
        with tempfile.TemporaryDirectory(prefix="machines-") as folder:
            made = [
                applied(project, machine, Path(folder), pythons[place % len(pythons)])
                for place, machine in enumerate((*MACHINES, OTHER_PROCESSOR))
            ]
        for machine, one in zip((*MACHINES, OTHER_PROCESSOR)[1:], made[1:], strict=True):
            apart = differing(made[0], one)
            count = len(made[0].outputs) + len(made[0].artifacts)
            said = f"{len(apart)} differ: {', '.join(apart)}" if apart else "the same"
            print(f"{project.name}: {machine.name}: of {count} outputs and files {said}", flush=True)
            wrong += len(apart) if machine is not OTHER_PROCESSOR else 0
    return wrong


def main() -> None:
    pythons = sys.argv[1:] or [sys.executable]
    projects = sorted(file.parent for file in EXAMPLES.glob("*/mlc.yaml"))
    if wanted := os.environ.get("EXAMPLES"):
        projects = [EXAMPLES / name for name in wanted.split()]
    sys.exit(1 if compared(projects, pythons) else 0)


if __name__ == "__main__":
    main()
