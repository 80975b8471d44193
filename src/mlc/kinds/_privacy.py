"""What is done so that the rows of a dataset tell nothing of single people."""

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import Share, about
from mlc.kinds._sources import Secret


class Pseudonymise(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values become pseudonyms as soon as they are read: HMAC-SHA-256 (RFC 2104) with a key, 128 bits of it in hex."""

    columns: Annotated[
        list[str],
        about(
            "The columns: declared as text, which pseudonyms are. Alike values have alike pseudonyms in all.",
            min_length=1,
        ),
    ]
    key: Annotated[
        Secret, about("The key, of 16 characters or more: who has it can find out whose pseudonym one is.")
    ]
    key_version: Annotated[
        str,
        about("Another text says that the key is another one, so that the rows are read again.", example="2"),
    ] = ""


class KAnonymity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every combination of some columns has to occur in k rows or more (Sweeney 2002)."""

    columns: Annotated[
        list[str],
        about(
            "What somebody may know of a person from elsewhere.",
            example=["postcode", "birth_year"],
            min_length=1,
        ),
    ]
    k: Annotated[int, about("The fewest rows that are alike.", ge=2, stricter="higher")] = 5
    otherwise: Annotated[
        Literal["error", "warning", "suppress"],
        about("What is done about rows of rarer combinations: stop, tell, or leave them out."),
    ] = "error"
    max_suppressed: Annotated[
        Share, about("Largest share of rows that may be left out; more stops the step.", stricter="lower")
    ] = 0.05


class DifferentialPrivacy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Noise on every figure that leaves: whether a person's rows are among the others can hardly be told from it."""

    epsilon: Annotated[
        float,
        about(
            "How much may be told of a person at most; 1 is much used, less tells less.",
            gt=0,
            le=10,
            stricter="lower",
        ),
    ]
    key: Annotated[
        Secret,
        about(
            "What the noise is drawn from: the same data give the same noise, which nobody else can take away."
        ),
    ]
    rows_per_person: Annotated[int, about("How many rows a person has at most.", ge=1, stricter="higher")] = 1


class Profile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each version of the dataset looks like: published as figures and as a page, and registered."""

    correlations: Annotated[bool, about("Whether columns of numbers are compared with each other.")] = True
    differential_privacy: Annotated[
        DifferentialPrivacy | None,
        about("Publish noisy counts, and what follows from them, only."),
    ] = None


class Privacy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done so that the rows tell nothing of single people."""

    drop: Annotated[
        list[str],
        about(
            "Columns of the source that nothing may use: they are forgotten as soon as they are read.",
            stricter="more",
        ),
    ] = []
    pseudonymise: Annotated[Pseudonymise | None, about("Columns of which only pseudonyms are kept.")] = None
    k_anonymity: Annotated[KAnonymity | None, about("How many people have to be alike.")] = None
