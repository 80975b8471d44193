"""A defaults list to the layers it stands for, in order: what Hydra 1.3 computes.

Every file may have a defaults list, so the lists form a tree. It is walked from the last entry to the first,
as in Hydra, because an `override` further down the list speaks before what stands above it, and the outer
file before the inner one. Entries whose option is an interpolation wait until the other choices of their
list are known.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mlc.compose.element import Element, absolute
from mlc.compose.entries import Entry
from mlc.compose.interpolate import resolve
from mlc.compose.overrides import Override
from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.node import Node, wrap
from mlc.ir.span import COMMAND_LINE, Span
from mlc.rules import (
    bad_defaults_list,
    defaults_cycle,
    missing_layer,
    override_unused,
    too_large,
    unsafe_config_name,
)
from mlc.rules._words import did_you_mean

DEEPEST = 60  # defaults lists inside one another
MOST_LAYERS = 5_000


class Placed(Struct, frozen=True):
    """A file and the package its values stand in: `a.b`, or nothing for the root."""

    name: str
    package: str


class DefaultsList(Struct, frozen=True):
    layers: tuple[Placed, ...]  # lowest first
    values: tuple[Override, ...]  # the overrides that are about values, not about groups
    choices: dict[str, str | None]
    diagnostics: tuple[Diagnostic, ...]


def defaults_list(source: Source, name: str, overrides: Iterable[Override]) -> DefaultsList:
    """The layers of the configuration `name` under the overrides of the command line."""
    computing = _Computing(source)
    values = computing.take(overrides)
    primary = Element(Entry(name, Span(COMMAND_LINE, 1, 1, 1, 1)))
    primary.place("", "")
    layers: list[Placed] = []
    if not computing.found:
        layers = computing.expand(primary, None, is_root=True, interpolated=False)
    if not computing.found:
        computing.check_used()
    return DefaultsList(tuple(layers), values, computing.choices, tuple(computing.found))


class _Chosen:
    """An override of a choice, and whether it met one."""

    __slots__ = ("choice", "origin", "span", "used")

    def __init__(self, choice: str | tuple[str, ...] | None, span: Span, origin: str | None) -> None:
        self.choice = choice
        self.span = span
        self.origin = origin  # the file that says so, None for the command line
        self.used = False


class _Computing:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.chosen: dict[str, _Chosen] = {}
        self.deleted: dict[str, _Chosen] = {}
        self.appended: list[Entry] = []
        self.choices: dict[str, str | None] = {}
        self.choice_spans: dict[str, Span] = {}
        self.keys_of_group: dict[str, set[str]] = {}
        self.count = 0
        self.most = min(MOST_LAYERS, source.spending.layers_left)
        self.trail: list[str] = []
        self.keys_met: dict[str, Span] = {}
        self.broken: set[str] = set()
        self.stopped = False  # by the number of mistakes

    # ── the command line ────────────────────────────────────────────────────────────────────────────

    def take(self, overrides: Iterable[Override]) -> tuple[Override, ...]:
        """Sort out the overrides that choose options of groups, and return the others."""
        values: list[Override] = []
        for override in overrides:
            name = override.key
            value = override.plain
            if isinstance(value, dict) or not self.source.has_group(name):
                values.append(override)
                continue
            key = name if override.package is None else f"{name}@{override.package}"
            if override.kind == "force_add":
                self.found.append(
                    override.wrong(
                        f"`++` cannot bring in an option of the group `{name}`.",
                        f"Use `+{override.text.removeprefix('++')}` to add it, or leave the sign out to change it.",
                    )
                )
            elif override.kind == "delete":
                if value is not None and not isinstance(value, str):
                    self.found.append(override.wrong(f"`{name}` is a group, and its options are names."))
                    continue
                self.deleted[key] = _Chosen(value, override.span, None)
            elif isinstance(value, str) or (
                isinstance(value, list) and all(isinstance(item, str) for item in value)
            ):
                choice = value if isinstance(value, str) else tuple(value)
                if override.kind == "add":
                    package = "" if override.package == "_here_" else override.package
                    self.appended.append(Entry(name, override.span, True, choice, package))
                else:
                    self.chosen[key] = _Chosen(choice, override.span, None)
            else:
                self.found.append(
                    override.wrong(
                        f"`{name}` is a group, so its value must be the name of an option or a list of names.",
                        did_you_mean(str(value), self.source.options(name), noun="Options"),
                    )
                )
        return tuple(values)

    def check_used(self) -> None:
        """Every override must have met a choice."""
        for key, chosen in self.chosen.items():
            if chosen.used or (key.startswith("hydra/") and not self.source.closed):
                continue
            near = sorted(self.keys_of_group.get(key.partition("@")[0], ()))
            if near:
                help_text = "Did you mean " + " or ".join(f"`{each}`" for each in near) + "?"
            else:
                help_text = did_you_mean(key, self.choices, noun="Groups chosen")
            if chosen.origin is None:
                shown = chosen.choice if isinstance(chosen.choice, str) else list(chosen.choice or ())
                help_text = f"{help_text} To add the group, use `+{key}={shown}`.".strip()
            self.found.append(override_unused.found(chosen.span, key, help_text))
        for key, deletion in self.deleted.items():
            if not deletion.used:
                shown = key if deletion.choice is None else f"{key}={deletion.choice}"
                self.found.append(override_unused.deletion(deletion.span, shown))

    # ── the tree ────────────────────────────────────────────────────────────────────────────────────

    def expand(
        self, element: Element, parent: Element | None, *, is_root: bool, interpolated: bool
    ) -> list[Placed]:
        """The layers that an entry stands for, lowest first."""
        span = element.span if parent is not None else None
        if len(self.found) > too_large.MOST_MISTAKES:
            if not self.stopped:
                self.found.append(too_large.mistakes(element.entry.span))
                self.stopped = True
            return []
        path = element.path
        closed = self.source.closed
        if element.is_group and (element.group == "hydra" or element.group.startswith("hydra/")):
            if closed:
                self.found.append(unsafe_config_name.hydra(span, element.group))
            return []
        missing = element.last == "???"
        nothing = element.is_group and element.choice is None
        if not missing and not nothing:
            refusal = self.source.refuse(path)
            if refusal is not None:
                self.found.append(unsafe_config_name.found(span, path, refusal))
                return []
            layer = self.source.layer(path)
            if layer is not None:
                element.module = layer.module
                element.header = None if layer.package is None else absolute(layer.package)
        else:
            layer = None
        if element.is_group and (self.delete(element) or not self.remember(element)):
            return []
        if nothing:
            return []
        if missing:
            key = element.key if element.is_group else path
            self.found.append(missing_layer.undecided(span, key, self.source.options(element.group)))
            return []
        if layer is None:
            if not (element.entry.optional and (element.is_group or parent is not None)):
                self.not_found(element, span)
            return []
        if layer.broken:
            if path not in self.broken:
                self.broken.add(path)
                self.found.extend(layer.diagnostics)
            return []
        if path in self.trail:
            self.found.append(defaults_cycle.found(span, [*self.trail[self.trail.index(path) :], path]))
            return []
        self.count += 1
        if self.count > self.most or len(self.trail) >= DEEPEST:
            if self.count <= self.most + 1:
                limit = DEEPEST if len(self.trail) >= DEEPEST else self.most
                self.found.append(too_large.layers(span or layer.node.span, limit))
                self.count = self.most + 2
            return []
        own = Placed(path, element.final_package())
        elements, self_added = self.elements(layer.entries, is_root=is_root)
        if not elements:
            if element.is_group:
                self.meet(element)
            return [own]
        for child in elements:
            if not child.entry.is_self:
                child.place(element.group, element.final_package())
        if not self.register(elements, element, interpolated=interpolated):
            return []
        self.trail.append(path)
        try:
            return self.children(elements, element, own, self_added, interpolated=interpolated)
        finally:
            self.trail.pop()

    def elements(self, entries: tuple[Entry, ...], *, is_root: bool) -> tuple[list[Element], bool]:
        """The entries of a list as elements, `_self_` last where it is absent, and whether it was absent."""
        appended = [Element(entry, appended=True) for entry in self.appended] if is_root else []
        elements = [Element(entry) for entry in entries]
        if not elements and not appended:
            return [], False
        absent = not any(entry.is_self for entry in entries)
        # As in Hydra, a list of overrides alone does not get a `_self_`.
        if not entries or (absent and any(not entry.override for entry in entries)):
            elements.append(Element(Entry("_self_", entries[-1].span if entries else appended[0].entry.span)))
        return elements + appended, absent

    def register(self, elements: list[Element], parent: Element, *, interpolated: bool) -> bool:
        """Take note of the `override` entries of a list, which must come last."""
        last: Element | None = None
        for element in elements:
            if element.entry.is_self:
                continue
            if last is not None and not (element.override or element.appended):
                self.found.append(
                    bad_defaults_list.found(
                        last.entry.span,
                        f"The override of `{last.key}` stands before an entry that is not an override; "
                        "overrides come last in a defaults list.",
                        "Move it to the end of the list.",
                        text="must come last",
                        related=(Label(element.entry.span, "not an override"),),
                    )
                )
                return False
            if element.override:
                last = element
                if interpolated:
                    self.found.append(
                        bad_defaults_list.found(
                            element.entry.span,
                            f"`{parent.path}` was chosen by an interpolation, which is looked up after every "
                            "choice is made, so it cannot override a choice.",
                            "Choose the file by its name, or move the override into the file that chooses.",
                        )
                    )
                    return False
                if element.group.startswith("hydra/") and self.source.closed:
                    self.found.append(unsafe_config_name.hydra(element.entry.span, element.group))
                elif element.key not in self.chosen:
                    self.chosen[element.key] = _Chosen(element.choice, element.entry.span, parent.path)
        return True

    def children(
        self,
        elements: list[Element],
        parent: Element,
        own: Placed,
        self_added: bool,
        *,
        interpolated: bool,
    ) -> list[Placed]:
        folder, package = parent.group, parent.final_package()
        reversed_lists: list[list[Placed]] = []
        waiting: list[tuple[int, Element]] = []
        visited = False
        for element in reversed(elements):
            if element.entry.is_self:
                reversed_lists.append([own])
                visited = True
                continue
            if element.override:
                continue
            visited = True
            chosen = self.chosen.get(element.key) if element.is_group else None
            if chosen is not None:
                element.choice = chosen.choice
                element.span = chosen.span
                chosen.used = True
            if type(element.choice) is tuple:
                for option in reversed(element.choice):
                    if "${" in option:
                        self.found.append(
                            bad_defaults_list.found(
                                element.entry.span,
                                "An option of a list of options cannot be an interpolation.",
                                "Give the interpolation an entry of its own.",
                            )
                        )
                        continue
                    entry = element.entry
                    one = Element(
                        Entry(
                            f"{element.name}/{option}",
                            entry.span,
                            False,
                            None,
                            element.package,
                            entry.optional,
                        )
                    )
                    one.place(folder, package)
                    reversed_lists.append(self.expand(one, parent, is_root=False, interpolated=interpolated))
            elif element.is_interpolation:
                waiting.append((len(reversed_lists), element))
                reversed_lists.append([])
            else:
                reversed_lists.append(self.expand(element, parent, is_root=False, interpolated=interpolated))
        if waiting:
            known = self.known_choices(elements, self_added)
            for index, element in waiting:
                if self.settle(element, known):
                    element.place(folder, package)
                    reversed_lists[index] = self.expand(element, parent, is_root=False, interpolated=True)
        if not visited:
            # Overrides alone: the file is a layer like one without a list.
            if parent.is_group:
                self.meet(parent)
            return [own]
        return [placed for layers in reversed(reversed_lists) for placed in layers]

    def known_choices(self, elements: list[Element], self_added: bool) -> Node:
        """What an interpolated option may refer to: the choices made so far, and the list itself."""
        listed: list[object] = []
        for element in elements:
            if element.entry.is_self and self_added:
                continue
            if element.is_group:
                choice = list(element.choice) if type(element.choice) is tuple else element.choice
                listed.append({element.key: choice})
            else:
                listed.append(element.path)
        return wrap({**self.choices, "defaults": listed}, elements[0].entry.span)

    def settle(self, element: Element, known: Node) -> bool:
        """Replace the interpolation of an entry by its value."""
        text = element.choice if element.is_group else element.path
        holder = Node({"": Node(text, element.entry.span)}, element.entry.span)
        root = Node({**known.value, "\0entry": holder}, known.span)
        resolved, found = resolve(root, {})
        mine = [each for each in found if each.primary and each.primary.span == element.entry.span]
        value = resolved.at(("\0entry", ""))
        if value is None or type(value.value) is not str or "${" in value.value:
            self.found.extend(mine)
            if not mine:
                detail = "The interpolation of this entry does not give the name of an option."
                self.found.append(bad_defaults_list.found(element.entry.span, detail))
            return False
        if element.is_group:
            element.choice = value.value
        else:
            element.name = value.value
        return True

    # ── choices ─────────────────────────────────────────────────────────────────────────────────────

    def delete(self, element: Element) -> bool:
        deletion = self.deleted.get(element.key)
        if deletion is None or deletion.choice not in (None, element.choice):
            return False
        deletion.used = True
        return True

    def remember(self, element: Element) -> bool:
        """Record a choice. One group in one package has one choice."""
        key = element.key
        choice = element.last
        if key in self.choices and self.choices[key] != choice:
            before = self.choice_spans[key]
            self.found.append(
                bad_defaults_list.found(
                    element.entry.span,
                    f"`{key}` is chosen twice: `{self.choices[key]}` and `{choice}`.",
                    f"To replace a choice made elsewhere, write `override {key}: {self.choices[key]}`.",
                    text=f"`{choice}` here",
                    related=(Label(before, f"`{self.choices[key]}` here"),),
                )
            )
            return False
        self.choices.setdefault(key, choice)
        self.choice_spans.setdefault(key, element.entry.span)
        self.keys_of_group.setdefault(element.group, set()).add(key)
        return True

    def meet(self, element: Element) -> None:
        """A choice that is a single layer may stand once among the layers."""
        key = element.key
        before = self.keys_met.get(key)
        if before is not None:
            self.found.append(
                bad_defaults_list.found(
                    element.entry.span,
                    f"`{key}` stands more than once among the layers.",
                    "Remove one of the entries.",
                    related=(Label(before, "it stands here too"),),
                )
            )
        self.keys_met[key] = element.entry.span

    def not_found(self, element: Element, span: Span | None) -> None:
        path = element.path
        folder, _, name = path.rpartition("/")
        if self.source.has_group(folder):
            options = [option for option in self.source.options(folder) if option not in self.trail]
            help_text = did_you_mean(name, options, noun=f"Options of `{folder}`" if folder else "Files")
        else:
            around, _, group = folder.rpartition("/")
            near = did_you_mean(group, self.source.groups(around), noun="Groups")
            help_text = f"There is no folder `{folder}` either. {near}".strip()
        module = self.source.module_of(path)
        if module is None:
            self.found.append(missing_layer.found(span, path, help_text))
        else:
            inside = Source.in_module(path)
            self.found.append(missing_layer.in_module(span, module.name, inside, help_text))
