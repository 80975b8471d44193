"""How files look from outside: what tells that one has changed, without reading it.

A path looks the same while its kind, size, inode and both times do.
"""

from __future__ import annotations

import hashlib
import os
import stat

COARSE = 2_000_000_000  # nanoseconds, of file systems that count whole seconds
MARGIN = 20_000_000  # nanoseconds: two changes within a tick of the kernel's clock may get the same time
NOT_FILES = ("/proc/", "/sys/")


def grouped(paths: set[str], listed: set[str], but: str) -> dict[str, list[str]]:
    """Paths by folder; those that were listed end in a slash.

    Also every folder on the way to one, which a link may take the place of. Of what stands in a folder that is not
    there, it is enough that the folder is not there.
    """
    there: dict[str, bool] = {}
    found: dict[str, set[str]] = {}
    left_out = (but + os.sep, *NOT_FILES)

    def is_there(folder: str) -> bool:
        known = there.get(folder)
        if known is None:
            above, name = os.path.split(folder)
            known = there[folder] = above == folder or (is_there(above) and os.path.isdir(folder))
            if above != folder and is_there(above):
                found.setdefault(above, set()).add(name)
        return known

    for path in paths:
        absolute = absolute_path(path)
        if absolute == but or absolute.startswith(left_out):
            continue
        folder, _, name = absolute.rpartition("/")
        folder = folder or "/"
        if is_there(folder):
            found.setdefault(folder, set()).add(f"{name}/" if path in listed else name)
    return {folder: sorted(names) for folder, names in sorted(found.items())}


def absolute_path(path: str) -> str:
    """As `os.path.abspath`, which takes its time: nearly all paths, and they come by the thousand, are it already."""
    is_plain = path.startswith("/") and "/." not in path and "//" not in path and not path.endswith("/")
    return path if is_plain else os.path.abspath(path)


class Looked:
    """How paths looked when they were first asked about.

    What is kept of something that was read after that may be kept with these looks: should a file have changed in
    between, it looks different from then on.
    """

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, str, int]] = {}
        self._lines: dict[str, tuple[str, int]] = {}  # what `at` gave for a path; listed ones end in a slash

    def at(self, path: str, name: str) -> tuple[str, int]:
        """How a path looks, and when that changed, in nanoseconds (0: it is not there, or it does not matter).

        Of a folder that was not listed (`name` does not end in a slash) it only matters that it is that folder.
        """
        found = self._found.get(path)
        if found is None:
            found = self._found[path] = _look(path)
        kind, times, changed = found
        if not changed or (kind.startswith("d") and not name.endswith("/")):
            return f"{name} {kind}", 0
        return f"{name} {kind} {times}", changed

    def all(self, paths: dict[str, list[str]]) -> tuple[str, int]:
        """A digest of how paths look, and when the last of them changed, in nanoseconds (0: none is there)."""
        digest = hashlib.sha256()
        newest = 0
        for folder, names in paths.items():
            lines = [folder]
            prefix = folder if folder.endswith(os.sep) else folder + os.sep
            for name in names:
                path = prefix + name
                known = self._lines.get(path)
                if known is None:
                    known = self._lines[path] = self.at(path.rstrip("/"), name)
                lines.append(known[0])
                if known[1] > newest:
                    newest = known[1]
            digest.update("\0".join(lines).encode("utf-8", "surrogateescape"))
        return digest.hexdigest(), newest


def _look(path: str) -> tuple[str, str, int]:
    """What a path is, its size and times, and when it changed last (0: it is not there)."""
    link = ""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            link = f" {os.readlink(path)} {found.st_ctime_ns}"
            found = os.stat(path)
    except (OSError, ValueError):
        return f"is not there{link}", "", 0
    if stat.S_ISCHR(found.st_mode):  # /dev/null and its like; in /dev/shm there may be a project
        return f"a device{link}", "", 0
    if not found.st_size and path.endswith("-wal"):  # SQLite makes an empty one to read
        return f"is not there{link}", "", 0
    kind = "d" if stat.S_ISDIR(found.st_mode) else "f"
    changed = found.st_ctime_ns
    return (
        f"{kind} {found.st_mode} {found.st_dev} {found.st_ino}{link}",
        f"{found.st_size} {found.st_mtime_ns} {changed}",
        changed if changed % 1_000_000_000 else changed + COARSE,
    )
