"""A picture of a graph: every box has its place, what is built on stands to the left, nothing overlaps."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mlc.report.graph_layout import HEIGHT, Box, Picture, layout


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, str], list[tuple[str, str]]]:
    number = draw(st.integers(0, 14))
    labels = {f"n{index}": "x" * draw(st.integers(1, 30)) for index in range(number)}
    edges = []
    for index in range(1, number):
        targets = draw(st.lists(st.integers(0, index - 1), max_size=3))
        edges += [(f"n{index}", f"n{target}") for target in targets]
    return labels, edges


def overlaps(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + HEIGHT and other.y < one.y + HEIGHT


@settings(max_examples=200, deadline=None, derandomize=True)
@given(graphs())
def test_it_is_a_picture(graph: tuple[dict[str, str], list[tuple[str, str]]]) -> None:
    labels, edges = graph
    picture = layout(labels, edges)
    boxes = {box.key: box for box in picture.boxes}
    assert list(boxes) == list(labels)
    assert {(line.target, line.source) for line in picture.lines} == set(edges)
    assert len(picture.lines) == len(set(edges))
    for box in picture.boxes:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= picture.width
        assert box.y + HEIGHT <= picture.height
        assert box.width > 6 * len(labels[box.key])
        assert not any(overlaps(box, other) for other in picture.boxes if other is not box)
    for line in picture.lines:
        source, target = boxes[line.source], boxes[line.target]
        assert source.x + source.width < target.x
        ends = line.points[0], line.points[-1]
        assert [
            (abs(x - at) < 0.2, abs(y - box.y - HEIGHT / 2) < 0.2)
            for (x, y), at, box in ((ends[0], source.x + source.width, source), (ends[1], target.x, target))
        ] == [(True, True), (True, True)]
        assert all(before[0] <= after[0] for before, after in pairwise(line.points))
        for x, y in line.points:
            assert 0 <= x <= picture.width
            assert 0 <= y <= picture.height
        assert re.fullmatch(r"M[\d.,]+(C[\d., ]+(L[\d.,]+)?)+", line.path)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(graphs())
def test_the_same_graph_gives_the_same_picture(graph: tuple[dict[str, str], list[tuple[str, str]]]) -> None:
    labels, edges = graph
    assert layout(labels, edges) == layout(
        labels, [*edges, *reversed(edges), ("n0", "nowhere"), ("n0", "n0")]
    )


def test_lines_do_not_cross_where_they_need_not() -> None:
    labels = {key: key for key in ("a", "b", "c", "x", "y", "z")}
    picture = layout(labels, [("z", "a"), ("y", "b"), ("x", "c"), ("x", "b"), ("y", "a")])
    starts: dict[str, list[float]] = {line.target: [] for line in picture.lines}
    for line in picture.lines:
        starts[line.target].append(line.points[0][1])
    heights = {box.key: box.y for box in picture.boxes}
    order = sorted(starts, key=heights.__getitem__)
    means = [sum(starts[key]) / len(starts[key]) for key in order]
    assert means == sorted(means)


def test_what_is_not_connected_stands_side_by_side() -> None:
    """Three hundred resources in pairs take up pages, not a ribbon."""
    labels = {f"{side}{index}": "model.a" for index in range(150) for side in ("model", "deployment")}
    picture: Picture = layout(labels, [(f"deployment{index}", f"model{index}") for index in range(150)])
    assert picture.width < 1200
    assert picture.height < 150 * HEIGHT


def test_a_long_chain_is_no_trouble() -> None:
    labels = {f"n{index}": "n" for index in range(3000)}
    picture = layout(labels, [(f"n{index + 1}", f"n{index}") for index in range(2999)])
    assert len({box.x for box in picture.boxes}) == 3000
