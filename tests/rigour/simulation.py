"""How often an interval holds the true value, over test sets drawn again and again.

`python -m rigour.simulation` (with tests/ on the path; `make rigour`) runs the long form and writes the table in
docs/rigour.md; test_coverage.py runs a short one.
"""

from __future__ import annotations

import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct

from rigour.cases import CASES, Case

PAGE = Path(__file__).parents[2] / "docs" / "rigour.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"


class Coverage(Struct, frozen=True):
    """Of `repetitions` test sets, on how many the interval held the true value (`covered`), lay above it or below,
    and on how many there was none."""

    case: str
    size: int
    metric: str
    method: str
    repetitions: int
    covered: int
    above: int
    below: int
    none: int

    @property
    def rate(self) -> float:
        """Covered among those that have an interval."""
        return self.covered / max(self.repetitions - self.none, 1)

    @property
    def error(self) -> float:
        """The standard error of the rate, at its nominal value."""
        return float((0.95 * 0.05 / max(self.repetitions - self.none, 1)) ** 0.5)


def coverage(case: Case, size: int, repetitions: int) -> tuple[Coverage, ...]:
    """The 95 % intervals of a case's metrics at a size. The seed follows the case and the size."""
    generator = np.random.default_rng([zlib.crc32(case.name.encode()), size])
    truths = case.truths()
    counts = {name: [0, 0, 0, 0] for name in case.metrics}
    methods: dict[str, dict[str, int]] = {name: {} for name in case.metrics}
    for _ in range(repetitions):
        estimates = case.estimates(generator, size)
        for name in case.metrics:
            one, truth = estimates[name], truths[name]
            if one.low is None or one.high is None:
                counts[name][3] += 1
                continue
            methods[name][one.method] = methods[name].get(one.method, 0) + 1
            counts[name][1 if one.low > truth else 2 if one.high < truth else 0] += 1
    return tuple(
        Coverage(case.name, size, name, _commonest(methods[name]), repetitions, *counts[name])
        for name in case.metrics
    )


def campaign(scale: float) -> Iterator[Coverage]:
    """All cases at all their sizes."""
    for case in CASES:
        for size in case.sizes:
            began = time.monotonic()
            yield from coverage(case, size, max(20, round(case.repetitions * scale)))
            print(f"{case.name} {size}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def table(found: tuple[Coverage, ...]) -> str:
    """One line per case, metric and method, a column per size."""
    lines = []
    for case in CASES:
        of_case = [one for one in found if one.case == case.name]
        if not of_case:
            continue
        worst = max(one.error for one in of_case)
        lines += [
            "",
            f"**{case.name.capitalize()}** ({case.about}; {of_case[0].repetitions:,} test sets per size, standard "
            f"error of a rate {worst:.3f})",
            "",
            "| metric | method | " + " | ".join(f"n = {size:,}" for size in case.sizes) + " |",
            "|---|---|" + "---:|" * len(case.sizes),
        ]
        for metric in case.metrics:
            row = {one.size: one for one in of_case if one.metric == metric}
            method = row[case.sizes[-1]].method
            cells = [_cell(row[size]) for size in case.sizes]
            lines.append(f"| {metric} | {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(one: Coverage) -> str:
    rate = f"{one.rate:.3f}"
    if one.rate < 0.95 - 3 * one.error:
        rate = f"**{rate}**"
    return rate + (f" ({one.none / one.repetitions:.0%} none)" if one.none > one.repetitions / 100 else "")


def _commonest(methods: dict[str, int]) -> str:
    return max(methods, key=lambda name: methods[name], default="none")


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    found = tuple(campaign(scale))
    text = table(found)
    print(text)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
