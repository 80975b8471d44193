"""The long comparison with Hydra: the cases of `generated`, drawn by `random.Random`, and every difference told.

Run: PYTHONPATH=tests python -m stages.compose.campaign [cases] [seed]

Hypothesis takes ten times as long to draw a case as it takes to run one, and stops at the first difference. Here the
same strategies are drawn by a plain generator, from a seed and the case's number, so that each can be run again.
"""

from __future__ import annotations

import random
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from stages.compose import generated, test_same_as_hydra
from stages.compose.generated import Case
from stages.compose.oracle import OracleError, hydra_compose, hydra_loader


class Strategy:
    """What Hypothesis calls one: here a function of a random generator."""

    def __init__(self, draw: Callable[[random.Random], Any]) -> None:
        self.draw = draw


def _one_of(*options: Strategy) -> Strategy:
    return Strategy(lambda source: source.choice(options).draw(source))


def _sampled(values: Iterable[Any]) -> Strategy:
    listed = list(values)
    return Strategy(lambda source: source.choice(listed))


def _lists(item: Strategy, max_size: int) -> Strategy:
    return Strategy(lambda source: [item.draw(source) for _ in range(source.randint(0, max_size))])


def _maps(key: Strategy, value: Strategy, max_size: int) -> Strategy:
    return Strategy(
        lambda source: {key.draw(source): value.draw(source) for _ in range(source.randint(0, max_size))}
    )


def _recursive(base: Strategy, extend: Callable[[Strategy], Strategy], max_leaves: int) -> Strategy:
    shallow = extend(base)
    return _one_of(base, base, base, shallow, extend(_one_of(base, base, shallow)))


def _composite(function: Any) -> Any:
    return lambda *arguments, **named: Strategy(
        lambda source: function(lambda strategy: strategy.draw(source), *arguments, **named)
    )


STRATEGIES = types.SimpleNamespace(
    integers=lambda low, high: Strategy(lambda source: source.randint(low, high)),
    booleans=lambda: Strategy(lambda source: source.random() < 0.5),
    none=lambda: Strategy(lambda source: None),
    just=lambda value: Strategy(lambda source: value),
    sampled_from=_sampled,
    one_of=_one_of,
    lists=_lists,
    dictionaries=_maps,
    recursive=_recursive,
    composite=_composite,
)


def strategies() -> Any:
    """The module `generated` with these strategies in the place of Hypothesis's."""
    source = Path(generated.__file__).read_text().replace("from hypothesis import strategies as st", "")
    made = types.ModuleType("drawn")
    made.__dict__["st"] = STRATEGIES
    sys.modules["drawn"] = made
    exec(compile(source, generated.__file__, "exec"), made.__dict__)
    return made


def compare(kind: str, count: int, seed: int) -> int:
    """How many of so many cases differ; each is written out."""
    oracle = hydra_compose if kind == "hydra.compose" else hydra_loader
    cases = strategies().cases(with_overrides=kind != "without overrides")
    refused = differing = 0
    began = time.monotonic()

    def counting(*case: Any) -> Any:
        nonlocal refused
        try:
            return oracle(*case)
        except OracleError:
            refused += 1
            raise

    for number in range(count):
        case = Case(*cases.draw(random.Random(f"{seed}/{kind}/{number}")))
        try:
            test_same_as_hydra.compare(case, counting)
        except Exception as error:
            differing += 1
            print(f"--- {kind}, seed {seed}, case {number}: {case}\n{type(error).__name__}: {error}\n")
    taken = time.monotonic() - began
    print(
        f"{kind}: {count:,} cases, {refused:,} of them refused by Hydra; {differing} differ; {taken:.0f} s",
        flush=True,
    )
    return differing


def main(count: int, seed: int) -> None:
    warnings.simplefilter("ignore")
    setattr(test_same_as_hydra, "note", lambda *_: None)  # noqa: B010 - Hypothesis's, which runs only within it
    shares = {"with overrides": count, "without overrides": count // 2, "hydra.compose": count // 10}
    if sum(compare(kind, share, seed) for kind, share in shares.items()):
        sys.exit(1)


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(words[0] if words else 20_000, words[1] if len(words) > 1 else 1)
