"""What was chosen of several candidates, for the steps that follow."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import structs

from mlc.ir.choice import Chosen
from mlc.ir.operation import Work


def read(work: Work) -> Chosen:
    """The candidate that the step's input `chosen` names."""
    return msgspec.json.decode(work.inputs["chosen"].read_bytes(), type=Chosen)


def told(work: Work) -> dict[str, Any]:
    """The step's specification, with the estimator and the parameters that were chosen where there was a choice."""
    if "chosen" not in work.inputs:
        return work.spec
    chosen = read(work)
    return {**work.spec, "estimator": chosen.estimator, "params": chosen.params}


def is_code(work: Work) -> bool:
    """Whether the candidate that was chosen is the project's own code."""
    return read(work).estimator.startswith("code.")


def named(work: Work) -> Work:
    """The step as if its specification had named the candidate that was chosen."""
    chosen = read(work)
    told = {
        "estimator": chosen.estimator,
        "params": chosen.params,
        "seed": chosen.seed,
        "chosen": chosen.name,
    }
    return structs.replace(
        work, operation=structs.replace(work.operation, spec={**work.operation.spec, **told})
    )
