"""Where the rows of a dataset come from."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mlc.kinds._fields import about, formed


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


Secret = Annotated[
    str,
    formed(
        r"^\$\{secret:[A-Za-z_][A-Za-z0-9_-]*\}$",
        "a secret, as in ${secret:DATABASE_PASSWORD}",
        **{"x-mlc-sensitive": True},
    ),
]

Version = Annotated[
    str,
    about(
        "Says which rows are meant, in words of your own: a date, a tag, ${input:loans}. The rows are read when this "
        "text, or what is asked for, is another one; what lies outside the project is not looked at to plan.",
        example="2026-11-26",
    ),
]


class SqlSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="sql"):
    """A query or a table of a database. Rows are kept in the order of their id, as a database promises none."""

    url: Annotated[
        str,
        about(
            "The database, in SQLAlchemy's notation and without a password; `sqlite:///` and `duckdb:///` name a file "
            "of the project, which is then read anew whenever it changes.",
            example="postgresql://reader@db.example/loans",
            pattern=r"^[a-z][a-z0-9]*(\+[a-z0-9_]+)?://[^\s$]*$",
            form="a URL such as postgresql://reader@db.example/loans or duckdb:///data/loans.duckdb",
        ),
    ]
    password: Annotated[
        Secret | None, about("The user's password, read where the database is reached and nowhere else.")
    ] = None
    query: Annotated[str | None, about("What is asked for.", example="select * from loans where closed")] = (
        None
    )
    table: Annotated[
        str | None, about("A whole table, in the place of a query, with its schema where it needs one.")
    ] = None
    version: Version = ""


class ObjectStoreSource(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="object_store"
):
    """One file or several of a store that fsspec reaches: S3, Google Cloud Storage, Azure, HTTP, a mounted folder."""

    url: Annotated[
        str,
        about(
            "Where: s3://bucket/loans.parquet, gs://…, abfs://…, https://…, sftp://…, file:///mnt/…; `*` stands for "
            "any letters in a name, and the files are taken in the order of their names.",
            example="s3://lake/loans/*.parquet",
            pattern=r"^(s3|gs|gcs|abfs|abfss|az|https?|sftp|file|memory)://[^\s$]+$",
            form="a URL that begins with s3://, gs://, abfs://, https://, sftp:// or file://",
        ),
    ]
    format: Annotated[
        Literal["parquet", "csv", "jsonl"],
        about("How it is written; `jsonl` is one JSON object on each line."),
    ] = "parquet"
    options: Annotated[
        dict[str, Any],
        about(
            "What fsspec is to be given to reach it; what is secret stays a reference.",
            example={"key": "${secret:STORE_KEY}", "secret": "${secret:STORE_SECRET}"},
        ),
    ] = {}
    version: Version = ""


Source = FileSource | SklearnSource | SqlSource | ObjectStoreSource
FILE_DATABASES = ("sqlite", "duckdb")


def database_file(url: str) -> str | None:
    """The file of the project that a URL of a database names; None where it names a server."""
    scheme, mark, path = url.partition("://")
    if scheme.partition("+")[0] not in FILE_DATABASES or not mark:
        return None
    return path.partition("?")[0].removeprefix("/")


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
