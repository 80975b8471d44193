"""Where the rows of a dataset come from."""

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import about


class FileSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="file"):
    """One file in the project's folder."""

    path: Annotated[str, about("The file, within the project.", example="data/loans.parquet", min_length=1)]
    format: Annotated[
        Literal["parquet", "csv", "jsonl"],
        about("How it is written; `jsonl` is one JSON object on each line."),
    ] = "parquet"


class SklearnSource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="sklearn"
):
    """A small set of real data that scikit-learn brings along; nothing is downloaded."""

    name: Annotated[
        Literal["iris", "wine", "breast_cancer", "digits", "diabetes", "linnerud"],
        about(
            "Which one. `row` numbers its rows, and what it is to predict is called `target`.", example="iris"
        ),
    ]


def _named(texts: str) -> dict[str, str]:
    """Columns of numbers by their names."""
    return dict.fromkeys(texts.split(), "number")


_CELLS = (
    "radius texture perimeter area smoothness compactness concavity concave_points symmetry fractal_dimension"
)

BUNDLED: dict[str, dict[str, str]] = {
    "iris": _named("sepal_length sepal_width petal_length petal_width") | {"target": "string"},
    "wine": _named(
        "alcohol malic_acid ash alcalinity_of_ash magnesium total_phenols flavanoids nonflavanoid_phenols "
        "proanthocyanins color_intensity hue od280_od315_of_diluted_wines proline"
    )
    | {"target": "string"},
    "breast_cancer": _named(
        " ".join(
            f"mean_{cell} " if which == "mean" else f"{cell}_error " if which == "error" else f"worst_{cell} "
            for which in ("mean", "error", "worst")
            for cell in _CELLS.split()
        )
    )
    | {"target": "string"},
    "digits": _named(" ".join(f"pixel_{row}_{column}" for row in range(8) for column in range(8)))
    | {"target": "integer"},
    "diabetes": _named("age sex bmi bp s1 s2 s3 s4 s5 s6 target"),
    "linnerud": _named("chins situps jumps weight waist pulse"),
}
"""The columns of scikit-learn's bundled sets and the types that they have, beside `row`."""
