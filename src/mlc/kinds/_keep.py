"""Which versions of a registry stay."""

from typing import Annotated

from msgspec import Meta, Struct

from mlc.kinds._fields import about

_Days = Annotated[int, Meta(ge=1)]


class Keep(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which versions stay, of each model and each dataset; `mlc registry gc` shows what would go, and why. Whatever an
    alias points to stays, and what a version that stays was made of, and its data."""

    last: Annotated[int, about("The newest so many.", ge=1)] = 10
    days: Annotated[_Days | None, about("Those registered in the last so many days.", unit="days")] = 365
    promoted_days: Annotated[
        _Days | None,
        about(
            "Those that an alias pointed to in the last so many days, by the promotion log, as a law may ask for; "
            "null: those that one ever pointed to.",
            unit="days",
        ),
    ] = None


Kept = Annotated[
    Keep | None, about("Which versions are to be kept; every one where nothing is said.", change="none")
]
