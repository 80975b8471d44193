"""Small configuration trees and overrides, drawn at random: groups, packages, headers, interpolations."""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml
from hypothesis import strategies as st

GROUPS = ("g", "h", "g/s")
OPTIONS = ("a", "b", "k")
FILES = ("c", "d", *(f"{group}/{option}" for group in GROUPS for option in OPTIONS))
KEYS = ("x", "y", "z", "g", "s")
PACKAGES = ("_global_", "_here_", "_group_", "p", "p.q", "g", "_global_.x", "g.s", "")
INTERPOLATIONS = (
    "${x}", "${y}", "${.x}", "${..y}", "${g.x}", "${g.s.y}", "${x.y}", "a-${x}", "${x}${y}", "${z.0}", "${z[1]}",
    "${.z}", "\\${x}", "${${y}}", "${g[x]}", "${p.q.x}", "${...x}", "${x.z}", "$x", "\\\\${x}", "${.y.x}", "${s}",
)  # fmt: skip


class Case(NamedTuple):
    files: dict[str, str]
    name: str
    overrides: tuple[str, ...]


scalars = st.one_of(
    st.integers(-3, 3),
    st.booleans(),
    st.none(),
    st.sampled_from(["v", "w", "x", "y", "???", "", "1", "null"]),
    st.sampled_from([0.5, 1e10]),
    st.sampled_from(INTERPOLATIONS),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=5,
)
contents = st.dictionaries(st.sampled_from(KEYS), values, max_size=4)

# Not `group: _self_`: Hydra takes it for `_self_` in a file with a package header and fails in others; we refuse it.
plain_choices = st.sampled_from([*OPTIONS, *OPTIONS, None])
choices = st.one_of(
    plain_choices,
    plain_choices,
    plain_choices,
    st.lists(st.sampled_from(OPTIONS), max_size=2),
    st.sampled_from([*OPTIONS, "???", "nope", "${g}", "${h}", "${g/s}", "${g@p}", "x${h}", "s/a"]),
)


@st.composite
def entry(draw: st.DrawFn, groups: tuple[str, ...], paths: tuple[str, ...]) -> Any:
    """One entry of a defaults list."""
    absolute = draw(st.sampled_from(["", "", "", "/"]))
    package = draw(st.one_of(st.just(None), st.just(None), st.sampled_from(PACKAGES)))
    suffix = "" if package is None else f"@{package}"
    if draw(st.integers(0, 3)) == 0:
        path = draw(st.sampled_from(paths))
        # Hydra strips one slash of `//d` and then looks for `/d` on the machine; we refuse to.
        return f"{'' if path.startswith('/') else absolute}{path}{suffix}"
    keyword = draw(
        st.sampled_from(["", "", "", "", "optional ", "optional ", "override ", "override optional "])
    )
    group = draw(st.sampled_from(groups))
    absolute = "" if group.startswith("/") else absolute
    return {f"{keyword}{absolute}{group}{suffix}": draw(choices)}


@st.composite
def defaults(draw: st.DrawFn, groups: tuple[str, ...], paths: tuple[str, ...]) -> list[Any]:
    entries = draw(st.lists(entry(groups, paths), max_size=3))
    # Overrides come last, mostly: elsewhere they are errors.
    if draw(st.integers(0, 9)):
        entries.sort(key=lambda each: isinstance(each, dict) and next(iter(each)).startswith("override"))
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), "_self_")
    return entries


@st.composite
def file_text(draw: st.DrawFn, lists: st.SearchStrategy[Any]) -> str:
    data: dict[str, Any] = {}
    listed = draw(lists)
    if listed is not None:
        data["defaults"] = listed
    data.update(draw(contents))
    header = draw(st.one_of(st.none(), st.none(), st.none(), st.sampled_from(PACKAGES[:-1])))
    text = "" if header is None else f"# @package {header}\n"
    return text + (yaml.safe_dump(data, sort_keys=False) if data else "")


@st.composite
def override(draw: st.DrawFn, groups: tuple[str, ...]) -> str:
    sign = draw(st.sampled_from(["", "", "", "+", "++", "~"]))
    if draw(st.booleans()):
        group = draw(st.sampled_from(groups))
        value = draw(st.sampled_from([*OPTIONS, *OPTIONS, *OPTIONS, "null", "[a,b]", "nope", "${h}", "1"]))
        if sign == "~" and draw(st.booleans()):
            return f"~{group}"
        return f"{sign}{group}={value}"
    key = draw(
        st.sampled_from(
            ["x", "y", "x.y", "g.x", "z.0", "p.q.x", "g.s.y", "new", "x.new", "s", "y.x.z", "z.1.x"]
        )
    )
    if sign == "~" and draw(st.booleans()):
        return f"~{key}"
    return f"{sign}{key}={draw(st.sampled_from(OVERRIDE_VALUES))}"


OVERRIDE_VALUES = (
    "1", "v", "null", "???", "", "true", "'quoted'", "[1,2]", "{x:1}", "{y:{x:2},new:3}", "${y}", "[]", "{}", "-0.5",
    "{x:{y:1}}", "[{x:1},${x}]", "{x:???}", "x${y}",
)  # fmt: skip
TOP = ("g", "h", "g/s"), ("d", "g/a", "h/b", "g/s/a", "g/b", "h/k", "nope", "g/${h}")
IN_GROUP = ("s", "s", "/h"), ("b", "k", "s/a", "/d", "/h/b", "nope", "${h}")
LEAF = ("/h",), ("b", "/d", "k")
NOTHING = st.none()


@st.composite
def cases(draw: st.DrawFn, *, with_overrides: bool = True) -> Case:
    top = defaults(*TOP)
    files = {"c.yaml": draw(file_text(top)), "d.yaml": draw(file_text(st.one_of(NOTHING, NOTHING, top)))}
    for group in GROUPS:
        lists = defaults(*(IN_GROUP if group == "g" else LEAF))
        for option in OPTIONS:
            # The first file of a group stays small, so that most trees end somewhere.
            inner = NOTHING if option == "a" else st.one_of(NOTHING, NOTHING, NOTHING, lists)
            files[f"{group}/{option}.yaml"] = draw(file_text(inner))
    if draw(st.integers(0, 9)) == 0:
        del files[draw(st.sampled_from(sorted(files)[1:]))]
    overrides: list[str] = []
    if with_overrides:
        named = {key.rpartition(" ")[2].lstrip("/") for key in _keys(files["c.yaml"])} or {"g"}
        groups = (*sorted(named), *sorted(named), "g", "h", "g/s", "g@p", "h@_global_")
        overrides = draw(st.lists(override(groups), max_size=2))
    return Case(files, draw(st.sampled_from(["c", "c", "c", "c", "g/b"])), tuple(overrides))


def _keys(text: str) -> list[str]:
    listed = (yaml.safe_load(text) or {}).get("defaults") or []
    return [key for each in listed if isinstance(each, dict) for key in each if "override" not in key]
