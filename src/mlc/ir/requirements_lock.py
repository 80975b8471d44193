"""A lock file of packages: what pip is to install, each at one version and by the digests of its files.

Two forms are read: requirements with `--hash`, as pip-compile and uv write them, and `pylock.toml` (PEP 751).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from mlc.ir.span import Span

MOST_CHARACTERS = 2_000_000
LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The digests that pip takes in its mode of hashes, and how many hexadecimal digits each has."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+_-]*")
_EXTRAS = re.compile(r"\[[A-Za-z0-9._, -]*\]\Z")
_MARKER = re.compile(r"[A-Za-z0-9_.'\"<>=!~() ,+*-]+")
_WITHOUT_EFFECT = ("--require-hashes",)
_PACKAGES = re.compile(r"^\[\[\s*packages\s*\]\]", re.MULTILINE)


class Locked(Struct, frozen=True):
    """A package at one version. `hashes` are written as pip does: `sha256:…`. `marker` says where it is wanted."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str
    span: Span

    @property
    def key(self) -> str:
        return normal(self.name)


class Fault(Struct, frozen=True):
    """What is wrong with a lock file, in a full sentence, and where."""

    span: Span
    detail: str
    text: str = ""


class Lock(Struct, frozen=True):
    """What a lock file says, and what is wrong with it."""

    packages: tuple[Locked, ...]
    faults: tuple[Fault, ...]


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def same_version(one: str, other: str) -> bool:
    """Whether two versions are the same: 2.1 is 2.1.0, and letters' case does not matter (PEP 440)."""
    return _plain(one) == _plain(other)


def _plain(version: str) -> str:
    public, _, local = version.lower().replace("_", ".").partition("+")
    found = re.match(r"[0-9.]+", public)
    release = found.group() if found else ""
    kept = re.sub(r"(\.0+)+\Z", "", release.rstrip(".")) + public[len(release.rstrip(".")) :]
    return f"{kept}+{local}" if local else kept


def parse(file: str, text: str) -> Lock:
    """What a lock file says; of a name that ends in .toml the form of PEP 751."""
    if len(text) > MOST_CHARACTERS:
        return Lock((), (Fault(_line(file, 1, ""), f"{file} has more than {MOST_CHARACTERS:,} characters."),))
    packages: list[Locked] = []
    faults: list[Fault] = []
    for found in _of_toml(file, text) if file.endswith(".toml") else _of_requirements(file, text):
        if isinstance(found, Fault):
            faults.append(found)
        else:
            packages.append(found)
    faults += _twice(packages)
    if not packages and not faults:
        faults.append(Fault(_line(file, 1, ""), f"{file} locks no package."))
    return Lock(tuple(packages), tuple(faults))


def _twice(packages: list[Locked]) -> Iterator[Fault]:
    """pip takes the first of two lines where no marker keeps them apart, or refuses both."""
    seen: dict[tuple[str, str], Locked] = {}
    for one in packages:
        first = seen.setdefault((one.key, one.marker), one)
        if first is not one:
            yield Fault(
                one.span, f"{one.name} stands twice, at {first.version} and at {one.version}.", "stands twice"
            )


def _of_requirements(file: str, text: str) -> Iterator[Locked | Fault]:
    for number, shown, logical in _logical(text):
        span = _line(file, number, shown)
        if logical.startswith("-"):
            option = re.split(r"[\s=]", logical, maxsplit=1)[0]
            if option not in _WITHOUT_EFFECT:
                yield Fault(
                    span,
                    f"{option} is an option of pip. A lock says which packages, and nothing of where they are taken "
                    "from or how; leave it out.",
                    "is no package",
                )
            continue
        yield _requirement(span, logical)


def _logical(text: str) -> Iterator[tuple[int, str, str]]:
    """Lines of pip: the number of the first, its text, and all of it without comments."""
    pending, start, shown = "", 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not pending:
            start, shown = number, line
        bare = "" if line.lstrip().startswith("#") else re.split(r"\s#", line, maxsplit=1)[0]
        bare = bare.rstrip()
        if bare.endswith("\\"):
            pending += bare[:-1] + " "
            continue
        whole = (pending + bare).strip()
        pending = ""
        if whole:
            yield start, shown, whole
    if pending.strip():
        yield start, shown, pending.strip()


