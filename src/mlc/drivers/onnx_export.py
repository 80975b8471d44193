"""Exports a model as ONNX, and proves on the whole test set that it says what the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlc.ir.operation import Product, StepFailed, Work
from mlc.ir.task import OF_TWO, TASKS
from mlc.rules import export_failed

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

VERSION = 1
PACKAGES = (
    "scikit-learn",
    "numpy",
    "scipy",
    "skops",
    "skl2onnx",
    "onnx",
    "onnxruntime",
    "polars",
    "protobuf",
)
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 50.0
LOADS = (
    "polars",
    "threadpoolctl",
    "mlc.drivers._canonical",
    "mlc.drivers._columns",
    "mlc.drivers._convert",
    "mlc.drivers._estimators",
    "mlc.drivers._onnx",
    "mlc.drivers._parity",
    "mlc.drivers._skops",
)


def run(work: Work) -> Product:
    """Outputs `onnx` and `parity` (JSON: what `_parity.measured` gives).

    Raises StepFailed: export-failed where the model has no ONNX form, parity-broken (a refusal) where the
    form differs from the model by more than the spec allows.
    """
    return export(work)


def export(work: Work, own: tuple[str, ...] = ()) -> Product:
    """The same; `own` are beginnings of types of the project's own code, which may be loaded."""
    import polars as pl

    from mlc.drivers import _convert, _parity
    from mlc.drivers._canonical import canonical
    from mlc.drivers._columns import model_input
    from mlc.drivers._onnx import open_session, refuse_unsafe, score
    from mlc.drivers._skops import load_model

    spec, address = work.spec, work.operation.address
    classes = spec.get("classes", OF_TWO)
    model = load_model(work.inputs["model"], own)
    work.tell(f"converting to ONNX, opset {spec['opset']}")
    try:
        content = _convert.to_onnx(model, spec["columns"], spec["opset"], TASKS[spec["task"]], classes)
    except _convert.ConversionError as error:
        raise StepFailed(
            export_failed.found(f"The model has no ONNX form: {error}.", address=address)
        ) from error
    onnx = work.folder / "model.onnx"
    refuse_unsafe(content, onnx.name)
    onnx.write_bytes(content)
    test = pl.read_parquet(work.inputs["test"])
    work.tell(f"comparing on {test.height:,} rows")
    scored = score(open_session(onnx), test, spec["columns"], classes)
    parity = _parity.measured(spec, scored, model, model_input(test, spec["columns"]))
    refused = _parity.refusal(parity, spec, scaled_trees(model), address)
    if refused is not None:
        raise StepFailed(refused)
    proof = work.folder / "parity.json"
    proof.write_bytes(canonical(parity))
    return Product(
        outputs={"onnx": onnx, "parity": proof},
        summary={**parity, "opset": spec["opset"], "size_bytes": len(content)},
    )


def scaled_trees(model: Pipeline) -> list[str]:
    """The groups that scale or compute, where the estimator decides by thresholds; empty otherwise."""
    from mlc.drivers._estimators import TREES
    from mlc.drivers._pipeline import parts_of

    if type(getattr(model["estimator"], "estimator", model["estimator"])).__name__ not in TREES:
        return []
    found = (group for group, step, made in parts_of(model["features"]) if _rounds(step, made))
    return list(dict.fromkeys(found))


def _rounds(step: str, made: object) -> bool:
    """Whether a step computes numbers in float32 that a tree would then compare. The steps of `drivers.features` look
    up, count and select, or compute in float64."""
    from mlc.drivers._transforms import EXACT
    from mlc.drivers.features.step import Step

    kind = type(made).__name__
    if step in ("", "text"):
        return kind == "TfidfVectorizer"
    return step not in ("impute", "encode") and kind not in EXACT and not isinstance(made, Step)
