"""The review of a change: two revisions of a project, and all that lies between them.

Absent on purpose: no state is read, no process started, no file of the working tree or the index written, and
nothing is fetched. It compares descriptions, not what was applied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import msgspec
from msgspec import Struct

from mlc import git, inquiry, pipeline
from mlc.compose.source import Source
from mlc.ir.address import Address
from mlc.ir.backend import Backend
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import Node, plain
from mlc.ir.plan import Plan
from mlc.ir.review import (
    ArtifactReview,
    DataReview,
    GuardReview,
    ResourceReview,
    Review,
)
from mlc.ir.selection import Selection
from mlc.ir.span import COMMAND_LINE, Span
from mlc.kinds._sources import database_file
from mlc.pipeline import Compiled
from mlc.report.places import fingerprints
from mlc.review import artifacts as emitting
from mlc.review import own_code, owners
from mlc.review.affected import Comparison, values_of
from mlc.review.datafiles import alike
from mlc.review.edits import Causes, Edits
from mlc.review.masks import masked, masked_text
from mlc.review.sides import Project, Side, opened, project_at, side, source_of
from mlc.rules import (
    bad_input,
    module_not_installed,
    revision_unknown,
    revision_unreadable,
    unknown_environment,
)
from mlc.rules._words import listed

__all__ = ["Reviewed", "run", "source_at"]


class Reviewed(Struct, frozen=True):
    """What came out; None where the revisions cannot be compared, which the diagnostics say.

    `sources` are the head's texts, which its diagnostics point into, with secrets masked; `found` are all of the
    head's diagnostics.
    """

    review: Review | None
    found: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


def run(
    root: Path,
    base: str,
    head: str | None = None,
    *,
    from_merge_base: bool = False,
    environments: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    selection: Selection | None = None,
) -> Reviewed:
    """Everything that differs between two revisions of the project in a folder, or what was selected of it.

    `head` is None for the working tree as it is, with what is not committed. `from_merge_base` compares with where
    the two histories parted, as `git diff BASE...HEAD` does. No environments are all of both sides.
    """
    try:
        return _run(root, base, head, from_merge_base, environments, inputs, selection)
    except (git.RevisionUnknown, git.Missing, git.Damaged) as error:
        return Reviewed(None, (_told(error),), {})


def source_at(root: Path, revision: str) -> Source | Diagnostic:
    """The files of the project in a folder as a revision has them, or why they cannot be read."""
    try:
        repository = git.discover(root.resolve())
        if repository is None:
            return revision_unreadable.no_repository(root)
        return source_of(project_at(root, repository), repository.revision(revision))
    except (git.RevisionUnknown, git.Missing, git.Damaged) as error:
        return _told(error)


def _told(error: git.RevisionUnknown | git.Missing | git.Damaged) -> Diagnostic:
    if isinstance(error, git.RevisionUnknown):
        return revision_unknown.found(error.name, error.reason, shallow=error.shallow)
    if isinstance(error, git.Missing):
        return revision_unreadable.missing(str(error))
    return revision_unreadable.damaged(str(error))


def _run(
    root: Path,
    base: str,
    head: str | None,
    from_merge_base: bool,
    environments: tuple[str, ...],
    inputs: tuple[str, ...],
    selection: Selection | None,
) -> Reviewed:
    repository = git.discover(root.resolve())
    if repository is None:
        return Reviewed(None, (revision_unreadable.no_repository(root),), {})
    before = repository.revision(base)
    after = None if head is None else repository.revision(head)
    if from_merge_base:
        before = git.merge_base(repository, before, after or repository.revision("HEAD"))
    project = project_at(root, repository)
    old, new = opened(project, before), opened(project, after)
    absent = [*_not_installed(old, before), *([] if after is None else _not_installed(new, after))]
    if absent:
        return Reviewed(None, tuple(absent), {})
    wrong = _unknown_inputs(inputs, old, new)
    wanted, unknown = _environments(environments, old, new)
    if wrong or unknown:
        return Reviewed(None, (*wrong, *unknown), {})
    base_side = side(project, before, old, wanted, inputs)
    head_side = side(project, after, new, wanted, inputs)
    review = _compared(project, before, base_side, head_side, wanted)
    if selection is not None:
        from mlc.review.narrowed import narrowed
        from mlc.select.grammar import source

        review, mistakes = narrowed(review, base_side, head_side, selection)
        if mistakes:
            text = source(selection.select_texts, selection.exclude_texts)
            return Reviewed(None, mistakes, {COMMAND_LINE: text})
    secrets = base_side.secrets() | head_side.secrets()
    sources = {file: masked_text(text, secrets) for file, text in head_side.texts.items()}
    return Reviewed(masked(review, secrets), masked(head_side.validated.diagnostics, secrets), sources)


def _not_installed(layers: pipeline.Opened, revision: git.Revision) -> list[Diagnostic]:
    """The modules that a revision builds on and that are not here."""
    problems = (module.problem for module in layers.layers.modules)
    rule = module_not_installed.RULE.name
    return [
        module_not_installed.in_revision(one.path.removeprefix("modules."), revision.name)
        for one in problems
        if one is not None and one.rule == rule
    ]


def _compared(
    project: Project, base: git.Revision, old: Side, new: Side, environments: tuple[str, ...]
) -> Review:
    edits = Edits(old.texts_with(new), new.texts_with(old))
    known = (_known(old), _known(new))
    data = tuple(_data(old, new, environments))
    code = own_code.differing(old, new, environments)
    edited = [one.path for one in data if one.action == "changed"]
    edited += [one.path for one in code if one.action == "changed"]
    reading = {name for one in data if one.action == "changed" for name in one.datasets}
    reading |= {name for one in code for name in one.models}
    whole = tuple(name for name in environments if name in old.graphs and name in new.graphs)
    unclear = {name: file for name in environments if (file := old.unclear(name) or new.unclear(name))}
    backends: tuple[Backend, ...] = pipeline.backends() if whole else ()
    resources: list[ResourceReview] = []
    guards: list[GuardReview] = []
    artifacts: list[ArtifactReview] = []
    there: set[str] = set()
    for environment in environments:
        if environment in unclear:
            continue
        plan = None
        if environment in whole:
            plan, found = _planned(old, new, environment, backends, edited, known)
            artifacts += found
        comparison = _comparison(old, new, environment, edits, reading, plan)
        resources += comparison.resources()
        guards += comparison.guards()
        document = new.documents.get(environment)
        there |= {str(address) for address in document.addresses()} if document else set()
    rules = owners.rules_of(lambda path: _file_of(project, base, path))
    diagnostics_new, diagnostics_fixed, remaining = _diagnostics(old, new)
    touched = {one.address for one in resources}
    return Review(
        project=_name(new, old),
        folder=project.folder,
        base=old.compared,
        head=new.compared,
        environments=environments,
        new_environments=_only_in(known[1], known[0], environments, unclear) if old.compared.exists else (),
        gone_environments=_only_in(known[0], known[1], environments, unclear) if new.compared.exists else (),
        whole=whole,
        resources=tuple(_reviewed(one, project, rules) for one in resources),
        guards=tuple(_reviewed(one, project, rules) for one in guards),
        artifacts=tuple(artifacts),
        data=data,
        code=code,
        new=diagnostics_new,
        fixed=diagnostics_fixed,
        remaining=remaining,
        unchanged=len(there - touched),
        notes=tuple(_notes(old, new, unclear)),
    )


def _planned(
    old: Side,
    new: Side,
    environment: str,
    backends: tuple[Backend, ...],
    edited: Sequence[str],
    known: tuple[tuple[str, ...], tuple[str, ...]],
) -> tuple[Plan, tuple[ArtifactReview, ...]]:
    """What applying would do where the base had been applied, and the files that differ.

    `edited` names the files of data and the modules of code whose content is another.
    """
    before, after = old.graphs[environment], new.graphs[environment]
    own = emitting.own_of(old.validated.backends, new.validated.backends)
    was = emitting.emitted(before, after, backends, own[0], first=environment == known[0][0])
    now = emitting.emitted(after, before, backends, own[1], first=environment == known[1][0])
    plan = inquiry.plan_change(Compiled(before, was), Compiled(after, now), edited)
    return plan, tuple(emitting.differing(environment, was, now))


def _comparison(
    old: Side,
    new: Side,
    environment: str,
    edits: Edits,
    reading: Set[str],
    plan: Plan | None,
) -> Comparison:
    checked = plan is not None
    without = old.broken | new.broken
    causes = Causes(edits, old.documents.get(environment), new.documents.get(environment))
    return Comparison(
        environment,
        values_of(old.validated, environment, without, checked=checked),
        values_of(new.validated, environment, without, checked=checked),
        causes,
        _moved(new),
        frozenset(map(Address.parse, reading)),
        plan,
        (old.validated.composed.layers.resources, new.validated.composed.layers.resources),
    )


def _data(old: Side, new: Side, environments: tuple[str, ...]) -> list[DataReview]:
    """The files of data that differ, of those that some dataset reads on either side."""
    before, after = _paths(old, environments), _paths(new, environments)
    found = []
    for path in sorted({*before, *after}):
        was = old.data(path, None)
        now = new.data(path, was)
        if alike(was, now):
            continue
        found.append(
            DataReview(
                path=path,
                datasets=tuple(sorted({*before.get(path, ()), *after.get(path, ())})),
                action="added" if was is None else "removed" if now is None else "changed",
                before=None if was is None else was.size,
                after=None if now is None else now.size,
            )
        )
    return found


def _paths(one: Side, environments: tuple[str, ...]) -> dict[str, set[str]]:
    """The paths that datasets name, with their addresses."""
    found: dict[str, set[str]] = {}
    for environment in environments:
        document = one.documents.get(environment)
        group = None if document is None else document.root.get("dataset")
        for name, node in group.value.items() if group is not None and group.is_map else ():
            named = (node.at(("source", field)) for field in ("path", "url"))
            path, url = (one.value if one is not None and isinstance(one.value, str) else "" for one in named)
            path = path or database_file(url) or ""
            if path:
                found.setdefault(path, set()).add(f"dataset.{name}")
    return found


def _diagnostics(old: Side, new: Side) -> tuple[tuple[Diagnostic, ...], tuple[Diagnostic, ...], int]:
    """Those that only the head has, those that only the base has, and how many both have."""
    before, after = old.validated.diagnostics, new.validated.diagnostics
    names_before, names_after = fingerprints(before), fingerprints(after)
    known_before, known_after = set(names_before), set(names_after)
    added = [one for name, one in zip(names_after, after, strict=True) if name not in known_before]
    fixed = [one for name, one in zip(names_before, before, strict=True) if name not in known_after]
    return tuple(added), tuple(fixed), len(after) - len(added)


def _reviewed(one: ResourceReview | GuardReview, project: Project, rules: tuple[owners.Rule, ...]):  # type: ignore[no-untyped-def]
    """With the owners of its file."""
    if not rules:
        return one
    path = f"{one.address.replace('.', '/', 1)}.yaml"
    path = f"{project.folder}/{path}" if project.folder else path
    return msgspec.structs.replace(one, code_owners=owners.owners_of(path, rules))


def _file_of(project: Project, base: git.Revision, path: str) -> bytes | None:
    """A file of the repository as the base has it."""
    try:
        return project.tree(base.commit).read(path)
    except OSError:
        return None


def _known(one: Side) -> tuple[str, ...]:
    return tuple(one.validated.composed.layers.environments)


def _name(*sides: Side) -> str:
    for one in sides:
        node = one.validated.composed.layers.project.get("project")
        if node is not None and isinstance(node.value, str):
            return node.value
    return ""


def _moved(new: Side) -> dict[str, str]:
    node = new.validated.composed.layers.project.get("moved")
    entries = plain(node) if node is not None and node.is_map else {}
    return {
        was: now
        for was, now in entries.items()
        if isinstance(now, str) and "." in now.strip(".") and "." in was.strip(".")
    }


def _only_in(
    here: tuple[str, ...], there: tuple[str, ...], environments: tuple[str, ...], unclear: Mapping[str, str]
) -> tuple[str, ...]:
    """The environments that one side has, and of which it is certain that the other has not."""
    return tuple(name for name in environments if name in here and name not in there and name not in unclear)


def _notes(old: Side, new: Side, unclear: Mapping[str, str]) -> list[str]:
    """What could not be compared, in sentences."""
    notes = []
    for one, where in ((old.compared, "base"), (new.compared, "head")):
        if not one.exists:
            notes.append(f"The project is not in the {where} ({one.name}).")
        elif one.errors:
            mistakes = "1 mistake" if one.errors == 1 else f"{one.errors:,} mistakes"
            notes.append(
                f"The {where} ({one.name}) has {mistakes}, so values are compared, and artifacts and what follows "
                "from the change are not."
            )
    for file in dict.fromkeys(unclear.values()):
        names = listed(name for name, by in unclear.items() if by == file)
        notes.append(f"{file} could not be composed, so the resources of {names} are not compared.")
    broken = sorted(str(address) for address in old.broken | new.broken)
    if broken and len(unclear) < len({**old.documents, **new.documents}):
        notes.append(f"{listed(broken)} could not be composed on one side, and could not be compared.")
    submodules = sorted({*old.submodules, *new.submodules})
    if submodules:
        notes.append(
            f"{', '.join(submodules)} is another repository (a submodule), whose layers are not read from a revision."
        )
    return notes


def _environments(
    asked: tuple[str, ...], old: pipeline.Opened, new: pipeline.Opened
) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The environments to compare, those of the head first, and those asked for that no side has."""
    known = tuple(dict.fromkeys([*new.layers.environments, *old.layers.environments]))
    if not asked or asked == ("all",):
        return known, ()
    span = Span(COMMAND_LINE, 1, 1, 1, 1)
    return (
        tuple(name for name in known if name in asked),
        tuple(unknown_environment.found(name, known, span) for name in asked if name not in known),
    )


def _unknown_inputs(
    inputs: tuple[str, ...], old: pipeline.Opened, new: pipeline.Opened
) -> tuple[Diagnostic, ...]:
    """The inputs that were given and that neither side declares."""
    declared: set[str] = set()
    for one in (old, new):
        node: Node | None = one.layers.project.get("inputs")
        declared |= set(node.value) if node is not None and node.is_map else set()
    names = [text.partition("=")[0] for text in inputs if "=" in text]
    return tuple(
        bad_input.found(f'Neither revision declares an input "{name}".')
        for name in names
        if name not in declared
    )
