"""A plan as its text and its page show it: an entry for each resource, alike ones together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mlc.ir.plan import CLASSES, FORGOTTEN, Change, Plan, Step
from mlc.ir.plan import cost as cost_of

if TYPE_CHECKING:
    from mlc.report.plan_files import FileEntry

TOGETHER = 4
"""So many entries that say the same are shown as one."""

MOST_NAMES = 8

_SYMBOLS = {"create": "+", "update": "~", "delete": "-"}
_PLURALS = {"features": "features", "policy": "policies", "registry": "registries"}
_LEARNED = {
    "evaluation": "metrics",
    "latency": "latency",
    "verdict": "verdict of the gates",
    "version": "version",
}
"""The outputs that people wait for, as they call them."""


class Entry(Struct, frozen=True):
    """What happens to a resource, or alike to several.

    `symbol` is + ~ - or → (renamed, from `was`); `cost` a change class, `create` or `destroy`. `runs` and `undone`
    are steps; `because` says in words why there is an entry without changes.
    """

    symbol: str
    addresses: tuple[str, ...]
    was: str
    cost: str
    changes: tuple[Change, ...]
    runs: tuple[Step, ...]
    undone: tuple[Step, ...]
    because: str
    due_to: tuple[str, ...]

    @property
    def kind(self) -> str:
        return self.addresses[0].partition(".")[0]

    @property
    def title(self) -> str:
        """The resource, or how many there are."""
        if len(self.addresses) > 1:
            return f"{len(self.addresses):,} {plural(self.kind)}"
        return f"{self.addresses[0]} (was {self.was})" if self.was else self.addresses[0]

    @property
    def learned(self) -> tuple[str, ...]:
        """What people wait for and only applying tells."""
        unknown = {output for step in self.runs for output in step.unknown}
        return tuple(words for output, words in _LEARNED.items() if output in unknown)


class Counts(Struct, frozen=True):
    """What a plan does, in numbers: of resources and artifacts; `costs` counts those that run, per change class.

    Of those that change, `foreign` are files that mlc did not write.
    """

    add: int = 0
    change: int = 0
    destroy: int = 0
    rename: int = 0
    unchanged: int = 0
    costs: dict[str, int] = {}
    foreign: int = 0


def entries(steps: Iterable[Step]) -> tuple[Entry, ...]:
    """One for each resource, in the order of the plan."""
    groups: dict[str, list[Step]] = {}
    for step in steps:
        if step.artifact is None:
            groups.setdefault(step.address, []).append(step)
    return tuple(_entry(address, steps) for address, steps in groups.items())


def together(found: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same with those of one kind that say the same as one, where there are many."""
    return tuple(_joined(group) for group in alike(found, said))


def counts(unchanged: int, found: Sequence[Entry], written: Sequence[FileEntry]) -> Counts:
    """`found` and `written` are a plan's entries and files, before any are put together."""
    symbols = [one.symbol for one in found] + [one.symbol for one in written]
    # a gate or a set of features costs what runs for the models behind it, which is counted there
    changed = [one.cost for one in found if one.symbol in "→~" and one.runs]
    return Counts(
        add=symbols.count("+"),
        change=symbols.count("~") + symbols.count("!"),
        destroy=symbols.count("-"),
        rename=symbols.count("→"),
        unchanged=unchanged,
        costs={name: changed.count(name) for name in reversed(CLASSES[3:]) if name in changed},
        foreign=symbols.count("!"),
    )


def total(found: Iterable[Counts]) -> Counts:
    """The sum over environments."""
    listed = list(found)
    costs = {name: sum(one.costs.get(name, 0) for one in listed) for name in reversed(CLASSES[3:])}
    return Counts(
        add=sum(one.add for one in listed),
        change=sum(one.change for one in listed),
        destroy=sum(one.destroy for one in listed),
        rename=sum(one.rename for one in listed),
        unchanged=sum(one.unchanged for one in listed),
        costs={name: number for name, number in costs.items() if number},
        foreign=sum(one.foreign for one in listed),
    )


