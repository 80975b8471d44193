"""Features: named groups of columns and what is done to them before a model sees them."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.ir.task import TASKS
from mlc.kinds._feature_steps import Bin, Cross, Dates, Reduce, Select
from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind, View


class Transform(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A transformer of scikit-learn and its parameters."""

    estimator: Annotated[
        str,
        about(
            "The transformer, by its full name.",
            example="sklearn.preprocessing.PowerTransformer",
            min_length=1,
        ),
    ]
    params: Annotated[
        dict[str, Any], about("Its parameters; what is left out keeps the library's default.")
    ] = {}


class Text(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words of a text as numbers: one column for each word that was learned. A word is a run of letters and digits of
    ASCII and `_`; everything else parts words."""

    weigh: Annotated[
        Literal["tfidf", "count", "presence"],
        about(
            "`tfidf` weighs rare words more, `count` counts, `presence` says 1 or 0. Trees take the latter two."
        ),
    ] = "tfidf"
    ngrams: Annotated[int, about("Runs of up to so many words count as words too.", ge=1, le=3)] = 1
    max_words: Annotated[int, about("The most frequent are kept.", ge=1, le=20000)] = 1000
    min_rows: Annotated[int, about("In how many rows a word has to stand at least.", ge=1)] = 1
    lowercase: Annotated[bool, about("Whether capitals are the same as small letters.")] = True


class Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Columns that are treated alike: what is asked for is done in the order of these fields, whatever the order in
    the file. Everything fitted is fitted on the training part only."""

    columns: Annotated[list[str], about("Columns of the dataset.", min_length=1)]
    dates: Annotated[Dates | None, about("Each column is a date or a time, whose parts become numbers.")] = (
        None
    )
    text: Annotated[
        Text | None,
        about(
            "Each column is a text whose words are learned. Beside it a group takes `select` and `reduce` only."
        ),
    ] = None
    impute: Annotated[
        Literal["none", "mean", "median", "most_frequent"], about("What stands in for a missing number.")
    ] = "none"
    bin: Annotated[
        Bin | None,
        about(
            "Each number becomes the number of its bin, from 0; with `encode: one_hot`, a column for each bin."
        ),
    ] = None
    encode: Annotated[
        Literal["none", "one_hot", "ordinal", "target"],
        about(
            "How categories become numbers; `ordinal` follows the order of the column's `values`. `target` gives what "
            "the label is on average where a category stands, of several classes the share of each."
        ),
    ] = "none"
    scale: Annotated[Literal["none", "standard", "min_max", "robust"], about("How numbers are scaled.")] = (
        "none"
    )
    cross: Annotated[Cross | None, about("Interactions of the group's columns.")] = None
    transforms: Annotated[
        dict[str, Transform],
        about(
            "Further transformers, by names of your own, in this order after impute, bin, encode, scale and cross. "
            "They see the columns of the group together."
        ),
    ] = {}
    select: Annotated[Select | None, about("Which columns of the group are kept.")] = None
    reduce: Annotated[Reduce | None, about("Fewer columns, computed from all of the group.")] = None


class Features(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model sees of a dataset; many models may share it, and each fits it on its own training part."""

    groups: Annotated[dict[str, Group], about("The groups, by name.", change="retrain", min_length=1)]
    select: Annotated[
        Select | None, about("Which columns are kept of all groups together.", change="retrain")
    ] = None
    reduce: Annotated[
        Reduce | None, about("Fewer columns, computed from those of all groups.", change="retrain")
    ] = None


KIND = Kind(name="features", spec=Features)

_SCORES = {
    "linear": ("f_classif", "f_regression"),
    "mutual_information": ("mutual_info_classif", "mutual_info_regression"),
    "chi2": ("chi2", "chi2"),
}


def seen(view: View, task: str) -> dict[str, Any]:
    """Features as the steps of a model of a task are told them: `groups`, and `joined` where something is done to
    all groups together."""
    groups = {name: _group(group, task) for name, group in view["groups"].items()}
    joined = {name: _step(name, view[name], task) for name in ("select", "reduce") if view[name] is not None}
    return {"groups": groups} | ({"joined": joined} if joined else {})


def encodes_target(told: dict[str, Any]) -> bool:
    """Whether features (as `seen` gives them, or as they are written) encode categories by the label."""
    return any(group["encode"] == "target" for group in told["groups"].values())


def _group(group: View, task: str) -> dict[str, Any]:
    # what is not asked for is not told, so that a later version's groups have the keys of an earlier one's
    given = {name: _step(name, value, task) for name, value in group.items() if value is not None}
    transforms = given.pop("transforms")
    # a list, because the order matters and the key of a step sorts its maps
    ordered = [{"name": name, **transform} for name, transform in transforms.items()]
    return given | ({"transforms": ordered} if ordered else {})


def _step(name: str, value: Any, task: str) -> Any:
    """What selects by the label is told how, by whether it is a class or a number."""
    if name != "select" or value["method"] == "variance":
        return value
    classifies = TASKS[task].classifies
    if value["method"] == "best":
        return {**value, "score": _SCORES[value["score"]][0 if classifies else 1]}
    return {**value, "of": "classes" if classifies else "numbers"}
