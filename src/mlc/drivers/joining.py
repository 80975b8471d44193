"""join: a model and those that it feeds on as one.

Inputs: `head` (skops: what learned from their answers; absent where nothing did), `model-NAME` (skops) for each, and
`about-NAME` (JSON) for what is from the registry. Output: `model` (skops), which needs none of the others.
"""

from __future__ import annotations

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 30.0
LOADS = ("mlc.drivers._feeding", "mlc.drivers._mean", "mlc.drivers._reused", "mlc.drivers._skops")


def run(work: Work) -> Product:
    """Fits nothing."""
    from mlc.drivers import _feeding, _reused
    from mlc.drivers._skops import load_model, save_model

    spec = work.spec
    feeds = [_reused.told(feed, work.inputs) for feed in spec["feeds"]]
    models = [load_model(work.inputs[f"model-{feed['name']}"]) for feed in feeds]
    head = load_model(work.inputs["head"]) if "head" in work.inputs else None
    joint = _feeding.joined(head, feeds, models, spec)
    columns = [name for feed in feeds for name in feed["gives"]]
    return Product({"model": save_model(joint, work.folder / "model.skops")}, {"gives": columns})
