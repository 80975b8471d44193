"""The columns that come out of features: their names and types, as far as they are known before anything is fitted.

It follows `drivers/_pipeline.py` step by step without fitting it; tests hold that both say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, combinations_with_replacement, groupby
from typing import Any

from mlc.ir.columns_out import Item, Out, Type, Unknown
from mlc.kinds._feature_steps import PART_VALUES, bins_of, date_columns


def columns_out(seen: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]]) -> tuple[Item, ...]:
    """What comes out of features (as `kinds.features.seen` gives them) on a dataset's columns, in order.

    `seen` may have the `classes` of the label, where there are several; None where models differ in them.
    """
    items = [
        item
        for name, group in seen["groups"].items()
        for part, found in _group(group, columns, seen.get("classes", ()))
        for item in _named(found, name, name.replace("__", "-") + part)
    ]
    return tuple(_last(items, seen.get("joined", {}), ""))


def width(items: Sequence[Item]) -> int | None:
    """How many columns there are; None where it is not known."""
    counts = [1 if isinstance(item, Out) else item.count for item in items]
    return sum(count for count in counts if count is not None) if None not in counts else None


def steps_in(
    group: Mapping[str, Any], columns: Mapping[str, Mapping[str, Any]], classes: Sequence[Any] | None
) -> tuple[Item, ...]:
    """What goes into the `select` and `reduce` of a group: what its other steps give."""
    whole = {**group, "select": None, "reduce": None}
    return tuple(item for _, found in _group(whole, columns, classes, together=True) for item in found)


def _named(items: Sequence[Item], group: str, prefix: str) -> list[Item]:
    """With the group's name before each, as scikit-learn has it."""
    return [
        Out(f"{prefix}__{item.name}", group, item.of, item.type)
        if isinstance(item, Out)
        else Unknown(
            group,
            item.of,
            item.type,
            item.why,
            item.count,
            item.most,
            tuple(f"{prefix}__{name}" for name in item.among),
        )
        for item in items
    ]


def _group(
    group: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, Any]],
    classes: Sequence[Any] | None,
    *,
    together: bool = False,
) -> list[tuple[str, list[Item]]]:
    """The parts of a group: what follows its name, and what each gives."""
    if group.get("text"):
        return _texts(group, together=together)
    by_type = groupby(group["columns"], lambda column: columns[column]["type"] == "string")
    runs = [[*run] for _, run in by_type]
    apart = [_run(group, run, columns, classes) for run in runs]
    asked = any(group.get(step) for step in ("cross", "transforms", "select", "reduce"))
    if len(runs) > 1 and not (asked or together):
        return [(f"-{number}", _flat(run)) for number, run in enumerate(apart, start=1)]
    sources = [source for run in apart for source in run]
    items = _crossed(sources, group["cross"]) if group.get("cross") else _flat(sources)
    for transform in group.get("transforms", ()):
        items = _transformed(items, transform)
    return [("", _last(items, group, ""))]


def _flat(sources: Sequence[Sequence[Item]]) -> list[Item]:
    return [item for source in sources for item in source]


def _texts(group: Mapping[str, Any], *, together: bool) -> list[tuple[str, list[Item]]]:
    last = group.get("select") or group.get("reduce")
    words: list[Item] = [
        Unknown(
            "", (column,), "weight", f"the words of `{column}` are learned", most=group["text"]["max_words"]
        )
        for column in group["columns"]
    ]
    if last or together:
        return [("", _last(words, group, ""))]
    if len(words) == 1:
        return [("", words)]
    return [(f"-{number}", [one]) for number, one in enumerate(words, start=1)]


