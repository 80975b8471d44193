"""Where the boxes and lines of a graph go: in layers from left to right, what is built on to the left.

Sugiyama's method in short: layers by longest path, long lines broken at every layer they pass, the order within
a layer by the mean of the neighbours, heights by the same, with nothing overlapping. The same graph gives the
same picture.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

HEIGHT = 40.0
"""Of a box."""

_GAP = 14.0  # between boxes of a layer
_THIN = 10.0  # what a line takes up in a layer that it passes
_ACROSS = 72.0  # between layers, for the lines to bend in
_MARGIN = 12.0
_LETTER = 8.0  # the widest that a letter of a label is drawn on average
_SWEEPS = 8
_BESIDE = 28.0  # between parts that are not connected
_PAGE = 1180.0  # as wide as a page shows


class Box(Struct, frozen=True):
    """A node as it is drawn; `key` names it, `x` and `y` are its upper left corner."""

    key: str
    x: float
    y: float
    width: float


class Line(Struct, frozen=True):
    """A line from the box that is built on to the one that builds on it.

    `points` are where it leaves the one, enters and leaves each layer that it passes, and arrives at the other.
    """

    source: str
    target: str
    points: tuple[tuple[float, float], ...]

    @property
    def path(self) -> str:
        """The line as SVG draws it: bent between two layers, straight through one."""
        (x, y), *rest = self.points
        path = f"M{x:.1f},{y:.1f}"
        for index, (across, down) in enumerate(rest):
            if index % 2:
                path += f"L{across:.1f},{down:.1f}"
            else:
                middle = (x + across) / 2
                path += f"C{middle:.1f},{y:.1f} {middle:.1f},{down:.1f} {across:.1f},{down:.1f}"
            x, y = across, down
        return path


class Picture(Struct, frozen=True):
    """A graph with its places, in the units of an SVG's view box."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


Key = str | tuple[str, str, int]
"""A box by its name, or the place where a line passes a layer."""


def layout(labels: Mapping[str, str], edges: Iterable[tuple[str, str]]) -> Picture:
    """Places for the nodes of `labels` (the text that has to fit in each) and the edges between them.

    An edge goes from the node that builds on another to that other. The graph must have no cycle. What is not
    connected is laid out by itself, and as many such parts stand beside each other as there is room for.
    """
    upstream: dict[str, list[str]] = {key: [] for key in labels}
    for source, target in dict.fromkeys(edges):
        if source in labels and target in labels and source != target:
            upstream[source].append(target)
    parts = sorted(_parts(upstream), key=len, reverse=True)  # the largest first, else as they come
    return _side_by_side(labels, [_laid_out({key: labels[key] for key in part}, upstream) for part in parts])


