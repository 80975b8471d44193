"""The files that a plan writes and removes, as its text and its page show them: alike ones together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mlc.ir.plan import Plan, PlannedArtifact
from mlc.report.plan_entries import alike

_MOST_LINES = 200  # of one artifact's difference
_MOST_NEW_LINES = 20  # of a new artifact


class FileEntry(Struct, frozen=True):
    """An artifact that is written or removed, or several alike; `path` has a * where theirs differ.

    `symbol` is + ~ - or ! (one that replaces a file which mlc did not write).
    """

    symbol: str
    path: str
    artifacts: tuple[PlannedArtifact, ...]
    because: str
    addresses: tuple[str, ...]

    @property
    def counted(self) -> str:
        """Its lines, in numbers."""
        if self.symbol == "-":
            return "removed"
        lines = f"+{self.artifacts[0].added} −{self.artifacts[0].removed}"
        return f"{lines} each" if len(self.artifacts) > 1 else lines


def files(plan: Plan) -> tuple[FileEntry, ...]:
    """One for each artifact, in the order of the plan."""
    return tuple(
        FileEntry(
            symbol=_symbol(step.action, step.artifact),
            path=step.artifact.path,
            artifacts=(step.artifact,),
            because=step.because,
            addresses=(step.address,),
        )
        for step in plan.steps
        if step.artifact is not None
    )


def files_together(found: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """The same with those that differ only in the name of their resource as one, where there are many."""
    return tuple(_joined_files(group) for group in alike(found, _written))


def difference(artifact: PlannedArtifact) -> tuple[list[str], str]:
    """The lines to show of an artifact's difference, and in words what is not shown."""
    if artifact.diff:
        lines, most = artifact.diff.splitlines()[2:], _MOST_LINES
    elif artifact.content is None:
        return [], ""
    elif artifact.size is None and _is_text(artifact.content):
        lines = [f"+{line}" for line in artifact.content.decode().splitlines()]
        most = _MOST_NEW_LINES
    else:
        before = "" if artifact.size is None else f"{artifact.size:,} → "
        return [], f"{before}{len(artifact.content):,} bytes, not shown line by line"
    hidden = len(lines) - most
    return lines[:most], f"… and {hidden:,} more lines" if hidden > 0 else ""


def _symbol(action: str, artifact: PlannedArtifact) -> str:
    if action == "remove":
        return "-"
    return "!" if artifact.foreign else "+" if artifact.size is None else "~"


def _written(one: FileEntry) -> Any:
    artifact = one.artifacts[0]
    because = "" if " changes" in one.because else one.because.replace(one.path, "*")
    return (one.symbol, _pattern(one), artifact.backend, artifact.added, artifact.removed, because)


def _pattern(one: FileEntry) -> str:
    """A path with the name of its resource, and of a file beside others of it, as *."""
    name = one.addresses[0].partition(".")[2]
    return "/".join("*" if part == name else part for part in one.path.split("/"))


def _joined_files(group: list[FileEntry]) -> FileEntry:
    first: FileEntry = group[0]
    if len(group) == 1:
        return first
    return FileEntry(
        symbol=first.symbol,
        path=_pattern(first),
        artifacts=tuple(artifact for one in group for artifact in one.artifacts),
        because="" if " changes" in first.because else first.because,
        addresses=tuple(one.addresses[0] for one in group),
    )


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content
