"""The door to skops: saves a Pipeline as the same bytes every time, and loads only listed types."""

from __future__ import annotations

import io
import json
import zipfile
from itertools import count
from pathlib import Path
from typing import Any

import skops.io
from sklearn.pipeline import Pipeline

LARGEST_MODEL = 4 << 30
"""Bytes; a larger model, unpacked, is refused."""

TRUSTED = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "mlc.drivers._calibration.Calibrated",
    "mlc.drivers._feeding.Fed",
    "mlc.drivers._mean.Mean",
    "mlc.drivers.features.bins.Bins",
    "mlc.drivers.features.dates.DateParts",
    "mlc.drivers.features.kept.Kept",
    "mlc.drivers.features.means.Means",
    "mlc.drivers.features.products.Products",
    "mlc.drivers.features.projection.Projection",
    "numpy.dtype",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRFClassifier",
    "xgboost.sklearn.XGBRFRegressor",
    "xgboost.sklearn.XGBRegressor",
)
"""What the estimators and transforms of the tables hold beyond the types that skops itself trusts."""

_AN_ADDRESS = "_stop_words_id"
"""Where a vectorizer of words remembers for which stop words it was checked; it looks again where that is another."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date a zip can hold


def save_model(model: Pipeline, path: Path) -> Path:
    """Write `model`; a model fitted alike gives the same bytes in every process."""
    path.write_bytes(_canonical(skops.io.dumps(model)))
    return path


def load_model(path: Path, own: tuple[str, ...] = ()) -> Pipeline:
    """The Pipeline that `save_model` wrote. `own` are beginnings of types beyond the list that may be loaded: those of
    the project's own modules, where these have been imported anyway.

    Raises skops' UntrustedTypesFoundException for a type that is not listed, ValueError for a file that
    unpacks to more than `LARGEST_MODEL` or holds something else than a Pipeline.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_MODEL:
        raise ValueError(f"{path.name} unpacks to {size:,} bytes; at most {LARGEST_MODEL:,} are read")
    trusted = list(TRUSTED)
    if own:
        trusted += [name for name in skops.io.get_untrusted_types(file=path) if name.startswith(own)]
    model = skops.io.load(path, trusted=trusted)
    if not isinstance(model, Pipeline):
        raise ValueError(f"{path.name} holds a {type(model).__name__}, not a Pipeline")
    return model


def _canonical(content: bytes) -> bytes:
    """The same archive without what differs from run to run: memory addresses, their order, and dates.

    skops names every object after its address in memory. Objects are renumbered in the order of the
    document; values of JSON are not shared, because whether two equal ones are the same object is chance. What
    scikit-learn itself keeps of an address (`_AN_ADDRESS`) becomes 0, which is nobody's.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    schema = json.loads(files.pop("schema.json"))
    numbers = count(1)
    numbered: dict[int, int] = {}
    names: dict[str, str] = {}

    def renumber(node: Any) -> None:
        if isinstance(node, list):
            for part in node:
                renumber(part)
            return
        if not isinstance(node, dict):
            return
        address = node.get("__id__")
        if isinstance(address, int):
            if address not in numbered or node.get("is_json"):
                numbered[address] = next(numbers)
            node["__id__"] = numbered[address]
        file = node.get("file")
        if isinstance(file, str) and file in files:
            suffix = file.rpartition(".")[2]
            names.setdefault(file, f"{len(names) + 1:06}.{suffix}")
            node["file"] = names[file]
        for name, part in node.items():
            if name == _AN_ADDRESS and isinstance(part, dict):
                part["content"] = "0"
            renumber(part)

    renumber(schema)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for old, new in names.items():
            archive.writestr(_entry(new), files[old])
        archive.writestr(_entry("schema.json"), json.dumps(schema, separators=(",", ":")))
    return buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o600 << 16
    return entry
