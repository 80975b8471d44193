"""The files that a plan writes and removes, as its text and its page show them: alike ones together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from mlc.ir.plan import PlannedArtifact, Step
from mlc.report.plan_entries import alike

_MOST_LINES = 200  # of one artifact's difference
_MOST_NEW_LINES = 20  # of a new artifact


class FileEntry(Struct, frozen=True):
    """An artifact that is written or removed, or several alike; `path` has a * where theirs differ.

    `symbol` is + ~ - or ! (one that replaces a file which mlc did not write). Of very many, `artifacts` holds some,
    and `more` says how many more there are.
    """

    symbol: str
    path: str
    artifacts: tuple[PlannedArtifact, ...]
    because: str
    addresses: tuple[str, ...]
    more: int = 0

    @property
    def number(self) -> int:
        return len(self.artifacts) + self.more

    @property
    def counted(self) -> str:
        """Its lines, in numbers."""
        if self.symbol == "-":
            return "removed"
        lines = f"+{self.artifacts[0].added} −{self.artifacts[0].removed}"
        return f"{lines} each" if self.number > 1 else lines


def files(steps: Iterable[Step]) -> tuple[FileEntry, ...]:
    """One for each artifact, in the order of the plan."""
    return tuple(
        FileEntry(
            symbol=_symbol(step.action, step.artifact),
            path=step.artifact.path,
            artifacts=(step.artifact,),
            because=step.because,
            addresses=(step.address,),
        )
        for step in steps
        if step.artifact is not None
    )


def files_together(found: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """The same with those that differ only in the name of their resource as one, where there are many."""
    return tuple(_joined_files(group) for group in alike(found, written))


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


def written(one: FileEntry) -> Any:
    """All that the text says of a file but the name of its resource."""
    artifact = one.artifacts[0]
    because = "" if " changes" in one.because else one.because.replace(one.path, "*")
    return (one.symbol, _pattern(one), artifact.backend, artifact.added, artifact.removed, because)


def _pattern(one: FileEntry) -> str:
    """A path with the name of its resource, and of a file beside others of it, as *."""
    name = one.addresses[0].partition(".")[2]
    return "/".join("*" if part == name else part for part in one.path.split("/"))


def _joined_files(group: list[FileEntry]) -> FileEntry:
    if len(group) == 1:
        return group[0]
    artifacts = tuple(artifact for one in group for artifact in one.artifacts)
    return joined_files(group[0], artifacts, tuple(one.addresses[0] for one in group))


def joined_files(
    first: FileEntry, artifacts: tuple[PlannedArtifact, ...], addresses: tuple[str, ...], more: int = 0
) -> FileEntry:
    """Files that differ only in the name of their resource as one."""
    return FileEntry(
        symbol=first.symbol,
        path=_pattern(first),
        artifacts=artifacts,
        because=reason_together(first.because),
        addresses=addresses,
        more=more,
    )


def reason_together(because: str) -> str:
    """What to say of several files of the reason why one is written."""
    return "" if " changes" in because else because


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content
