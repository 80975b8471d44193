"""Text → tree with everything that formatting must keep: comments, blank lines, quotes, anchors.

A scanner gives tokens with their places; what stands between two tokens is white space and comments. Values
stay the text that their author wrote: nothing here knows what a scalar means.
"""

from __future__ import annotations

from mlc.edit.scalars import Scalar
from mlc.edit.tokens import Token, tag, tokens


class Comment:
    """A comment, or with no text a blank line. `gap` is the spaces before a comment that follows something."""

    __slots__ = ("column", "gap", "index", "text")

    def __init__(self, text: str, index: int, column: int, gap: int = 0) -> None:
        self.text = text
        self.index = index
        self.column = column
        self.gap = gap


class Tree:
    """A value. `kind` is map, list, scalar, alias or empty; `properties` its anchor and tag as written."""

    __slots__ = ("entries", "flow", "foot", "kind", "properties", "scalar")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.properties = ""
        self.flow = False
        self.scalar: Scalar | None = None
        self.entries: list[Entry] = []
        self.foot: list[Comment] = []  # what stands behind the last entry, as far in as the entries


class Entry:
    """An entry of a map, or of a list (`key` is None)."""

    __slots__ = ("before", "foot", "head", "inner", "key", "tail", "value", "value_below", "without_colon")

    def __init__(self, before: list[Comment]) -> None:
        self.before = before  # on lines of their own
        self.key: Tree | None = None
        self.head: list[Comment] = []  # on the key's line, where the value stands below
        self.inner: list[Comment] = []  # between the key and a value that stands below
        self.value = Tree("empty")
        self.value_below = False
        self.tail: list[Comment] = []  # behind the value
        self.foot: list[Comment] = []  # below a key without a value, further in than the key
        self.without_colon = False


class File:
    """`prologue` is the directives as written; `marker` whether `---` stands there."""

    __slots__ = ("before", "entry", "foot", "marker", "marker_tail", "prologue")

    def __init__(self) -> None:
        self.prologue: list[str] = []
        self.before: list[Comment] = []
        self.marker = False
        self.marker_tail: list[Comment] = []
        self.entry = Entry([])
        self.foot: list[Comment] = []


def parse(text: str) -> File:
    """The tree of a text of one document. Raises ValueError for what is not YAML."""
    return _Parsing(text, tokens(text)).file()


def comments(text: str) -> list[str]:
    """The text of every comment, in order."""
    parsing = _Parsing(text, tokens(text))
    found = [*parsing.own, *(one for one in parsing.trailing.values())]
    return [one.text for one in sorted(found, key=lambda one: one.index) if one.text]


_VIRTUAL = frozenset({"StreamStart", "BlockMappingStart", "BlockSequenceStart", "BlockEnd", "StreamEnd"})


