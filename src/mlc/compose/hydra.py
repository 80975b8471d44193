"""One configuration from its layers: what `hydra.compose` gives, with a memory of where it all came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from mlc.compose.defaults import Placed, defaults_list
from mlc.compose.mentions import split_key
from mlc.compose.merge import merge
from mlc.compose.overrides import Override, apply_override, parse_override
from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.node import Node
from mlc.ir.span import start_of
from mlc.rules import cannot_merge, missing_layer, unsafe_config_name


class Composed(Struct, frozen=True):
    """`node` is None where a diagnostic is an error. Interpolations are not resolved yet.

    `layers` are the files that were merged, lowest first; `choices` what was chosen for each group. `rest` is
    what the other layers give where all that is wrong is that some are not there: more mistakes can be found
    in it.
    """

    node: Node | None
    layers: tuple[Placed, ...]
    diagnostics: tuple[Diagnostic, ...]
    choices: dict[str, str | None] = {}
    rest: Node | None = None


def _nothing_known(path: tuple[str, ...]) -> bool:  # noqa: ARG001 - Hydra knows only what is written
    return False


def compose_config(
    source: Source,
    name: str,
    overrides: Sequence[str] = (),
    *,
    is_known: Callable[[tuple[str, ...]], bool] = _nothing_known,
) -> Composed:
    """What `hydra.compose(config_name=name, overrides=overrides)` gives, unresolved.

    A primary configuration in a folder stands in the package of its folder, as in Hydra: `model/churn` comes
    out as `{"model": {…}}`.
    """
    parsed, found = parse_overrides(overrides, any_key=not source.closed)
    if has_errors(tuple(found)):
        return Composed(None, (), tuple(found))
    return compose_parsed(source, name, parsed, is_known=is_known)


def parse_overrides(
    texts: Sequence[str], *, any_key: bool = False
) -> tuple[tuple[Override, ...], tuple[Diagnostic, ...]]:
    """The overrides of a command line, and what is wrong with them."""
    parsed: list[Override] = []
    found: list[Diagnostic] = []
    for index, text in enumerate(texts, 1):
        made = parse_override(text, index, any_key=any_key)
        if isinstance(made, Override):
            parsed.append(made)
        else:
            found.append(made)
    return tuple(parsed), tuple(found)


def compose_parsed(
    source: Source,
    name: str,
    overrides: Sequence[Override] = (),
    *,
    is_known: Callable[[tuple[str, ...]], bool] = _nothing_known,
) -> Composed:
    """`compose_config` with overrides that have been parsed."""
    own, found = _without_hydra(source, overrides)
    if found:
        return Composed(None, (), tuple(found))
    listed = defaults_list(source, name, own)
    found = list(listed.diagnostics)
    root = Node({}, start_of(_file(source, name)))
    names = dict.fromkeys(placed.name for placed in listed.layers)
    for each in names:
        layer = source.layer(each)
        if layer is not None and not layer.broken:
            found.extend(layer.diagnostics)  # warnings
    layers = [source.layer(placed.name) for placed in listed.layers]
    values = sum(layer.values for layer in layers if layer is not None)
    too_much = source.spending.merge(len(layers), values, root.span)
    if too_much is not None:
        found.append(too_much)
    if not _is_fatal(found):
        for placed, layer in zip(listed.layers, layers, strict=True):
            if layer is not None:
                root = merge_layer(root, layer.node, placed, source, found)
    if has_errors(tuple(found)):
        rest = None if _is_fatal(found) else root
        return Composed(None, listed.layers, tuple(found), listed.choices, rest)
    if "hydra" in root.value:
        root = root.holding({key: child for key, child in root.value.items() if key != "hydra"})
    for override in listed.values:
        changed = apply_override(root, override, is_known)
        if isinstance(changed, Diagnostic):
            found.append(changed)
        else:
            root = changed
    errors = has_errors(tuple(found))
    return Composed(None if errors else root, listed.layers, tuple(found), listed.choices)


def _is_fatal(found: Sequence[Diagnostic]) -> bool:
    """Whether there is no use in going on. Where a layer is not there, the others still say something."""
    return has_errors(tuple(one for one in found if one.rule != missing_layer.RULE.name))


def merge_layer(root: Node, node: Node, placed: Placed, source: Source, found: list[Diagnostic]) -> Node:
    """A layer merged into the document at its package."""
    parts = split_key(placed.package) if placed.package else []
    if source.closed and parts[:1] == ["hydra"]:
        found.append(unsafe_config_name.hydra(node.span, placed.package))
        return root
    if not parts and type(node.value) is not dict:
        found.append(cannot_merge.not_a_map(node.span, placed.name))
        return root
    for part in reversed(parts):
        node = Node({part: node}, node.span)
    if not root.value:
        return node
    return merge(root, node, found)


def _without_hydra(
    source: Source, overrides: Sequence[Override]
) -> tuple[tuple[Override, ...], list[Diagnostic]]:
    """The overrides that are not about Hydra's own settings; in a project those are refused."""
    kept: list[Override] = []
    found: list[Diagnostic] = []
    for override in overrides:
        if override.key == "hydra" or override.key.startswith(("hydra.", "hydra/")):
            if source.closed:
                found.append(unsafe_config_name.hydra(override.key_span, override.key))
            continue
        kept.append(override)
    return tuple(kept), found


def _file(source: Source, name: str) -> str:
    layer = source.layer(name) if source.refuse(name) is None else None
    return name if layer is None else layer.file
