"""Scores one candidate that is the project's own code on the folds of the training part."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 80.0


def run(work: Work) -> Product:
    """What `_candidate.score` gives, all folds in one interpreter of their own. Raises StepFailed
    (selection-impossible, user-code-failed)."""
    from mlc.drivers import _user_code

    return _user_code.run_apart(work, "score")
