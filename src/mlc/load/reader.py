"""Text to nodes with positions: the only door of PyYAML.

libyaml's parser gives events; an explicit stack builds the nodes, so that no input can exhaust Python's
stack. Everything a hostile file may do is bounded before it costs anything: size, depth, and the number of
nodes with every alias counted as often as it is used.
"""

from __future__ import annotations

from typing import Any

from yaml import events as yaml_events
from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.loaded import Loaded
from mlc.ir.node import Node
from mlc.ir.span import Span
from mlc.load import scalar
from mlc.load.syntax import DEEPEST, syntax_diagnostic
from mlc.load.text import decode, header
from mlc.rules import (
    alias_bomb,
    ambiguous_scalar,
    duplicate_key,
    non_string_key,
    too_large,
    unsafe_tag,
    yaml_syntax,
)

MOST_NODES = 100_000  # with every alias expanded

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null"))


def read(source: str | bytes, file: str, *, any_key: bool = False) -> Loaded:
    """The nodes of one YAML file, its `# @key value` header, and everything wrong with it.

    Scalars mean what they mean to OmegaConf. `file` is the name that spans carry. With `any_key`, keys that
    are numbers or booleans are kept as Hydra keeps them; otherwise they are errors, for `mlc`'s own files
    have only text as keys.
    """
    text, broken = decode(source, file)
    if broken:
        return Loaded(None, {}, broken)
    headers, diagnostics = header(text, file)
    reading = _Reading(file, any_key)
    try:
        node = reading.document(CParser(text))
    except _RefusedError as refusal:
        return Loaded(None, headers, (*diagnostics, *reading.found, refusal.diagnostic))
    except MarkedYAMLError as error:
        return Loaded(None, headers, (*diagnostics, *reading.found, syntax_diagnostic(error, text, file)))
    except YAMLError as error:
        found = yaml_syntax.found(Span(file, 1, 1, 1, 1), str(error))
        return Loaded(None, headers, (*diagnostics, *reading.found, found))
    return Loaded(node, headers, (*diagnostics, *reading.found), reading.total, reading.copies)


