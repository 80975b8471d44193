"""Overrides of the command line: Hydra's grammar, read by Hydra's own parser behind this one door.

Hydra is imported when there is an override, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from mlc.compose.interpolate import follow
from mlc.compose.mentions import grammar_diagnostics, split_key
from mlc.compose.merge import merge
from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.node import Node, plain
from mlc.ir.span import COMMAND_LINE, Span
from mlc.rules import bad_override
from mlc.rules._words import did_you_mean

LONGEST = 10_000  # characters of one override
DEEPEST = 50  # brackets inside one another

Kind = Literal["change", "add", "force_add", "delete"]


class Override(Struct, frozen=True):
    """`key=value`, `+key=value`, `++key=value`, `~key` or `~key=value`.

    `key` is a path with dots, or a group with slashes; `package` what follows its `@`. `value` is None for a
    deletion without a value. `index` counts the overrides of the command line from 1.
    """

    kind: Kind
    key: str
    package: str | None
    value: Node | None
    text: str
    index: int

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(split_key(self.key))

    @property
    def plain(self) -> Any:
        """The bare value, or None."""
        return None if self.value is None else plain(self.value)

    @property
    def span(self) -> Span:
        return Span(COMMAND_LINE, self.index, 1, self.index, len(self.text) + 1)

    @property
    def key_span(self) -> Span:
        start = len(self.text) - len(self.text.lstrip("+~")) + 1
        end = self.text.find("=")
        return Span(COMMAND_LINE, self.index, start, self.index, (end if end >= 0 else len(self.text)) + 1)

    def wrong(
        self, detail: str, help_text: str = "", *, label: str = "", related: tuple[Label, ...] = ()
    ) -> Diagnostic:
        """This override cannot be applied."""
        columns = (self.key_span.column, self.key_span.end_column)
        return bad_override.found(
            self.text, self.index, detail, help_text, columns=columns, label=label, related=related
        )


def parse_override(text: str, index: int, *, any_key: bool = False) -> Override | Diagnostic:
    """One override of the command line, the `index`-th from 1."""
    if len(text) > LONGEST:
        return bad_override.found(text[:80], index, f"The override is longer than {LONGEST:,} characters.")
    if _depth(text) > DEEPEST:
        return bad_override.found(text, index, f"Brackets are nested more than {DEEPEST} levels deep.")
    hidden = next(
        (character for character in text if not character.isprintable() and character != "\t"), None
    )
    if hidden is not None:
        return bad_override.found(
            text, index, f"The override holds the invisible character U+{ord(hidden):04X}.", "Remove it."
        )
    try:
        parsed = _parser().parse_override(text)
    except Exception as error:  # Hydra raises HydraException, and ANTLR plain exceptions of its own
        return _not_parsed(text, index, error)
    if parsed.is_sweep_override():
        key = text.partition("=")[0]
        return bad_override.found(
            text,
            index,
            f"`{text}` gives several values to sweep over, but one configuration has one value.",
            f"For a list write `{key}=[…]`, for a text with commas `{key}='…'`. A search space belongs into the "
            "`tune` field of a model.",
        )
    kind: Kind = {"CHANGE": "change", "ADD": "add", "FORCE_ADD": "force_add", "DEL": "delete"}[  # type: ignore[assignment]
        parsed.type.name
    ]
    if not parsed.key_or_group:
        return bad_override.found(text, index, f"`{text}` names no key.", "Write it before the `=`.")
    value = parsed.value()
    start = text.find("=") + 1
    span = Span(COMMAND_LINE, index, start + 1 if start else 1, index, len(text) + 1)
    node: Node | None = None
    if start:
        wrapped = _wrap(value, span, any_key=any_key)
        if wrapped is None:
            return bad_override.found(
                text, index, "A key of the value is not text.", "Put the key in quotes."
            )
        node = Node(wrapped.value, span, Span(COMMAND_LINE, index, 1, index, max(start, 1)))
        wrong = grammar_diagnostics(node)
        if wrong:
            return wrong[0]
    return Override(kind, parsed.key_or_group, parsed.package, node, text, index)


@lru_cache(maxsize=1)
def _parser() -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions

    functions = create_functions()
    # A shuffled list would differ from run to run.
    functions.functions.pop("shuffle", None)
    functions.definitions.pop("shuffle", None)
    return OverridesParser(functions)


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "[{(":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]})":
            depth -= 1
    return deepest


def _not_parsed(text: str, index: int, error: Exception) -> Diagnostic:
    """Hydra's complaint, with the column where its parser stopped."""
    cause: Any = error.__cause__ or error
    token = getattr(cause, "offendingToken", None)
    start = getattr(cause, "startIndex", None)
    if start is None and token is not None:
        start = token.start
    if "=" not in text and not text.startswith("~"):
        return bad_override.found(
            text,
            index,
            f"`{text}` has no `=`, so it says nothing.",
            f"Write `{text}=value`, or `~{text}` to remove it.",
        )
    columns = None
    if isinstance(start, int) and 0 <= start <= len(text):
        columns = (start + 1, start + 2)
        reason = f"it cannot be read from column {start + 1} on"
    else:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return bad_override.found(
        text,
        index,
        f"`{text}` is not an override of Hydra's grammar: {reason}.",
        "Put values with spaces, commas, colons, quotes or brackets in quotes: `key='some text'`.",
        columns=columns,
        label="reading stopped here" if columns else "",
    )


