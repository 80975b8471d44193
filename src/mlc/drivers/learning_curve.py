"""learning-curve: the model learned again from growing shares of its rows, each scored on the same test rows.

Inputs: `train` and `test` (Parquet), `model` (skops: the one that learned from all rows) and, where it was chosen of
several, `chosen`. Output: `curve` (JSON, see `mlc.ir.learning.LearningCurve`). Each share is learned by the very
driver that learns from the whole, with the same parameters and seed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from mlc.ir.operation import Operation, Product, StepFailed, Work

if TYPE_CHECKING:
    import polars as pl

    from mlc.drivers.statistics.answers import Answers
    from mlc.drivers.statistics.design import Design
    from mlc.ir.learning import CurvePoint

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 400
MEMORY_PER_BYTE = 100.0
LOADS = (
    "mlc.drivers._training",
    "mlc.drivers._calibration",
    "mlc.drivers._estimators",
    "mlc.drivers.evaluation",
)

_MOST_LEARNED = 20_000
"""Rows that the metric on what was learned from is measured on at most."""


def run(work: Work) -> Product:
    """Learn and score. Raises StepFailed (evaluation-impossible) where the test rows decide nothing.

    A share that cannot be learned from (too few rows of a class) is told, and stops nothing.
    """
    import polars as pl

    from mlc.drivers import _curve
    from mlc.drivers._canonical import canonical
    from mlc.drivers.evaluating.answers import design_of, in_order
    from mlc.ir.metrics import METRICS
    from mlc.rules import evaluation_impossible

    asked = work.spec["curve"]
    train, test = (pl.read_parquet(work.inputs[name]) for name in ("train", "test"))
    test = in_order(work.spec, test)
    order, drawn = _curve.order(train, asked["draw"], work.spec["task"])
    try:
        whole = _curve.answers(work.inputs["model"], test, work.spec)
        design, _ = design_of(work.spec, test, whole)
        points = [
            *(
                _learned(work, share, train[order.of(share)], test, whole, design)
                for share in asked["shares"]
            ),
            _point(work, 1.0, train, work.inputs["model"], whole, whole, design),
        ]
    except ValueError as error:
        detail = f"The learning curve cannot be drawn: {error}"
        mend = "Take another metric or other shares in `evaluate.learning_curve`, or mend the test rows."
        raise StepFailed(evaluation_impossible.found(detail, mend, address=work.operation.address)) from error
    found = _curve.concluded(asked["metric"], points, drawn)
    written = work.folder / "learning_curve.json"
    written.write_bytes(canonical(found))
    summary = {
        "metric": METRICS[found.metric].title,
        "advice": found.advice,
        "words": found.words,
        "points": {f"{one.rows:,} rows": _curve.said(one) for one in found.points},
    }
    return Product({"curve": written}, summary)


def _learned(
    work: Work, share: float, rows: pl.DataFrame, test: pl.DataFrame, whole: Answers, design: Design
) -> CurvePoint:
    """The point of a share, learned by the driver that the model was trained by."""
    from mlc import drivers
    from mlc.drivers import _curve
    from mlc.ir.learning import CurvePoint

    work.tell(f"learning from {rows.height:,} rows")
    folder = work.folder / f"share-{share:g}"
    folder.mkdir()
    part = folder / "train.parquet"
    rows.write_parquet(part)
    learn = work.spec["learn"]
    inside = structs.replace(
        work,
        operation=Operation(id=work.operation.id, driver=learn["driver"], spec=learn["spec"]),
        folder=folder,
        inputs={**work.inputs, "train": part},
        tell=lambda _: None,
    )
    try:
        model: Path = drivers.load(learn["driver"]).run(inside).outputs["model"]
        said = _curve.answers(model, test, work.spec)
    except (StepFailed, ValueError) as error:
        reason = error.diagnostics[0].detail if isinstance(error, StepFailed) else str(error)
        return CurvePoint(share, rows.height, problem=reason)
    return _point(work, share, rows, model, said, whole, design)


def _point(
    work: Work,
    share: float,
    rows: pl.DataFrame,
    model: Path,
    said: Answers,
    whole: Answers,
    design: Design,
) -> CurvePoint:
    from mlc.drivers import _curve
    from mlc.drivers.evaluating.answers import estimates
    from mlc.drivers.statistics import paired
    from mlc.ir.learning import CurvePoint

    metric: str = work.spec["curve"]["metric"]
    gain: Any = None
    if said is not whole:
        gain = paired.difference(metric, whole, said, design).estimate
    return CurvePoint(
        share=share,
        rows=rows.height,
        estimate=estimates(said, design, [], only=(metric,))[metric],
        learned=_curve.on_learned(model, rows.head(_MOST_LEARNED), work.spec, metric),
        gain=gain,
    )
