"""The catalogue of estimators, for people to read: a line each."""

from __future__ import annotations

from collections.abc import Mapping

from mlc.kinds._estimators import Told

SERVED = {"train": "trained and served", "transforms": "in feature groups"}


def listing(estimators: Mapping[str, Told]) -> str:
    """Name, what it is, and whether this version serves it or why not."""
    width = max(map(len, estimators))
    kind = max(len(told.what) for told in estimators.values())
    return "".join(
        f"{name:<{width}}  {told.what:<{kind}}  {SERVED.get(told.serves) or told.why}\n"
        for name, told in estimators.items()
    )