def _wrap(value: Any, span: Span, *, any_key: bool) -> Node | None:
    if isinstance(value, dict):
        entries: dict[str, Node] = {}
        for key, child in value.items():
            name = key if isinstance(key, str) else getattr(key, "text", key)
            node = _wrap(child, span, any_key=any_key)
            if node is None or name is None or not (isinstance(name, str) or any_key):
                return None
            entries[name] = node
        return Node(entries, span)
    if isinstance(value, list):
        items = [_wrap(item, span, any_key=any_key) for item in value]
        if any(item is None for item in items):
            return None
        return Node(tuple(item for item in items if item is not None), span)
    return Node(value, span)


def apply_override(
    root: Node, override: Override, is_known: Callable[[tuple[str, ...]], bool]
) -> Node | Diagnostic:
    """The tree with one override applied, as Hydra applies it.

    `key=value` must meet a key that exists, or one that `is_known` vouches for (a field that has a default).
    """
    if override.package is not None:
        return override.wrong(
            f"`{override.key}@{override.package}` chooses an option of a group, but there is no group "
            f"`{override.key}`.",
            "Correct the name of the group, or leave out `@` and what follows to change a value.",
        )
    path = override.path
    if override.kind == "delete":
        return _delete(root, override, path)
    if override.kind == "add":
        refusal = _occupied(root, override, path)
        if refusal is not None:
            return refusal
    return _update(root, override, path, is_known)


def _occupied(root: Node, override: Override, path: tuple[str, ...]) -> Diagnostic | None:
    """`+key=value` must not meet a value, unless a map or list is merged into it."""
    try:
        met = follow(root, path)
    except LookupError:
        return _unresolved(override)
    there = None if met is None else met[1]
    if there is None or there.value is None or there.value == "???":
        return None
    assert override.value is not None
    if type(override.value.value) in (dict, tuple):
        return None
    return override.wrong(
        f"`{override.key}` already has a value, and `+` only adds what is not there.",
        f"Write `{override.text[1:]}` to change it, or `+{override.text}` to set it in either case.",
        label="exists already",
        related=(Label(there.span, "the value it has"),),
    )


def _update(
    root: Node, override: Override, path: tuple[str, ...], is_known: Callable[[tuple[str, ...]], bool]
) -> Node | Diagnostic:
    assert override.value is not None
    forced = override.kind != "change" or is_known(path)
    where: list[str | int] = []
    current: Node | None = root
    for depth, key in enumerate(path):
        if current is None or type(current.value) not in (dict, tuple):
            # From here on everything is new; Hydra puts a map in the place of a single value.
            if not forced:
                return _unknown(root, override, path, depth)
            where.extend(path[depth:])
            current = None
            break
        if type(current.value) is tuple:
            if not key.isdecimal() or int(key) >= len(current.value):
                count = len(current.value)
                return override.wrong(
                    f"`{'.'.join(path[:depth])}` is a list of {count} item{'' if count == 1 else 's'} and has no "
                    f"item `{key}`.",
                    "Items count from 0. To add one, give the whole list.",
                    related=(Label(current.span, "the list"),),
                )
            where.append(int(key))
            current = current.value[int(key)]
        else:
            if key not in current.value and not forced:
                return _unknown(root, override, path, depth)
            where.append(key)
            current = current.value.get(key)
    new = override.value
    if current is not None and type(current.value) is type(new.value) is dict:
        if override.kind == "change":
            unknown = _new_keys(current, new, path, is_known)
            if unknown is not None:
                return _unknown(root, override, unknown, len(unknown) - 1)
        found: list[Diagnostic] = []
        merged = _merge_at(root, tuple(where), current, new, found)
        return found[0] if found else merged
    if current is not None and {type(new.value), type(current.value)} == {dict, tuple}:
        is_map = type(new.value) is dict
        old_form, new_form = ("a list", "a map") if is_map else ("a map", "a list")
        return override.wrong(
            f"`{override.key}` is {old_form}, and {new_form} cannot be merged into it.",
            f"Remove it first: `~{override.key}` and then `+{override.key}=…`.",
            related=(Label(current.span, "the value it has"),),
        )
    replaced = Node(new.value, new.span, new.key_span, current, new.written)
    return _put(root, tuple(where), replaced)


