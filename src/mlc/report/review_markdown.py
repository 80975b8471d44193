"""A review as one comment on a pull request: what must be looked at first, counts, and the rest folded.

The comment begins with a hidden line by which whoever posts it finds it again, and has fewer characters than GitHub
takes. What does not fit is said, and stands in the attachment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.review import Cause, Review
from mlc.report import review_groups, review_text
from mlc.report.markdown import block, code, link, prose, summary
from mlc.report.review_groups import ArtifactGroup, GuardGroup, Line, ResourceGroup

MOST_CHARACTERS = 65_536  # of a comment on GitHub
_ROOM_FOR_THE_END = 1_500
_MOST_SHOWN, _MOST_NAMED, _MOST_CAUSES, _MOST_LINES, _LONGEST = 10, 5, 3, 20, 80
_MOST_DIFF = 200  # lines of one file's difference in the comment
_HANDLE = re.compile(r"@[A-Za-z0-9][A-Za-z0-9-]*(?:/[A-Za-z0-9._-]+)*")
_ICONS = {"loosened": "⚠️", "tightened": "🔒", "changed": "❔"}
_SEVERITIES = {"error": "❌", "warning": "⚠️", "info": "💡"}
_HEADS = {
    "removed": "🗑️ Removed",
    "renamed": "🏷️ Renamed",
    "changed": "✏️ Changed",
    "added": "✨ New",
    "follows": "➡️ Because of that",
}


class Options(Struct, frozen=True):
    """`links` is where a revision's files are shown (`https://github.com/acme/lending/blob`)."""

    links: str = ""
    mention_owners: bool = False


class Part(Struct, frozen=True):
    """A piece of the comment. One with a `title` is folded; of its items as many are shown as there is room for."""

    items: tuple[str, ...]
    title: str = ""
    noun: str = ""


def comment(found: Review, options: Options, has_attachment: bool = False) -> str:
    """The whole where it fits, else its beginning, in characters as GitHub counts them."""
    written = _written(found, options, _MOST_SHOWN, MOST_CHARACTERS - _ROOM_FOR_THE_END)
    return written + _end(written, has_attachment)


def whole(found: Review, options: Options) -> str:
    """All of it, however long."""
    return _written(found, options, 1_000_000, None) + "\n"


def marker(found: Review) -> str:
    """The hidden line that begins the comment: the same for every change of a project in a repository."""
    return f"<!-- mlc review: {re.sub('[^A-Za-z0-9/_.-]', '_', found.folder) or '.'} -->".replace(
        "--", "--", 1
    )


def _written(found: Review, options: Options, most: int, room: int | None) -> str:
    lines = [marker(found), _title(found), "", _compared(found)]
    text = "\n".join(lines) + "\n"
    left_out = 0
    for part in _parts(found, options, most):
        added, left = _fitted(part, None if room is None else room - _length(text))
        text += added
        left_out += left
    if left_out:
        text += f"\n**{left_out:,} more are left out here for their length.**\n"
    return text


def _end(written: str, has_attachment: bool) -> str:
    notes = []
    if "left out here" in written or "more</i>" in written:
        notes.append(
            "The whole is in the attachment of this run." if has_attachment else "`mlc diff` shows the whole."
        )
    notes.append("Values are effective ones: after every layer. Nothing was run to find this out.")
    return f"\n<sub>{' '.join(notes)}</sub>\n"


def _title(found: Review) -> str:
    """What a reviewer reads in the list of comments."""
    errors = sum(one.severity == "error" for one in found.new)
    counts = [f"{errors:,} new error{'s' if errors != 1 else ''}"] if errors else []
    loosened = {
        name: one.kind
        for one in review_groups.guards(found)
        if one.verdict == "loosened"
        for name in one.addresses
    }
    if loosened:
        kinds = set(loosened.values())
        named = _names(tuple(loosened), kinds.pop() if len(kinds) == 1 else "resource", 2)
        counts.append(f"{named} {'is' if len(loosened) == 1 else 'are'} loosened")
    counts += review_groups.headline(found)
    words = {"removed": "removed", "renamed": "renamed", "added": "new"}
    for action, many in review_groups.actions(found):
        if action in words:
            names = dict.fromkeys(one.address for one in found.resources if one.action == action)
            named = " and ".join(code(name) for name in names) if many <= 2 else f"{many:,}"
            counts.append(f"{named} {words[action]}")
    if not counts:
        counts = ["nothing differs"] if found.is_empty else ["nothing has to run again"]
    return f"### mlc: {', '.join(counts)}"