class _RefusedError(Exception):
    """Reading cannot go on after this diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.detail)
        self.diagnostic = diagnostic


_OPEN = object()  # stands for an anchored node whose end has not been read


class _Frame:
    """A map or list being read."""

    __slots__ = (
        "anchor",
        "count",
        "entries",
        "flow",
        "height",
        "items",
        "key",
        "key_span",
        "merges",
        "start",
    )

    def __init__(self, is_map: bool, event: Any) -> None:
        self.items: list[Node] | None = None if is_map else []
        self.entries: dict[Any, Node] = {}
        self.merges: list[Node] | None = None
        self.key: Any = _NO_KEY
        self.key_span: Span | None = None
        self.start = event.start_mark
        self.flow: bool = event.flow_style
        self.anchor: str | None = event.anchor
        self.count = 1  # nodes from here down, aliases expanded
        self.height = 1  # levels from here down


_NO_KEY = object()
_MERGE_KEY = object()
_BAD_KEY = object()


class _Reading:
    def __init__(self, file: str, any_key: bool) -> None:
        self.file = file
        self.any_key = any_key
        self.found: list[Diagnostic] = []
        # name -> (node, count, height), or _OPEN
        self.anchors: dict[str, Any] = {}
        self.total = 0
        self.copies = 0  # among them, by aliases

    def document(self, parser: Any) -> Node | None:
        """The root node of the one document of a stream, or None of an empty one."""
        next_event = parser.get_event
        event = next_event()  # the start of the stream
        event = next_event()
        if type(event) is yaml_events.StreamEndEvent:
            return None
        root = self.root(next_event)
        while True:
            event = next_event()
            if type(event) is yaml_events.StreamEndEvent or event is None:
                return root
            if type(event) is yaml_events.DocumentStartEvent:
                raise _RefusedError(yaml_syntax.second_document(self.span(event)))

    def root(self, next_event: Any) -> Node:
        file = self.file
        stack: list[_Frame] = []
        frame: _Frame | None = None
        scalar_event = yaml_events.ScalarEvent
        ends = (yaml_events.MappingEndEvent, yaml_events.SequenceEndEvent)
        map_start = yaml_events.MappingStartEvent
        sequence_start = yaml_events.SequenceStartEvent
        while True:
            event = next_event()
            kind = type(event)
            count = height = 1
            if kind is scalar_event:
                start, end = event.start_mark, event.end_mark
                span = Span(file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
                if frame is not None and frame.items is None and frame.key is _NO_KEY:
                    self.take_key(frame, event, span)
                    continue
                value = self.scalar_value(event, span)
                node = Node(value, span, frame.key_span if frame is not None else None)
                if event.anchor is not None:
                    self.declare(event.anchor, span)
                    self.anchors[event.anchor] = (node, 1, 1)
                self.total += 1
            elif kind is map_start or kind is sequence_start:
                self.total += 1
                if self.total > MOST_NODES:
                    raise _RefusedError(too_large.nodes(self.span(event), MOST_NODES))
                if frame is not None and frame.items is None and frame.key is _NO_KEY:
                    raise _RefusedError(non_string_key.found(self.span(event), "a map or a list"))
                if len(stack) + 1 >= DEEPEST:
                    raise _RefusedError(too_large.depth(self.span(event), DEEPEST))
                self.check_collection_tag(event, kind is map_start)
                if event.anchor is not None:
                    self.declare(event.anchor, self.span(event))
                    self.anchors[event.anchor] = _OPEN
                if frame is not None:
                    stack.append(frame)
                frame = _Frame(kind is map_start, event)
                continue
            elif kind in ends and frame is not None:
                closed = frame
                frame = stack.pop() if stack else None
                node, count, height = self.close(closed, event, frame)
                if closed.anchor is not None:
                    self.anchors[closed.anchor] = (node, count, height)
            else:
                node, count, height = self.alias(event, frame, len(stack))
                if node is None:
                    continue
            if self.total > MOST_NODES:
                raise _RefusedError(too_large.nodes(node.span, MOST_NODES))
            if len(self.found) > too_large.MOST_MISTAKES:
                raise _RefusedError(too_large.mistakes(node.span))
            if frame is None:
                return node
            frame.count += count
            if height >= frame.height:
                frame.height = height + 1
            if frame.items is not None:
                frame.items.append(node)
            else:
                key = frame.key
                frame.key = _NO_KEY
                if key is _MERGE_KEY:
                    self.take_merge(frame, node)
                elif key is not _BAD_KEY:
                    frame.entries[key] = node

    def take_key(self, frame: _Frame, event: Any, span: Span) -> None:
        """The key of the entry that follows."""
        frame.key_span = span
        if event.anchor is not None:
            self.declare(event.anchor, span)
            self.anchors[event.anchor] = (Node(event.value, span), 1, 1)
        key: Any = event.value
        if event.tag is not None and event.tag != "!":
            key = self.tagged(event, span)
        elif event.implicit[0] and (not key or not key[0].isalpha() or key[0] in "yYnNtTfFoO"):
            if key == "<<":
                frame.key = _MERGE_KEY
                return
            key = self.plain_value(event, span, trap=False)
        self.set_key(frame, key, event.value, span)

    def set_key(self, frame: _Frame, key: Any, written: str, span: Span) -> None:
        if type(key) is not str and (key is None or not self.any_key):
            quoted = f'"{written}"' if written else None
            self.found.append(non_string_key.found(span, f"`{written}`", value=key, quoted=quoted))
            frame.key = _BAD_KEY
            return
        first = frame.entries.get(key)
        if first is not None:
            self.found.append(duplicate_key.found(span, str(key), first.key_span or first.span))
            frame.key = _BAD_KEY
            return
        frame.key = key

    def scalar_value(self, event: Any, span: Span) -> Any:
        tag = event.tag
        if tag is not None and tag != "!":
            return self.tagged(event, span)
        if event.implicit[0]:
            text = event.value
            if text and text[0].isalpha() and text[0] not in "yYnNtTfFoO":
                return text
            return self.plain_value(event, span, trap=True)
        return event.value

    def plain_value(self, event: Any, span: Span, *, trap: bool) -> Any:
        text: str = event.value
        if text in ("=", "<<"):
            self.found.append(yaml_syntax.reserved(span, text))
            return text
        try:
            value = scalar.plain(text)
        except ValueError:
            self.found.append(yaml_syntax.bad_scalar(span, text))
            return text
        if trap and (surprise := scalar.trap(text, value)) is not None:
            self.found.append(ambiguous_scalar.found(span, text, *surprise))
        return value

    def tagged(self, event: Any, span: Span) -> Any:
        """The value of a scalar with an explicit tag: only the core ones mean anything here."""
        tag, text = event.tag, event.value
        if tag not in _SCALAR_TAGS:
            self.found.append(unsafe_tag.found(span, tag))
            return text
        try:
            match tag.removeprefix(_CORE):
                case "int":
                    return scalar.as_int(text)
                case "float":
                    return scalar.as_float(text)
                case "bool":
                    return scalar.as_bool(text)
                case "null":
                    return None
        except ValueError:
            self.found.append(yaml_syntax.bad_scalar(span, text))
        return text

    def check_collection_tag(self, event: Any, is_map: bool) -> None:
        if event.tag not in (None, "!", _CORE + ("map" if is_map else "seq")):
            self.found.append(unsafe_tag.found(self.span(event), event.tag))

    def declare(self, anchor: str, span: Span) -> None:
        if anchor in self.anchors:
            raise _RefusedError(yaml_syntax.second_anchor(span, anchor))

    def close(self, closed: _Frame, event: Any, parent: _Frame | None) -> tuple[Node, int, int]:
        value: Any
        if closed.items is not None:
            value, last = tuple(closed.items), closed.items[-1] if closed.items else None
        else:
            value = self.merged(closed)
            last = next(reversed(closed.entries.values()), None)
        start, end = closed.start, event.end_mark
        if closed.flow or last is None:
            end_line, end_column = end.line + 1, end.column + 1
            if not closed.flow:
                end_line, end_column = start.line + 1, start.column + 1
        else:
            end_line, end_column = last.span.end_line, last.span.end_column
        span = Span(self.file, start.line + 1, start.column + 1, end_line, end_column)
        key_span = parent.key_span if parent is not None and parent.items is None else None
        return Node(value, span, key_span), closed.count, closed.height

    def alias(self, event: Any, frame: _Frame | None, depth: int) -> tuple[Any, int, int]:
        """The node an alias stands for, at the alias's own place; None for an alias that is a key."""
        span = self.span(event)
        known = self.anchors.get(event.anchor)
        if known is None:
            raise _RefusedError(yaml_syntax.unknown_alias(span, event.anchor, tuple(self.anchors)))
        if known is _OPEN:
            raise _RefusedError(alias_bomb.recursive(span, event.anchor))
        node, count, height = known
        if frame is not None and frame.items is None and frame.key is _NO_KEY:
            if type(node.value) in (dict, tuple):
                raise _RefusedError(non_string_key.found(span, "a map or a list"))
            frame.key_span = span
            self.set_key(frame, node.value, str(node.value), span)
            return None, 0, 0
        self.total += count
        self.copies += count
        if self.total > MOST_NODES:
            raise _RefusedError(alias_bomb.found(span, event.anchor, MOST_NODES))
        if depth + 1 + height > DEEPEST:
            raise _RefusedError(too_large.depth(span, DEEPEST))
        return Node(node.value, span, frame.key_span if frame is not None else None), count, height

    def take_merge(self, frame: _Frame, node: Node) -> None:
        """What `<<` brings: one map, or several of which the first wins."""
        maps = node.value if type(node.value) is tuple else (node,)
        if any(type(each.value) is not dict for each in maps):
            self.found.append(yaml_syntax.bad_merge(node.span))
            return
        frame.merges = (frame.merges or []) + list(reversed(maps))

    def merged(self, frame: _Frame) -> dict[Any, Node]:
        if frame.merges is None:
            return frame.entries
        value: dict[Any, Node] = {}
        for each in frame.merges:
            value.update(each.value)
        value.update(frame.entries)
        return value

    def span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
