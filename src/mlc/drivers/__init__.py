"""The ways of doing a step for real, one file each. Adding a file adds a driver.

A driver declares `VERSION`, `PACKAGES` and `EFFECT` as literals at its top, and where they are not as usual what
it needs (`CORES`, `MEMORY`, `MEMORY_PER_BYTE`), `LOADS` and `PROGRAMS`; it has `run(work)`. The literals are read from
its source, because planning needs them and must not import what the driver imports.

A driver whose effect lies outside the store may have `observe(root, environment, done)`: what stands in the
place of the effects recorded (`done`, operations with their outcomes), as a `Seen` by the operation's id,
where that is something else. It only reads, changes nothing, and imports nothing heavy: plans ask it, but where it
has to start a program.

A step may name further drivers behind a plus (`candidate+lightgbm_train`): the first does it, and the packages of
all are what it works with. So a step that works with libraries which its model names depends on those, and on no
others.
"""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct, structs


class Driver(Struct, frozen=True):
    """What a driver says of itself.

    `version` changes when it would make other bytes from the same inputs; `packages` are the distributions
    whose versions matter for the bytes; `effect` is True when it changes something outside the
    content-addressed store, so that a cached outcome must not stand in for running it; `undoes` where the driver
    has `undo`, which takes that back; `observes` where it has `observe`, which sees whether it is still so.

    `cores` is how many it keeps busy (0: it must be alone, as it measures time), `memory` how many MB it takes
    at least and `memory_per_byte` how many bytes more for each byte that it reads; `loads` are the modules that
    are imported once for all of its steps. `programs` are what it starts, to look as well: `plan` starts
    none, so it goes by what is recorded, and `apply` and `drift` look.
    """

    name: str
    version: int
    packages: tuple[str, ...]
    effect: bool
    undoes: bool
    observes: bool = False
    programs: tuple[str, ...] = ()
    cores: int = 1
    memory: int = 100
    memory_per_byte: float = 0.0
    loads: tuple[str, ...] = ()


@cache
def driver(name: str) -> Driver:
    """What a driver says of itself, without importing it; of several the first, with the packages of all."""
    first, *others = map(_declared, name.split("+"))
    packages = (package for one in (first, *others) for package in one.packages)
    return structs.replace(first, name=name, packages=tuple(dict.fromkeys(packages)))


def _declared(name: str) -> Driver:
    declared: dict[str, Any] = {
        "VERSION": 0,
        "PACKAGES": (),
        "EFFECT": False,
        "CORES": 1,
        "MEMORY": 100,
        "MEMORY_PER_BYTE": 0.0,
        "LOADS": (),
        "PROGRAMS": (),
    }
    functions: set[str] = set()
    source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef):
            functions.add(statement.name)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        target = statement.target if isinstance(statement, ast.AnnAssign) else target
        if isinstance(target, ast.Name) and target.id in declared:
            declared[target.id] = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
    return Driver(
        name=name,
        version=declared["VERSION"],
        packages=tuple(declared["PACKAGES"]),
        effect=declared["EFFECT"],
        undoes="undo" in functions,
        observes="observe" in functions,
        programs=tuple(declared["PROGRAMS"]),
        cores=declared["CORES"],
        memory=declared["MEMORY"],
        memory_per_byte=declared["MEMORY_PER_BYTE"],
        loads=tuple(declared["LOADS"]),
    )


@cache
def tools(name: str) -> dict[str, str]:
    """What a driver works with: its own version and those of its packages.

    Raises StepFailed (package-missing) for a package of an extra of mlc that is not installed.
    """
    declared = driver(name)
    return {name: str(declared.version)} | {package: _version(package, name) for package in declared.packages}


def load(name: str) -> ModuleType:
    """The driver itself, with all that it imports."""
    return import_module(f"mlc.drivers.{name.partition('+')[0]}")


def warm(name: str) -> None:
    """Import all that the driver's steps will need."""
    load(name)
    for module in driver(name).loads:
        import_module(module)


def _version(package: str, driver: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and often not asked

    try:
        return version(package)
    except PackageNotFoundError:
        from mlc.ir.operation import StepFailed
        from mlc.rules import package_missing

        raise StepFailed(package_missing.found(package, driver)) from None
