"""Schemas as following many values through them needs them: each part worked out once.

What `kinds._walk` does on the schemas themselves for one place, this does for every value of thousands of resources:
unions by their tags, and what need not be followed at all, as nothing below it has a default or names a resource.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from mlc.kinds import _schemas

Schema = dict[str, Any]
TagOf = Callable[[Any, str], Any]
"""Gives the bare value of an entry of a map, which may be one of nodes or one of plain data."""

JSON_TYPES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (bool, ("boolean",)),
    (str, ("string",)),
    (int, ("integer", "number")),
    (float, ("number",)),
    (type(None), ("null",)),
    (dict, ("object",)),
    (list, ("array",)),
    (tuple, ("array",)),
)
"""What JSON Schema calls the types of plain data; a boolean stands before the whole number that it also is."""


class Default:
    """What a field is where its author left it out."""

    __slots__ = ("form", "node", "value")

    def __init__(self, value: Any, form: Form) -> None:
        self.value = value
        self.form = form
        self.node: Any = None  # with the defaults of the fields within it, once somebody has made that


class Form:
    """A part of a schema. What it leads to is looked up when it is asked for: schemas may refer to themselves."""

    __slots__ = (
        "_additional",
        "_branches",
        "_fields",
        "_items",
        "_known",
        "_root",
        "_tags",
        "defaults",
        "fills",
        "reference",
        "refers",
        "schema",
        "tag",
    )

    def __init__(self, schema: Schema, root: Schema, known: dict[int, Form]) -> None:
        while "$ref" in schema:
            schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
        self.schema = schema
        self._root = root
        self._known = known
        self.tag: str | None = schema.get("discriminator", {}).get("propertyName")
        self._tags: dict[str, Form] = {}
        self._branches: list[Form] | None = None
        self._fields: dict[str, Form | None] = {}
        self._items: Form | None = None
        self.reference: str | None = schema.get("x-mlc-ref")
        self.fills = _leads_to(schema, root, "default")
        self.refers = _leads_to(schema, root, "x-mlc-ref")
        self.defaults: tuple[tuple[str, Default], ...] = ()

    def choose(self, value: Any, tag_of: TagOf) -> Form:
        """Of a union the branch that the value chose, else the union itself; what is no union is itself."""
        if "anyOf" not in self.schema:
            return self
        if self.tag is not None and type(value) is dict:
            tag = tag_of(value, self.tag)
            reference = self.schema["discriminator"]["mapping"].get(tag) if isinstance(tag, str) else None
            return self if reference is None else self._of({"$ref": reference})
        names = next((names for kind, names in JSON_TYPES if isinstance(value, kind)), ())
        for branch in self.branches:
            if "anyOf" in branch.schema and type(value) is dict:
                return branch.choose(value, tag_of)
            if branch.schema.get("type") in names:
                return branch
        return self

    @property
    def branches(self) -> list[Form]:
        if self._branches is None:
            self._branches = [self._of(branch) for branch in self.schema["anyOf"]]
        return self._branches

    def field(self, key: str) -> Form | None:
        """The form of an entry of a map, or None where there may be no such entry."""
        try:
            return self._fields[key]
        except KeyError:
            pass
        properties = self.schema.get("properties", {})
        schema = properties[key] if key in properties else self.schema.get("additionalProperties")
        found = self._of(schema) if isinstance(schema, dict) else None
        if key in properties:  # other keys may be as many as there are users
            self._fields[key] = found
        return found

    @property
    def items(self) -> Form | None:
        """The form of the entries of a list."""
        if self._items is None and isinstance(self.schema.get("items"), dict):
            self._items = self._of(self.schema["items"])
        return self._items

    def _of(self, schema: Schema) -> Form:
        while "$ref" in schema:
            schema = self._root["$defs"][schema["$ref"].rpartition("/")[2]]
        found = self._known.get(id(schema))  # they all live as long as the root
        if found is None:
            found = self._known[id(schema)] = Form(schema, self._root, self._known)
            found.complete()
        return found

    def complete(self) -> None:
        """Look up the fields that have a default."""
        self.defaults = tuple(
            (key, Default(field["default"], self._of(field)))
            for key, field in self.schema.get("properties", {}).items()
            if "default" in field
        )


@cache
def form_of(kind: str) -> Form:
    """The form of a kind's schema."""
    root = _schemas.read(kind)
    found = Form(root, root, {})
    found.complete()
    return found


def _leads_to(schema: Schema, root: Schema, keyword: str) -> bool:
    """Whether some part of a schema has a keyword; of defaults, whether some part below it has one."""
    seen: set[int] = set()

    def visit(part: Schema) -> bool:
        while "$ref" in part:
            part = root["$defs"][part["$ref"].rpartition("/")[2]]
        if id(part) in seen:
            return False
        seen.add(id(part))
        if keyword in part and keyword != "default":
            return True
        below = [*part.get("properties", {}).values(), *part.get("anyOf", ())]
        below += [
            part[name] for name in ("items", "additionalProperties") if isinstance(part.get(name), dict)
        ]
        return any(keyword in child or visit(child) for child in below)

    return visit(schema)
