"""The layers of a project → one document per environment.

Lowest first: field defaults of the kind → project presets → environment presets → the resource file with
its defaults list → environment patch → command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct, structs

from mlc.compose.hydra import compose_config
from mlc.compose.interpolate import Budget, Spent, resolve
from mlc.compose.merge import merge
from mlc.compose.overrides import Override, apply_override
from mlc.compose.source import Source
from mlc.compose.spending import MOST_VALUES
from mlc.ir.address import Address
from mlc.ir.diagnostic import Diagnostic, Findings
from mlc.ir.document import Document
from mlc.ir.module import Module
from mlc.ir.node import Node, plain, wrap
from mlc.ir.span import start_of
from mlc.rules import (
    empty_resource,
    environment_file_missing,
    layer_outside_resource,
    misspelled_folder,
    patch_matches_nothing,
    resource_name,
    too_large,
    unknown_environment,
)

MOST_ENVIRONMENTS = 200
_FREE_PRESET = 200  # values, however many resources it goes into
_TESTS = ".mlctest"  # files of `mlc test`, which are no resources

_PROJECT = "mlc"


class Language(Struct, frozen=True):
    """What composing needs to know of the kinds, which it must not import."""

    kinds: tuple[str, ...]
    is_once: Callable[[str], bool]  # a kind that exists in the first environment only, for the whole project
    is_name: Callable[[str], bool]
    with_defaults: Callable[[Node, str], Node]
    is_declared: Callable[[str, tuple[str | int, ...]], bool]


class Layers(Struct, frozen=True):
    """A project's files, composed as far as they are the same in every environment.

    `broken` are the resources that have a file but could not be composed; the diagnostics say why. Those of
    them that lack a layer are among `resources` too, as far as the other layers go. `partial` names those of
    `mlc` and `env/NAME` of which something is missing likewise. Where this is a part of a project, `whole` holds the
    names of all of its resources by kind.
    """

    project: Node
    environments: dict[str, Node]
    resources: dict[Address, Node]
    broken: frozenset[Address]
    partial: frozenset[str]
    diagnostics: tuple[Diagnostic, ...]
    modules: tuple[Module, ...] = ()
    whole: Mapping[str, Collection[str]] = {}

    @property
    def is_project_partial(self) -> bool:
        """Whether mlc.yaml may say more than is known."""
        return _PROJECT in self.partial

    def is_partial(self, environment: str) -> bool:
        """Whether there may be more variables, presets and patches than are known."""
        return self.is_project_partial or f"env/{environment}" in self.partial

    def known_in_part(self, environment: str) -> frozenset[Address]:
        """The resources that may hold more than is known."""
        return self.broken | frozenset(self.resources) if self.is_partial(environment) else self.broken


def compose_layers(source: Source, language: Language) -> Layers:
    """mlc.yaml, every environment and every resource file, each with its defaults list."""
    frame = compose_frame(source, language)
    findings = Findings(too_large.MOST_IN_ALL)
    findings.add(frame.diagnostics)
    resources: dict[Address, Node] = {}
    broken: set[Address] = set()
    for address in resource_files(source, language):
        if findings.is_full or source.spending.is_exhausted:
            broken.add(address)
            continue
        if not language.is_name(address.name):
            findings.add([resource_name.found(f"{address.kind}/{address.name}.yaml")])
            continue
        node, whole, mistakes = compose_resource(source, address)
        findings.add(mistakes)
        if node is not None:
            resources[address] = node
        if not whole:
            broken.add(address)
    findings.add(misspelled_folders(source, (*language.kinds, "env")))
    if source.spending.is_exhausted:  # what there is of it would cost as much again
        broken |= resources.keys()
        resources = {}
    return structs.replace(
        frame, resources=resources, broken=frozenset(broken), diagnostics=tuple(findings.told)
    )


def compose_frame(source: Source, language: Language) -> Layers:
    """What stands around the resources: mlc.yaml and every environment.

    The modules that mlc.yaml declares are let into the source.
    """
    found: list[Diagnostic] = []
    source.spending.begin()
    source.mount((), ())  # mlc.yaml declares the modules, so it cannot build on them
    partial: set[str] = set()
    composed = compose_config(source, _PROJECT, ())
    found += composed.diagnostics
    project = composed.node or composed.rest or Node({}, start_of("mlc.yaml"))
    if composed.node is None:
        partial.add(_PROJECT)
    modules: tuple[Module, ...] = ()
    if project.get("modules") is not None:
        from mlc.compose.modules import mounted

        modules, mistakes = mounted(source, project, (*language.kinds, "env"))
        found += mistakes
    listed = project.get("environments")
    if listed is not None and listed.is_list and len(listed.value) > MOST_ENVIRONMENTS:
        found.append(too_large.environments(listed.span, MOST_ENVIRONMENTS))
    environments = {}
    for name in known_environments(project):
        environments[name], whole = _environment(source, project, name, found)
        if not whole:
            partial.add(f"env/{name}")
    return Layers(project, environments, {}, frozenset(), frozenset(partial), tuple(found), modules)


def compose_document(
    layers: Layers,
    environment: str,
    overrides: Sequence[Override],
    inputs: Mapping[str, Any],
    language: Language,
    spent: Spent | None = None,
) -> tuple[Document, tuple[Diagnostic, ...]]:
    """The project in one environment, every interpolation resolved. What that took is added to `spent`."""
    found: list[Diagnostic] = []
    root = _layered(layers, environment, language, found)
    incomplete = {(address.kind, address.name) for address in layers.known_in_part(environment)}
    places = {*incomplete, ("vars",)} if layers.is_partial(environment) else incomplete
    for override in overrides:
        if override.path[:2] in incomplete:
            continue  # whether it fits cannot be said
        changed = apply_override(root, override, partial(_is_known, root, language))
        if isinstance(changed, Diagnostic):
            found.append(changed)
        else:
            root = changed
    root = _with_defaults(root, language)
    budget = budget_of(len(layers.resources))
    resolved, mistakes = resolve(root, _resolvers(inputs), budget, incomplete=places, spent=spent)
    found += mistakes
    known = tuple(layers.environments)
    first = environment in known[:1]
    groups = {
        kind: group
        for kind, group in resolved.value.items()
        if kind in language.kinds
        and group.is_map
        and (first or not group.value or not language.is_once(kind))
    }
    kept: dict[str, Node] = {}
    left_out: dict[Address, Node] = {}
    for kind, group in groups.items():
        out = {name: node for name, node in group.value.items() if not _is_in(node, environment)}
        kept[kind] = Node({name: node for name, node in group.value.items() if name not in out}, group.span)
        left_out |= {Address(kind, name): node for name, node in out.items()}
    around = {key: node for key, node in resolved.value.items() if key not in language.kinds}
    document = Document(
        environment=environment,
        project=layers.project,
        root=Node(kept, resolved.span),
        around=Node(around, resolved.span),
        left_out=left_out,
    )
    found += _unknown_environments(resolved, language, known)
    return document, tuple(found)


def known_environments(project: Node) -> tuple[str, ...]:
    """The environments that mlc.yaml lists, the default first."""
    listed = project.get("environments")
    if listed is None or not listed.is_list:
        return ()
    return tuple(entry.value for entry in listed.value[:MOST_ENVIRONMENTS] if isinstance(entry.value, str))


def resource_files(source: Source, language: Language) -> Iterator[Address]:
    """Every file that is a resource by its name, in the order of the kinds and then by name."""
    for kind in language.kinds:
        for name in source.options(kind):
            if not name.startswith("_") and not name.endswith(_TESTS):
                yield Address(kind, name)


def compose_resource(source: Source, address: Address) -> tuple[Node | None, bool, tuple[Diagnostic, ...]]:
    """A resource file, and whether it is all there. Its content must stay within the resource."""
    kind, name = address.kind, address.name
    composed = compose_config(source, f"{kind}/{name}", ())
    found = list(composed.diagnostics)
    root = composed.node or composed.rest
    if root is None:
        return None, False, tuple(found)
    inside = root.get(kind)
    for key, node in root.value.items():
        if key != kind:
            found.append(layer_outside_resource.found(key, node.key_span or node.span, kind, name))
    if inside is None or inside.value == {}:
        if composed.node is not None:
            found.append(empty_resource.found(f"{kind}/{name}.yaml", kind))
        return None, False, tuple(found)
    return inside, composed.node is not None, tuple(found)


def misspelled_folders(source: Source, kinds: tuple[str, ...]) -> Iterator[Diagnostic]:
    """Folders that look as if they were meant to be one of a kind."""
    for folder in source.groups(""):
        files = source.options(folder) if folder not in kinds else ()
        resources = [name for name in files if not name.endswith(_TESTS)]
        meant = misspelled_folder.meant(folder, kinds) if resources else None
        if meant is not None:
            yield misspelled_folder.found(folder, resources[0], meant)


def _environment(source: Source, project: Node, name: str, found: list[Diagnostic]) -> tuple[Node, bool]:
    """An environment, and whether it is all there."""
    empty = Node({}, start_of(f"env/{name}.yaml"))
    if not source.has_layer(f"env/{name}"):
        listed = project.get("environments")
        entries = listed.value if listed is not None and listed.is_list else ()
        span = next((entry.span for entry in entries if entry.value == name), start_of("mlc.yaml"))
        found.append(environment_file_missing.found(name, span))
        return empty, False
    composed = compose_config(source, f"env/{name}", ())
    found += composed.diagnostics
    root = composed.node or composed.rest
    node = root.get("env") if root is not None else None
    return node if node is not None and node.is_map else empty, composed.node is not None


def _layered(layers: Layers, environment: str, language: Language, found: list[Diagnostic]) -> Node:
    """Presets under the resource files, patches over them; beside them what interpolations may read."""
    project, env = layers.project, layers.environments[environment]
    by_kind: dict[str, dict[str, Node]] = {kind: {} for kind in language.kinds}
    presets = [node for node in (project.get("presets"), env.get("presets")) if node is not None]
    for preset in presets:
        _report_unmatched(preset, "kind", language.kinds, found)
    sizes = Counter(address.kind for address in layers.resources)
    sizes |= Counter({kind: len(names) for kind, names in layers.whole.items()})
    presets = [_affordable(preset, sizes, found) for preset in presets]
    for address, node in layers.resources.items():
        layered = node
        for preset in reversed(presets):
            low = preset.get(address.kind)
            if low is not None and low.is_map and layered.is_map:
                layered = merge(low, layered, found)
        by_kind[address.kind][address.name] = layered
    root = {kind: Node(group, start_of("mlc.yaml")) for kind, group in by_kind.items()}
    patch = env.get("patch")
    if patch is not None and patch.is_map:
        _report_unmatched(patch, "kind", language.kinds, found)
        for kind, patches in patch.value.items():
            if kind not in by_kind or not patches.is_map:
                continue
            others = [address.name for address in layers.broken if address.kind == kind]
            _report_unmatched(patches, kind, [*by_kind[kind], *others, *layers.whole.get(kind, ())], found)
            matching = {name: node for name, node in patches.value.items() if name in by_kind[kind]}
            root[kind] = merge(root[kind], Node(matching, patches.span), found)
    root["vars"] = _vars(project, env, found)
    root["env"] = wrap({"name": environment}, env.span)
    root["project"] = project.get("project") or wrap("", start_of("mlc.yaml"))
    return Node(root, project.span)


def _affordable(presets: Node, resources: Mapping[str, int], found: list[Diagnostic]) -> Node:
    """Presets without those that would copy too much: one goes into every resource of its kind."""
    kept = {}
    for kind, preset in presets.value.items() if presets.is_map else ():
        values = sum(1 for _ in preset.walk())
        if max(0, values - _FREE_PRESET) * resources.get(kind, 0) > MOST_VALUES:
            found.append(too_large.preset(preset.span, values, resources[kind]))
        else:
            kept[kind] = preset
    return presets.holding(kept)


def _vars(project: Node, env: Node, found: list[Diagnostic]) -> Node:
    low, high = project.get("vars"), env.get("vars")
    nothing = Node({}, start_of("mlc.yaml"))
    low = low if low is not None and low.is_map else nothing
    return merge(low, high, found) if high is not None and high.is_map else low


def _report_unmatched(node: Node, what: str, known: Iterable[str], found: list[Diagnostic]) -> None:
    known = dict.fromkeys(known)  # in their order, and asked once for every name
    for name, child in node.value.items() if node.is_map else ():
        if name not in known:
            if len(found) > too_large.MOST_MISTAKES:
                found.append(too_large.mistakes(child.span))
                return
            found.append(patch_matches_nothing.found(what, name, child.key_span or child.span, list(known)))


def _is_known(root: Node, language: Language, path: tuple[str, ...]) -> bool:
    """Whether an override may set a key that no layer has set: a declared field of a resource that exists."""
    if len(path) < 3:
        return False
    kind, name, *field = path
    return root.at((kind, name)) is not None and language.is_declared(kind, tuple(field))


def _with_defaults(root: Node, language: Language) -> Node:
    filled = dict(root.value)
    for kind in language.kinds:
        group = filled.get(kind)
        if group is not None and group.is_map:
            resources = {name: language.with_defaults(node, kind) for name, node in group.value.items()}
            filled[kind] = Node(resources, group.span, group.key_span)
    return Node(filled, root.span)


def _is_in(node: Node, environment: str) -> bool:
    """Whether a resource exists in an environment. A value of the wrong type counts as yes: it is reported."""
    enabled, listed = node.get("enabled"), node.get("environments")
    if enabled is not None and enabled.value is False:
        return False
    names = plain(listed) if listed is not None and listed.is_list else []
    return not names or environment in names


def budget_of(resources: int) -> Budget:
    """What interpolations may bring: something for the project, and something for each of its resources."""
    whole = Budget()
    return Budget(whole.nodes + 20 * resources, whole.characters + 1_000 * resources, whole.depth)


def _resolvers(inputs: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    """The resolvers that specs may use. A secret stays a reference: nothing here reads one."""

    def secret(name: object) -> str:
        return f"${{secret:{name}}}"

    def given(name: object) -> Any:
        if name not in inputs:
            known = ", ".join(inputs) or "none"
            raise LookupError(
                f'There is no input "{name}". Declare it under "inputs" in mlc.yaml; declared: {known}.'
            )
        return inputs[str(name)]

    return {"secret": secret, "input": given}


def _unknown_environments(root: Node, language: Language, known: tuple[str, ...]) -> list[Diagnostic]:
    """Environments that a resource names and the project does not have: also of one that is not in this one."""
    found = []
    for kind in language.kinds:
        group = root.get(kind)
        for name, node in group.value.items() if group is not None and group.is_map else ():
            listed = node.get("environments")
            for entry in listed.value if listed is not None and listed.is_list else ():
                if isinstance(entry.value, str) and entry.value not in known:
                    address = f"{kind}.{name}"
                    found.append(unknown_environment.found(entry.value, known, entry.span, address=address))
    return found
