"""What a model takes of a registered version."""

from typing import Annotated

from msgspec import Struct

from mlc.kinds._fields import Name, about

REFERENCE = r"^[a-z0-9][a-z0-9_-]*(:[1-9][0-9]{0,8}|@[a-z0-9][a-z0-9_-]*)$"

_MODEL = about(
    "The version: NAME:3 by its number, NAME@production by an alias, which is looked up when the plan is made.",
    example="risk:3",
    pattern=REFERENCE,
    form="a version of a registered model, such as risk:3 or risk@production",
)

WARM = (
    *("LogisticRegression", "SGDClassifier", "SGDRegressor", "MLPClassifier", "MLPRegressor"),
    *("GradientBoostingClassifier", "GradientBoostingRegressor"),
    *("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"),
)
"""The estimators of scikit-learn that can go on learning from where they stopped, by short name. Forests can, too, but
their further trees do not follow from the first ones."""


class Transforms(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="as", tag="transforms"
):
    """Its feature groups as they were fitted: nothing of them is fitted anew."""

    model: Annotated[str, _MODEL]


class WarmStart(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="as", tag="warm_start"
):
    """Training goes on from where its estimator stopped, on its transforms as they were fitted."""

    model: Annotated[str, _MODEL]


class Answers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="as", tag="features"):
    """What it says of a row is a further column to learn from."""

    model: Annotated[str, _MODEL]
    name: Annotated[Name | None, about("What the column is called; as the model where nothing is said.")] = (
        None
    )
    columns: Annotated[
        list[str],
        about("The columns of the dataset that the version sees; those of `features` where none is named."),
    ] = []
