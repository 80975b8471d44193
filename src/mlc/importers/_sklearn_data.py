"""What a pipeline lets one know of the data: which columns there are, of what type, and with which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlc.importers._draft import Draft
from mlc.importers._stubs import dataset_stub
from mlc.ir.span import Span
from mlc.ir.told import Part
from mlc.rules import import_assumed

_CLASSIFIES = ("binary_classification", "multiclass_classification")


class Seen:
    """The columns that a pipeline sees, and what its steps suppose of them."""

    def __init__(
        self,
        draft: Draft,
        span: Span,
        says: str,
        known: Sequence[str],
        types: Mapping[str, Mapping[str, Any]],
        estimator: Part,
    ) -> None:
        self.draft = draft
        self.span = span
        self.says = says
        self.known = [*known]
        self.types = types
        self.estimator = estimator
        self.supposed: dict[str, set[str]] = {}
        self.values: dict[str, list[Any]] = {}

    def declared(self) -> list[str]:
        """The columns to learn from of a dataset that is there already, in order."""
        dataset = self.draft.asked.known.get("dataset", {}).get(self.draft.asked.dataset)
        if not isinstance(dataset, dict):
            return list(self.known)
        columns = dataset.get("columns", {})
        return [name for name, one in columns.items() if (one or {}).get("role", "feature") == "feature"]

    def all_columns(self) -> list[str]:
        """What is seen where no step says which columns it is of."""
        if self.known:
            return self.known
        if found := self.declared():
            return found
        width = self.estimator.width or 1
        return [f"column_{number}" for number in range(1, width + 1)]

    def named(self, columns: Sequence[str | int] | None) -> list[str] | None:
        """Columns by their names: a place is one among those that are known."""
        if columns is None:
            return None
        known = self.known or self.declared()
        found = []
        for one in columns:
            if isinstance(one, str):
                found.append(one)
            elif -len(known) <= one < len(known):
                found.append(known[one])
            else:
                found.append(f"column_{one + 1}")
        return found

    def suppose(self, columns: Sequence[str], what: str, values: Sequence[Sequence[Any]] = ()) -> None:
        """Note what a step supposes: `text`, `time`, `words`, `missing`; and the values that it knows of each
        column."""
        for place, column in enumerate(columns):
            self.supposed.setdefault(column, set()).add(what)
            if place < len(values):
                found = [one for one in values[place] if one is not None and one != ""]
                whole = all(isinstance(one, float) and one.is_integer() for one in found)
                self.values[column] = [int(one) for one in found] if whole else found

    def are_text(self, columns: Sequence[str]) -> bool:
        """Whether some of the columns are encoded: the field `scale` is of columns that are numbers from the first."""
        return any("text" in self.supposed.get(column, ()) for column in columns)

    def column(self, name: str) -> dict[str, Any]:
        """A column as a dataset declares it."""
        supposed, values = self.supposed.get(name, set()), self.values.get(name, [])
        made: dict[str, Any] = dict(self.types.get(name, {}))
        if "type" not in made:
            made["type"] = self._type(supposed, values)
        if "text" in supposed and values and made["type"] != "number":
            made["values"] = values
        if "missing" in supposed or "nullable" in made:
            made["nullable"] = True
        return made

    def _type(self, supposed: set[str], values: Sequence[Any]) -> str:
        if "time" in supposed:
            return "datetime"
        if "words" in supposed:
            return "string"
        if "text" not in supposed:
            return "number"
        if values and all(type(one) is int for one in values):
            return "integer"
        return "boolean" if values and all(isinstance(one, bool) for one in values) else "string"


def dataset_of(name: str, seen: Seen, groups: Any, task: str) -> tuple[str, dict[str, Any]]:
    """The dataset to learn from, and what its label is: one that is there already, or one that is described."""
    draft = seen.draft
    asked = draft.asked.dataset
    if asked and draft.is_known("dataset", asked):
        columns = (draft.asked.known.get("dataset", {}).get(asked) or {}).get("columns", {})
        return asked, next((one for one in columns.values() if (one or {}).get("role") == "label"), {})
    dataset = asked or name
    used = dict.fromkeys(column for group in groups.named.values() for column in group["columns"])
    columns = {column: seen.column(column) for column in {**dict.fromkeys(seen.known), **used}}
    label = _label(seen.estimator, task)
    wanted = {_free("row", columns): {"type": "integer", "role": "id", "unique": True}, **columns}
    if label:
        wanted[_free("label", columns)] = label
    made = dataset_stub(draft, dataset, seen.span, wanted, None, seen.says)
    why = f"{seen.says} does not say where its data are, what names a row, or what its label is called."
    hint = f"--dataset names one that is in the project; or correct dataset.{dataset}."
    draft.told.append(import_assumed.found(seen.span, "", why, hint, address=made.address))
    return dataset, label


def _label(estimator: Part, task: str) -> dict[str, Any]:
    if task == "regression":
        return {"type": "number", "role": "label"}
    if task not in _CLASSIFIES:
        return {}
    classes = list(estimator.classes)
    if classes and all(isinstance(one, float) and one.is_integer() for one in classes):
        classes = [int(one) for one in classes]
    kind = (
        "string"
        if classes and isinstance(classes[0], str)
        else "boolean"
        if classes and isinstance(classes[0], bool)
        else "integer"
    )
    made: dict[str, Any] = {"type": kind, "role": "label"}
    if classes or task == "multiclass_classification":
        made["values"] = classes or [0, 1, 2]
    return made


def _free(name: str, columns: Mapping[str, Any]) -> str:
    found, number = name, 2
    while found in columns:
        found, number = f"{name}_{number}", number + 1
    return found
