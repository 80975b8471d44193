"""Scores one candidate with the search for its parameters: in each fold they are searched for anew, within the rows
that are learned from (nested cross-validation), so that the score is that of parameters which have not seen the rows
that they are scored on."""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 2
PACKAGES = ("scikit-learn", "numpy", "scipy", "polars", "optuna")
EFFECT = False
CORES = 0  # alone: its trials run on all cores
MEMORY = 500
MEMORY_PER_BYTE = 160.0
LOADS = ("optuna", "mlc.drivers._candidate", "mlc.drivers._calibration", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """What `_candidate.score` gives. Raises StepFailed (selection-impossible, tuning-failed, step-killed)."""
    from mlc.drivers import _tuning
    from mlc.ir.choice import Chosen

    candidate = Chosen(**work.spec["candidate"])
    with _tuning.searching(work, candidate, work.spec["tune"]) as search:
        from mlc.drivers import _candidate

        return _candidate.score(
            work, lambda number, _: search(f"fold {number + 1}", (work.spec["folds"], number))
        )
