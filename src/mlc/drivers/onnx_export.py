"""Exports a model as ONNX, and proves on the whole test set that it says what the model says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.operation import Product, StepFailed, Work
from mlc.rules import export_failed, parity_broken

if TYPE_CHECKING:
    import polars as pl
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
    "mlc.drivers._skops",
)

_TIE = 1e-6  # both classes are as probable, but for rounding to float32


def run(work: Work) -> Product:
    """Outputs `onnx` and `parity` (JSON: largest probability difference, label agreement, rows, the
    numbers of the first rows of the test set, from 1, whose label differs, and how many labels differ only
    because both classes are as probable).

    Raises StepFailed: export-failed where the model has no ONNX form, parity-broken (a refusal) where the
    form differs from the model by more than the spec allows.
    """
    return export(work)


def export(work: Work, own: tuple[str, ...] = ()) -> Product:
    """The same; `own` are beginnings of types of the project's own code, which may be loaded."""
    import polars as pl

    from mlc.drivers import _convert
    from mlc.drivers._canonical import canonical
    from mlc.drivers._onnx import refuse_unsafe
    from mlc.drivers._skops import load_model

    spec, address = work.spec, work.operation.address
    model = load_model(work.inputs["model"], own)
    work.tell(f"converting to ONNX, opset {spec['opset']}")
    try:
        content = _convert.to_onnx(model, spec["columns"], spec["opset"])
    except _convert.ConversionError as error:
        raise StepFailed(
            export_failed.found(f"The model has no ONNX form: {error}.", address=address)
        ) from error
    onnx = work.folder / "model.onnx"
    refuse_unsafe(content, onnx.name)
    onnx.write_bytes(content)
    test = pl.read_parquet(work.inputs["test"])
    work.tell(f"comparing on {test.height:,} rows")
    parity = _parity(work, model, test)
    refused = _refusals(parity, spec, scaled_trees(model), address)
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
    from sklearn.pipeline import Pipeline as Steps

    from mlc.drivers._estimators import TREES

    if type(model["estimator"]).__name__ not in TREES:
        return []
    return [
        name
        for name, group, _ in model["features"].transformers_
        if isinstance(group, Steps) and any(_rounds(step, made) for step, made in group.steps)
    ]


def _rounds(step: str, made: object) -> bool:
    from mlc.drivers._transforms import EXACT

    return step not in ("impute", "encode") and type(made).__name__ not in EXACT


def _parity(work: Work, model: Pipeline, test: pl.DataFrame) -> dict[str, Any]:
    import numpy as np
    from threadpoolctl import threadpool_limits

    from mlc.drivers._columns import model_input
    from mlc.drivers._onnx import open_session, score

    columns = work.spec["columns"]
    labels, probabilities = score(open_session(work.folder / "model.onnx"), test, columns)
    table = model_input(test, columns)
    with threadpool_limits(1):
        expected = model.predict_proba(table)
        expected_labels = model.predict(table)
    # a NaN is as different as can be
    differences = np.nan_to_num(np.abs(probabilities - expected), nan=1.0)
    agrees = labels == expected_labels
    ties = np.abs(expected[~agrees, 1] - 0.5) < _TIE
    return {
        "max_probability_difference": float(differences.max()),
        "label_agreement": float(agrees.mean()),
        "rows": test.height,
        "disagreeing_rows": [int(row) + 1 for row in np.flatnonzero(~agrees)[:10]],
        "disagreeing_ties": int(ties.sum()),
    }


def _refusals(
    parity: dict[str, Any], spec: dict[str, Any], trap: list[str], address: str
) -> Diagnostic | None:
    broken, paths = [], []
    difference, allowed = parity["max_probability_difference"], spec["max_probability_difference"]
    if not difference <= allowed:
        paths.append("optimize.max_probability_difference")
        broken.append(
            f"A probability of the ONNX form differs by {difference:.3g} from the model's on the test set of "
            f"{parity['rows']:,} rows, and {allowed:g} is allowed."
        )
    agreement, wanted = parity["label_agreement"], spec["min_label_agreement"]
    if not agreement >= wanted:
        paths.append("optimize.min_label_agreement")
        differing = round((1 - agreement) * parity["rows"])
        broken.append(
            f"{differing:,} of {parity['rows']:,} labels of the test set differ (agreement {agreement:.6f}, "
            f"{wanted:g} is wanted), first in rows {', '.join(map(str, parity['disagreeing_rows'][:3]))}."
        )
    if not broken:
        return None
    labels_only = paths == ["optimize.min_label_agreement"]
    ties = labels_only and parity["disagreeing_ties"] == round((1 - agreement) * parity["rows"])
    return parity_broken.found(broken, scaled_trees=trap, ties=ties, address=address, path=paths[0])
