"""The files of a commit below one of its folders, listed and read as they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from mlc.git.objects import Damaged, Missing, Objects

Kind = Literal["file", "folder", "link", "submodule"]
_KINDS: dict[int, Kind] = {0o040000: "folder", 0o100000: "file", 0o120000: "link", 0o160000: "submodule"}
_MOST_LINKS = 40


class Entry(Struct, frozen=True):
    """What stands at a path: `id` is the content's of a file, the tree's of a folder, the commit's of a submodule."""

    kind: Kind
    id: str


class Tree:
    """The files below a folder of a commit. Paths are relative to that folder, which no link leads out of.

    `None` stands for a commit in which the folder does not exist.
    """

    def __init__(self, objects: Objects, tree: str | None) -> None:
        self._objects = objects
        self._root = None if tree is None else Entry("folder", tree)
        self._listed: dict[str, dict[str, Entry]] = {}

    def within(self, path: str) -> Tree:
        """The files below a folder of this one; links on the way are not followed."""
        found = self._root
        for part in path.split("/") if path else ():
            if found is None or found.kind != "folder":
                found = None
                break
            found = self._children(found).get(part)
        return Tree(self._objects, found.id if found is not None and found.kind == "folder" else None)

    def entry(self, path: str) -> Entry | None:
        """What stands at a path once links are followed; None where nothing does or a link leads out."""
        return self._located(path)[0]

    def leads_out(self, path: str) -> bool:
        """Whether a link on the way to a path leads out of the folder."""
        return self._located(path)[1]

    def listing(self, folder: str) -> tuple[frozenset[str], frozenset[str]] | None:
        """The names of the files and of the folders in a folder, links by what they lead to; None without it."""
        found = self.entry(folder)
        if found is None or found.kind != "folder":
            return None
        files, folders = set(), set()
        for name, child in self._children(found).items():
            if child.kind == "link":
                led, leads_out = self._located(f"{folder}/{name}" if folder else name)
                if leads_out:
                    files.add(name)  # to be refused by its name, as on a disk
                if led is None:
                    continue
                child = led
            if child.kind == "folder":
                folders.add(name)
            elif child.kind == "file":
                files.add(name)
        return frozenset(files), frozenset(folders)

    def read(self, path: str) -> bytes:
        """The content of a file. Raises OSError where there is none, Missing and Damaged."""
        found = self.entry(path)
        if found is None or found.kind != "file":
            raise FileNotFoundError(2, "it is no file in this revision")
        return self._objects.read(found.id)[1]

    def submodules(self, folders: Iterable[str]) -> tuple[str, ...]:
        """The paths that are other repositories, at the top and in some folders: their files are not here."""
        found = []
        for folder in ("", *folders):
            entry = self.entry(folder)
            if entry is not None and entry.kind == "folder":
                names = [name for name, child in self._children(entry).items() if child.kind == "submodule"]
                found += [f"{folder}/{name}" if folder else name for name in names]
        return tuple(sorted(found))

    def _children(self, folder: Entry) -> dict[str, Entry]:
        if folder.id not in self._listed:
            kind, content = self._objects.read(folder.id)
            if kind != "tree":
                raise Damaged(f"the object {folder.id} is no tree")
            self._listed[folder.id] = _parsed(content, len(folder.id) // 2, folder.id)
        return self._listed[folder.id]

    def _located(self, path: str) -> tuple[Entry | None, bool]:
        """What stands at a path, and whether a link led out on the way."""
        parts = path.split("/") if path else []
        trail: list[Entry] = []
        names: list[str] = []
        links = 0
        if self._root is None:
            return None, False
        while parts:
            part = parts.pop(0)
            if part in ("", "."):
                continue
            if part == "..":
                if not trail:
                    return None, True
                trail.pop()
                names.pop()
                continue
            here = trail[-1] if trail else self._root
            if here.kind == "submodule":
                return here, False
            if here.kind != "folder":
                return None, False
            found = self._children(here).get(part)
            if found is None:
                return None, False
            if found.kind == "link":
                links += 1
                target = self._objects.read(found.id)[1].decode("utf-8", "surrogateescape")
                if links > _MOST_LINKS or "\0" in target:
                    return None, False
                if target.startswith("/"):
                    return None, True
                parts = target.split("/") + parts
                continue
            trail.append(found)
            names.append(part)
        return (trail[-1] if trail else self._root), False


def blob_id(content: bytes, digits: int) -> str:
    """The id that git gives a file's content, of 40 digits or of 64."""
    made = hashlib.sha1(usedforsecurity=False) if digits == 40 else hashlib.sha256()
    made.update(b"blob %d\0" % len(content))
    made.update(content)
    return made.hexdigest()


def _parsed(content: bytes, width: int, tree: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    place = 0
    while place < len(content):
        space, zero = content.find(b" ", place), content.find(b"\0", place)
        end = zero + 1 + width
        if not place < space < zero or end > len(content):
            raise Damaged(f"the tree {tree} cannot be read")
        try:
            kind = _KINDS[int(content[place:space], 8) & 0o170000]
        except (ValueError, KeyError) as error:
            raise Damaged(f"the tree {tree} holds an entry of an unknown kind") from error
        name = content[space + 1 : zero].decode("utf-8", "surrogateescape")
        found[name] = Entry(kind, content[zero + 1 : end].hex())
        place = end
    return found


__all__ = ["Entry", "Missing", "Tree", "blob_id"]