def _new_keys(
    low: Node, high: Node, path: tuple[str, ...], is_known: Callable[[tuple[str, ...]], bool]
) -> tuple[str, ...] | None:
    """The first path of `high` that is in no map of `low` and that nothing vouches for."""
    for key, child in high.value.items():
        below = low.value.get(key)
        if below is None:
            if not is_known((*path, key)):
                return (*path, key)
        elif type(below.value) is dict and type(child.value) is dict:
            deeper = _new_keys(below, child, (*path, key), is_known)
            if deeper is not None:
                return deeper
    return None


def _merge_at(
    root: Node, where: tuple[str | int, ...], low: Node, high: Node, found: list[Diagnostic]
) -> Node:
    """Merge a map into the map at a path, so that interpolations on the way see the whole document."""
    if all(isinstance(part, str) for part in where):
        embedded = high
        for depth in range(len(where) - 1, -1, -1):
            around = root.at(where[:depth])
            span = high.span if around is None else around.span
            key_span = high.key_span if around is None else around.key_span
            embedded = Node({str(where[depth]): embedded}, span, key_span)
        return merge(root, embedded, found)
    return _put(root, where, merge(low, high, found))


def _put(node: Node | None, where: tuple[str | int, ...], new: Node) -> Node:
    """A copy of the tree with another node at a path; maps are made where there are none."""
    if not where:
        return new
    first, rest = where[0], where[1:]
    if node is not None and type(node.value) is tuple and isinstance(first, int):
        items = (*node.value[:first], _put(node.value[first], rest, new), *node.value[first + 1 :])
        return Node(items, node.span, node.key_span, node.overwrote, node.written)
    if node is not None and type(node.value) is dict:
        child = _put(node.value.get(first), rest, new)
        return Node({**node.value, first: child}, node.span, node.key_span, node.overwrote, node.written)
    return Node({first: _put(None, rest, new)}, new.span, new.key_span, node)


def _delete(root: Node, override: Override, path: tuple[str, ...]) -> Node | Diagnostic:
    try:
        met = follow(root, path)
        holder = follow(root, path[:-1])
    except LookupError:
        return _unresolved(override)
    there = None if met is None else met[1]
    if there is None or there.value is None or there.value == "???":
        options = holder[1].value if holder is not None and type(holder[1].value) is dict else ()
        return override.wrong(
            f"There is no value at `{override.key}` to remove.",
            did_you_mean(path[-1], options, noun="It has"),
            label="no value here",
        )
    wanted = override.plain
    if wanted is not None and wanted != plain(there):
        return override.wrong(
            f"`{override.key}` is to be removed where it is `{wanted}`, but it is `{plain(there)}`.",
            f"Write `~{override.key}` to remove it whatever it is.",
            related=(Label(there.span, "the value it has"),),
        )
    if holder is None or holder[0] is None or type(holder[1].value) is not dict:
        return override.wrong(
            f"`{override.key}` is an item of a list, and items cannot be removed one by one.",
            "Give the whole list.",
        )
    rest = {key: child for key, child in holder[1].value.items() if key != path[-1]}
    kept = Node(rest, holder[1].span, holder[1].key_span, holder[1].overwrote, holder[1].written)
    return _put(root, holder[0], kept)


def _unresolved(override: Override) -> Diagnostic:
    return override.wrong(
        f"An interpolation that stands at `{override.key}` or on the way to it cannot be resolved, so what is there "
        "is not known.",
        "Mend the interpolation in its file, or replace it as a whole by an override of its own.",
    )


def _unknown(root: Node, override: Override, path: tuple[str, ...], depth: int) -> Diagnostic:
    """`path` stops existing at `depth`."""
    before = root.at(path[:depth])
    where = f"`{'.'.join(path[:depth])}`" if depth else "the configuration"
    key = ".".join(path)
    if before is not None and type(before.value) is dict:
        detail = f"`{key}` does not exist: {where} has no `{path[depth]}`."
        near = did_you_mean(path[depth], before.value, noun="It has")
    else:
        detail = f"`{key}` does not exist: {where} is a single value."
        near = ""
    return override.wrong(detail, f"{near} To add it, write `+{override.text}`.".strip(), label="no such key")