def _entry(address: str, steps: list[Step]) -> Entry:
    move = next((step.move for step in steps if step.move is not None), None)
    symbol = "→" if move else next((_SYMBOLS[one.action] for one in steps if one.action in _SYMBOLS), "~")
    cost = cost_of(steps)
    following = [
        step
        for step in steps
        if step.because and not step.because.startswith("after ") and step.action != "undo"
    ]
    own = next((step for step in following if not step.due_to), None)
    first = own or (following[0] if following else None)
    because = "" if first is None or first.because == "not done yet" else first.because
    if symbol == "-":
        because = "described no longer"
    return Entry(
        symbol=symbol,
        addresses=(address,),
        was="" if move is None else move.was,
        cost={"+": "create", "-": "destroy"}.get(symbol, "" if move and cost == "none" else cost),
        changes=tuple(change for step in steps for change in step.changes),
        runs=tuple(step for step in steps if step.action == "run"),
        undone=tuple(step for step in steps if step.action == "undo"),
        because="" if symbol == "+" else because,
        due_to=() if first is None or not first.due_to else (first.due_to,),
    )


def alike(found: Sequence[Any], key: Any) -> list[list[Any]]:
    """Entries in groups that say the same; each by itself where a group is small."""
    groups: dict[Any, list[Any]] = {}
    names = [key(one) for one in found]
    for name, one in zip(names, found, strict=True):
        groups.setdefault(name, []).append(one)
    whole = {name for name, group in groups.items() if len(group) >= TOGETHER}
    told: set[Any] = set()
    listed = []
    for name, one in zip(names, found, strict=True):
        if name not in whole:
            listed.append([one])
        elif name not in told:
            told.add(name)
            listed.append(groups[name])
    return listed


def said(one: Entry) -> Any:
    """All that the text says of an entry but its name."""
    changes = tuple(
        (
            change.path,
            repr(change.before),
            repr(change.after),
            change.cause,
            change.reads,
            change.near,
            change.added,
            change.former,
        )
        for change in one.changes
    )
    runs = tuple((step.operation.name, step.unknown, described(step)) for step in one.runs if step.operation)
    due_to = tuple(address.partition(".")[0] for address in one.due_to)
    because = "" if one.due_to else one.because
    undone = tuple(step.operation.name for step in one.undone if step.operation)
    return (one.symbol, one.kind, one.cost, changes, runs, undone, because, due_to, one.was or None)


def _joined(group: list[Entry]) -> Entry:
    if len(group) == 1:
        return group[0]
    due_to = tuple(dict.fromkeys(address for one in group for address in one.due_to))
    return joined(group[0], tuple(one.addresses[0] for one in group), due_to)


def joined(first: Entry, addresses: tuple[str, ...], due_to: tuple[str, ...]) -> Entry:
    """Entries that say the same as one: the first, and of all of them the addresses and what they are due to."""
    because = first.because
    if because and len(due_to) > 1:
        because = f"because the {due_to[0].partition('.')[0]} that each builds on changes"
    return Entry(
        symbol=first.symbol,
        addresses=addresses,
        was=first.was,
        cost=first.cost,
        changes=first.changes,
        runs=first.runs,
        undone=first.undone,
        because=because,
        due_to=due_to,
    )


def undone(step: Step) -> str:
    """What becomes of an operation that is wanted no longer."""
    assert step.operation is not None, step.id
    return f"{'forget' if step.because == FORGOTTEN else 'undo'} {step.operation.name}"


def described(step: Step) -> str:
    """What an operation is about, in a few words."""
    operation = step.operation
    assert operation is not None, step.id
    if operation.name == "gate":
        return ", ".join(operation.spec["gates"])
    if operation.name == "train" or operation.name.startswith("score-"):
        learner = operation.spec.get("candidate") or operation.spec.get("ensemble") or operation.spec
        return str(learner.get("estimator", learner.get("method", "what is selected"))).rpartition(".")[2]
    if operation.name == "learning-curve":
        shares = [f"{100 * share:.4g}" for share in operation.spec["curve"]["shares"]]
        return f"{len(shares)} more training{'' if len(shares) == 1 else 's'}, on {', '.join(shares)} % of the rows"
    if operation.name == "promote":
        return f"alias {operation.spec['alias']}"
    if "version" in step.stays and step.stays["version"] is not None:
        return f"stays v{step.stays['version']}"
    return ", ".join(operation.files.values())


