"""Tree → text: two spaces a level, one space behind a colon, brackets where the author wrote them and they fit.

What is deliberately absent: any change of order, and any change of a quote that could matter to a reader.
"""

from __future__ import annotations

from mlc.edit.scalars import Scalar, needs_no_quotes, quoted
from mlc.edit.tree import Comment, Entry, File, Tree

WIDTH = 100
MOST_BLANK_LINES = 2  # in a row
LONG_LIST = 10  # a list of more scalars than this stays in brackets over several lines


def lay_out(file: File) -> str:
    """The text of a file, with one newline at the end; nothing for a file of nothing."""
    lines = [*file.prologue, *_own(file.before, 0)]
    if file.marker:
        lines.append(_with_comments("---", file.marker_tail))
    lines += _root(file.entry)
    lines += _own(file.foot, 0)
    lines = _without_runs(lines)
    return "\n".join(lines) + "\n" if lines else ""


class _Verbatim(str):
    """A line of a block scalar: even a blank one is content."""

    __slots__ = ()


def _root(entry: Entry) -> list[str]:
    value = entry.value
    if value.kind == "empty":
        return [value.properties] if value.properties else []
    head = [_with_comments(value.properties, entry.head)] if value.properties else _lines_of(entry.head)
    if _is_block(value, 0):
        return [*head, *_own(entry.inner, 0), *_entries(value, 0), *_lines_of(entry.tail)]
    return [*head, *_own(entry.inner, 0), *_inline("", value, 2, entry.tail)]


def _entries(tree: Tree, indent: int) -> list[str]:
    """The entries of a collection in block style."""
    bare = _bare_items(tree)
    bare_keys = tree.kind == "map" and _all_bare([entry.key for entry in tree.entries])
    lines: list[str] = []
    for index, entry in enumerate(tree.entries):
        before = _own(entry.before, indent)
        while index == 0 and indent and before and not before[0]:
            before.pop(0)
        lines += before
        lead = "-" if entry.key is None else _key(entry.key, bare_keys) + ":"
        lines += _entry(" " * indent + lead, entry, indent, bare or entry.key is not None)
        lines += _own(entry.foot, indent + 2)
    return lines + _own(tree.foot, indent)


def _entry(lead: str, entry: Entry, indent: int, may_bare: bool) -> list[str]:
    """An entry whose key or dash is `lead`."""
    value = entry.value
    if value.kind == "empty":
        comments = [*entry.head, *entry.tail]
        return [_with_comments(_joined(lead, value.properties), comments), *_own(entry.inner, indent + 2)]
    column = len(lead) + 1 + len(value.properties) + bool(value.properties)
    if _is_block(value, column):
        nested = _entries(value, indent + 2)
        extra = _lines_of(entry.tail)
        first = nested[0] if nested else ""
        compact = entry.key is None and not (value.properties or entry.head or entry.inner)
        if compact and not first.lstrip().startswith("#"):
            return [lead + " " + first[indent + 2 :], *nested[1:], *_indented(extra, indent + 2)]
        head = _with_comments(_joined(lead, value.properties), entry.head)
        return [head, *_own(entry.inner, indent + 2), *nested, *_indented(extra, indent + 2)]
    if entry.head or entry.inner:
        head = _with_comments(_joined(lead, value.properties), entry.head)
        below = _inline(" " * (indent + 2), value, indent + 2, entry.tail, may_bare)
        return [head, *_own(entry.inner, indent + 2), *below]
    lead = _joined(lead, value.properties)
    beside = _inline(lead + " ", value, indent + 2, entry.tail, may_bare)
    scalar = value.scalar
    if entry.value_below and scalar is not None and not scalar.is_block:
        width = len(lead) + 1 + len(_scalar(scalar, may_bare))
        if not scalar.is_one_line or width > WIDTH:
            return [lead, *_inline(" " * (indent + 2), value, indent + 2, entry.tail, may_bare)]
    return beside


def _inline(lead: str, value: Tree, below: int, tail: list[Comment], may_bare: bool = True) -> list[str]:
    """A scalar or a collection in brackets behind `lead`; its further lines are indented by `below`."""
    if value.scalar is not None:
        scalar = value.scalar
        if scalar.is_block:
            content = [_Verbatim(" " * below + line if line else "") for line in scalar.lines]
            return [_with_comments(lead + scalar.header, tail), *content]
        if scalar.is_one_line:
            return [_with_comments(lead + _scalar(scalar, may_bare), tail)]
        lines = [lead + scalar.lines[0]]
        lines += [_Verbatim(" " * below + line if line else "") for line in scalar.lines[1:]]
        return [*lines[:-1], _with_comments(lines[-1], tail)]
    text = _flow(value)
    assert text is not None, "a collection that does not fit on a line is laid out as a block"
    if len(lead) + len(text) <= WIDTH or not value.entries:
        return [_with_comments(lead + text, tail)]
    lines, line = [], lead + "["
    bare = _bare_items(value)
    for index, entry in enumerate(value.entries):
        item = (_flow_value(entry.value, bare) or "") + ("," if index < len(value.entries) - 1 else "]")
        if line.endswith("["):
            line += item
        elif len(line) + 1 + len(item) <= WIDTH:
            line += " " + item
        else:
            lines.append(line)
            line = " " * below + item
    return [*lines, _with_comments(line, tail)]


