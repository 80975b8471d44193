"""The page of the estimators, from the catalogue: `python -m mlc.kinds._estimators_page` writes docs/estimators.md.

A test holds that this leaves no diff.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlc import data
from mlc.kinds import _estimators
from mlc.kinds._estimators import Told

PATH = ("docs", "estimators.md")
_HEAD = """\
# Estimators

Every estimator of {packages}, and what this version of `mlc` does with it.
`mlc schema NAME` prints the JSON Schema of its parameters, `mlc schema estimators` this list. This page is generated
by `make generate`.

A model names one of the estimators of the first table in `train.estimator`; a feature group those of the second in
`transforms`. Each of them is proven in the tests: it is trained, saved, loaded and exported, and its ONNX form gives
the same labels and probabilities, for every choice of every parameter that is offered and a number in each range.
Parameters are checked against the library's own constraints before anything runs, for the estimators that are not
served too.

Four estimators of the first table could transform as well, and are not among `transforms`: the ONNX forms of
KMeans, MiniBatchKMeans and LinearDiscriminantAnalysis hand on a label where scikit-learn hands on numbers, and
PLSRegression, fitted before another estimator, gives the label beside the columns.

`lightgbm` and `xgboost` are extras: `pip install 'mlc[lightgbm]'`, `pip install 'mlc[xgboost]'`.
"""
_SERVED = {
    "train": "Trained and served, for binary classification",
    "transforms": "Transforms of a feature group",
}
_ORDER = (
    "classifier",
    "meta-estimator",
    "transformer",
    "regressor",
    "clusterer",
    "outlier detector",
    "ranker",
)
_TITLES = {
    "classifier": "Classifiers that are not served",
    "meta-estimator": "Estimators of estimators",
    "transformer": "Transformers that are not served",
}


def page() -> str:
    """The whole page, as Markdown."""
    packages = [f"{package} {version}" for package, version in _estimators.versions().items()]
    head = _HEAD.format(packages=f"{', '.join(packages[:-1])} and {packages[-1]}")
    return head + "".join(_sections(_estimators.catalogue()))


def _sections(catalogue: dict[str, Told]) -> Iterator[str]:
    for place, title in _SERVED.items():
        yield f"\n## {title}\n\n| estimator | to be known |\n|---|---|\n"
        for name in _estimators.offered(place):  # type: ignore[arg-type]
            yield f"| `{name}` | {' '.join(_notes(name))} |\n"
    rest = {name: told for name, told in catalogue.items() if not told.serves}
    kinds = [*_ORDER, *sorted({told.what for told in rest.values()} - {*_ORDER})]
    for kind in kinds:
        found = {name: told for name, told in rest.items() if told.what == kind}
        plural = "neighbour searches" if kind == "neighbour search" else f"{kind}s"
        title = _TITLES.get(kind, plural[0].upper() + plural[1:])
        yield f"\n## {title}\n\n| estimator | why it is not served |\n|---|---|\n"
        for name, told in found.items():
            yield f"| `{name}` | {told.why} |\n"


def _notes(name: str) -> Iterator[str]:
    schema = _estimators.parameter_schema(name)
    assert schema is not None, name
    about = schema["x-mlc-estimator"]
    if about.get("trees"):
        yield "Made of trees: numbers are not to be scaled for it."
    if about.get("takes-missing"):
        yield "Takes missing numbers."
    if about.get("imputes"):
        yield "Imputes."
    for parameter in schema.get("required", ()):
        yield f"`{parameter}` has to be set."
    for parameter, limit in schema["x-mlc-denied"].items():
        yield f"No {_denied(parameter, limit)}: {limit['why']}"


def _denied(parameter: str, limit: dict[str, Any]) -> str:
    """The values that are not offered."""
    written = ["null" if one is None else str(one).lower() for one in limit.get("lost", ())]
    return (
        f"`{parameter}: {', '.join(written[:4])}{', …' if written[4:] else ''}`"
        if written
        else f"`{parameter}`"
    )


def main() -> None:
    data.path(*PATH).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