def _compared(found: Review) -> str:
    environments = ", ".join(code(name) for name in found.environments)
    sides = f"{code(review_text.side(found.base))} → {code(review_text.side(found.head))}"
    where = f"{code(found.project)} in {environments}" if environments else code(found.project)
    numbers = [f"{many:,} {action}" for action, many in review_groups.actions(found)]
    if found.artifacts:
        numbers.append(review_groups.number(len(found.artifacts), "emitted file"))
    numbers.append(f"{found.unchanged:,} unchanged")
    return f"{where} · {sides} · {', '.join(numbers)}".replace("follows", "following")


def _parts(found: Review, options: Options, most: int) -> list[Part]:
    guards = review_groups.guards(found)
    loosened = [one for one in guards if one.verdict != "tightened"]
    tightened = [one for one in guards if one.verdict == "tightened"]
    groups = review_groups.resources(found)
    parts = [
        Part(tuple(f"> {prose(note)}" for note in found.notes)),
        Part(tuple(_environments(found))),
        Part(tuple(_guard(one, found, options) for one in loosened), noun="guards"),
        Part(_mentions(loosened) if options.mention_owners else ()),
        Part(tuple(_diagnostic(one, found, options, new=True) for one in found.new), noun="findings"),
        Part(tuple(_data(found))),
        Part(tuple(_code_of(found))),
    ]
    for action, head in _HEADS.items():
        chosen = [one for one in groups if one.action == action]
        if chosen:
            many = sum(len(one.addresses) for one in chosen)
            items = tuple(_resource(one, found, options, most) for one in chosen)
            parts.append(Part(items, f"{head}: {_kinds(chosen)}" if many else head, "groups"))
    parts += [
        Part(
            tuple(_guard(one, found, options) for one in tightened),
            f"🔒 Tightened: {len(tightened):,}",
            "guards",
        ),
        Part(
            tuple(_artifact(one, most) for one in review_groups.artifacts(found)),
            _artifacts_title(found),
            "files",
        ),
        Part(tuple(_owners(found)), "👥 Owners of what is affected", "owners"),
        Part(
            tuple(_diagnostic(one, found, options, new=False) for one in found.fixed),
            f"✅ Fixed: {len(found.fixed):,}",
            "findings",
        ),
    ]
    if found.remaining:
        were = "finding was" if found.remaining == 1 else "findings were"
        parts.append(Part((f"{found.remaining:,} {were} there before.",)))
    return [part for part in parts if part.items]


def _fitted(part: Part, room: int | None) -> tuple[str, int]:
    """A part with as many of its items as there is room for, and how many are left out."""
    before = f"\n<details><summary>{part.title}</summary>\n" if part.title else ""
    after = "\n</details>\n" if part.title else ""
    if room is None:
        return before + "".join(f"\n{item}\n" for item in part.items) + after, 0
    room -= _length(before) + _length(after)
    shown: list[str] = []
    for item in part.items:
        room -= _length(item) + 2
        if room < 0:
            break
        shown.append(f"\n{item}\n")
    left = len(part.items) - len(shown)
    if not shown:
        return "", left
    return before + "".join(shown) + after, left


def _environments(found: Review) -> list[str]:
    lines = [f"The environment {code(name)} is new." for name in found.new_environments]
    return lines + [f"The environment {code(name)} is no longer there." for name in found.gone_environments]


