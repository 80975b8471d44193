"""Features: named groups of columns and what is done to them before a model sees them."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.kinds._fields import Resource, about
from mlc.kinds._kind import Kind


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
    """Columns that are treated alike. Everything fitted is fitted on the training part only."""

    columns: Annotated[list[str], about("Columns of the dataset.", min_length=1)]
    impute: Annotated[
        Literal["none", "mean", "median", "most_frequent"], about("What stands in for a missing number.")
    ] = "none"
    scale: Annotated[Literal["none", "standard", "min_max", "robust"], about("How numbers are scaled.")] = (
        "none"
    )
    encode: Annotated[
        Literal["none", "one_hot", "ordinal"],
        about("How categories become numbers; `ordinal` follows the order of the column's `values`."),
    ] = "none"
    text: Annotated[
        Text | None, about("Each column is a text whose words are learned. It goes by itself in a group.")
    ] = None
    transforms: Annotated[
        dict[str, Transform],
        about(
            "Further transformers, by names of your own, in this order after impute, encode and scale. They see the "
            "columns of the group together."
        ),
    ] = {}


class Features(Resource, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model sees of a dataset; many models may share it."""

    groups: Annotated[dict[str, Group], about("The groups, by name.", change="retrain", min_length=1)]


KIND = Kind(
    name="features",
    spec=Features,
    planned=(
        "groups.*.bin",
        "groups.*.dates",
        "groups.*.cross",
        "groups.*.reduce",
        "groups.*.select",
    ),
)
