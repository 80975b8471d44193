"""Interactions: products of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np

from mlc.drivers.features.step import Nodes, Numbers, Step


class Products(Step):
    """The product of each 2 … `degree` columns, in float32 from the left; before them, where `keep`, the columns.

    `sources` says for each column which one it was made of: two of one source, such as two categories, are never
    multiplied.
    """

    def __init__(self, sources: Sequence[int] = (), degree: int = 2, keep: bool = True) -> None:
        self.sources = sources
        self.degree = degree
        self.keep = keep

    def fit(self, table: Any, y: Any = None) -> Products:
        del y
        self.learn_names(table)
        return self

    def transform(self, table: Any) -> Numbers:
        values = np.asarray(table, dtype=np.float32)
        made = [values] if self.keep else []
        with np.errstate(over="ignore", invalid="ignore"):  # ONNX says infinity too, and says it to nobody
            made += [
                reduce(np.multiply, (values[:, [place]] for place in together)) for together in self._chosen()
            ]
        return np.concatenate(made, axis=1)

    def names(self, names_in: Sequence[str]) -> list[str]:
        kept = [*names_in] if self.keep else []
        return kept + [" × ".join(names_in[place] for place in together) for together in self._chosen()]

    def onnx(self, nodes: Nodes, given: str) -> str:
        made = [given] if self.keep else []
        for degree in range(2, self.degree + 1):
            chosen = [together for together in self._chosen() if len(together) == degree]
            if chosen:
                factors = [nodes.columns(given, places) for places in zip(*chosen, strict=True)]
                made.append(reduce(lambda one, other: nodes.add("Mul", one, other), factors))
        return made[0] if len(made) == 1 else nodes.add("Concat", *made, axis=1)

    def _chosen(self) -> Iterator[tuple[int, ...]]:
        for degree in range(2, self.degree + 1):
            yield from crossed(self.sources, degree)


def crossed(sources: Sequence[int], degree: int) -> Iterator[tuple[int, ...]]:
    """The columns that are multiplied, by place: `degree` of as many sources."""
    for together in combinations(range(len(sources)), degree):
        if len({sources[place] for place in together}) == degree:
            yield together
