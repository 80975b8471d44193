"""The project's own code: what mlc.yaml allows, and how a model names it (`code.scoring.Score`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from mlc.ir.operation import Operation
from mlc.kinds._fields import in_bytes, seconds

PATTERN = r"^code\.[a-z_][a-z0-9_]{0,60}\.[A-Za-z_][A-Za-z0-9_]{0,60}$"
"""The names of the project's own estimators, as editors know regular expressions."""

_NAME = re.compile(
    r"code\.(?P<module>[a-z_][a-z0-9_]{0,60})\.(?P<member>[A-Za-z_][A-Za-z0-9_]{0,60})", re.ASCII
)


def is_code(estimator: str) -> bool:
    """Whether the name of an estimator is of a module of the project."""
    return _NAME.fullmatch(estimator) is not None


def module_of(estimator: str) -> str:
    """`code.scoring.Score` is of the module `scoring`."""
    return _NAME.sub(r"\g<module>", estimator)


def modules_of(estimator: str, declared: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The paths of an estimator's module and of all that it may import, by name."""
    found: dict[str, str] = {}
    pending = [module_of(estimator)]
    while pending:
        name = pending.pop()
        if name in declared and name not in found:
            found[name] = declared[name]["path"] or f"code/{name}.py"
            pending += declared[name]["imports"]
    return dict(sorted(found.items()))


def run_by_code(
    operation: Operation, estimators: Sequence[str], declared: Mapping[str, Mapping[str, Any]]
) -> Operation:
    """An operation that modules of the project may do: it reads the source of them all, within the larger of their
    limits. One that no module does (its driver says so) stays as it is."""
    if not operation.driver.startswith("code_"):
        return operation
    candidate = operation.spec.get("candidate")
    used = [candidate["estimator"]] if candidate else [name for name in estimators if is_code(name)]
    limits = [declared[module_of(name)] for name in used]
    # which of several it is in the end is known after apply
    named = {} if operation.driver.startswith("code_chosen_") else {"estimator": used[0]}
    return structs.replace(
        operation,
        spec={**operation.spec, **named},
        files=dict(sorted(item for name in used for item in modules_of(name, declared).items())),
        limits={
            "memory": max(in_bytes(one["memory"]) for one in limits),
            "timeout": max(seconds(one["timeout"]) for one in limits),
        },
    )