def _is_block(value: Tree, column: int) -> bool:
    """Whether a value is laid out as a block: it was one, or does not fit in brackets from a column."""
    if value.kind not in ("map", "list"):
        return False
    if not value.flow:
        return True
    if not value.entries:
        return False
    text = _flow(value)
    if text is None:
        return True
    if column + len(text) <= WIDTH:
        return False
    scalars = all(entry.value.scalar is not None for entry in value.entries)
    return not (value.kind == "list" and scalars and len(value.entries) > LONG_LIST)


def _flow(tree: Tree) -> str | None:
    """A collection in brackets on one line; None where it has comments or text of several lines."""
    if any(comment.text for comment in tree.foot) and tree.entries:
        return None
    bare = _bare_items(tree)
    bare_keys = tree.kind == "map" and _all_bare([entry.key for entry in tree.entries])
    items = []
    for entry in tree.entries:
        if _has_comments(entry):
            return None
        item = _flow_value(entry.value, bare or entry.key is not None)
        if item is None:
            return None
        if entry.key is not None:
            key = _key(entry.key, bare_keys)
            item = key if entry.without_colon else f"{key}: {item}"
        items.append(item)
    inside = ", ".join(items)
    return f"{{{inside}}}" if tree.kind == "map" else f"[{inside}]"


def _flow_value(value: Tree, may_bare: bool) -> str | None:
    if value.kind == "empty":
        return _joined(value.properties, '""' if "!" in value.properties else "null")
    if value.scalar is not None:
        text = _scalar(value.scalar, may_bare) if value.scalar.is_one_line else None
    else:
        text = _flow(value)
    return None if text is None else _joined(value.properties, text)


def _has_comments(entry: Entry) -> bool:
    found = [*entry.before, *entry.head, *entry.inner, *entry.tail, *entry.foot]
    return any(comment.text for comment in found)


# ── scalars ─────────────────────────────────────────────────────────────────────────────────────────


def _key(key: Tree, may_bare: bool) -> str:
    if key.scalar is None:
        return _joined(key.properties, _flow(key) or "") if key.kind != "empty" else key.properties
    text = _scalar(key.scalar, may_bare) if key.scalar.is_one_line else quoted(key.scalar.value)
    return _joined(key.properties, text) + (" " if key.kind == "alias" else "")


def _scalar(scalar: Scalar, may_bare: bool) -> str:
    if may_bare and scalar.style and needs_no_quotes(scalar.value):
        return scalar.value
    if not scalar.style and scalar.value in ("-", "?"):
        return quoted(scalar.value)  # within brackets it is text; outside it would begin a list or a key
    return scalar.lines[0]


def _bare_items(tree: Tree) -> bool:
    """Whether the quotes of a list's items may go: all of them, or the list would look uneven."""
    return tree.kind == "list" and _all_bare([entry.value for entry in tree.entries])


def _all_bare(values: list[Tree | None]) -> bool:
    scalars = [value.scalar for value in values if value is not None and value.scalar is not None]
    return all(needs_no_quotes(scalar.value) for scalar in scalars if scalar.style)


# ── lines ───────────────────────────────────────────────────────────────────────────────────────────


def _joined(first: str, second: str) -> str:
    return f"{first} {second}" if first and second else first or second


def _own(found: list[Comment], indent: int) -> list[str]:
    return [" " * indent + comment.text if comment.text else "" for comment in found]


def _lines_of(found: list[Comment]) -> list[str]:
    return [comment.text for comment in found]


def _indented(lines: list[str], indent: int) -> list[str]:
    return [" " * indent + line for line in lines]


def _with_comments(line: str, found: list[Comment]) -> str:
    """A line with the comments behind it: as far away as they were, or in the column where they were."""
    for comment in found:
        gap = max(comment.gap, 1)
        if gap > 2:
            gap = max(2, comment.column - len(line))
        line = f"{line}{' ' * gap if line else ''}{comment.text}"
    return line


def _without_runs(lines: list[str]) -> list[str]:
    """Without blank lines at either end, and with a few where there were many."""
    kept: list[str] = []
    for line in lines:
        if not line and type(line) is not _Verbatim:
            recent = kept[-MOST_BLANK_LINES:]
            if not kept or (len(recent) == MOST_BLANK_LINES and not any(recent)):
                continue
        kept.append(line)
    while kept and not kept[-1] and type(kept[-1]) is not _Verbatim:
        kept.pop()
    return kept
