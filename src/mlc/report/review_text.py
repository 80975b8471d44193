"""A review for people at a terminal: what is held less strictly, what changes and why, what follows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlc.ir.review import Cause, CodeReview, Compared, DataReview, Review
from mlc.report import review_groups, text
from mlc.report.review_groups import ArtifactGroup, GuardGroup, Line, ResourceGroup
from mlc.report.terminal import Paint, one_line

_SYMBOLS = {"added": "+", "removed": "-", "renamed": "→", "changed": "~", "follows": "~"}
_COLOURS = {"+": "green", "-": "red", "~": "yellow", "→": "blue", "!": "red"}
_MOST_LINES, _MOST_NAMED, _MOST_GROUPS = 8, 3, 25
_INDENT = " " * 51


def review(found: Review, sources: Mapping[str, str], paint: Paint, *, verbose: bool = False) -> str:
    """`sources` are the head's texts, for the frames of its new diagnostics. Ends with a line that counts."""
    head = f"{found.project or 'the project'} · {', '.join(found.environments) or 'no environment'}"
    compared = f"{side(found.base)} → {side(found.head)}"
    lines = [paint(one_line(head), "bold") + " " * max(2, 51 - len(head)) + paint(one_line(compared), "dim")]
    lines += [paint(f"note: {one_line(note)}", "yellow") for note in found.notes]
    for names, words in ((found.new_environments, "is new"), (found.gone_environments, "is no longer there")):
        lines += [f"The environment {one_line(name)} {words}." for name in names]
    for guard in review_groups.guards(found):
        lines += _guard(guard, found, paint)
    groups = review_groups.resources(found)
    shown = groups if verbose else groups[:_MOST_GROUPS]
    for group in shown:
        lines += _resource(group, found, paint, verbose)
    if len(groups) > len(shown):
        lines.append(
            paint(f"  … and {len(groups) - len(shown)} more groups of resources (-v shows them)", "dim")
        )
    lines += [_data(one, paint) for one in found.data]
    lines += [_code(one, paint) for one in found.code]
    artifacts = review_groups.artifacts(found)
    listed = artifacts if verbose else artifacts[:_MOST_LINES]
    for artifact in listed:
        lines += _artifact(artifact, paint, verbose)
    if len(artifacts) > len(listed):
        lines.append(paint(f"  … and {len(artifacts) - len(listed)} more artifacts (-v shows them)", "dim"))
    lines += _diagnostics(found, sources, paint)
    lines.append(paint(count(found), "bold"))
    return "\n".join(lines) + "\n"


def side(one: Compared) -> str:
    """`main@1a2b3c4`, or the working tree."""
    if not one.commit:
        return one.name
    return one.commit[:8] if one.commit.startswith(one.name) else f"{one.name}@{one.commit[:8]}"


def where(cause: Cause, base: str) -> str:
    """`env/prod.yaml:9:34`; a line that was removed as git names it, `main:env/prod.yaml:9`."""
    span = cause.span
    return str(span) if cause.side == "head" else f"{base}:{span.file}:{span.line}"


def places(causes: Sequence[Cause], base: str) -> str:
    """The first, and how many more there are."""
    if not causes:
        return ""
    more = f" and {len(causes) - 1:,} more" if len(causes) > 1 else ""
    return where(causes[0], base) + more


def value(found: Any, most: int = 40) -> str:
    """A value in one line: text as it is, unless it would be taken for something else."""
    shown = found if isinstance(found, str) and found else json.dumps(_said(found), ensure_ascii=False)
    return one_line(shown if len(shown) <= most else shown[: most - 1] + "…")


def change(path: str, action: str, before: Any, after: Any) -> str:
    """`train.seed 1 → 2`, `+ train.seed 2`, `- train.seed 1`."""
    if action == "added":
        return f"+ {one_line(path)} {value(after)}"
    if action == "removed":
        return f"- {one_line(path)} {value(before)}"
    return f"{one_line(path)} {value(before)} → {value(after)}"


def named(addresses: Sequence[str], kind: str) -> str:
    """One address, or how many of a kind with some of their names."""
    if len(addresses) == 1:
        return addresses[0]
    return review_groups.number(len(addresses), kind)


def examples(addresses: Sequence[str]) -> str:
    names = [address.partition(".")[2] for address in addresses[:_MOST_NAMED]]
    more = len(addresses) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def introduced(addresses: Sequence[str]) -> str:
    """What to say before the names that `examples` gives: whether they are all, or some."""
    return "namely" if len(addresses) <= _MOST_NAMED else "such as"


def count(found: Review) -> str:
    """How much there is of everything."""
    if found.is_empty:
        return f"Diff: nothing differs · {review_groups.number(found.unchanged, 'resource')} alike"
    words = {
        "removed": "removed",
        "renamed": "renamed",
        "changed": "changed",
        "added": "added",
        "follows": "following",
    }
    parts = [", ".join(f"{many:,} {words[action]}" for action, many in review_groups.actions(found))]
    parts += review_groups.headline(found)
    loosened = sum(group.verdict == "loosened" for group in review_groups.guards(found))
    if loosened:
        parts.append(f"{loosened:,} loosened")
    if found.artifacts:
        parts.append(f"{len(found.artifacts):,} artifact{'s' if len(found.artifacts) != 1 else ''}")
    for one, word in ((found.new, "new"), (found.fixed, "fixed")):
        if one:
            parts.append(f"{len(one):,} {word} diagnostic{'s' if len(one) != 1 else ''}")
    return "Diff: " + " · ".join(part for part in parts if part)


