"""A runner for the workflows that are emitted: their jobs' conditions, and their steps in order, as GitHub runs them.

It knows what these workflows use and nothing else: anything else is an error of the test.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
_TOKEN = re.compile(r"'(?:[^']|'')*'|&&|\|\||==|!=|!|\(|\)|[A-Za-z_][\w.-]*|\s+")
_WORDS = {"&&": " and ", "||": " or ", "!": " not "}


class Runner(Struct):
    """`checkout` is the repository as it is checked out; `artifacts` is kept between jobs; `log` says what was done."""

    checkout: Path
    place: Path
    environment: dict[str, str]
    context: dict[str, Any]
    results: dict[str, str] = {}
    log: list[str] = []

    def run(self, workflow: Mapping[str, Any]) -> dict[str, str]:
        """Every job whose condition holds, in the order of what they need: its result by its name."""
        for name, job in workflow["jobs"].items():
            needed = [self.results[other] for other in job.get("needs", ())]
            condition = job.get("if", "success()")
            if not re.search(r"\b(cancelled|failure|always)\(\)", condition) and set(needed) - {"success"}:
                self.results[name] = "skipped"
            elif self.value(condition.removeprefix("${{").removesuffix("}}"), needed):
                folder = workflow["defaults"]["run"]["working-directory"]
                self.results[name] = self._steps(name, job["steps"], {"runner": self._runner()}, folder)
            else:
                self.results[name] = "skipped"
        return self.results

    def _steps(self, job: str, steps: list[dict[str, Any]], names: dict[str, Any], folder: str | None) -> str:
        code = 0
        for step in steps:
            wanted = step.get("if", "success()").removeprefix("${{").removesuffix("}}")
            if not self.value(wanted, [] if code == 0 else ["failure"], names):
                continue
            self.log.append(f"{job}: {step['name']}")
            done = self._shell(step, names, folder) if "run" in step else self._uses(job, step, names)
            if done and not step.get("continue-on-error"):
                code = done
        return "success" if code == 0 else "failure"

    def _shell(self, step: dict[str, Any], names: dict[str, Any], folder: str | None) -> int:
        script = self.place / "script.sh"
        script.write_text(self.filled(step["run"], names), encoding="utf-8")
        given = {key: self.filled(str(value), names) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            [*BASH, script],
            cwd=self.checkout / (folder or "."),
            env={
                **self.environment,
                "RUNNER_TEMP": str(self.place / "temp"),
                "GITHUB_STEP_SUMMARY": str(self.place / "summary.md"),
                **given,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.log += [f"  {line}" for line in (done.stdout + done.stderr).splitlines()]
        return done.returncode

    def _uses(self, job: str, step: dict[str, Any], names: dict[str, Any]) -> int:
        action = step["uses"].partition("@")[0]
        given = {key: self.filled(str(value), names) for key, value in step.get("with", {}).items()}
        if action.startswith("$/"):
            folder = self.checkout / action.removeprefix("$/")
            read = yaml.safe_load((folder / "action.yml").read_bytes())
            inputs = {
                name: given.get(name, self.filled(str(one.get("default", "")), names))
                for name, one in read["inputs"].items()
            }
            github = {**self.context["github"], "action_path": str(folder)}
            inside = {**names, "inputs": inputs, "github": github}
            return int(self._steps(job, read["runs"]["steps"], inside, None) != "success")
        return _ACTIONS[action](self, given)

    def filled(self, text: str, names: Mapping[str, Any]) -> str:
        return re.sub(r"\$\{\{(.*?)\}\}", lambda found: str(self.value(found.group(1), [], names)), text)

    def value(self, expression: str, needed: list[str], names: Mapping[str, Any] | None = None) -> Any:
        """Of an expression of names, texts, comparisons, `&&`, `||`, `!` and the functions of a job's state."""
        words = []
        for word in _TOKEN.findall(expression.strip()):
            if word.startswith("'"):
                words.append(repr(word[1:-1].replace("''", "'")))
            elif word in _WORDS or word in ("==", "!=", "(", ")") or word.isspace():
                words.append(_WORDS.get(word, word))
            elif word in ("success", "failure", "cancelled", "always"):
                words.append(word)
            else:
                words.append(f"at({word!r})")
        known = {**self.context, **(names or {})}

        def at(path: str) -> Any:
            found: Any = known
            for part in path.split("."):
                found = found.get(part, "") if isinstance(found, Mapping) else ""
            return found

        state: dict[str, Callable[[], bool]] = {
            "success": lambda: "failure" not in needed,
            "failure": lambda: "failure" in needed,
            "cancelled": lambda: False,
            "always": lambda: True,
        }
        return eval("".join(words).strip(), {"__builtins__": {}, "at": at, **state})

    def _runner(self) -> dict[str, str]:
        (self.place / "temp").mkdir(exist_ok=True)
        return {"temp": str(self.place / "temp")}


def _nothing(runner: Runner, given: dict[str, str]) -> int:
    return 0


def _upload(runner: Runner, given: dict[str, str]) -> int:
    shutil.copytree(given["path"], runner.place / "artifacts" / given["name"], dirs_exist_ok=True)
    return 0


def _download(runner: Runner, given: dict[str, str]) -> int:
    shutil.rmtree(given["path"], ignore_errors=True)  # another machine
    shutil.copytree(runner.place / "artifacts" / given["name"], given["path"])
    return 0


def _sarif(runner: Runner, given: dict[str, str]) -> int:
    return 0 if Path(given["sarif_file"]).is_file() else 1


_ACTIONS: dict[str, Callable[[Runner, dict[str, str]], int]] = {
    "actions/checkout": _nothing,
    "actions/setup-python": _nothing,
    "actions/upload-artifact": _upload,
    "actions/download-artifact": _download,
    "github/codeql-action/upload-sarif": _sarif,
}


def azure_steps(stage: Mapping[str, Any], checkout: Path, staging: Path, environment: dict[str, str]) -> str:
    """The shell lines of a stage's steps in order, as Azure's agent starts them; what they said, or AssertionError."""
    (job,) = stage["jobs"]
    said = ""
    for step in job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]:
        if "bash" not in step:
            continue
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", step["bash"]],
            cwd=checkout / step["workingDirectory"],
            env={**environment, "BUILD_ARTIFACTSTAGINGDIRECTORY": str(staging), **step.get("env", {})},
            capture_output=True,
            text=True,
            check=False,
        )
        said += done.stdout + done.stderr
        assert done.returncode == 0, said
    return said
