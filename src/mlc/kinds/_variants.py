"""Variants of the form that is served, the rule that chooses one, and the step that this takes."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from mlc.kinds._fields import Share, about


class Variant(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form of the model: the one that is exported where nothing else is said, or one thing that is done to it."""

    graph: Annotated[
        Literal["basic", "extended"] | None,
        about(
            "onnxruntime's own optimisation of the graph: `basic` keeps to operators of ONNX, `extended` fuses some "
            "into operators that onnxruntime alone has."
        ),
    ] = None
    precision: Annotated[
        Literal["float16"] | None,
        about("Weights of matrix products kept as 16 bits. The file is smaller; it is not faster."),
    ] = None
    quantize: Annotated[
        Literal["dynamic", "static"] | None,
        about(
            "Weights of 8 bits; activations are scaled row by row (`dynamic`), or by what training rows showed "
            "(`static`)."
        ),
    ] = None
    prune: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        about("The share of an ensemble's trees that is kept: the first ones.", example=0.5),
    ] = None
    max_probability_difference: Annotated[
        Share | None,
        about(
            "Largest difference of a probability from the estimator's. Where none is given, that of `optimize`, and "
            "0.1 for what rounds or prunes.",
            stricter="lower",
        ),
    ] = None
    min_label_agreement: Annotated[
        Share | None,
        about(
            "Share of labels that must be the estimator's. Where none is given, that of `optimize`, and 0.99 for what "
            "rounds or prunes.",
            stricter="higher",
        ),
    ] = None
    max_value_difference: Annotated[
        Share | None,
        about(
            "How far a number may be from the estimator's, as in `optimize`. Where none is given, that of `optimize`, "
            "and 0.01 for what rounds or prunes.",
            stricter="lower",
        ),
    ] = None
    min_value_agreement: Annotated[
        Share | None,
        about(
            "Share of numbers that must be within that. Where none is given, that of `optimize`, and 0.99 for what "
            "rounds or prunes.",
            stricter="higher",
        ),
    ] = None


class Choose(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which variant is served, of those that clear every bound. Give `smallest` or `fastest`."""

    smallest: Annotated[Literal["size"] | None, about("The smallest file.")] = None
    fastest: Annotated[
        Literal["latency"] | None,
        about("The smallest median latency. The choice then depends on the machine that measures."),
    ] = None
    within: Annotated[
        dict[str, float],
        about(
            "By how much a metric may be worse than that of the form as exported: on the validation rows where the "
            "dataset keeps some, else on the test set.",
            example={"roc_auc": 0.002},
            stricter="more",
        ),
    ] = {}


BOUNDS = {
    "binary_classification": ("max_probability_difference", "min_label_agreement"),
    "multiclass_classification": ("max_probability_difference", "min_label_agreement"),
    "regression": ("max_value_difference", "min_value_agreement"),
    "anomaly_detection": ("min_label_agreement", "max_value_difference", "min_value_agreement"),
    "clustering": ("min_label_agreement",),
}
"""Of `optimize`, what holds the served form to the estimator in each task."""

DONE = ("graph", "precision", "quantize", "prune")
"""What can be done to a form; a variant has at most one of them."""

LOSSY = ("precision", "quantize", "prune")
"""Of these, what does not keep every probability."""

_NETWORKS = ("MLPClassifier", "MLPRegressor")
_FORESTS = (
    *("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
    *("GradientBoostingClassifier", "GradientBoostingRegressor"),
    *("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
)


def impossible(estimator: str, variant: dict[str, Any], *, calibrated: bool) -> str:
    """Why a variant is not possible for an estimator, in a sentence; empty where it is."""
    short = estimator.rpartition(".")[2]
    if (variant["quantize"] or variant["precision"]) and short not in _NETWORKS:
        what = "quantised" if variant["quantize"] else "given half the precision"
        return (
            f"{short} cannot be {what}: its ONNX form is one operator of trees, weights or neighbours whose numbers "
            "are attributes of 32 bits, and only matrix products have another form. That is so of networks "
            f"({_alike(_NETWORKS, short)})."
        )
    if variant["prune"] and short not in _FORESTS:
        return (
            f"{short} cannot be pruned: it is none of the ensembles of trees that mlc shortens: "
            f"{_alike(_FORESTS, short)}."
        )
    if variant["prune"] and calibrated:
        return "A calibration is learned for the whole ensemble, and would be wrong for a part of it."
    return ""


def _alike(names: tuple[str, ...], short: str) -> str:
    """Those that predict what the estimator does: numbers or classes; all where it does neither."""
    kind = next((kind for kind in ("Classifier", "Regressor") if short.endswith(kind)), "")
    return ", ".join(name for name in names if name.endswith(kind))


_LOSSY_BOUNDS = {
    "max_probability_difference": 0.1,
    "min_label_agreement": 0.99,
    "max_value_difference": 0.01,
    "min_value_agreement": 0.99,
}


def bounds(variant: dict[str, Any], optimize: dict[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    """How far a variant may differ from the estimator, by the bounds (`names`) of its task."""
    usual = _LOSSY_BOUNDS if any(variant[name] for name in LOSSY) else optimize
    return {name: usual[name] if variant.get(name) is None else variant[name] for name in names}


def variants_spec(optimize: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The part of the step's specification that says what is made and how one is chosen."""
    return {
        "opset": optimize["opset"],
        # a list, because of equals the first is chosen and the key of a step sorts its maps
        "variants": [
            {
                "name": name,
                **{key: value for key, value in variant.items() if key in DONE and value is not None},
                **bounds(variant, optimize, names),
            }
            for name, variant in optimize["variants"].items()
        ],
        "choose": {key: value for key, value in optimize["choose"].items() if value},
    }
