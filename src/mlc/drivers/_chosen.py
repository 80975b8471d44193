"""What was chosen of several candidates, for the steps that follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mlc.ir.choice import Chosen
from mlc.ir.operation import Work


def read(work: Work) -> Chosen:
    """The candidate that the step's input `chosen` names."""
    return decoded(work.inputs["chosen"])


def decoded(path: Path) -> Chosen:
    """The candidate that a file tells of."""
    return msgspec.json.decode(path.read_bytes(), type=Chosen)


def told(work: Work) -> dict[str, Any]:
    """The step's specification, with the estimator and the parameters that were chosen where there was a choice."""
    if "chosen" not in work.inputs:
        return work.spec
    chosen = read(work)
    return {**work.spec, "estimator": chosen.estimator, "params": chosen.params}
