"""The entries of one defaults list, as their author wrote them."""

from __future__ import annotations

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.rules import bad_defaults_list, too_large

_FORM = "An entry is a file's name, one `group: option`, or `_self_`."


class Entry(Struct, frozen=True):
    """`name` is a path to a file where `is_group` is false, and else a group whose `choice` is the option."""

    name: str
    span: Span
    is_group: bool = False
    choice: str | tuple[str, ...] | None = None
    package: str | None = None
    optional: bool = False
    override: bool = False

    @property
    def is_self(self) -> bool:
        return not self.is_group and self.name == "_self_"


def entries_of(defaults: Node, name: str) -> tuple[tuple[Entry, ...], tuple[Diagnostic, ...]]:
    """The entries of the value of `defaults` in the file `name`, and what is wrong with them."""
    if type(defaults.value) is not tuple:
        detail = f"`defaults` of `{name}` must be a list."
        return (), (bad_defaults_list.found(defaults.span, detail, "Write `- ` before each entry."),)
    entries: list[Entry] = []
    found: list[Diagnostic] = []
    for item in defaults.value:
        made = _entry(item)
        if isinstance(made, Entry):
            entries.append(made)
        else:
            found.append(made)
            if len(found) > too_large.MOST_MISTAKES:
                return (), (*found, too_large.mistakes(item.span))
    selves = [entry for entry in entries if entry.is_self]
    for again in selves[1 : too_large.MOST_MISTAKES]:
        detail = "`_self_` stands twice in the list, but the file has one place among its layers."
        found.append(bad_defaults_list.found(again.span, detail, "Remove one of the two.", text="again"))
    return tuple(entries), tuple(found)


def _entry(item: Node) -> Entry | Diagnostic:
    value = item.value
    if type(value) is str:
        name, package = _split_package(value)
        if name == "_self_" and package is not None:
            return bad_defaults_list.found(
                item.span,
                "`_self_` cannot have a package: the file's own values stand in the file's package.",
                "Write `_self_` alone, or give the file a `# @package` header.",
            )
        return Entry(name, item.span, package=_here(package))
    if type(value) is not dict:
        return bad_defaults_list.found(item.span, f"This entry is {_kind(value)}.", _FORM)
    if len(value) != 1:
        detail = "This entry is a map of no key." if not value else "This entry is a map of several keys."
        return bad_defaults_list.found(item.span, detail, "Give each group an entry of its own.")
    ((key, choice),) = value.items()
    if type(key) is not str:
        return bad_defaults_list.found(item.span, "The group of this entry is not text.", _FORM)
    words, package = _split_package(key)
    *keywords, group = words.split(" ")
    span = Span(
        item.span.file,
        (choice.key_span or item.span).line,
        (choice.key_span or item.span).column,
        choice.span.end_line,
        choice.span.end_column,
    )
    if not group:
        return bad_defaults_list.found(span, "The entry names no group.", _FORM)
    optional = override = False
    for keyword in keywords:
        # As in Hydra, the first word that is no keyword ends the keywords.
        if keyword == "optional":
            optional = True
        elif keyword == "override":
            override = True
        else:
            break
    option: str | tuple[str, ...] | None
    if type(choice.value) is tuple:
        options = [each.value for each in choice.value]
        wrong = next((each for each in choice.value if type(each.value) is not str), None)
        if wrong is not None:
            return bad_defaults_list.found(
                wrong.span, f"This option is {_kind(wrong.value)}, not a name.", _FORM
            )
        option = tuple(options)
    elif choice.value == "_self_":
        detail = "`_self_` stands for this file, and is not an option of a group."
        return bad_defaults_list.found(span, detail, "Write `- _self_` alone.")
    elif choice.value is None or type(choice.value) is str:
        option = choice.value
    else:
        detail = f"The option of `{group}` is {_kind(choice.value)}, not a name or a list of names."
        return bad_defaults_list.found(choice.span, detail, "Put the name in quotes if it is text.")
    return Entry(group, span, True, option, _here(package), optional, override)


def _split_package(text: str) -> tuple[str, str | None]:
    name, at, package = text.partition("@")
    return name, package.partition(":")[0] if at else None


def _here(package: str | None) -> str | None:
    return "" if package == "_here_" else package


def _kind(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"the boolean `{str(value).lower()}`"
        case int() | float():
            return f"the number `{value}`"
        case dict():
            return "a map"
        case tuple():
            return "a list"
        case _:
            return "text"
