"""What an estimator of scikit-learn is, as data: what a process of its own tells of a file (`drivers._skops_told`)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Part(Struct, frozen=True, kw_only=True):
    """An estimator, a transformer, or one of the words `passthrough` and `drop` (as `type`).

    `params` are those that differ from their defaults, as far as they are plain data; of the others `unsaid` says
    what they are, and `within` holds those that are estimators themselves. `steps` are a Pipeline's, `branches` a
    ColumnTransformer's. `classes`, `categories`, `columns_in` and `width` are known where it is fitted.
    """

    type: str
    params: dict[str, Any] = {}
    unsaid: dict[str, str] = {}
    within: dict[str, list[Step]] = {}
    steps: list[Step] = []
    branches: list[Branch] = []
    remainder: str = ""
    classes: list[Any] = []
    categories: list[list[Any]] = []
    columns_in: list[str] = []
    width: int = 0
    is_fitted: bool = False


class Step(Struct, frozen=True):
    name: str
    part: Part


class Branch(Struct, frozen=True):
    """A part of a ColumnTransformer. `columns` are names where they are known, else places from 0; None where neither
    is."""

    name: str
    part: Part
    columns: list[str | int] | None


class Told(Struct, frozen=True):
    """`untrusted` are types that are on no list, `refused` says what else stood in the way."""

    model: Part | None = None
    untrusted: list[str] = []
    refused: str = ""
