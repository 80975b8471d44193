"""The parts of a project put together: what is shown of the whole, and what only the whole can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from msgspec import structs

from mlc import drivers
from mlc.compose.project import budget_of
from mlc.compose.spending import MOST_BYTES, MOST_FILES, MOST_LAYERS, MOST_VALUES
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.plan import VERSION, Plan, Step, threats
from mlc.ir.state import State
from mlc.parts.part import Here, Part, Warned, digest
from mlc.parts.project import Project, Unsure
from mlc.pipeline import each_once
from mlc.plan.removals import Wanted, removals
from mlc.report import plan_entries, plan_parts, plan_shown
from mlc.report.plan_shown import Shown
from mlc.rules import too_large

Place = tuple[str, int, int]


def misread(
    parts: Sequence[Part], environments: Sequence[str]
) -> dict[int, dict[str, dict[str, tuple[str, ...]]]]:
    """The parts that have to be compiled again, as they were not told what is read elsewhere, with what is.

    By the part's number and by environment: of its operations the outputs that other parts read and that it does not
    know of. Raises Unsure where it depends on who reads first in which order these are.
    """
    owner = {address: number for number, part in enumerate(parts) for address in part.addresses}
    wanted: dict[int, dict[str, dict[str, tuple[str, ...]]]] = {number: {} for number in range(len(parts))}
    for index, environment in enumerate(environments):
        foreign: dict[str, set[tuple[str, ...]]] = {}
        for number, part in enumerate(parts):
            for operation, ways in part.shape(index).reads.items():
                if owner[operation.rpartition("/")[0]] != number:
                    foreign.setdefault(operation, set()).update(ways)
        for operation in sorted(foreign):
            number = owner[operation.rpartition("/")[0]]
            own = set(parts[number].shape(index).reads.get(operation, ()))
            longest = max(foreign[operation] | own, key=len)
            if any(longest[: len(way)] != way for way in foreign[operation] | own):
                raise Unsure("the order of outputs depends on who reads them first")
            if longest not in own:
                wanted[number].setdefault(environment, {})[operation] = longest
    return {number: found for number, found in wanted.items() if found != parts[number].elsewhere}


def joined(project: Project, parts: Sequence[Part]) -> tuple[tuple[Shown, ...], tuple[Diagnostic, ...]]:
    """What to show of the plan of each environment, and the warnings. Raises Unsure."""
    _refuse_excess(project, parts)
    shown = []
    refers: list[Sequence[tuple[str, ...] | None]] = []
    order: list[str] = []
    for index, environment in enumerate(project.environments):
        _refuse_clashes(parts, index)
        before, refers = refers, [part.shape(index).refers for part in parts]
        if refers != before:
            order = _order(parts, refers)
        shown.append(_shown(project, environment, parts, index, order))
    return tuple(shown), _diagnostics(project, parts)


def _order(parts: Sequence[Part], refers: Sequence[Sequence[tuple[str, ...] | None]]) -> list[str]:
    """Every resource, as `lower` puts them: those that others refer to first."""
    targets = {
        address: found
        for part, each in zip(parts, refers, strict=True)
        for address, found in zip(part.addresses, each, strict=True)
        if found is not None
    }
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for address in sorted(targets):
        sorter.add(address, *targets[address])
    return list(sorter.static_order())


def _shown(project: Project, environment: str, parts: Sequence[Part], index: int, order: list[str]) -> Shown:
    state = project.states[environment]
    here = [part.environments[index] for part in parts]
    gone = _removed(project, here, state, order)
    order = [*order, *gone]
    place = {address: number for number, address in enumerate(order)}
    told = [
        (one.told, [place.get(address, -1) for address in part.addresses])
        for part, one in zip(parts, here, strict=True)
    ]
    if gone:
        told.append((plan_parts.told(gone, 0, place), [*range(len(order))]))
    try:
        found, written, counts = plan_parts.together(told, order)
    except plan_parts.Ambiguous:
        raise Unsure("the text") from None
    nothing = Plan(VERSION, "", "", environment, state.lineage, state.serial, (), unchanged=counts.unchanged)
    is_empty = not found and not written
    return Shown(
        project=project.spec["project"],
        environment=environment,
        since=plan_shown.since(state.lineage, state.serial),
        found=found,
        written=written,
        counts=counts,
        is_empty=is_empty,
        nothing=plan_entries.nothing(nothing) if is_empty else "",
    )


def _removed(project: Project, here: Sequence[Here], state: State, order: list[str]) -> dict[str, list[Step]]:
    """The steps that take back what is described no longer, by the resource that is gone."""
    if not (state.resources or state.operations or state.artifacts):
        return {}
    wanted = Wanted(
        addresses=frozenset(order),
        operations=_Digests(number for one in here for number in one.operations),
        paths=_Digests(number for one in here for number in (*one.paths, *one.published)),
    )
    gone: dict[str, list[Step]] = {}
    for step in removals(wanted, state, {}, lambda name: drivers.driver(name).undoes, lambda _: ()):
        if step.address in project.ranks:
            raise Unsure("something of a resource that is still described goes")
        gone.setdefault(step.address, []).append(step)
    listed = tuple(step for steps in gone.values() for step in steps)
    if threats(Plan(VERSION, "", "", "", state.lineage, state.serial, listed), state):
        raise Unsure("what is protected would be destroyed")
    return gone


class _Digests(Collection[str]):
    """Texts of which only digests are known."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = frozenset(numbers)

    def __contains__(self, text: object) -> bool:
        return digest(str(text)) in self._numbers

    def __iter__(self) -> Iterator[str]:
        raise TypeError("only digests are known")

    def __len__(self) -> int:
        return len(self._numbers)


