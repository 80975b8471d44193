"""Groups of features that cannot be built: the rules say so at plan time, and this to who calls the driver itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlc.drivers._columns import TIMES, Columns, names_of
from mlc.drivers.features.step import UnfitError


def refuse(path: str, name: str, group: Mapping[str, Any], columns: Columns) -> None:
    """Raises UnfitError for what does not fit the types of a group's columns. `path` is the group's."""
    encode = group["encode"]
    types = {column: columns[column]["type"] for column in group["columns"]}
    texts = [column for column, kind in types.items() if kind == "string"]
    times = [column for column, kind in types.items() if kind in TIMES]
    fractions = [column for column, kind in types.items() if kind == "number"]
    if group.get("text"):
        if len(texts) < len(types):
            raise UnfitError(
                f"The group `{name}` learns the words of columns that are no text.", f"{path}.columns"
            )
        return
    if bool(times) != bool(group.get("dates")) or (times and len(times) < len(types)):
        raise UnfitError(
            f"The group `{name}` has `dates`, which takes dates and times, or holds some ({names_of(times or types)}) "
            "that it does not. Put them into a group of their own with `dates`.",
            f"{path}.columns",
        )
    if texts and encode == "none":
        raise UnfitError(
            f"The group `{name}` hands text to the estimator ({names_of(texts)}), which takes numbers only. "
            "Encode the group `one_hot`, `ordinal` or `target`, or give the text a group of its own with `text`.",
            f"{path}.encode",
        )
    if texts and group.get("bin"):
        raise UnfitError(
            f"The group `{name}` bins text ({names_of(texts)}). Bins are of numbers.", f"{path}.bin"
        )
    if texts and group["impute"] in ("mean", "median"):
        raise UnfitError(
            f"The group `{name}` imputes the {group['impute']} of text ({names_of(texts)}). Text has a most "
            "frequent value only.",
            f"{path}.impute",
        )
    if fractions and encode != "none" and not group.get("bin"):
        raise UnfitError(
            f"The group `{name}` encodes numbers that may have fractions ({names_of(fractions)}) as "
            "categories, and in ONNX they would lose their fractions. Declare them as integers or text, bin the group, "
            "or leave them unencoded.",
            f"{path}.encode",
        )
    if encode != "none" and group["impute"] in ("mean", "median") and not group.get("bin"):
        raise UnfitError(
            f"The group `{name}` imputes the {group['impute']} of categories, which may lie between two of them; in "
            "ONNX it would become another one. `most_frequent` gives one that there is.",
            f"{path}.impute",
        )
    holes = [column for column, kind in types.items() if columns[column]["nullable"] and kind != "string"]
    if holes and encode not in ("none", "target") and group["impute"] == "none":
        raise UnfitError(
            f"The group `{name}` encodes {names_of(holes)}, which may be missing, and a missing number is no "
            "category. Impute the group, for example with `most_frequent`.",
            f"{path}.impute",
        )