def _guard(group: GuardGroup, found: Review, options: Options) -> str:
    """What is held less strictly, whom it concerns, and who has to agree."""
    head = f"{_ICONS[group.verdict]} **{group.verdict}** {_names(group.addresses, group.kind)}"
    if not group.lines:
        head += f" is removed{_in(group.environments, found)}{_at(group.causes, found, options)}"
    concerned = [one for one in group.concerns if one not in group.addresses]
    facts = [f"holds {_names(concerned, 'model')}"] if concerned else []
    facts += _owned(group.owners, group.code_owners)
    return "\n".join(
        [
            " · ".join([head, *facts]),
            *(_line(line, found, options, found.environments) for line in group.lines),
        ]
    )


def _mentions(groups: Sequence[GuardGroup]) -> tuple[str, ...]:
    """The code owners of what is loosened, as the base names them, so that they are notified."""
    handles = dict.fromkeys(
        name
        for one in groups
        if one.verdict == "loosened"
        for name in one.code_owners
        if _HANDLE.fullmatch(name)
    )
    return (f"Please look: {' '.join(handles)}",) if handles else ()


def _diagnostic(one: Diagnostic, found: Review, options: Options, *, new: bool) -> str:
    side = found.head if new else found.base
    span = one.primary.span if one.primary is not None else None
    place = "" if span is None else f" · {_place(Cause('head' if new else 'base', span), found, options)}"
    line = f"{_SEVERITIES[one.severity] if new else '✅'} {code(one.rule)}{place} {prose(one.detail)}"
    if new and one.help:
        line += f" *{prose(one.help)}*"
    assert side is not None
    return line


def _data(found: Review) -> list[str]:
    icon = {"added": "✨", "changed": "📦", "removed": "🗑️"}
    words = {"added": "new data", "changed": "data changed", "removed": "data removed"}
    lines = []
    for one in found.data:
        sizes = " → ".join(
            review_text.size(number) for number in (one.before, one.after) if number is not None
        )
        read = f"read by {_names(one.datasets, 'dataset')}"
        lines.append(
            f"{icon[one.action]} **{words[one.action]}** {code(one.path)} {sizes}, {read}".replace(" ,", ",")
        )
    return lines


def _code_of(found: Review) -> list[str]:
    words = {"added": "new code", "changed": "code changed", "removed": "code removed"}
    return [
        f"🐍 **{words[one.action]}** {code(one.path)}, run by {_names(one.models, 'model')} when this is applied: "
        "read it before you merge"
        for one in found.code
    ]


def _resource(group: ResourceGroup, found: Review, options: Options, most: int) -> str:
    head = f"**{_names(group.addresses, group.kind, most if most > _MOST_SHOWN else _MOST_NAMED)}**"
    if group.was:
        head += f", which was {code(group.was)}"
    if group.action not in ("added", "removed"):
        head += f": {review_groups.in_words(group)}"
    if group.because:
        source = group.because[0] if len(group.because) == 1 else ""
        head += f" because {code(source) if source else review_groups.because(group)} changes"
    if not group.lines or group.action == "added":
        head += _in(group.environments, found) + _at(group.causes, found, options)
    shown = group.lines if most > _MOST_SHOWN else group.lines[:_MOST_LINES]
    told = group.environments if group.action == "added" else found.environments
    lines = [head, *(_line(line, found, options, told) for line in shown)]
    if len(group.lines) > len(shown):
        lines.append(f"- <i>and {len(group.lines) - len(shown):,} more</i>")
    if group.runs:
        lines.append(f"- runs {', '.join(code(name) for name in group.runs)}")
    return "\n".join(lines)


def _line(line: Line, found: Review, options: Options, told: tuple[str, ...]) -> str:
    """A field that changes. `told` are the environments that need not be named."""
    text = _change(line.path, line.action, line.before, line.after)
    where = "" if line.environments == told else _in(line.environments, found)
    return f"- {text}{where}{_at(line.causes, found, options)}"


def _artifacts_title(found: Review) -> str:
    added, removed = (sum(getattr(one, name) for one in found.artifacts) for name in ("added", "removed"))
    return f"📄 Emitted files: {len(found.artifacts):,}, +{added:,} −{removed:,}"


