# Written by mlc; changes here are overwritten.
"""One trial of a sweep: the project with the parameters that Azure drew, scored by mlc on folds of the training part.

Needs mlc, git and mlflow, which tells Azure the score. Nothing is decided by the test part: gates are left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("space", type=Path)
    said, drawn = parser.parse_known_args()
    space = json.loads(said.space.read_text(encoding="utf-8"))
    values = dict(word.removeprefix("--").split("=", 1) for word in drawn)
    if values.keys() != space["parameters"].keys():
        sys.exit(f"Azure drew {sorted(values)}, and the search is for {sorted(space['parameters'])}")
    overrides = [
        f"{about['at']}={json.dumps(value_of(values[name], about))}"
        for name, about in space["parameters"].items()
    ]
    clone = [
        "git",
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--branch",
        space["branch"],
        space["repository"],
        "project",
    ]
    subprocess.run(clone, check=True)  # noqa: S603 - a list of words, no shell
    project = Path("project", space["folder"])
    model = f"model.{space['model']}"
    command = [
        "mlc",
        "-C",
        str(project),
        "apply",
        "--yes",
        "--env",
        space["environment"],
        "--select",
        f"+{model}",
    ]
    command += [*overrides, f"{model}.tune.trials=1", f"{model}.gates=[]"]
    subprocess.run(command, check=True)  # noqa: S603 - likewise
    search = json.loads((project / space["trials"]).read_text(encoding="utf-8"))["search"]
    score = next(trial["value"] for trial in search["trials"] if trial["number"] == search["best"])
    sys.stdout.write(f"{space['metric']} {score}\n")

    import mlflow

    mlflow.log_metric(space["metric"], score)
    return 0


def value_of(text: str, about: dict) -> object:
    """What a drawn number stands for: a choice is drawn by its place."""
    if about["choice"] is not None:
        return about["choice"][round(float(text))]
    return round(float(text)) if about["whole"] else float(text)


if __name__ == "__main__":
    sys.exit(main())
