"""A catalogue in readable folders, for who wants to see it, copy it, or keep it in a repository.

```
models/churn/versions/3/version.json   the digest that says which model it is, and when it was registered
                        1.json         its first description: every file by role, as digests; 2.json the next
                        onnx, card …   links to these files, where the file system has links
models/churn/digests/5e1f…             the number of the version that is known by that digest
models/churn/aliases/production.json   where the alias points, and the line of the log that says so
datasets/loans/…                       the same for datasets
models/churn/described                 a line for each version that was described anew
log.jsonl                              the promotion log, a line each
.index                                 an index of facts, which is made anew where it does not match
```

One process writes at a time (flock). A version's folder is made aside and renamed, a line of the log is whole once
its end is written: these two are the commit points. What is written after them only makes looking quick, and is
made up for by who looks next, should its writer be killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from mlc.drivers.registry.catalogue import Answer, Held, Revision, readable
from mlc.drivers.registry.fact_rows import FactRows
from mlc.drivers.registry.facts import Fact, Wanted, facts_of
from mlc.drivers.registry.folder_files import (
    Known,
    Pointing,
    failures_told,
    hint,
    is_cut,
    last_line,
    listed,
    read,
)
from mlc.drivers.registry.folder_index import FolderIndex, brought_up_to_date, is_up_to_date
from mlc.ir.operation import StepFailed
from mlc.ir.registry import Promotion
from mlc.rules import registry_unreadable
from mlc.store.files import TEMPORARY, make_folder, sync_folder, write_atomically
from mlc.store.lock import waiting
from mlc.store.together import sync_folders, together

LOCK = ".lock"
_DATASET = "dataset/"
_DESCRIBED = "described"


class InFolders(Struct, frozen=True):
    """A catalogue in the folders below a path. `files` is the folder of the bytes, which the links lead to."""

    root: Path
    files: Path

    @contextmanager
    def look(self) -> Iterator[Folders | None]:
        with failures_told(self.root):
            if not self.root.is_dir():
                yield None
                return
            with closing(Folders(self.root, self.files)) as folders:
                yield folders

    def change(self, doing: Callable[[Folders], Answer]) -> Answer:
        with failures_told(self.root):
            make_folder(self.root, 0o700)
            with waiting(self.root / LOCK), closing(Folders(self.root, self.files, held=True)) as folders:
                folders.make_up()
                answer = doing(folders)
                folders.write()
                return answer


class Folders:
    """The catalogue at one moment; what is said to it is written by `write`, all of it about one version or alias."""

    def __init__(self, root: Path, files: Path, *, held: bool = False) -> None:
        self._root = root
        self._files = files
        self._held = held  # whether nobody else writes meanwhile
        self._last = last_line(root / "log.jsonl")
        self._said: Callable[[], None] | None = None
        self._index = FolderIndex(root)

    def close(self) -> None:
        self._index.close()

    def names(self) -> tuple[str, ...]:
        found = [*listed(self._root / "models")]
        found += [_DATASET + name for name in listed(self._root / "datasets")]
        return tuple(sorted(name for name in found if self.latest(name)))

    def numbers(self, name: str) -> tuple[int, ...]:
        found = listed(self._folder(name) / "versions")
        return tuple(sorted(int(number) for number in found if number.isdigit()))

    def latest(self, name: str) -> int:
        folder = self._folder(name)
        try:
            number = int((folder / "latest").read_text(encoding="ascii"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            number = 0
        if number and not (folder / "versions" / str(number)).is_dir():
            return max(self.numbers(name), default=0)  # the hint is from elsewhere
        if not number:
            number = max(self.numbers(name), default=0)
        while (folder / "versions" / str(number + 1)).is_dir():
            number += 1
        return number

    def number_of(self, name: str, digest: str) -> int | None:
        path = self._folder(name) / "digests" / digest
        try:
            number = int(path.read_text(encoding="ascii"))
        except (FileNotFoundError, NotADirectoryError, ValueError):
            number = self.latest(name)  # the only one whose writer may have been killed before it said so
        known = self._known(name, number)
        return number if known is not None and known.digest == digest else None

    def held(self, name: str, number: int) -> Held | None:
        known = self._known(name, number)
        if known is None:
            return None
        folder = self._version(name, number)
        revisions = sorted(int(file[:-5]) for file in listed(folder) if file[:-5].isdigit())
        found = [read(folder / f"{nth}.json", Revision) for nth in revisions]
        return Held(known.digest, known.created, tuple(one for one in found if one is not None))

    def aliases(self, name: str) -> dict[str, int]:
        found = {file.removesuffix(".json") for file in listed(self._folder(name) / "aliases")}
        if self._last is not None and self._last.name == name:
            found.add(self._last.alias)
        pointing = {alias: self._alias(name, alias) for alias in sorted(found)}
        return {
            alias: one.number for alias, one in pointing.items() if one is not None and one.number is not None
        }

    def standing(self) -> dict[tuple[str, str], int]:
        return {
            (name, alias): number for name in self.names() for alias, number in self.aliases(name).items()
        }

    def log(self) -> tuple[Promotion, ...]:
        path = self._root / "log.jsonl"
        try:
            lines = path.read_bytes().split(b"\n")[:-1]  # what has no end was never said
        except FileNotFoundError:
            return ()
        try:
            return tuple(msgspec.json.decode(line, type=Promotion) for line in lines)
        except (msgspec.MsgspecError, ValueError) as error:
            raise StepFailed(registry_unreadable.damaged(path, error)) from error

    def last_line(self, name: str = "", alias: str = "") -> Promotion | None:
        if not name:
            return self._last
        found = self._alias(name, alias)
        return None if found is None else found.line

    def referenced(self) -> tuple[str, ...]:
        return tuple(
            sorted(
                {
                    digest
                    for name in self.names()
                    for number in self.numbers(name)
                    if (held := self.held(name, number)) is not None
                    for revision in held.revisions
                    for digest in revision.files.values()
                }
            )
        )

    def add_version(self, name: str, number: int, held: Held) -> None:
        self._say(lambda: self._write_version(name, number, held))

    def add_revision(self, name: str, number: int, revision: Revision) -> None:
        held = self.held(name, number)
        assert held is not None, (name, number)
        nth = len(held.revisions) + 1
        self._say(lambda: self._write_revision(name, number, nth, revision))

    def point(self, line: Promotion) -> None:
        self._say(lambda: self._write_line(line))

    def remove_version(self, name: str, number: int) -> None:
        self._say(lambda: self._remove(name, number))

    def seek(self, wanted: Wanted) -> frozenset[tuple[str, int]]:
        return self._up_to_date().seek(wanted)

    def told(self, path: str) -> tuple[tuple[str, int, str], ...]:
        return self._up_to_date().told(path)

    def unnoted(self) -> tuple[tuple[str, int], ...]:
        # while it is changed nobody asks for more: whatever came by another way is found by who looks
        return () if self._held else self._up_to_date().unnoted()

    def write(self) -> None:
        """Do what was said."""
        if self._said is not None:
            self._said()

    def make_up(self) -> None:
        """Finish what a killed writer had committed, and remove what it had not."""
        log = self._root / "log.jsonl"
        with suppress(FileNotFoundError), log.open("r+b") as file:
            end = file.read().rfind(b"\n") + 1 if is_cut(file) else None
            if end is not None:
                file.truncate(end)
                os.fsync(file.fileno())
        if self._last is not None:
            held = read(self._alias_file(self._last.name, self._last.alias), Pointing)
            if held is None or held.line != self._last:
                self._write_alias(self._last)

    def _say(self, doing: Callable[[], None]) -> None:
        assert self._said is None, "one change is one version, one description or one alias"
        self._said = doing

    def _up_to_date(self) -> FactRows:
        """The index, once it knows of everything that lies here."""
        names = (*listed(self._root / "models"), *(_DATASET + one for one in listed(self._root / "datasets")))
        folders = {name: self._folder(name) for name in names}
        if not is_up_to_date(self._index, folders):
            may_write = os.access(self._root, os.W_OK)
            with waiting(self._root / LOCK) if may_write and not self._held else nullcontext():
                brought_up_to_date(self._index, folders, self._described)
        return self._index.facts

    def _described(self, name: str, number: int) -> tuple[str, Sequence[Fact] | None] | None:
        """The digest of a version's last description, and its facts where it is there as it was written."""
        held = self.held(name, number)
        if held is None or not held.revisions:
            return None
        entry = held.revisions[-1].entry
        try:
            content = (self._files / entry[:2] / entry[2:4] / entry).read_bytes()
        except OSError:
            return entry, None
        return entry, facts_of(content) if hashlib.sha256(content).hexdigest() == entry else None

    def _write_version(self, name: str, number: int, held: Held) -> None:
        folder = self._version(name, number)
        make_folder(folder.parent)
        above, latest = self._folder(name), self.latest(name)
        if number != latest + 1:
            (above / "latest").unlink(missing_ok=True)  # where history is copied, numbers may be left out
            sync_folder(above)
        before = self._known(name, latest)
        if before is not None and not (above / "digests" / before.digest).exists():
            # its writer, of an earlier mlc, was killed before it said so
            write_atomically(above / "digests" / before.digest, b"%d\n" % latest, 0o644)
        staged = self._aside(name, number)
        staged.mkdir()
        make_folder(above / "digests")
        with together() as files:
            # said before it is so: a number is believed where the version of it has that digest
            files.write(above / "digests" / held.digest, b"%d\n" % number, 0o644)
            files.write(staged / "version.json", readable(Known(held.digest, held.created)), 0o644)
            for nth, revision in enumerate(held.revisions, start=1):
                files.write(staged / f"{nth}.json", readable(revision), 0o644)
                self._link(staged, folder, revision)
        os.rename(staged, folder)  # noqa: PTH104 - the os functions are what the fault tests replace
        sync_folders({folder.parent, above})
        hint(above / "latest", b"%d\n" % max(number, latest))

    def _write_revision(self, name: str, number: int, nth: int, revision: Revision) -> None:
        folder = self._version(name, number)
        # said before it is done: whoever looks for what is new reads a version in vain rather than overlooks one
        with (self._folder(name) / _DESCRIBED).open("ab") as file:
            file.write(f"{number} {revision.entry}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        write_atomically(folder / f"{nth}.json", readable(revision), 0o644)
        self._link(folder, folder, revision)

    def _remove(self, name: str, number: int) -> None:
        folder, known = self._version(name, number), self._known(name, number)
        aside = self._aside(name, number)
        # from a hint one counts on until a number is missing: before one is, it is made durable
        write_atomically(aside.parent / "latest", b"%d\n" % self.latest(name), 0o644)
        os.rename(folder, aside)  # noqa: PTH104 - the os functions are what the fault tests replace
        sync_folders({folder.parent, aside.parent})
        if known is not None:
            (self._folder(name) / "digests" / known.digest).unlink(missing_ok=True)
        shutil.rmtree(aside)

    def _aside(self, name: str, number: int) -> Path:
        """Where a version is made or taken apart: in the model's folder, which has few names, however many versions.

        What a writer left that was killed is removed, also where an earlier mlc put a version aside.
        """
        above, aside = self._folder(name), f"{TEMPORARY}{number}"
        for left in (*above.glob(f"{TEMPORARY}*"), above / "versions" / aside):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink(missing_ok=True)
        return above / aside

    def _link(self, folder: Path, final: Path, revision: Revision) -> None:
        """Links with the names of roles, for people: nothing of mlc follows them."""
        for role, digest in revision.files.items():
            target = os.path.relpath(self._files / digest[:2] / digest[2:4] / digest, final)
            with suppress(OSError):  # a file system without links
                (folder / role).unlink(missing_ok=True)
                (folder / role).symlink_to(target)

    def _write_line(self, line: Promotion) -> None:
        path = self._root / "log.jsonl"
        is_new = not path.exists()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            content = json.dumps(structs.asdict(line), separators=(",", ":")).encode() + b"\n"
            written = os.write(handle, content)
            if written != len(content):
                os.write(handle, content[written:])
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            sync_folder(self._root)
        self._write_alias(line)

    def _write_alias(self, line: Promotion) -> None:
        path = self._alias_file(line.name, line.alias)
        write_atomically(path, readable(Pointing(line.number, line)), 0o644)

    def _alias(self, name: str, alias: str) -> Pointing | None:
        """Where an alias points. The log's last line is right where the alias does not know of it yet."""
        if self._last is not None and (self._last.name, self._last.alias) == (name, alias):
            return Pointing(self._last.number, self._last)
        return read(self._alias_file(name, alias), Pointing)

    def _known(self, name: str, number: int) -> Known | None:
        return read(self._version(name, number) / "version.json", Known)

    def _alias_file(self, name: str, alias: str) -> Path:
        return self._folder(name) / "aliases" / f"{alias}.json"

    def _version(self, name: str, number: int) -> Path:
        return self._folder(name) / "versions" / str(number)

    def _folder(self, name: str) -> Path:
        if name.startswith(_DATASET):
            return self._root / "datasets" / name.removeprefix(_DATASET)
        return self._root / "models" / name
