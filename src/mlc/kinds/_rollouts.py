"""How a new version takes over from the one that is served."""

from typing import Annotated, Any

from msgspec import Struct

from mlc.kinds._fields import NAME_PATTERN, Duration, Name, Percent, about, percent, seconds
from mlc.kinds._kind import View


class AllAtOnce(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="strategy", tag="all_at_once"
):
    """The new version gets all requests as soon as it is ready."""


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the traffic the new version gets, and for how long."""

    traffic: Annotated[
        Percent, about("The share of requests that goes to the new version.", example="10%", stricter="lower")
    ]
    hold: Annotated[
        Duration | None,
        about("How long it stays so; until a person promotes it where no time is given.", example="30m"),
    ] = None


class Canary(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="strategy", tag="canary"
):
    """The new version gets more of the traffic step by step, and all of it after the last step."""

    steps: Annotated[
        dict[Annotated[str, about("A name of your own.", pattern=NAME_PATTERN)], Step],
        about("The steps in order.", example={"first": {"traffic": "10%", "hold": "30m"}}, min_length=1),
    ]
    stable: Annotated[
        Name | None,
        about(
            "The alias of the version that the rest goes to, where the target has to be told.",
            example="production",
        ),
    ] = None


class BlueGreen(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="strategy", tag="blue_green"
):
    """The new version gets all requests as soon as it is ready; the one before stays beside it, to go back to."""


class Shadow(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="strategy", tag="shadow"
):
    """The new version gets a copy of some requests, and its answers are thrown away; the one before answers."""

    traffic: Annotated[Percent, about("The share of requests that is copied.", example="20%")]


Rollout = AllAtOnce | Canary | BlueGreen | Shadow


def canary_of(view: View) -> list[dict[str, Any]]:
    """The steps of a deployment's canary, none where there is no canary: percent, and seconds or None."""
    rollout = view["rollout"]
    if rollout["strategy"] != "canary":
        return []
    return [
        {
            "name": name,
            "percent": percent(step["traffic"]),
            "seconds": None if step["hold"] is None else max(1, round(seconds(step["hold"]))),
        }
        for name, step in rollout["steps"].items()
    ]
