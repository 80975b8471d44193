"""Shared layers: where a module comes from, and what `mlc.lock` holds of it.

The lock is what a compiler goes by: it lists every file of every module with the digest of its bytes, so that what
stands in `.mlc/modules` can be read without trusting it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from mlc.ir.diagnostic import Diagnostic
from mlc.ir.span import Span

LOCK = "mlc.lock"
FOLDER = ".mlc/modules"
MOST_FILES = 1_000  # of one module
LARGEST_LOCK = 3_000_000  # bytes

_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
FILE_PATTERN = rf"^({_SEGMENT}(/{_SEGMENT})+\.yaml|backends/{_SEGMENT}/{_SEGMENT})$"
PATH_PATTERN = rf"^{_SEGMENT}(/{_SEGMENT})*$"
_REVISION = r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*"
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"


class Package(Struct, frozen=True):
    """An installed Python package, by the name that it is imported by."""

    name: str


class Folder(Struct, frozen=True):
    """A folder, relative to the project's."""

    path: str


class Git(Struct, frozen=True):
    """A repository: a URL of https, ssh or file, or a folder relative to the project's."""

    url: str
    is_local: bool  # a folder relative to the project's


Origin = Package | Folder | Git


class Refused(Struct, frozen=True):
    """A source that is none. `is_secret` says that it holds credentials, which no message may repeat."""

    reason: str
    is_secret: bool = False


class Declared(Struct, frozen=True):
    """A module as mlc.yaml names it; `span` is where its source stands."""

    name: str
    source: str
    version: str
    revision: str
    path: str
    origin: Origin
    span: Span


class Resolved(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a source was resolved to: a package in a version, or a commit by the ref that led to it."""

    package: str = ""
    version: str = ""
    commit: str = ""
    ref: str = ""

    def __str__(self) -> str:
        if self.commit:
            name = self.ref.removeprefix("refs/tags/").removeprefix("refs/heads/")
            return f"{name} ({self.commit[:12]})" if name and name != self.commit else self.commit[:12]
        return self.version


class Locked(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One module of the lock. `files` gives the SHA-256 (hex) of each file by its path in the module."""

    source: str
    digest: str
    files: dict[str, str]
    resolved: Resolved = Resolved()
    version: str = ""
    revision: str = ""
    path: str = ""

    def fits(self, declared: Declared) -> bool:
        """Whether mlc.yaml still says what was locked."""
        return (self.source, self.version, self.revision, self.path) == (
            declared.source, declared.version, declared.revision, declared.path
        )  # fmt: skip


class Lock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mlc.lock`: what `mlc modules update` found, to be committed."""

    version: Literal[1] = 1
    modules: dict[str, Locked] = {}


class Module(Struct, frozen=True):
    """A module as composing uses it: its files stand in `folder`, below the project's.

    `problem` says why none of its layers can be read; a module with a problem has no files. It is None, with no
    files, where the schema says what is wrong.
    """

    name: str
    folder: str = ""
    files: Mapping[str, str] = {}
    problem: Diagnostic | None = None
    usable: bool = True


def origin_of(source: str) -> Origin | Refused:
    """What the text of a `source` stands for."""
    if not source or not source.isprintable() or " " in source or "\\" in source or "${" in source:
        return Refused("it holds a character that no source may hold")
    if source.startswith("pkg://"):
        name = source.removeprefix("pkg://")
        if not name.isidentifier() or not name.isascii():
            return Refused("after pkg:// stands the name that Python imports the package by, without dots")
        return Package(name)
    if source.startswith("git+"):
        return _git(source.removeprefix("git+"))
    if "::" in source or "://" in source:
        return Refused("only pkg://, git+https://, git+ssh:// and git+file:// are known")
    reason = _bad_folder(source)
    return Refused(reason) if reason else Folder(source)


def _git(url: str) -> Git | Refused:
    if "::" in url:
        return Refused("a transport with :: starts a program")
    if "://" not in url:
        if "@" in url or ":" in url:
            return Refused("a host is written as git+ssh://git@host/path")
        reason = _bad_folder(url)
        return Refused(reason) if reason else Git(url, is_local=True)
    from urllib.parse import urlsplit  # only who has modules needs it

    try:
        parts = urlsplit(url)
        user, at, host = parts.netloc.rpartition("@")
    except ValueError:
        return Refused("it is no URL")
    if parts.scheme not in ("https", "ssh", "file"):
        return Refused("git is used over https, ssh and file only")
    if ":" in user or (at and parts.scheme != "ssh") or "?" in url or "#" in url:
        reason = "it may hold credentials; git takes them from its own configuration"
        return Refused(reason, is_secret=True)
    if parts.scheme == "file":
        absolute = not parts.netloc and parts.path.startswith("/")
        return Git(url, is_local=False) if absolute else Refused("after git+file:// stands an absolute path")
    if (at and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", user) is None) or re.fullmatch(
        _HOST, host
    ) is None:
        return Refused("it names no host")
    return Git(url, is_local=False)


def _bad_folder(path: str) -> str:
    """Why a text is no relative folder, or nothing."""
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return "a folder is given relative to the project's, so that it is found on every machine"
    return "it looks like an option" if path.startswith("-") else ""


def is_revision(text: str) -> bool:
    """Whether a text may be a tag, a branch or a commit."""
    return re.fullmatch(_REVISION, text) is not None and ".." not in text and not text.endswith(".lock")


def tree_digest(files: Mapping[str, str]) -> str:
    """The SHA-256 (hex) of a module: of the paths of its files and the digests of their bytes."""
    import hashlib

    text = "".join(f"{path}\0{files[path]}\n" for path in sorted(files))
    return hashlib.sha256(text.encode()).hexdigest()


def folder_of(name: str, digest: str) -> str:
    """Where the files of a module stand, below the project's folder. Other versions stand beside it."""
    return f"{FOLDER}/{name}-{digest[:12]}"


def is_of_module(file: str) -> bool:
    """Whether a file below the project's folder is an installed module's."""
    return file.startswith(f"{FOLDER}/")


def read_lock(content: bytes) -> Lock | str:
    """The lock in a file's bytes, or what is wrong with it."""
    if len(content) > LARGEST_LOCK:
        return f"it has more than {LARGEST_LOCK:,} bytes"
    try:
        lock = msgspec.json.decode(content, type=Lock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return str(error).rstrip(".")
    for name, locked in lock.modules.items():
        wrong = [path for path in locked.files if re.fullmatch(FILE_PATTERN, path) is None]
        if wrong or not locked.files or len(locked.files) > MOST_FILES:
            return f'the files of "{name}" are none that mlc writes'
        if locked.digest != tree_digest(locked.files):
            return f'the digest of "{name}" is not that of its files'
    return lock


def write_lock(lock: Lock) -> bytes:
    """The bytes of a lock: the same for the same lock, and a line for each value so that versions compare well."""
    encoded = msgspec.json.encode(lock, order="sorted")
    return msgspec.json.format(encoded, indent=2) + b"\n"
