"""Searches for the parameters of the candidate that was chosen, on the whole training part.

Inputs: `train` (Parquet), `chosen` (JSON, of the selection). Outputs: `trials` (JSON, see `mlc.ir.choice.Search`) and
`chosen` (JSON: the candidate with the parameters it is trained with). The score of the best trial is no estimate of
what the model is worth, because it is the best of many: that is what the selection's scores are for.
"""

from __future__ import annotations

from typing import Any

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "polars", "optuna")
EFFECT = False
CORES = 0  # alone: its trials run on all cores
MEMORY = 500
MEMORY_PER_BYTE = 160.0
LOADS = ("optuna", "mlc.drivers._fitting", "mlc.drivers._calibration", "mlc.drivers._estimators")


def run(work: Work) -> Product:
    """Search. Raises StepFailed (tuning-failed, step-killed)."""
    import msgspec
    from msgspec import structs

    from mlc.drivers import _tuning
    from mlc.drivers._canonical import canonical
    from mlc.ir.choice import Chosen

    chosen = msgspec.json.decode(work.inputs["chosen"].read_bytes(), type=Chosen)
    trials, written = work.folder / "trials.json", work.folder / "chosen.json"
    tune = work.spec["tune"].get(chosen.name)
    about: dict[str, Any] = {"candidate": chosen.name, "metric": None, "search": None}
    summary: dict[str, Any] = {"candidate": chosen.name, "trials": 0}
    if tune is not None:
        with _tuning.searching(work, chosen, tune) as search:
            found = search(chosen.name)
        best = found.trials[found.best]
        chosen = structs.replace(chosen, params={**chosen.params, **best.params})
        about |= {"metric": tune["metric"], "search": found, "batch": tune["batch"], "seed": tune["seed"]}
        summary |= {
            "trials": len(found.trials),
            "pruned": sum(trial.state == "pruned" for trial in found.trials),
            "failed": sum(trial.state == "failed" for trial in found.trials),
            "stopped": found.stopped,
            "best": best.params,
        }
    trials.write_bytes(canonical(about))
    written.write_bytes(msgspec.json.encode(chosen, order="sorted"))  # every digit of a parameter counts
    return Product({"trials": trials, "chosen": written}, summary)
