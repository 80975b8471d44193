"""The project's own code: what mlc.yaml allows, and how a model names it (`code.scoring.Score`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def run_by_code(operation: Operation, estimator: str, declared: Mapping[str, Mapping[str, Any]]) -> Operation:
    """An operation that a module of the project does: it reads the module's source, within the module's limits."""
    limits = declared[module_of(estimator)]
    return structs.replace(
        operation,
        spec={**operation.spec, "estimator": estimator},
        files=modules_of(estimator, declared),
        limits={"memory": in_bytes(limits["memory"]), "timeout": seconds(limits["timeout"])},
    )