def _refuse_clashes(parts: Sequence[Part], index: int) -> None:
    """Two resources that write one path, or that want for themselves what only one can have."""
    paths = [path for part in parts for path in part.environments[index].paths]
    if len(set(paths)) < len(paths):
        raise Unsure("a path is written twice")
    holders: dict[tuple[str, str], str] = {}
    for part in parts:
        for rule, claim, address in part.shape(index).claims:
            if holders.setdefault((rule, claim), address) != address:
                raise Unsure(f"{rule} is about several resources")


def _refuse_excess(project: Project, parts: Sequence[Part]) -> None:
    """What the whole may cost. Too much may be refused, for some counts in several parts; never too little."""
    costs: dict[str, tuple[int, int]] = {}
    merged: dict[str, tuple[int, int]] = {}
    for part in parts:
        costs |= part.costs
        merged |= part.merged
    files = {file for part in parts for file in part.files if file.endswith(".yaml")}
    budget = budget_of(len(project.names))
    spent = [[one.environments[index].spent for one in parts] for index in range(len(project.environments))]
    if (
        len(files) > MOST_FILES
        or sum(size for size, _ in costs.values()) > MOST_BYTES
        or sum(copies for _, copies in costs.values()) > MOST_VALUES
        or sum(layers for layers, _ in merged.values()) > MOST_LAYERS
        or sum(values for _, values in merged.values()) > MOST_VALUES
        or any(sum(nodes for nodes, _ in each) > budget.nodes for each in spent)
        or any(sum(characters for _, characters in each) > budget.characters for each in spent)
    ):
        raise Unsure("more than the whole may cost")


def _diagnostics(project: Project, parts: Sequence[Part]) -> tuple[Diagnostic, ...]:
    """The warnings of all parts as the whole tells them: in the order of their places, each once."""
    last = len(project.names)
    first: dict[tuple[int, int, Place], tuple[int, list[Diagnostic]]] = {}
    listed: list[Warned] = [Warned(0, 0, one) for one in project.diagnostics]
    listed += [Warned(2, -1, one) for one in project.settings_diagnostics]
    for number, part in enumerate(parts):
        for warned in part.warned:
            one = warned.diagnostic
            key = (warned.stage, warned.environment, _place(one))
            owner, told = first.setdefault(key, (number, []))
            alike = [at for at, known in enumerate(told) if _nameless(known) == _nameless(one)]
            if owner == number and not alike:
                told.append(one)
            elif not alike:
                raise Unsure("which of two warnings comes first")
            elif _rank(project, one, last) < _rank(project, told[alike[0]], last):
                told[alike[0]] = one
    listed += [Warned(stage, index, one) for (stage, index, _), (_, told) in first.items() for one in told]
    if len(listed) >= too_large.MOST_IN_ALL:
        raise Unsure("more warnings than are told")
    listed.sort(key=lambda warned: (warned.stage, warned.environment))
    return each_once([warned.diagnostic for warned in listed])


def _place(one: Diagnostic) -> Place:
    span = one.primary.span if one.primary is not None else None
    return ("", 0, 0) if span is None else (span.file, span.line, span.column)


def _nameless(one: Diagnostic) -> Diagnostic:
    """A shared layer is in many resources; which of them a mistake was found in does not tell two apart."""
    return structs.replace(one, address="") if one.primary else one


def _rank(project: Project, one: Diagnostic, last: int) -> int:
    """Where the resource of a warning stands in a document."""
    ranks: Mapping[str, int] = project.ranks
    return ranks.get(one.address, last)