def _parts(upstream: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The nodes in groups that are connected, in their order."""
    beside: dict[str, list[str]] = {key: [] for key in upstream}
    for key, targets in upstream.items():
        for target in targets:
            beside[key].append(target)
            beside[target].append(key)
    group: dict[str, int] = {}
    number = 0
    for start in upstream:
        if start in group:
            continue
        stack = [start]
        while stack:
            key = stack.pop()
            if key not in group:
                group[key] = number
                stack += beside[key]
        number += 1
    parts: list[list[str]] = [[] for _ in range(number)]
    for key in upstream:
        parts[group[key]].append(key)
    return parts


def _side_by_side(labels: Mapping[str, str], parts: Sequence[Picture]) -> Picture:
    """Pictures in rows that are as wide as a page, or as the widest of them."""
    most = max([_PAGE, *(part.width for part in parts)])
    boxes: dict[str, Box] = {}
    lines: list[Line] = []
    x = y = row = width = 0.0
    for part in parts:
        if x and x + part.width > most:
            x, y, row = 0.0, y + row, 0.0
        for box in part.boxes:
            boxes[box.key] = Box(box.key, round(box.x + x, 1), round(box.y + y, 1), box.width)
        lines += [
            Line(line.source, line.target, tuple((round(a + x, 1), round(b + y, 1)) for a, b in line.points))
            for line in part.lines
        ]
        row, width = max(row, part.height), max(width, x + part.width)
        x += part.width + _BESIDE
    return Picture(tuple(boxes[key] for key in labels), tuple(lines), round(width, 1), round(y + row, 1))


def _laid_out(labels: Mapping[str, str], upstream: Mapping[str, Sequence[str]]) -> Picture:
    """One connected part."""
    depth = _depths({key: upstream[key] for key in labels})
    layers: list[list[Key]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in labels:
        layers[depth[key]].append(key)
    routes: dict[tuple[str, str], list[Key]] = {}
    for key in labels:
        for target in upstream[key]:
            passed: list[Key] = [(target, key, level) for level in range(depth[target] + 1, depth[key])]
            for level, place in enumerate(passed, start=depth[target] + 1):
                layers[level].append(place)
            routes[(target, key)] = [target, *passed, key]
    neighbours = _neighbours(routes.values())
    layers = _ordered(layers, neighbours)
    heights = _heights(layers, neighbours)
    return _drawn(labels, layers, routes, heights)


def _depths(upstream: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many layers a node is from the left: one more than the deepest that it builds on."""
    depth: dict[str, int] = {}
    for start in upstream:
        stack = [start]
        while stack:  # no recursion: a chain may be long
            key = stack[-1]
            missing = [target for target in upstream[key] if target not in depth]
            if key not in depth and missing:
                stack += missing
                continue
            stack.pop()
            depth[key] = 1 + max((depth[target] for target in upstream[key]), default=-1)
    return depth


def _neighbours(routes: Iterable[Sequence[Key]]) -> dict[Key, tuple[list[Key], list[Key]]]:
    """What is connected with each place, in the layer to the left and in the layer to the right."""
    found: dict[Key, tuple[list[Key], list[Key]]] = {}
    for route in routes:
        for left, right in itertools.pairwise(route):
            found.setdefault(right, ([], []))[0].append(left)
            found.setdefault(left, ([], []))[1].append(right)
    return found


def _ordered(
    layers: list[list[Key]], neighbours: Mapping[Key, tuple[list[Key], list[Key]]]
) -> list[list[Key]]:
    """Each layer in the order that lets few lines cross."""
    layers = [*layers]
    for sweep in range(_SWEEPS):
        side = sweep % 2  # to the right by what is on the left, then back
        indices = range(1, len(layers)) if side == 0 else range(len(layers) - 2, -1, -1)
        for index in indices:
            beside = layers[index - 1] if side == 0 else layers[index + 1]
            position = {key: place for place, key in enumerate(beside)}
            layers[index] = _by_mean(layers[index], neighbours, side, position)
    return layers


def _by_mean(
    layer: list[Key],
    neighbours: Mapping[Key, tuple[list[Key], list[Key]]],
    side: int,
    position: Mapping[Key, int],
) -> list[Key]:
    ranks: dict[Key, tuple[float, int]] = {}
    for place, key in enumerate(layer):
        beside = neighbours.get(key, ([], []))[side]
        mean = sum(position[one] for one in beside) / len(beside) if beside else float(place)
        ranks[key] = (mean, place)
    return sorted(layer, key=ranks.__getitem__)


def _heights(
    layers: list[list[Key]], neighbours: Mapping[Key, tuple[list[Key], list[Key]]]
) -> dict[Key, float]:
    """The middle of each place, near those of its neighbours, in the order of its layer and without overlap."""
    middle: dict[Key, float] = {}
    for layer in layers:
        y = 0.0
        for key in layer:
            middle[key] = y + _size(key) / 2
            y += _size(key) + _GAP
    for sweep in range(_SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = []
            for key in layer:
                beside = [one for side in neighbours.get(key, ([], [])) for one in side]
                wanted.append(sum(middle[one] for one in beside) / len(beside) if beside else middle[key])
            for key, y in zip(layer, _apart(layer, wanted), strict=True):
                middle[key] = y
    top = min((middle[key] - _size(key) / 2 for key in middle), default=0.0)
    return {key: y - top + _MARGIN for key, y in middle.items()}


def _apart(layer: list[Key], wanted: list[float]) -> list[float]:
    """The heights wanted, moved apart as little as keeps the order: neighbours that collide move as one."""
    offsets = [0.0]
    for above, below in itertools.pairwise(layer):
        offsets.append(offsets[-1] + (_size(above) + _size(below)) / 2 + _GAP)
    blocks: list[tuple[float, int]] = []  # mean of what its places want, and how many they are
    for want, offset in zip(wanted, offsets, strict=True):
        mean, number = want - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, number = (before * many + mean * number) / (many + number), many + number
        blocks.append((mean, number))
    means = [mean for mean, number in blocks for _ in range(number)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _size(key: Key) -> float:
    return HEIGHT if isinstance(key, str) else _THIN


def _drawn(
    labels: Mapping[str, str],
    layers: list[list[Key]],
    routes: Mapping[tuple[str, str], list[Key]],
    middle: Mapping[Key, float],
) -> Picture:
    boxes: dict[str, Box] = {}
    left: list[float] = []
    x = _MARGIN
    right: list[float] = []
    for layer in layers:
        keys = [key for key in layer if isinstance(key, str)]
        width = max((len(labels[key]) * _LETTER + 28 for key in keys), default=40.0)
        for key in keys:
            boxes[key] = Box(key, x, round(middle[key] - HEIGHT / 2, 1), round(width, 1))
        left.append(x)
        right.append(x + width)
        x += round(width, 1) + _ACROSS
    level = {key: index for index, layer in enumerate(layers) for key in layer}
    lines = []
    for (source, target), route in routes.items():
        points = [(right[level[source]], middle[source])]
        for place in route[1:]:
            points += [(left[level[place]], middle[place]), (right[level[place]], middle[place])]
        lines.append(Line(source, target, tuple(points[:-1])))
    bottom = max((middle[key] + _size(key) / 2 for key in middle), default=0.0)
    listed = tuple(boxes[key] for key in labels)
    return Picture(
        listed, tuple(lines), round(max(x - _ACROSS, 0.0) + _MARGIN, 1), round(bottom + _MARGIN, 1)
    )