def _artifact(group: ArtifactGroup, most: int) -> str:
    counted = {"added": "new", "removed": "removed", "changed": f"+{group.added:,} −{group.removed:,}"}[
        group.action
    ]
    many = f" in {len(group.paths):,} files, such as {code(group.paths[0])}" if len(group.paths) > 1 else ""
    line = f"{code(group.path)} {counted}{many}"
    if not group.diff or (group.action != "changed" and most <= _MOST_SHOWN):
        return line
    lines = group.diff.split("\n")[2:]
    if most <= _MOST_SHOWN and len(lines) > _MOST_DIFF:
        lines = [*lines[:_MOST_DIFF], f"… and {len(lines) - _MOST_DIFF} more lines"]
    return f"{line}\n\n{block(chr(10).join(lines), 'diff')}"


def _owners(found: Review) -> list[str]:
    """Who owns what is affected, as the base says it: named, and not notified."""
    by_owner: dict[str, dict[str, None]] = {}
    for one in found.resources:
        for name in (one.owner, *one.code_owners):
            if name:
                by_owner.setdefault(name, {})[one.address] = None
    return [
        f"{code(name)} {_names(tuple(addresses), 'resource')}" for name, addresses in sorted(by_owner.items())
    ]


def _owned(owners: Sequence[str], code_owners: Sequence[str]) -> list[str]:
    found = [f"owned by {', '.join(code(name) for name in owners)}"] if owners else []
    return found + ([f"code owners {', '.join(code(name) for name in code_owners)}"] if code_owners else [])


def _kinds(groups: Sequence[ResourceGroup]) -> str:
    """`2 models, 1,000 deployments`, and of few their names."""
    by_kind: dict[str, list[str]] = {}
    for group in groups:
        by_kind.setdefault(group.kind, []).extend(group.addresses)
    if sum(map(len, by_kind.values())) <= _MOST_CAUSES:
        return ", ".join(summary(name) for names in by_kind.values() for name in names)
    return ", ".join(review_groups.number(len(names), kind) for kind, names in by_kind.items())


def _names(addresses: Sequence[str], kind: str, most: int = _MOST_NAMED) -> str:
    """One address; of several their number and some of them."""
    if len(addresses) == 1:
        return code(addresses[0])
    shown = (address if kind == "resource" else address.partition(".")[2] for address in addresses[:most])
    named = ", ".join(code(name) for name in shown)
    more = f" and {len(addresses) - most:,} more" if len(addresses) > most else ""
    return f"{review_groups.number(len(addresses), kind)}: {named}{more}"


def _change(path: str, action: str, before: object, after: object) -> str:
    old, new = (code(review_text.value(one, _LONGEST)) for one in (before, after))
    if action == "added":
        return f"{code(path)} is {new}"
    return f"{code(path)} was {old}, is gone" if action == "removed" else f"{code(path)} {old} → {new}"


def _in(environments: tuple[str, ...], found: Review) -> str:
    """The environments, where it is not all of them."""
    if environments == found.environments:
        return ""
    return f" in {', '.join(code(name) for name in environments)}"


def _at(causes: Sequence[Cause], found: Review, options: Options) -> str:
    if not causes:
        return ""
    shown = ", ".join(_place(cause, found, options) for cause in causes[:_MOST_CAUSES])
    more = f" and {len(causes) - _MOST_CAUSES:,} more lines" if len(causes) > _MOST_CAUSES else ""
    return f" · {shown}{more}"


def _place(cause: Cause, found: Review, options: Options) -> str:
    """`env/prod.yaml:9`, linked where links are wanted; a removed line is named by its revision."""
    span = cause.span
    side = found.head if cause.side == "head" else found.base
    label = (
        f"{span.file}:{span.line}" if cause.side == "head" else f"{found.base.name}:{span.file}:{span.line}"
    )
    if not options.links or not side.commit or span.file.startswith("<"):
        return code(label)
    path = f"{found.folder}/{span.file}" if found.folder else span.file
    return link(label, f"{options.links.rstrip('/')}/{side.commit}", path, span.line)


def _length(text: str) -> int:
    """Characters as JavaScript counts them, the most that any counting gives."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
