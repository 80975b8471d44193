"""Interpolations to values: what OmegaConf's resolution gives, once for every value, within a budget.

Deliberately absent: OmegaConf's own resolvers. `oc.env`, `oc.create`, `oc.decode` and everything else the
caller does not allow are refused from the parsed grammar, so no spelling of them gets through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from msgspec import Struct

from mlc.compose.grammar import Call, GrammarError, ListOf, MapOf, Reference, Text, parse
from mlc.compose.mentions import part_of, references, split_key
from mlc.ir.diagnostic import Diagnostic, Label
from mlc.ir.node import Node, plain, wrap
from mlc.ir.span import Span
from mlc.rules import (
    bad_interpolation,
    forbidden_resolver,
    interpolation_cycle,
    interpolation_too_large,
    too_large,
    unresolved_interpolation,
)
from mlc.rules._words import did_you_mean

__all__ = ["Budget", "follow", "references", "resolve", "value_at"]

Path = tuple[str | int, ...]

_GUESSES = 30  # mistakes that are told with what was probably meant


class Budget(Struct, frozen=True):
    """How large a document may become by interpolation."""

    nodes: int = 200_000  # values, counted as often as they appear
    characters: int = 4_000_000  # of texts made by interpolation
    depth: int = 60  # references that lead to one another


class Spent:
    """What has been used up of budgets."""

    def __init__(self) -> None:
        self.nodes = 0
        self.characters = 0


def resolve(
    root: Node,
    allowed: Mapping[str, Callable[..., Any]],
    budget: Budget | None = None,
    *,
    incomplete: Set[Path] = frozenset(),
    spent: Spent | None = None,
) -> tuple[Node, tuple[Diagnostic, ...]]:
    """The tree with every interpolation replaced by its value, and what could not be resolved.

    A resolver of `allowed` gets the arguments as plain values and returns a plain value; it says that an
    argument is wrong by raising LookupError or ValueError with a sentence for the author. A resolved node
    keeps the span where it was written and, in `written`, the text its author wrote. What cannot be resolved
    keeps its text. `incomplete` are places of which a part is known to be missing: a reference that ends there
    fails without being told, for the reason has been told.
    """
    resolving = _Resolving(root, allowed, budget or Budget(), incomplete=incomplete)
    resolved = resolving.node((), root)
    if spent is not None:
        spent.nodes += resolving.nodes
        spent.characters += resolving.characters
    return resolved, tuple(resolving.found)


def value_at(root: Node, path: Path) -> Node | None:
    """What the interpolation at a path gives, or None: for a merge that must look through it."""
    node = root.at(path)
    if node is None:
        return None
    resolving = _Resolving(root, {}, Budget(), quiet=True)
    try:
        return resolving.lookup(path, node)[1]
    except _FailedError:
        return None


def follow(root: Node, keys: Sequence[str]) -> tuple[Path | None, Node] | None:
    """Where keys lead from the root, through the interpolations on the way; None where there is nothing.

    The path is None where the value there is made by an interpolation rather than written at one place.
    Raises LookupError where an interpolation on the way cannot be resolved.
    """
    resolving = _Resolving(root, {}, Budget(), quiet=True)
    where: Path | None = ()
    current = root
    for key in keys:
        step = resolving.step(current, key)
        if step is None:
            return None
        where = None if where is None else (*where, step)
        current = current.value[step]
        if where is not None and type(current.value) is str and "${" in current.value:
            try:
                where, current = resolving.lookup(where, current)
            except _FailedError:
                raise LookupError(".".join(keys)) from None
    return where, current


class _FailedError(Exception):
    """A value cannot be resolved; the diagnostic, if any, has been recorded."""


class _Resolving:
    def __init__(
        self,
        root: Node,
        allowed: Mapping[str, Callable[..., Any]],
        budget: Budget,
        *,
        quiet: bool = False,
        incomplete: Set[Path] = frozenset(),
    ) -> None:
        self.incomplete = incomplete
        self.root = root
        self.allowed = allowed
        self.budget = budget
        self.quiet = quiet
        self.found: list[Diagnostic] = []
        # path -> resolved node, for texts with interpolations and for what references lead to
        self.done: dict[Path, Node] = {}
        self.targets: dict[Path, tuple[Path | None, Node]] = {}
        self.failed: set[Path] = set()
        self.sizes: dict[Path, int] = {}
        self.active: dict[Path, Node] = {}  # what is being resolved, in order
        self.nodes = 0
        self.characters = 0
        self.exhausted = False

    # ── the walk ────────────────────────────────────────────────────────────────────────────────────

    def node(self, path: Path, node: Node) -> Node:
        """The resolved node; one that fails keeps its text."""
        value = node.value
        kind = type(value)
        if kind is str:
            if "${" not in value:
                return node
            try:
                return self.text(path, node)
            except _FailedError:
                return node
        if kind is dict:
            known = self.done.get(path)
            if known is not None:
                return known
            changed: dict[str, Node] = {}
            self.active[path] = node
            for key, child in value.items():
                inner = child.value
                if type(inner) is str and "${" not in inner:
                    continue
                new = self.node((*path, key), child)
                if new is not child:
                    changed[key] = new
            del self.active[path]
            result = node.holding({**value, **changed}) if changed else node
            self.done[path] = result
            return result
        if kind is tuple:
            known = self.done.get(path)
            if known is not None:
                return known
            self.active[path] = node
            items = tuple(self.node((*path, index), child) for index, child in enumerate(value))
            del self.active[path]
            same = all(new is old for new, old in zip(items, value, strict=True))
            result = node if same else node.holding(items)
            self.done[path] = result
            return result
        return node

    def text(self, path: Path, node: Node) -> Node:
        """The resolved node of a text with interpolations."""
        known = self.done.get(path)
        if known is not None:
            return known
        if path in self.failed:
            raise _FailedError
        if path in self.active:
            raise self.cycle(path, node)
        if len(self.active) > self.budget.depth + len(path):
            raise self.fail(interpolation_too_large.depth(node.span, self.budget.depth), path)
        self.active[path] = node
        try:
            tree = self.parsed(node)
            only = tree.parts[0] if len(tree.parts) == 1 else None
            if isinstance(only, Reference):
                target_path, target = self.target(only, path, node)
                if target_path is not None and type(target.value) in (dict, tuple):
                    target = self.container(target_path, target, path, node)
                self.spend(node, self.size(target_path, target))
                value = target.value
            elif isinstance(only, Call):
                value = wrap(self.call(only, path, node), node.span).value
            else:
                value = self.joined(tree.parts, path, node)
        except _FailedError:
            self.failed.add(path)
            raise
        finally:
            self.active.pop(path, None)
        result = Node(value, node.span, node.key_span, node.overwrote, node.value)
        self.done[path] = result
        return result

    def container(self, target_path: Path, target: Node, path: Path, node: Node) -> Node:
        if target_path in self.active or path[: len(target_path)] == target_path:
            raise self.cycle(target_path, node)
        return self.node(target_path, target)

    def parsed(self, node: Node) -> Text:
        try:
            return parse(node.value)
        except GrammarError as error:
            span = part_of(node, error.offset)
            raise self.fail(bad_interpolation.found(span, node.value, error.problem)) from None

    # ── what references lead to ─────────────────────────────────────────────────────────────────────

    def target(self, reference: Reference, path: Path, node: Node) -> tuple[Path | None, Node]:
        """Where a reference leads: the path and the node there; no path for a value that was made."""
        keys = self.keys(reference, path, node)
        base: Path = ()
        if reference.dots:
            if reference.dots > len(path):
                raise self.fail(unresolved_interpolation.above_root(self.site(node, reference), node.value))
            base = path[: len(path) - reference.dots]
        where: Path | None = base
        current: Node = self.root.at(base) or self.root
        for index, key in enumerate(keys):
            step = self.step(current, key)
            if step is None:
                if where is not None and self.is_incomplete((*where, key)):
                    raise _FailedError
                raise self.missing(reference, node, keys, index, current)
            if where is not None:
                where = (*where, step)
            current = current.value[step]
            if type(current.value) is str:
                if current.value == "???":
                    raise self.fail(
                        unresolved_interpolation.mandatory(
                            self.site(node, reference), ".".join(keys[: index + 1]), current.span
                        )
                    )
                if where is not None and "${" in current.value:
                    where, current = self.lookup(where, current)
        if where is not None and path[: len(where)] == where and type(current.value) in (dict, tuple):
            raise self.cycle(where, node)
        return where, current

    def is_incomplete(self, path: Path) -> bool:
        return any(path[:length] in self.incomplete for length in range(1, len(path) + 1))

    def lookup(self, path: Path, node: Node) -> tuple[Path | None, Node]:
        """What stands at a path, followed through references: the final place and its raw node."""
        value = node.value
        if type(value) is not str or "${" not in value:
            return path, node
        known = self.targets.get(path)
        if known is not None:
            return known
        if path in self.active:
            raise self.cycle(path, node)
        tree = self.parsed(node)
        only = tree.parts[0] if len(tree.parts) == 1 else None
        if not isinstance(only, Reference):
            return None, self.text(path, node)
        if path in self.failed:
            raise _FailedError
        if len(self.active) > self.budget.depth + len(path):
            raise self.fail(interpolation_too_large.depth(node.span, self.budget.depth), path)
        self.active[path] = node
        try:
            self.targets[path] = self.target(only, path, node)
            return self.targets[path]
        except _FailedError:
            self.failed.add(path)
            raise
        finally:
            self.active.pop(path, None)

    def keys(self, reference: Reference, path: Path, node: Node) -> list[str]:
        """The keys of a reference. Keys that come from interpolations may hold dots of their own."""
        simple = [key for _, key in reference.parts if type(key) is str]
        if len(simple) == len(reference.parts):
            return simple
        joined: list[str] = []
        for index, (bracketed, key) in enumerate(reference.parts):
            if not isinstance(key, str):
                value = self.value(key, path, node)
                if type(value) is not str:
                    raise self.fail(
                        unresolved_interpolation.not_a_key(self.site(node, key), node.value, value)
                    )
                key = value
            joined.append(f"[{key}]" if bracketed else key if index == 0 else f".{key}")
        return split_key("".join(joined))

    def step(self, current: Node, key: str) -> Any:
        """The key or index under which a part of a reference is found, or None."""
        value = current.value
        if type(value) is dict:
            return key if key in value else None
        if type(value) is tuple:
            try:
                index = int(key)
            except ValueError:
                return None
            return index if 0 <= index < len(value) else None
        return None

    # ── values within texts ─────────────────────────────────────────────────────────────────────────

    def value(self, part: Any, path: Path, node: Node) -> Any:
        """The plain value of a part of an interpolation."""
        if isinstance(part, Reference):
            target_path, target = self.target(part, path, node)
            if target_path is not None and type(target.value) in (dict, tuple):
                target = self.container(target_path, target, path, node)
                self.spend(node, self.size(target_path, target))
            return plain(target)
        if isinstance(part, Call):
            return self.call(part, path, node)
        if isinstance(part, Text):
            if len(part.parts) == 1 and not isinstance(part.parts[0], str):
                only = self.value(part.parts[0], path, node)
                return str(only) if part.quoted else only
            return self.joined(part.parts, path, node)
        if isinstance(part, ListOf):
            return [self.value(item, path, node) for item in part.items]
        if isinstance(part, MapOf):
            return {self.value(key, path, node): self.value(value, path, node) for key, value in part.entries}
        return part

    def joined(self, parts: tuple[Any, ...], path: Path, node: Node) -> str:
        pieces: list[str] = []
        for part in parts:
            if isinstance(part, str):
                piece = part
            elif isinstance(part, Reference):
                # As in OmegaConf, a map or list within a text shows what its author wrote.
                piece = str(plain(self.target(part, path, node)[1]))
            else:
                piece = str(self.value(part, path, node))
            self.characters += len(piece)
            if self.characters > self.budget.characters:
                self.stop(node, f"{self.budget.characters:,} characters")
            pieces.append(piece)
        return "".join(pieces)

    def call(self, call: Call, path: Path, node: Node) -> Any:
        names: list[str] = []
        for part in call.name:
            name = part if isinstance(part, str) else self.value(part, path, node)
            if type(name) is not str:
                raise self.fail(unresolved_interpolation.not_a_key(self.site(node, call), node.value, name))
            names.append(name)
        name = ".".join(names)
        resolver = self.allowed.get(name)
        if resolver is None:
            help_text = did_you_mean(name, self.allowed, noun="Resolvers allowed here")
            raise self.fail(forbidden_resolver.found(self.site(node, call), name, help_text))
        arguments = [self.value(argument, path, node) for argument in call.arguments]
        try:
            return resolver(*arguments)
        except (LookupError, ValueError) as error:
            reason = str(error.args[0]) if error.args else type(error).__name__
        except TypeError:
            reason = f"`{name}` does not take these arguments."
        raise self.fail(unresolved_interpolation.resolver(self.site(node, call), name, reason))

    # ── limits and failures ─────────────────────────────────────────────────────────────────────────

    def size(self, path: Path | None, node: Node) -> int:
        """How many nodes a value has, those of references within it counted too."""
        value = node.value
        if type(value) not in (dict, tuple):
            return 1
        if path is not None and path in self.sizes:
            return self.sizes[path]
        total = 1
        children = value.items() if type(value) is dict else enumerate(value)
        for key, child in children:
            if type(child.value) in (dict, tuple):
                total += self.size(None if path is None else (*path, key), child)
            else:
                total += 1
            if total > self.budget.nodes:
                break
        if path is not None:
            self.sizes[path] = total
        return total

    def spend(self, node: Node, nodes: int) -> None:
        self.nodes += nodes
        if self.nodes > self.budget.nodes:
            self.stop(node, f"{self.budget.nodes:,} values")

    def stop(self, node: Node, limit: str) -> None:
        if not self.exhausted:
            self.exhausted = True
            self.fail(interpolation_too_large.found(node.span, limit))
        raise _FailedError

    def fail(self, diagnostic: Diagnostic, path: Path | None = None) -> _FailedError:
        if not self.quiet and len(self.found) < too_large.MOST_MISTAKES:
            self.found.append(diagnostic)
        elif not self.quiet and diagnostic.primary is not None:
            self.found.append(too_large.mistakes(diagnostic.primary.span))
            self.quiet = True
        if path is not None:
            self.failed.add(path)
        return _FailedError()

    def cycle(self, path: Path, node: Node) -> _FailedError:
        """A reference leads back to what is being resolved."""
        chain = list(self.active.items())
        positions = [index for index, (each, _) in enumerate(chain) if each[: len(path)] == path]
        links = [
            (each, link)
            for each, link in chain[positions[0] if positions else 0 :]
            if type(link.value) is str
        ]
        for each, _ in links:
            self.failed.add(each)
        shown = [".".join(map(str, each)) for each, _ in links]
        labels = tuple(
            Label(link.span, f"`{shown[index]}` needs `{link.value}`")
            for index, (_, link) in enumerate(links)
            if link.span != node.span
        )
        back = ".".join(map(str, path))
        return self.fail(interpolation_cycle.found(node.span, [*shown, back], labels))

    def missing(
        self, reference: Reference, node: Node, keys: list[str], index: int, current: Node
    ) -> _FailedError:
        if self.quiet:
            return _FailedError()
        whole = "." * reference.dots + ".".join(keys)
        before = "." * reference.dots + ".".join(keys[:index])
        # Looking for what was meant takes a while where there is much to choose from.
        guess = type(current.value) is dict and len(self.found) < _GUESSES
        options = current.value if guess else ()
        help_text = did_you_mean(keys[index], options, noun="It has")
        return self.fail(
            unresolved_interpolation.found(
                self.site(node, reference), whole, before, keys[index], current, help_text
            )
        )

    def site(self, node: Node, part: Any) -> Span:
        if isinstance(part, Reference | Call):
            return part_of(node, part.start, part.end)
        return node.span
