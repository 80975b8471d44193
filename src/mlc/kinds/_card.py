"""What a model's author says of it to the people who use it."""

from typing import Annotated, Literal

from msgspec import Struct

from mlc.kinds._fields import about


class Card(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people need to know before they use the model."""

    intended_use: Annotated[str, about("What it is for, and for whom.")] = ""
    limits: Annotated[str, about("What it must not be used for, and where it is known to be weak.")] = ""
    risk_class: Annotated[
        Literal["minimal", "limited", "high"] | None, about("Risk class after the EU AI Act.")
    ] = None
    licence: Annotated[str, about("Licence of the model, as an SPDX name.", example="Apache-2.0")] = ""
