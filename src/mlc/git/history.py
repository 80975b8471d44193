"""Where two lines of history part."""

from __future__ import annotations

import heapq

from mlc.git.objects import Missing
from mlc.git.repository import Commit, Repository, Revision, RevisionUnknown

_ONE, _OTHER, _STALE = 1, 2, 4
_BOTH = _ONE | _OTHER


def merge_base(repository: Repository, one: Revision, other: Revision) -> Revision:
    """The best common ancestor of two commits, as `git merge-base` prints it.

    Of several that are equally good the youngest. Raises RevisionUnknown where there is none in this clone.
    """
    marks = {one.commit: _ONE}
    marks[other.commit] = marks.get(other.commit, 0) | _OTHER
    commits: dict[str, Commit] = {}
    queue: list[tuple[int, str]] = []
    cut_off = False
    for start in marks:
        _push(repository, start, commits, queue)
    common: list[str] = []
    while queue and any(not marks[found] & _STALE for _, found in queue):
        _, found = heapq.heappop(queue)
        mark = marks[found]
        if mark & _BOTH == _BOTH and not mark & _STALE:
            common.append(found)
            mark |= _STALE
        for parent in commits[found].parents:
            if marks.get(parent, 0) & mark == mark:
                continue
            marks[parent] = marks.get(parent, 0) | mark
            try:
                _push(repository, parent, commits, queue)
            except Missing:
                cut_off = True
    best = [found for found in common if not marks[found] & _STALE]
    if best:
        return Revision(one.name, best[0])
    raise RevisionUnknown(
        f"{one.name}...{other.name}",
        f"{one.name} and {other.name} have no commit in common in this clone",
        shallow=repository.is_shallow or cut_off,
    )


def _push(
    repository: Repository, wanted: str, commits: dict[str, Commit], queue: list[tuple[int, str]]
) -> None:
    if wanted not in commits:
        commits[wanted] = repository.commit(wanted)
    heapq.heappush(queue, (-commits[wanted].time, wanted))