def _run(
    group: Mapping[str, Any],
    run: Sequence[str],
    columns: Mapping[str, Mapping[str, Any]],
    classes: Sequence[Any] | None,
) -> list[list[Item]]:
    """What is made of columns of alike type, by source: those of one are never multiplied."""
    dates, bins = group.get("dates"), group.get("bin")
    parts = [
        (name, column) for column in run for name in (date_columns(column, dates) if dates else [column])
    ]
    if bins:
        parts = [(f"{name}_bin", column) for name, column in parts]
    if group["encode"] == "none":
        kinds = [_plain_type(columns[column]["type"], bool(bins)) for _, column in parts]
        made: list[list[Item]] = [
            [Out(name, "", (column,), kind)] for (name, column), kind in zip(parts, kinds, strict=True)
        ]
        return _scaled(made, group["scale"])
    if group["encode"] == "target":
        return _scaled([_means(name, column, classes) for name, column in parts], group["scale"])
    if bins:
        values: list[Sequence[Any] | None] = [range(bins_of(bins))] * len(parts)
    elif dates:
        values = [PART_VALUES.get(part) for _ in run for part in dates["parts"]]
    else:
        values = [_declared(columns[column]) for column in run]
    encoded = [
        _encoded(group["encode"], name, column, found, columns[column]["type"] == "string")
        for (name, column), found in zip(parts, values, strict=False)
    ]
    return _scaled(encoded, group["scale"])


def _scaled(sources: list[list[Item]], scale: str) -> list[list[Item]]:
    if scale == "none":
        return sources
    return [[_retyped(item, "number") for item in source] for source in sources]


def _plain_type(kind: str, binned: bool) -> Type:
    return "category" if binned else "indicator" if kind == "boolean" else "number"


def _declared(column: Mapping[str, Any]) -> Sequence[Any] | None:
    """The categories of a column; None where they are learned."""
    return column["values"] or ([0, 1] if column["type"] == "boolean" else None)


def _encoded(how: str, name: str, column: str, values: Sequence[Any] | None, is_text: bool) -> list[Item]:
    if how == "ordinal":
        return [Out(name, "", (column,), "category")]
    if values is None:
        why = f"the categories of `{column}` are learned, as it declares no `values`"
        return [Unknown("", (column,), "indicator", why)]
    written = [str(value) if is_text else float32_text(int(value)) for value in values]
    return [Out(f"{name}_{value}", "", (column,), "indicator") for value in written]


def _means(name: str, column: str, classes: Sequence[Any] | None) -> list[Item]:
    """As `drivers.features.means` names them."""
    if classes is None:
        return [
            Unknown(
                "", (column,), "number", "there is one for each class, and models differ in their classes"
            )
        ]
    names = [f"{name}_{one}" for one in classes] or [name]
    return [Out(one, "", (column,), "number") for one in names]


def _crossed(sources: Sequence[Sequence[Item]], cross: Mapping[str, Any]) -> list[Item]:
    """As `drivers.features.products` multiplies."""
    flat = [(place, item) for place, source in enumerate(sources) for item in source]
    made: list[Item] = [item for _, item in flat] if cross["keep"] else []
    if any(isinstance(item, Unknown) for _, item in flat):
        of = _of([item for _, item in flat])
        return [*made, Unknown("", of, _product_type(flat), "products of columns that are not known yet")]
    for degree in range(2, cross["degree"] + 1):
        for chosen in combinations(flat, degree):
            if len({place for place, _ in chosen}) == degree:
                factors = [item for _, item in chosen if isinstance(item, Out)]
                name = " × ".join(factor.name for factor in factors)
                made.append(Out(name, "", _of(factors), _product_type(chosen)))
    return made


def _product_type(items: Sequence[tuple[int, Item]]) -> Type:
    return "indicator" if all(item.type == "indicator" for _, item in items) else "number"


def _of(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for item in items for column in item.of))


_COMPONENTS = {"PCA": "pca", "IncrementalPCA": "incrementalpca", "TruncatedSVD": "truncatedsvd"}


