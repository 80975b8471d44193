"""reuse: takes a version out of the registry, as it was registered.

Which version it is was looked up when the plan was made: `spec["number"]` and `spec["digest"]` (of its ONNX file).
Inputs: `train` and `test` (Parquet) of the model that uses it. Outputs: `model` (skops) and `about` (JSON, see
`_reused.About`).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from mlc.ir.operation import Product, StepFailed, Work

VERSION = 1
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops", "polars")
EFFECT = False
MEMORY = 300
MEMORY_PER_BYTE = 20.0
LOADS = ("polars", "mlc.drivers._canonical", "mlc.drivers._reused", "mlc.drivers._skops")


def run(work: Work) -> Product:
    """Raises StepFailed: reuse-unfit for a version that is gone, damaged or unsafe, or that has learned from rows which
    are to prove the new model; registry-unreadable."""
    from mlc.drivers import registry
    from mlc.drivers._canonical import canonical
    from mlc.drivers._reused import About
    from mlc.rules import reuse_unfit

    spec, address = work.spec, work.operation.address
    name = spec["model"].partition(":")[0].partition("@")[0]
    version = f"{name}:{spec['number']}"
    place = registry.open_registry(work.root, spec["registry"])
    entry = registry.show(work.root, spec["registry"], version).entry
    if entry.digest != spec["digest"]:
        raise StepFailed(reuse_unfit.another(version, address))
    digest = entry.files.get("model", "")
    if not digest or place.files.found(digest) != digest:
        raise StepFailed(reuse_unfit.gone(version, address))
    checked = _refuse_rows_learned(work, version, entry.data.parts.get("train", ""))
    model = work.folder / "model.skops"
    shutil.copyfile(place.files.path(digest), model)
    _refuse_unsafe(model, version, address)
    about = work.folder / "about.json"
    about.write_bytes(
        canonical(
            About(
                name=entry.name,
                number=entry.number,
                digest=entry.digest,
                task=entry.task,
                inputs=[one.name for one in entry.signature.inputs],
            )
        )
    )
    summary = {"version": version, "digest": entry.digest, "compared_rows": checked}
    return Product({"model": model, "about": about}, summary)


def _refuse_unsafe(model: Path, version: str, address: str) -> None:
    """Only listed types are loaded, as ever."""
    import zipfile

    from skops.io.exceptions import UntrustedTypesFoundException

    from mlc.drivers._skops import load_model
    from mlc.rules import reuse_unfit

    try:
        load_model(model)
    except (UntrustedTypesFoundException, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise StepFailed(reuse_unfit.unsafe(version, str(error), address)) from error


def _refuse_rows_learned(work: Work, version: str, digest: str) -> bool:
    """Whether the rows that the version has learned from are still here and could be compared: none may be among those
    that prove the new model, nor, where it answers for them, among those that this learns from."""
    import polars as pl

    from mlc.rules import reuse_unfit
    from mlc.store.content import Content

    kept, column = Content(work.root / ".mlc" / "content"), work.spec["id"]
    if not digest or not column or not kept.is_intact(digest):
        return False
    learned = pl.read_parquet(kept.location(digest))
    if column not in learned.columns:
        return False
    ids = learned[column].cast(pl.String)
    for part in ("train", "test") if work.spec["as"] == "features" else ("test",):
        asked = pl.read_parquet(work.inputs[part], columns=[column])[column].cast(pl.String)
        shared = asked.filter(asked.is_in(ids.implode()))
        if len(shared):
            raise StepFailed(
                reuse_unfit.shared(version, column, len(shared), part, str(shared[0]), work.operation.address)
            )
    return True
