"""The review for those who emit no pipeline, from the same templates: `action.yml` at the top of this repository, and
GitLab's component `templates/review.yml`.

`PYTHONPATH=tests python -m backends._root_action` writes both; a test holds that this leaves no diff.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mlc import data
from mlc.emit import load_backends, render

FILE = Path(__file__).parents[2] / "action.yml"
COMPONENT = Path(__file__).parents[2] / "templates" / "review.yml"

_INPUTS: dict[str, dict[str, str]] = {
    "stage": {"default": "test"},
    "image": {
        "description": "The image that the jobs run in; it has Python, and git is not needed.",
        "default": "python:3.11-slim",
    },
    "install": {
        "description": "The command that installs mlc.",
        "default": "python -m pip install mlc==0.1.0",
    },
    "folder": {"description": "The project's folder within the repository.", "default": "."},
    "environments": {"description": "The environments, with commas between them, or all.", "default": "all"},
}


def text() -> bytes:
    backends = load_backends((data.path("templates"),))
    backend = next(one for one in backends if one.name == "github_actions")
    values = {
        "header": "Written from templates/github_actions/action.yml.j2 by `make generate`.",
        "pins": {name: msgspec.to_builtins(pin) for name, pin in backend.manifest.pins.items()},
    }
    return render(backends, "github_actions", "action.yml.j2", values)


def component() -> bytes:
    given = {name: f"$[[ inputs.{name} ]]" for name in _INPUTS}
    values: dict[str, Any] = {
        "header": "Written from templates/gitlab_ci/pipeline.yml.j2 by `make generate`.",
        "component": _INPUTS,
        "stage": given["stage"],
        "environments": given["environments"],
        "facts": {"prefix": "mlc", "below": "", "applies": [], "drifts": []},
        "resource": {
            "gitlab": {"image": given["image"], "tags": []},
            "install": given["install"],
            "folder": given["folder"],
            "timeout_minutes": 30,
            "schedules": {},
        },
    }
    return render(load_backends((data.path("templates"),)), "gitlab_ci", "pipeline.yml.j2", values)


if __name__ == "__main__":
    FILE.write_bytes(text())
    COMPONENT.write_bytes(component())
