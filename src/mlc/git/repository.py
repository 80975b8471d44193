"""A repository's folder, and the commits that its names stand for (gitrevisions(7), gitrepository-layout(5))."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from mlc.git.objects import Damaged, Missing, Objects

_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SHORT_ID = re.compile(r"[0-9a-f]{4,64}")
_STEPS = re.compile(r"([\^~])(\{commit\}|\{\}|[0-9]*)")
_MOST_SYMBOLIC, _MOST_TAGS, _MOST_BACK = 5, 5, 100_000
_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")


class RevisionUnknown(Exception):
    """A name stands for no commit that is here. `shallow` tells that the clone's history was cut off."""

    def __init__(self, name: str, reason: str, *, shallow: bool = False) -> None:
        super().__init__(reason)
        self.name = name
        self.reason = reason
        self.shallow = shallow


class Revision(Struct, frozen=True):
    """A commit, by the name it was asked for and by its id."""

    name: str
    commit: str


class Commit(Struct, frozen=True):
    """What a commit says: its tree, its parents, and when it was made (seconds since 1970)."""

    tree: str
    parents: tuple[str, ...]
    time: int


class Repository:
    """`top` is the working tree, `folder` its `.git`; `common` is where linked working trees keep what they share."""

    def __init__(self, top: Path, folder: Path) -> None:
        self.top = top
        self.folder = folder
        self.common = _common(folder)
        self.is_shallow = (self.common / "shallow").is_file()
        self.objects = Objects(self.common / "objects", self._digits())
        self._cut_off: frozenset[str] | None = None

    def revision(self, name: str) -> Revision:
        """The commit that a name stands for. Raises RevisionUnknown, and Damaged."""
        base, steps = _split(name)
        try:
            commit = self._peeled(self._named(name, base), name)
            for step, number in steps:
                commit = self._step(commit, step, number, name)
        except Missing as missing:
            raise self._unknown(name, f"the commit {missing} is not in this clone") from missing
        return Revision(name, commit)

    def commit(self, wanted: str) -> Commit:
        """Raises Missing, and Damaged where the object is no commit."""
        kind, content = self.objects.read(wanted)
        head = content.partition(b"\n\n")[0].decode("utf-8", "replace")
        trees = re.findall(r"^tree ([0-9a-f]+)$", head, re.MULTILINE)
        made = re.search(r"^committer .*> (\d+) [+-]\d+$", head, re.MULTILINE)
        if kind != "commit" or not trees:
            raise Damaged(f"the object {wanted} is no commit")
        parents = () if wanted in self._shallow() else re.findall(r"^parent ([0-9a-f]+)$", head, re.MULTILINE)
        return Commit(trees[0], tuple(parents), int(made[1]) if made else 0)

    def _named(self, name: str, base: str) -> str:
        if base == "@":
            base = "HEAD"
        for place in _PLACES if _is_name(base) else ():
            found = self._reference(place.format(base))
            if found is not None:
                return found
        if _ID.fullmatch(base):
            return base
        if _SHORT_ID.fullmatch(base):
            ids = self.objects.beginning_with(base)
            commits = [one for one in ids if self.objects.read(one)[0] in ("commit", "tag")]
            if len(commits) == 1:
                return commits[0]
            if commits:
                raise RevisionUnknown(name, f'{len(commits)} commits begin with "{base}"; write more digits')
        if "@{" in base or ":" in base:
            raise RevisionUnknown(name, f'"{base}" is written in a way that needs more than the commits')
        if (self.common / "reftable").is_dir():
            reason = (
                f'this repository keeps its names in a form (reftable) in which "{base}" cannot be looked up'
            )
            raise RevisionUnknown(name, f"{reason}; write the commit's id: git rev-parse {base}")
        raise self._unknown(name, f'no branch, tag or commit is called "{base}" here')

    def _unknown(self, name: str, reason: str) -> RevisionUnknown:
        return RevisionUnknown(name, reason, shallow=self.is_shallow)

    def _reference(self, name: str, depth: int = 0) -> str | None:
        """The id that a reference holds; None where there is none."""
        if depth > _MOST_SYMBOLIC or not _is_name(name):
            return None
        for folder in (self.folder, self.common):
            try:
                text = (folder / name).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                continue
            if text.startswith("ref: "):
                return self._reference(text.removeprefix("ref: ").strip(), depth + 1)
            if _ID.fullmatch(text):
                return text
        return self._packed_references().get(name)

    def _packed_references(self) -> dict[str, str]:
        try:
            lines = (self.common / "packed-refs").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        parts = (line.partition(" ") for line in lines if not line.startswith(("#", "^")))
        return {name: found for found, _, name in parts if _ID.fullmatch(found)}

    def _digits(self) -> int:
        """How long ids are here, as the first one that is found says."""
        found = self._reference("HEAD") or next(iter(self._packed_references().values()), "")
        return len(found) or self._digits_of_branches()

    def _digits_of_branches(self) -> int:
        for path in sorted((self.common / "refs").rglob("*")):
            found = self._reference(path.relative_to(self.common).as_posix()) if path.is_file() else None
            if found is not None:
                return len(found)
        return 40

    def _peeled(self, wanted: str, name: str) -> str:
        """The commit that a tag leads to."""
        for _ in range(_MOST_TAGS):
            kind, content = self.objects.read(wanted)
            if kind == "commit":
                return wanted
            target = re.match(rb"object ([0-9a-f]+)\n", content)
            if kind != "tag" or target is None:
                break
            wanted = target[1].decode()
        raise RevisionUnknown(name, f'"{name}" is a {kind}, not a commit')

    def _step(self, commit: str, step: str, number: str, name: str) -> str:
        if number.startswith("{"):
            return commit
        count = int(number) if number else 1
        if step == "^" and count == 0:
            return commit
        if count > _MOST_BACK:
            raise RevisionUnknown(name, f"{count} commits back is further than is looked")
        for _ in range(count if step == "~" else 1):
            parents = self.commit(commit).parents
            wanted = 0 if step == "~" else count - 1
            if wanted >= len(parents):
                raise self._unknown(name, f"the commit {commit[:12]} has no such parent here")
            commit = parents[wanted]
        return commit

    def _shallow(self) -> frozenset[str]:
        """The commits whose parents were not fetched."""
        if self._cut_off is None:
            text = (self.common / "shallow").read_text(encoding="utf-8") if self.is_shallow else ""
            self._cut_off = frozenset(text.split())
        return self._cut_off