def _transformed(items: list[Item], transform: Mapping[str, Any]) -> list[Item]:
    """What a transformer of scikit-learn makes of columns."""
    short, params = transform["estimator"].rpartition(".")[2], transform["params"]
    name = transform["name"]
    if short in _COMPONENTS:
        count = params.get("n_components", 2 if short == "TruncatedSVD" else None)
        if type(count) is int:
            return [Out(f"{_COMPONENTS[short]}{number}", "", _of(items), "number") for number in range(count)]
        return [_learned(items, f"how many components `{name}` makes is learned", None, _most(items))]
    if short == "SelectKBest" and type(params.get("k", 10)) is int:
        return [_chosen(items, params.get("k", 10), f"`{name}` selects in the training part")]
    if short == "SelectKBest":
        return items
    if short.startswith("Select") or short == "VarianceThreshold":
        return [_chosen(items, None, f"`{name}` selects in the training part")]
    if short == "PolynomialFeatures":
        return _polynomials(items, params, name)
    if short == "KBinsDiscretizer" and params.get("encode") != "ordinal":
        return [_learned(items, f"`{name}` joins bins that are empty", None, None)]
    kind: Type = {"Binarizer": "indicator", "KBinsDiscretizer": "category"}.get(short, "number")  # type: ignore[assignment]
    kept = short == "SimpleImputer"
    return [item if kept else _retyped(item, kind) for item in items]


def _retyped(item: Item, kind: Type) -> Item:
    if isinstance(item, Out):
        return Out(item.name, item.group, item.of, kind)
    return Unknown(item.group, item.of, kind, item.why, item.count, item.most, item.among)


def _polynomials(items: list[Item], params: Mapping[str, Any], name: str) -> list[Item]:
    """As PolynomialFeatures names its columns."""
    names = [item.name for item in items if isinstance(item, Out)]
    degree = params.get("degree", 2)
    if len(names) < len(items):
        return [_learned(items, f"`{name}` multiplies columns that are not known yet", None, None)]
    least, most = degree if isinstance(degree, list | tuple) else (0, degree)
    choose = combinations if params.get("interaction_only") else combinations_with_replacement
    found: list[Item] = [Out("1", "", (), "number")] if params.get("include_bias", True) else []
    for size in range(max(1, least), most + 1):
        for chosen in choose(range(len(names)), size):
            powers = [(place, chosen.count(place)) for place in dict.fromkeys(chosen)]
            written = [names[place] if power == 1 else f"{names[place]}^{power}" for place, power in powers]
            of = _of([items[place] for place in dict.fromkeys(chosen)])
            found.append(Out(" ".join(written), "", of, "number"))
    return found


def _last(items: list[Item], asked: Mapping[str, Any], group: str) -> list[Item]:
    """What `select` and `reduce` leave."""
    select, reduce = asked.get("select"), asked.get("reduce")
    if select:
        items = [_chosen(items, select.get("columns"), "they are selected in the training part", group)]
    if not reduce:
        return items
    count = reduce.get("components")
    if count is None:
        return [_learned(items, "as many components as the variance needs", None, _most(items), group)]
    return [
        Out(f"{reduce['method']}_{number}", group, _of(items), "number") for number in range(1, count + 1)
    ]


def _chosen(items: list[Item], count: int | None, why: str, group: str = "") -> Item:
    types = {item.type for item in items}
    kind: Type = types.pop() if len(types) == 1 else "number"
    known = all(isinstance(item, Out) or item.among for item in items)
    among = [name for item in items for name in ([item.name] if isinstance(item, Out) else item.among)]
    most = None if count else _most(items)
    return Unknown(group, _of(items), kind, why, count, most, tuple(among) if known else ())


def _learned(items: list[Item], why: str, count: int | None, most: int | None, group: str = "") -> Unknown:
    return Unknown(group, _of(items), "number", why, count, most)


def _most(items: Sequence[Item]) -> int | None:
    """At most how many columns there are; None where it is not known."""
    counts = [1 if isinstance(item, Out) else item.count or item.most for item in items]
    return sum(count for count in counts if count is not None) if None not in counts else None


def float32_text(value: int) -> str:
    """A whole number (below 2^24) as NumPy writes it as a float32: with an exponent from a million on."""
    digits = str(abs(value))
    if len(digits) <= 6:
        return f"{value}.0"
    rest = digits[1:].rstrip("0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[0]}{'.' if rest else ''}{rest}e+{len(digits) - 1:02}"
