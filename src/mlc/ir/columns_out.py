"""The columns that come out of features, as far as they are known before anything is fitted."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Type = Literal["number", "category", "indicator", "weight"]
"""What a column holds, all of them as float32: a number; the number of a category; 0 or 1; what a word weighs."""


class Out(Struct, frozen=True, tag_field="known", tag="now"):
    """A column that comes out, made of some of the dataset's columns (`of`) by a group (empty: by all of them)."""

    name: str
    group: str
    of: tuple[str, ...]
    type: Type


class Unknown(Struct, frozen=True, tag_field="known", tag="after apply"):
    """Columns of which only applying tells the names: how many (None: not known), at most how many (None: not known),
    the names that they can have (empty: any), and why."""

    group: str
    of: tuple[str, ...]
    type: Type
    why: str
    count: int | None = None
    most: int | None = None
    among: tuple[str, ...] = ()


Item = Out | Unknown


class FeaturesOut(Struct, frozen=True, kw_only=True):
    """`mlc explain features.NAME --columns --format json`."""

    version: Literal[1] = 1
    features: str
    used: tuple[ColumnsOut, ...]


class ColumnsOut(Struct, frozen=True):
    """Features on a dataset: which models they are fitted for, and what comes out; `count` is None where it is not
    known how many columns that are."""

    environment: str
    dataset: str
    models: tuple[str, ...]
    count: int | None
    items: tuple[Item, ...]