class _Parsing:
    """Tokens and what stands between them. `own` are comments on lines of their own and blank lines, in order;
    `trailing` is the comment behind a token, by the token's end."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.position = 0
        self.own: list[Comment] = []
        self.taken = 0
        self.trailing: dict[int, Comment] = {}
        end = 0
        for token in tokens:
            if token.start > end or (token.kind == "StreamEnd" and len(text) > end):
                self.read_gap(end, len(text) if token.kind == "StreamEnd" else token.start)
            end = max(end, token.end)

    def read_gap(self, start: int, end: int) -> None:
        offset = start
        column = start - (self.text.rfind("\n", 0, start) + 1)
        lines = self.text[start:end].split("\n")
        for number, line in enumerate(lines):
            words = line.lstrip(" \t")
            place = len(line) - len(words)
            if number == 0 and start > 0:
                if words:
                    comment = Comment(words.rstrip(), offset + place, column + place, place)
                    self.trailing[start] = comment
            elif words:
                self.own.append(Comment(words.rstrip(), offset + place, place))
            elif number < len(lines) - 1:
                self.own.append(Comment("", offset, 0))
            offset += len(line) + 1

    # ── tokens and comments ─────────────────────────────────────────────────────────────────────────

    @property
    def next(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def take_own(self, stop: int) -> list[Comment]:
        """What stands on lines of its own before an offset and nothing has taken."""
        first = self.taken
        while self.taken < len(self.own) and self.own[self.taken].index < stop:
            self.taken += 1
        return self.own[first : self.taken]

    def take_foot(self, column: int) -> list[Comment]:
        """The next comments that stand as far in as a column, up to the next token that is one."""
        stop = self.next_place()[0]
        last = self.taken
        position = self.taken
        while position < len(self.own) and self.own[position].index < stop:
            if self.own[position].text:
                if self.own[position].column < column:
                    break
                last = position + 1
            position += 1
        first, self.taken = self.taken, last
        return self.own[first:last]

    def next_place(self) -> tuple[int, int]:
        """The offset and the column of the next token that stands for characters; (∞, -1) at the end."""
        for token in self.tokens[self.position :]:
            if token.kind in ("StreamEnd", "DocumentEnd"):
                break
            if token.kind not in _VIRTUAL:
                return token.start, token.column
        return len(self.text) + 1, -1

    def trail(self, token: Token) -> list[Comment]:
        found = self.trailing.get(token.end) if token.end > token.start else None
        return [] if found is None else [found]

    # ── the grammar ─────────────────────────────────────────────────────────────────────────────────

    def file(self) -> File:
        file = File()
        self.take()  # the start of the stream
        directives = [token for token in self.tokens if token.kind == "Directive"]
        while self.next.kind == "Directive":
            self.take()
        if self.next.kind == "DocumentStart":
            marker = self.take()
            file.marker, file.marker_tail = True, self.trail(marker)
            if directives:
                file.prologue = [line.rstrip() for line in self.text[: marker.start].splitlines()]
                self.take_own(marker.start)
                self.trailing = {at: one for at, one in self.trailing.items() if at >= marker.end}
            else:
                file.before = self.take_own(marker.start)
        line = self.next.line
        self.value(file.entry, -1, line)
        while self.next.kind != "StreamEnd":
            token = self.take()
            if token.kind != "DocumentEnd":
                raise ValueError(f"a second document begins at offset {token.start}")
            file.foot += self.take_own(token.start)
            file.foot += self.trail(token)
        file.foot += self.take_own(len(self.text) + 1)
        return file

    def value(self, entry: Entry, column: int, line: int, *, indentless: bool = False) -> None:
        """The value of an entry of the block collection at a column, whose key stands on a line."""
        properties = []
        while self.next.kind in ("Anchor", "Tag"):
            entry.inner += self.take_own(self.next.start)
            token = self.take()
            line = token.line
            properties.append(f"&{token.value}" if token.kind == "Anchor" else tag(token))
            entry.head += self.trail(token)
        value = self.bare_value(entry, column, line, indentless=indentless)
        value.properties = " ".join(properties)
        entry.value = value

    def bare_value(self, entry: Entry, column: int, line: int, *, indentless: bool) -> Tree:
        kind = self.next.kind
        if kind == "BlockMappingStart":
            return self.block_map(self.take().column)
        if kind == "BlockSequenceStart":
            return self.block_list(self.take().column, indentless=False)
        if kind == "BlockEntry" and indentless:
            return self.block_list(self.next.column, indentless=True)
        if kind in ("Scalar", "Alias", "FlowSequenceStart", "FlowMappingStart"):
            entry.inner += self.take_own(self.next.start)
            entry.value_below = self.next.line > line
        if kind == "Scalar":
            token = self.take()
            tree = Tree("scalar")
            tree.scalar = token.scalar
            entry.tail += self.trail(token)
            if token.scalar is not None and token.scalar.comment is not None:
                gap, text = token.scalar.comment
                entry.tail.append(Comment(text, token.start, 0, gap))
            return tree
        if kind == "Alias":
            token = self.take()
            tree = Tree("alias")
            tree.scalar = Scalar(f"*{token.value}", "", (f"*{token.value}",))
            entry.tail += self.trail(token)
            return tree
        if kind in ("FlowSequenceStart", "FlowMappingStart"):
            return self.flow(entry)
        if column >= 0:
            entry.foot = self.take_foot(column + 1)
        return Tree("empty")

    def block_map(self, column: int) -> Tree:
        tree = Tree("map")
        while self.next.kind != "BlockEnd":
            entry = Entry(self.take_own(self.next.start))
            self.key(entry)
            tree.entries.append(entry)
            if self.next.kind == "Value":
                token = self.take()
                entry.head += self.trail(token)
                self.value(entry, column, token.line, indentless=True)
            else:
                entry.foot = self.take_foot(column + 1)
        self.take()
        tree.foot = self.take_foot(column)
        return tree

    def key(self, entry: Entry) -> None:
        """The key, if the entry has one: `: value` has none."""
        entry.key = Tree("empty")
        if self.next.kind != "Key":
            return
        token = self.take()
        entry.before += self.own_lines(self.trail(token))
        holder = Entry([])
        if self.next.kind not in ("Value", "Key", "BlockEnd", "FlowEntry", "FlowMappingEnd"):
            self.value(holder, -1, token.line)
        entry.key = holder.value
        entry.before += holder.inner + self.own_lines(holder.head + holder.tail)

    def own_lines(self, found: list[Comment]) -> list[Comment]:
        return [Comment(one.text, one.index, 0) for one in found]

    def block_list(self, column: int, *, indentless: bool) -> Tree:
        """A list; an indentless one stands no further in than the key it belongs to."""
        tree = Tree("list")
        while self.next.kind == "BlockEntry":
            entry = Entry(self.take_own(self.next.start))
            token = self.take()
            entry.head += self.trail(token)
            self.value(entry, column, token.line)
            tree.entries.append(entry)
        if not indentless:
            self.take()
        tree.foot = self.take_foot(column + indentless)
        return tree

    def flow(self, holder: Entry) -> Tree:
        """A collection in brackets. Its comments are kept with its entries."""
        start = self.take()
        is_map = start.kind == "FlowMappingStart"
        tree = Tree("map" if is_map else "list")
        tree.flow = True
        opening = self.trail(start)
        end = "FlowMappingEnd" if is_map else "FlowSequenceEnd"
        before: list[Comment] = []
        while self.next.kind != end:
            if self.next.kind == "FlowEntry":
                before = [one for one in self.take_own(self.next.start) if one.text]
                comma = self.take()
                if before or not tree.entries:
                    before += self.own_lines(self.trail(comma))
                else:
                    tree.entries[-1].tail += self.trail(comma)
                continue
            entry = Entry(before + self.take_own(self.next.start))
            before = []
            if is_map:
                self.flow_pair(entry)
            elif self.next.kind in ("Key", "Value"):
                pair = Entry([])
                self.flow_pair(pair)
                entry.before += pair.before
                pair.before = []
                entry.value = Tree("map")
                entry.value.flow = True
                entry.value.entries = [pair]
            else:
                self.value(entry, -1, self.next.line)
            tree.entries.append(entry)
        tree.foot = before + self.take_own(self.next.start)
        holder.head += opening
        holder.tail += self.trail(self.take())
        return tree

    def flow_pair(self, entry: Entry) -> None:
        line = self.next.line
        if self.next.kind in ("Key", "Value"):
            self.key(entry)
        else:
            holder = Entry([])
            self.value(holder, -1, line)
            entry.key = holder.value
            entry.before += holder.inner
            entry.tail += holder.head + holder.tail
        if self.next.kind == "Value":
            token = self.take()
            entry.head += self.trail(token)
            if self.next.kind not in ("FlowEntry", "FlowMappingEnd", "FlowSequenceEnd"):
                self.value(entry, -1, token.line)
        else:
            entry.without_colon = True