def discover(start: Path) -> Repository | None:
    """The repository whose working tree holds a folder, or None. Raises Damaged for a `.git` that leads nowhere."""
    for top in (start, *start.parents):
        found = top / ".git"
        if found.is_dir():
            return Repository(top, found)
        if found.is_file():
            text = found.read_text(encoding="utf-8", errors="replace").strip()
            folder = (top / text.removeprefix("gitdir:").strip()).resolve()
            if not text.startswith("gitdir:") or not folder.is_dir():
                raise Damaged(f"{found} names no folder of a repository")
            return Repository(top, folder)
    return None


def _common(folder: Path) -> Path:
    try:
        named = (folder / "commondir").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return folder
    return (folder / named).resolve()


def _split(name: str) -> tuple[str, list[tuple[str, str]]]:
    """A name without the steps at its end (`HEAD~2^2`), and those."""
    found = re.search(r"(?:[\^~](?:[0-9]*|\{commit\}|\{\}))+$", name)
    base = name[: found.start()] if found else name
    return base, _STEPS.findall(found[0]) if found else []


def _is_name(text: str) -> bool:
    """Whether a text can be a reference's name (git-check-ref-format(1)): never a path that leads elsewhere."""
    parts = text.split("/")
    return not (
        not text
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
        or re.search(r"\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]", text)
        or text.endswith(".")
    )
