"""Random YAML as untidy people write it: every style, comments in every place, any indentation."""

from __future__ import annotations

from hypothesis import strategies as st

_SCALARS = st.sampled_from(
    (
        *(
            "a",
            "b c",
            "a.b/c-d",
            "1",
            "007",
            "1e3",
            "0.10",
            "yes",
            "off",
            "null",
            "~",
            "2024-01-02",
            "1:30",
            "x:y",
        ),
        *("'it''s'", "'a'", '"b"', '"a b"', '"on"', '"é → \\n"', '"# no"', "'- x'", '"${vars.x}"', '""'),
        *("!!str 1", "!!str", "!!int '3'", ".nan", ".inf", "-", "a#b", "-1"),
    )
)
_LONG = st.sampled_from(("word " * 30 + "end", "w" * 60, "x" * 120, '"' + "q " * 40 + '"'))
_BLOCK_ONLY = st.sampled_from(("${a.b}", "a, b", "a]b", "?x", "k{v"))
_KEYS = st.sampled_from(
    ("a", "b", "c", "key", "'k'", '"on"', '"a b"', "long_key_of_some_length", "1.x", "&k d")
)
_COMMENTS = st.sampled_from(("", "", "", " # c", "   # far away", "\t# tab", " #"))
_BETWEEN = st.sampled_from(("", "", "", "", "\n", "# own", "# deep", "\n\n\n\n"))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A text that may or may not be YAML; most are."""
    start = draw(
        st.sampled_from(("", "", "", "# head\n", "# @package _global_\n", "---\n", "# a\n--- # b\n", "\n\n"))
    )
    body = "".join(draw(_block(0, draw(st.integers(0, 3)))))
    end = draw(st.sampled_from(("", "\n", "\n# end", "\n\n\n", "\n  # deep end\n", "\n...\n# after\n")))
    return start + body.rstrip("\n") + end


@st.composite
def _block(draw: st.DrawFn, indent: int, depth: int) -> list[str]:
    """Lines of a map or a list."""
    is_map = draw(st.booleans())
    lines: list[str] = []
    keys = draw(st.lists(_KEYS, min_size=1, max_size=4, unique=True))
    for key in keys:
        between = draw(_BETWEEN)
        if between.startswith("#"):
            lines.append(" " * draw(st.integers(0, indent + 3)) + between + "\n")
        else:
            lines.append(between)
        space = " " * draw(st.integers(0, 1))
        lead = " " * indent + (f"{key}{space}:" if is_map else "-")
        lines += draw(_value(lead, indent, depth, is_map))
    return lines


@st.composite
def _value(draw: st.DrawFn, lead: str, indent: int, depth: int, is_map: bool) -> list[str]:
    comment = draw(_COMMENTS)
    form = draw(st.integers(0, 9))
    gap = " " * draw(st.integers(1, 3))
    if form == 0:
        return [f"{lead}{comment}\n"]
    if form <= 2 and depth > 0:
        deeper = indent + draw(st.integers(1, 4))
        nested = draw(_block(deeper, depth - 1))
        anchor = draw(
            st.sampled_from(("", "", " &anchor", " !!map" if nested[-1].strip()[:1] != "-" else ""))
        )
        if not anchor and not is_map and not comment and nested[0] == "" and draw(st.booleans()):
            return (
                [lead + gap + nested[1].lstrip(" "), *nested[2:]] if len(gap) + indent + 1 == deeper else []
            )
        return [f"{lead}{anchor}{comment}\n", *nested]
    if form == 3:
        header = draw(st.sampled_from(("|", ">", "|-", ">+", "|+", ">-", "|2", "|2-")))
        inside = " " * (indent + 2)
        content = draw(
            st.lists(st.sampled_from(("text", "  deep", "", "# not a comment", "a: b  ")), max_size=4)
        )
        return [f"{lead} {header}{comment}\n", *(inside + line + "\n" if line else "\n" for line in content)]
    if form == 4:
        inside = " " * (indent + draw(st.integers(1, 3)))
        text = draw(
            st.sampled_from((("one", "two"), ('"one', "", 'two"'), ("'a ", " b'"), ('"a \\', "b\\ ", 'c"')))
        )
        below = draw(st.booleans())
        first = [f"{lead}{comment}\n"] if below else []
        rest = [inside + line + "\n" for line in text]
        if not below:
            rest[0] = f"{lead} {text[0]}\n"
        return [*first, *rest]
    if form <= 6:
        return [f"{lead}{gap}{draw(_flow(2, indent + 1))}{comment}\n"]
    if form == 7:
        place = " " * (indent + 2)
        return [
            f"{lead}{comment}\n",
            f"{place}# inner\n" if draw(st.booleans()) else "",
            f"{place}{draw(_SCALARS)}\n",
        ]
    scalar = draw(st.one_of(_SCALARS, _LONG, _BLOCK_ONLY))
    anchor = draw(st.sampled_from(("", "", "", "&x ")))
    return [f"{lead}{gap}{anchor if scalar[0] != '!' else ''}{scalar}{comment}\n"]


@st.composite
def _flow(draw: st.DrawFn, depth: int, indent: int) -> str:
    is_map = draw(st.booleans())
    pieces = []
    keys: list[str] = draw(st.lists(_KEYS, max_size=draw(st.sampled_from((3, 3, 3, 14))), unique=True))
    for key in keys:
        value = draw(_flow(depth - 1, indent)) if depth and draw(st.integers(0, 4)) == 0 else draw(_SCALARS)
        value = "x" if value == "!!str" else value  # libyaml and ruamel.yaml read `!!str,` differently
        line = draw(st.sampled_from(("", "", " ", "  ", "\n" + " " * indent, f" # in\n{' ' * indent}")))
        after = draw(st.sampled_from(("", "", " ", f"\n{' ' * indent}# before comma\n{' ' * indent}")))
        if is_map:
            pieces.append(f"{line}{key}{draw(st.sampled_from((': ', ' : ', '')))}{value}{after}")
        else:
            pieces.append(line + value + after)
    inside = ",".join(pieces) + draw(
        st.sampled_from(("", "", " ", "\n" + " " * indent, f" # last\n{' ' * indent}"))
    )
    return f"{{{inside}}}" if is_map else f"[{inside}]"