def _guard(group: GuardGroup, found: Review, paint: Paint) -> list[str]:
    colour = {"loosened": "red", "tightened": "green"}.get(group.verdict, "yellow")
    head = f"! {one_line(named(group.addresses, group.kind)):<29} {group.verdict:<18} "
    listed = [_line(line, found, paint) for line in group.lines]
    listed = listed or ["is removed" + _at(group.causes, found.base.name, paint)]
    lines = [paint(head, colour, "bold") + listed[0], *(_INDENT + one for one in listed[1:])]
    if group.verdict != "tightened":
        concerned = [one for one in group.concerns if one not in group.addresses]
        facts = (
            [f"{introduced(group.addresses)} {examples(group.addresses)}"] if len(group.addresses) > 1 else []
        )
        facts += [f"holds {examples(concerned)}"] if concerned else []
        facts += _owners(group.owners, group.code_owners)
        lines += [paint(f"    {one_line(' · '.join(facts))}", "dim")] if facts else []
    return lines


def _resource(group: ResourceGroup, found: Review, paint: Paint, verbose: bool) -> list[str]:
    symbol = _SYMBOLS[group.action]
    words = {"added": "new", "removed": "removed", "renamed": group.change_class}
    cost = words.get(group.action, group.change_class)
    base = found.base.name
    shown = named(group.addresses, group.kind) + (f" (was {group.was})" if group.was else "")
    head = f"{symbol} {one_line(shown):<29} {'' if cost == 'none' else cost:<18} "
    listed = [_line(line, found, paint) for line in group.lines]
    if group.action == "follows":
        listed = [f"because {one_line(review_groups.because(group))} changes{_in(group.environments, found)}"]
    elif group.action in ("added", "removed") or not listed:
        listed = [_in(group.environments, found).strip() + _at(group.causes, base, paint)]
    most = len(listed) if verbose else _MOST_LINES
    lines = [(paint(head, _COLOURS[symbol]) + listed[0]).rstrip()]
    lines += [_INDENT + one for one in listed[1:most]]
    if len(listed) > most:
        lines.append(_INDENT + paint(f"… and {len(listed) - most} more fields (-v shows them)", "dim"))
    if len(group.addresses) > 1:
        some = introduced(group.addresses)
        lines.append(paint(f"    {some:<11} {one_line(examples(group.addresses))}", "dim"))
    if group.runs:
        lines.append(f"    {'again':<11} {one_line(', '.join(group.runs))}")
    owned = _owners(group.owners, group.code_owners)
    if owned and verbose:
        lines.append(paint(f"    {one_line(' · '.join(owned))}", "dim"))
    return lines


def _line(line: Line, found: Review, paint: Paint) -> str:
    shown = change(line.path, line.action, line.before, line.after)
    return shown + _in(line.environments, found) + _at(line.causes, found.base.name, paint)


def _in(environments: tuple[str, ...], found: Review) -> str:
    """The environments, where it is not all of them."""
    return "" if environments == found.environments else f"  in {one_line(', '.join(environments))}"


def _at(causes: Sequence[Cause], base: str, paint: Paint) -> str:
    return paint(f"  {one_line(places(causes, base))}", "blue") if causes else ""


def _owners(owners: Sequence[str], code_owners: Sequence[str]) -> list[str]:
    found = [f"owner {', '.join(owners)}"] if owners else []
    return found + ([f"code owners {', '.join(code_owners)}"] if code_owners else [])


def _data(one: DataReview, paint: Paint) -> str:
    symbol = _SYMBOLS[one.action]
    sizes = [size(number) for number in (one.before, one.after) if number is not None]
    what = {"added": "new data", "removed": "its data are gone", "changed": "its data changed"}[one.action]
    read = f"read by {', '.join(one.datasets)}"
    return paint(f"{symbol} data ", _COLOURS[symbol]) + one_line(
        f"{one.path}  {what}: {' → '.join(sizes)}, {read}" if sizes else f"{one.path}  {what}, {read}"
    )


def _code(one: CodeReview, paint: Paint) -> str:
    symbol = _SYMBOLS[one.action]
    what = {"added": "new code", "removed": "its code is gone", "changed": "its code changed"}[one.action]
    run = f"run by {', '.join(one.models)} when this is applied"
    return paint(f"{symbol} code ", _COLOURS[symbol]) + one_line(f"{one.path}  {what}, {run}")


def size(number: int) -> str:
    """`1.5 MB`."""
    scaled = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if scaled < 1000:
            return f"{scaled:.0f} {unit}" if unit == "B" else f"{scaled:.1f} {unit}"
        scaled /= 1000
    return f"{scaled:.1f} TB"


def _artifact(group: ArtifactGroup, paint: Paint, verbose: bool) -> list[str]:
    symbol = _SYMBOLS[group.action]
    counted = f"+{group.added} −{group.removed}" if group.action != "removed" else "removed"
    many = f"  in {len(group.paths):,} files" if len(group.paths) > 1 else ""
    lines = [paint(f"{symbol} artifact ", _COLOURS[symbol]) + f"{one_line(group.path)}  {counted}{many}"]
    if verbose:
        lines += [f"    | {one_line(line)}" for line in group.diff.split("\n")] if group.diff else []
    return lines


def _diagnostics(found: Review, sources: Mapping[str, str], paint: Paint) -> list[str]:
    lines = [paint(f"fixed: {one_line(_short(one))}", "green") for one in found.fixed]
    if found.new:
        lines.append("")
        lines += [text.diagnostic(one, sources, paint) for one in found.new]
    return lines


def _short(one: Any) -> str:
    place = f"{one.primary.span.file}:{one.primary.span.line}: " if one.primary is not None else ""
    return f"{place}{one.summary} [{one.rule}]"


def _said(found: Any) -> Any:
    """A map without the fields that nobody gave a value."""
    if isinstance(found, dict):
        return {key: _said(child) for key, child in found.items() if child is not None}
    return [_said(child) for child in found] if isinstance(found, list) else found
