"""The plans of several environments, made in as many processes as there are processors.

Each environment is checked, lowered, emitted and planned by itself once the layers are read, so the work is divided by
environment: this process forks, and gets back plans and warnings as data. Whatever goes wrong on the way, and whatever
there is to tell that is more than a warning, the answer is None and the caller does it all by itself: it finds the
same, and says it as it always does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec
from msgspec import Struct, structs

from mlc import forking, pipeline, workspace
from mlc.compose.project import known_environments
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.plan import Plan
from mlc.request import Request, wanted_environments

FEWEST = 1_000  # resources times environments; of fewer, a fork costs more than it saves


class Planned(Struct, frozen=True):
    """The plans in the order of the environments, the warnings, and every path that was read on the way."""

    plans: tuple[Plan, ...]
    diagnostics: tuple[Diagnostic, ...]
    read: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    is_certain: bool = True


class Paths(Struct, frozen=True):
    """What a process has read: the files that it opened and the folders that it listed, there or not."""

    read: Iterable[str] = ()
    listed: Iterable[str] = ()
    is_certain: bool = True  # whether what it read can be looked at again


def is_of_use() -> bool:
    """Whether there is more than one processor to use."""
    return forking.processors() > 1


def plans(
    request: Request, opened: pipeline.Opened, paths: Callable[[], Paths] = Paths, processes: int = 0
) -> Planned | None:
    """Plans in every environment asked for; None where one process has to do it.

    `paths` gives what a process has read so far. `processes` is how many to use: as many as may be used where 0.
    """
    environments, unknown = wanted_environments(request, known_environments(opened.layers.project))
    if not processes:
        # one more than there are processors: three environments on two come out even
        processes = forking.processors() + 1 if is_of_use() else 1
    processes = min(len(environments), processes)
    if (
        unknown
        or processes < 2
        or not forking.is_safe()
        or len(opened.layers.resources) * len(environments) < FEWEST
    ):
        return None
    with suppress(Exception):
        done = forking.shared_out(
            len(environments),
            lambda share: msgspec.msgpack.encode(
                _planned(request, opened, tuple(environments[one] for one in share), paths)
            ),
            processes,
        )
        return _joined([msgspec.msgpack.decode(one, type=Planned) for one in done], environments)
    return None


def _planned(
    request: Request, opened: pipeline.Opened, environments: tuple[str, ...], paths: Callable[[], Paths]
) -> Planned:
    """Raises ValueError where there is a mistake to tell."""
    found: list[Plan] = []
    told: list[Diagnostic] = []
    emitting = pipeline.backends()
    for environment in environments:  # one after the other, so that only one is in memory
        validated = pipeline.validate(structs.replace(request, environments=(environment,)), opened)
        if has_errors(validated.diagnostics):
            raise ValueError("there is a mistake")
        told += validated.diagnostics
        compiled = pipeline.compile_validated(validated, emitting)
        found += [pipeline.plan(request.root, one) for one in compiled]
        if any(
            workspace.unfit(request.root, one.graph, plan)
            for one, plan in zip(compiled, found[-len(compiled) :], strict=True)
        ):
            raise ValueError("what is referred to in the registry cannot be used")
    seen = paths()
    return Planned(tuple(found), tuple(told), tuple(seen.read), tuple(seen.listed), seen.is_certain)


def _joined(parts: list[Planned], environments: tuple[str, ...]) -> Planned:
    by_environment = {plan.environment: plan for part in parts for plan in part.plans}
    return Planned(
        tuple(by_environment[environment] for environment in environments),
        pipeline.each_once([one for part in parts for one in part.diagnostics]),
        tuple(path for part in parts for path in part.read),
        tuple(path for part in parts for path in part.listed),
        all(part.is_certain for part in parts),
    )