def _requirement(span: Span, logical: str) -> Locked | Fault:
    head, *options = re.split(r"\s+(?=--)", logical)
    wanted, _, marker = head.partition(";")
    name, pinned, version = (part.strip() for part in wanted.partition("=="))
    if not pinned:
        name = re.split(r"[<>=!~]", wanted, maxsplit=1)[0].strip()
    name = _EXTRAS.sub("", name).strip()
    if not _NAME.fullmatch(name):
        return Fault(
            span,
            f"`{wanted.strip()[:80]}` is no package of an index, written name==version.",
            "cannot be locked",
        )
    if not pinned or not _VERSION.fullmatch(version):
        return Fault(
            span, f"{name} is not pinned to one exact version, written {name}==1.2.3.", "needs one version"
        )
    if marker and not _MARKER.fullmatch(marker.strip()):
        return Fault(span, f"What stands behind the semicolon of {name} is no marker.", "no marker")
    hashes = [one.strip().removeprefix("--hash=").removeprefix("--hash ").strip() for one in options]
    return _hashed(span, Locked(name, version, tuple(hashes), marker.strip(), span))


def _hashed(span: Span, found: Locked) -> Locked | Fault:
    if not found.hashes:
        return Fault(
            span,
            f"{found.name} has no --hash: what an index gives for it under that name and version could be anything.",
            "needs a hash",
        )
    for one in found.hashes:
        algorithm, _, digest = one.partition(":")
        if not re.fullmatch(r"[0-9a-f]+", digest) or len(digest) != LENGTHS.get(algorithm):
            return Fault(
                span,
                f"`{one[:80]}` of {found.name} is no hash that pip takes: sha256, sha384 or sha512, in lower case.",
                "is no hash",
            )
    return found


def _of_toml(file: str, text: str) -> Iterator[Locked | Fault]:
    import tomllib

    try:
        read: Mapping[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error) or "it is nested too deeply"
        at = re.search(r"at line (\d+)", said)
        yield Fault(
            _line(file, int(at.group(1)) if at else 1, ""), f"{file} is no TOML: {said}.", "cannot be read"
        )
        return
    if str(read.get("lock-version", "")).partition(".")[0] != "1":
        yield Fault(
            _line(file, 1, ""), f"{file} does not say lock-version 1.x (PEP 751).", "needs lock-version"
        )
        return
    starts = [text.count("\n", 0, found.start()) + 1 for found in _PACKAGES.finditer(text)]
    packages = read.get("packages", [])
    for nth, one in enumerate(packages if isinstance(packages, list) else []):
        line = starts[nth] if nth < len(starts) else 1
        yield _package(_line(file, line, text.split("\n")[line - 1]), one if isinstance(one, Mapping) else {})


def _package(span: Span, one: Mapping[str, Any]) -> Locked | Fault:
    name, version = str(one.get("name", "")), str(one.get("version", ""))
    if not _NAME.fullmatch(name):
        return Fault(span, "This package says no name.", "needs a name")
    for elsewhere in ("vcs", "directory"):
        if elsewhere in one:
            return Fault(
                span, f"{name} comes from a {elsewhere}, of which no hash is known.", "cannot be locked"
            )
    if not _VERSION.fullmatch(version):
        return Fault(span, f"{name} is not pinned to one exact version.", "needs one version")
    marker = str(one.get("marker", "")).strip()
    if marker and not _MARKER.fullmatch(marker):
        return Fault(span, f"What {name} has for a marker is none.", "no marker")
    wheels = one.get("wheels", [])
    files = [*(wheels if isinstance(wheels, list) else []), one.get("sdist"), one.get("archive")]
    hashes = [
        f"{algorithm}:{digest}"
        for file in files
        if isinstance(file, Mapping) and isinstance(file.get("hashes"), Mapping)
        for algorithm, digest in file["hashes"].items()
        if algorithm in LENGTHS
    ]
    return _hashed(span, Locked(name, version, tuple(dict.fromkeys(hashes)), marker, span))


def _line(file: str, number: int, text: str) -> Span:
    """The words of a line."""
    bare = text.strip().removesuffix("\\").rstrip()
    column = len(text) - len(text.lstrip()) + 1
    return Span(file, number, column, number, column + max(1, min(len(bare), 200)))