def plural(kind: str) -> str:
    """Several resources of a kind, in a word."""
    return _PLURALS.get(kind, f"{kind}s")


def cause(change: Change) -> str:
    """Where a field's value comes from, in words, and where the one before did; empty where nothing is known."""
    words = _present(change)
    if not change.former:
        return words
    more = f" and {len(change.former) - 3} more" if len(change.former) > 3 else ""
    return f"{words} (was {', '.join(change.former[:3])}{more})".lstrip()


def _present(change: Change) -> str:
    if change.origin == "default":
        return "its default" + ("" if change.near is None else " holds again")
    if change.origin == "gone":
        around = change.path.rpartition(".")[0] or "the rest"
        where = "" if change.near is None else f"; {around} stands at {change.near}"
        return f"no line gives it a value now{where}"
    if change.cause is None:
        return ""
    if not change.reads:
        return str(change.cause)
    read = ", ".join(f"{one.key} {one.span}" for one in change.reads[:3])
    more = f" and {len(change.reads) - 3} more" if len(change.reads) > 3 else ""
    return f"{read}{more}, read at {change.cause}"


def value(given: Any) -> str:
    """A value as people read it: text as it is, all else as JSON."""
    return given if isinstance(given, str) and given else json.dumps(given, ensure_ascii=False)


def values(change: Change) -> tuple[str, str]:
    """The value before and the value after, in words where there is none."""
    before = "(none)" if change.added else value(change.before)
    return before, "(gone)" if change.origin == "gone" else value(change.after)


def nothing(plan: Plan) -> str:
    """What to say of an empty plan."""
    if plan.narrowing is None:
        return f"Nothing to do: {_resources(plan.unchanged)} as described."
    if not plan.narrowing.selected:
        return "Nothing to do: the selection chooses no resource."
    if not plan.unchanged:
        return "Nothing to do: all that is selected waits for something that is left out."
    return f"Nothing to do: {_resources(plan.unchanged)} selected and as described."


def narrowing(plan: Plan, *, verbose: bool) -> list[str]:
    """What a selection brought along, and what it left out; a sentence each."""
    found = plan.narrowing
    if found is None:
        return []
    lines = []
    if found.included:
        shown = names(found.included, verbose=verbose)
        lines.append(f"Included, as what is selected builds on it: {shown}.")
    by_reason: dict[str, list[str]] = {}
    for left in found.left_out:
        reason = left.because if left.because not in ("excluded", "not selected") else ""
        by_reason.setdefault(reason, []).append(f"{left.address} ({left.outcome})")
    options = " and ".join(
        name for name, given in (("--select", found.select), ("--exclude", found.exclude)) if given
    )
    for reason, left_out in by_reason.items():
        number = f"{len(left_out)} changed resource{'' if len(left_out) == 1 else 's'}"
        why = f", as {'it' if len(left_out) == 1 else 'each'} {reason}" if reason else ""
        lines.append(f"{number} left out by {options}{why}: {names(left_out, verbose=verbose)}.")
    return lines


def numbers(found: Counts) -> str:
    """What is to be done, in numbers."""
    text = f"{found.add:,} to add, {found.change:,} to change, {found.destroy:,} to destroy"
    text += f", {found.rename:,} renamed" if found.rename else ""
    if found.foreign:
        text += (
            f" · replaces {found.foreign:,} file{'' if found.foreign == 1 else 's'} that mlc did not write"
        )
    costs = [f"{number:,} {name}" for name, number in found.costs.items()]
    return " · ".join([text, *costs, f"{_resources(found.unchanged)} unchanged"])


def names(listed: Sequence[str], *, verbose: bool, most: int = MOST_NAMES) -> str:
    """Names, the first of them where there are many."""
    shown = listed if verbose else listed[:most]
    hidden = len(listed) - len(shown)
    return ", ".join(shown) + (f" and {hidden:,} more (-v names them)" if hidden else "")


def _resources(number: int) -> str:
    return f"{number:,} resource" + ("" if number == 1 else "s")
