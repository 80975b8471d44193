"""`action.yml` at the top of this repository: the action that a pipeline emits, for those who emit none.

`PYTHONPATH=tests python -m backends._root_action` writes it; a test holds that this leaves no diff.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mlc import data
from mlc.emit import load_backends, render

FILE = Path(__file__).parents[2] / "action.yml"


def text() -> bytes:
    backends = load_backends((data.path("templates"),))
    backend = next(one for one in backends if one.name == "github_actions")
    values = {
        "header": "Written from templates/github_actions/action.yml.j2 by `make generate`.",
        "pins": {name: msgspec.to_builtins(pin) for name, pin in backend.manifest.pins.items()},
    }
    return render(backends, "github_actions", "action.yml.j2", values)


if __name__ == "__main__":
    FILE.write_bytes(text())
