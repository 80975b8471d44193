"""Layers in a git repository, read as if everybody in it meant harm.

Only https, ssh and file are spoken, whatever any configuration says; nothing asks for a password; nothing of the
repository is checked out, so that no hook, filter, attribute or submodule of it has an effect. Objects are fetched
into a bare repository that is removed afterwards, and read by their names.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from mlc.ir.module import Declared, Git, Resolved
from mlc.ir.operation import StepFailed
from mlc.modules import versions
from mlc.modules.trees import Fetched, Gathering, folders
from mlc.rules import module_unreachable, module_version_missing

SECONDS = 300  # for one call of git
LARGEST_WRITTEN = 500_000_000  # bytes, in one file that git writes
MOST_SAID = 60_000_000  # bytes, by one call of git
_MOST_TOLD = 1_000  # characters of git's own words

_DEFAULT = re.compile(r"ref: refs/heads/[^\t]+\tHEAD")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_KEPT = re.compile(
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_.*|VALUE_.*)|EXEC_PATH)"
)


def fetch(declared: Declared, origin: Git, root: Path) -> Fetched:
    """The layers of the revision that mlc.yaml asks for. Raises StepFailed."""
    with _Repository(declared, origin, root) as repository:
        return repository.read(repository.resolve())


def fetch_commit(declared: Declared, origin: Git, root: Path, resolved: Resolved) -> Fetched:
    """The layers of a commit. Raises StepFailed."""
    with _Repository(declared, origin, root) as repository:
        return repository.read(resolved)


def resolve(declared: Declared, origin: Git, root: Path) -> Resolved:
    """The commit that mlc.yaml asks for now. Raises StepFailed."""
    with _Repository(declared, origin, root) as repository:
        return repository.resolve()


class _Repository:
    """A repository elsewhere, and a bare one here that its objects are fetched into."""

    def __init__(self, declared: Declared, origin: Git, root: Path) -> None:
        self.declared = declared
        self.url = _url(origin, root)
        self.local = origin.url if origin.is_local else ""
        self.place = Path()
        self.branch = "HEAD"  # what HEAD stands for on the other side, once its refs are known

    def __enter__(self) -> _Repository:
        if shutil.which("git") is None:
            raise self.unreachable("git is not installed, or not on the PATH", "Install git.")
        self.place = Path(tempfile.mkdtemp(prefix="mlc-module-"))
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.place, ignore_errors=True)

    def resolve(self) -> Resolved:
        """What the revision or the version of mlc.yaml stands for, or the default branch."""
        refs = self._refs()
        revision, version = self.declared.revision, self.declared.version
        tags = [
            ref.removeprefix("refs/tags/") for ref in refs if ref.startswith("refs/tags/") and "^" not in ref
        ]
        if _COMMIT.fullmatch(revision):
            return Resolved(commit=revision)
        if revision:
            for ref in (f"refs/tags/{revision}", f"refs/heads/{revision}"):
                if ref in refs:
                    return Resolved(commit=refs.get(f"{ref}^{{}}", refs[ref]), ref=ref)
            branches = [ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")]
            raise self._missing(f'"{revision}"', [*versions.newest_first(tags), *branches])
        if version:
            wanted = versions.specifiers(version)
            if wanted is None:
                raise StepFailed(
                    module_version_missing.no_constraint(self.declared.name, self.declared.span, version)
                )
            tag = versions.highest(tags, wanted)
            if tag is None:
                raise self._missing(version, versions.newest_first(tags))
            ref = f"refs/tags/{tag}"
            return Resolved(commit=refs.get(f"{ref}^{{}}", refs[ref]), ref=ref)
        if "HEAD" not in refs:
            raise self.unreachable("the repository has no default branch, or nothing in it")
        return Resolved(commit=refs["HEAD"], ref=self.branch)

    def read(self, resolved: Resolved) -> Fetched:
        """The layers of a commit."""
        commit = self._fetched(resolved)
        gathering = Gathering(self.declared)
        wanted = list(self._listed(commit, gathering))
        gathering.check()
        names = "".join(f"{name}\n" for _, name, _ in wanted)
        content = self._git("cat-file", "--batch", given=names.encode())
        files: dict[str, bytes] = {}
        at = 0
        for path, name, size in wanted:
            header = f"{name} blob {size}\n".encode()
            start = at + len(header)
            if content[at:start] != header or len(content) < start + size + 1:
                raise self.unreachable(f"{path} cannot be read from the commit {commit[:12]}")
            files[path] = content[start : start + size]
            at = start + size + 1
        return Fetched(files, Resolved(commit=commit, ref=resolved.ref))

    def _refs(self) -> dict[str, str]:
        """The tags, the branches and HEAD, each with its object."""
        said = self._git("ls-remote", "--symref", "--", self.url, within=False).decode("utf-8", "replace")
        found = {
            ref: name
            for name, _, ref in (line.partition("\t") for line in said.split("\n"))
            if _COMMIT.fullmatch(name)
        }
        self.branch = next((line[5:-5] for line in said.split("\n") if _DEFAULT.fullmatch(line)), "HEAD")
        return found

    def _fetched(self, resolved: Resolved) -> str:
        """The commit, once it is here: alone where the other side gives single commits, else with all there is."""
        form = "sha256" if len(resolved.commit) == 64 else "sha1"
        self._git("init", "--quiet", "--bare", "--template=", f"--object-format={form}", ".", within=False)
        attempts: list[tuple[str, ...]] = [("--depth=1", resolved.commit)]
        if resolved.ref and resolved.ref != "HEAD":
            attempts.append(("--depth=1", resolved.ref))
        attempts.append(("refs/heads/*:refs/mlc/heads/*", "refs/tags/*:refs/mlc/tags/*"))
        for attempt in attempts:
            depth = [word for word in attempt if word.startswith("--depth")]
            specs = [
                f"+{word}" if ":" in word else f"+{word}:refs/mlc/wanted"
                for word in attempt
                if word not in depth
            ]
            try:
                self._git(
                    *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance"),
                    *("--no-write-fetch-head", *depth, "--", self.url, *specs),
                )
                said = self._git("rev-parse", "--verify", "--quiet", f"{resolved.commit}^{{commit}}")
            except StepFailed:
                if attempt is attempts[-1]:
                    raise
                continue
            return said.decode().strip()
        raise AssertionError("the last attempt returns or raises")

    def _listed(self, commit: str, gathering: Gathering) -> Iterator[tuple[str, str, int]]:
        """The path, the object and the size of each layer."""
        above = f"{self.declared.path}/" if self.declared.path else ""
        places = [f"{above}{folder}" for folder in folders()]
        said = self._git("ls-tree", "-r", "-l", "-z", "--full-tree", commit, "--", *places)
        for line in said.split(b"\0")[:-1]:
            facts, _, raw = line.partition(b"\t")
            mode, kind, name, size = facts.decode().split()
            path = os.fsdecode(raw).removeprefix(above)
            if mode not in ("100644", "100755"):
                what = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode, kind)
                raise gathering.refused(f"{ascii(path)[1:-1][:120]} is {what}")
            if gathering.wants(path, int(size)):
                yield path, name, int(size)

    def _git(self, *words: str, given: bytes = b"", within: bool = True) -> bytes:
        """What git says, `within` the bare repository. Raises StepFailed with git's own words where it fails."""
        where = [f"--git-dir={self.place}"] if within else []
        with (
            tempfile.TemporaryFile() as asked,
            tempfile.TemporaryFile() as said,
            tempfile.TemporaryFile() as told,
        ):
            asked.write(given)
            asked.seek(0)
            running = subprocess.Popen(  # noqa: S603 - the words are ours, and addresses stand after `--`
                ["git", *_SETTINGS, *where, *words],  # noqa: S607
                cwd=self.place,
                env=_environment(self.place),
                stdin=asked,
                stdout=said,
                stderr=told,
                start_new_session=True,  # without a terminal nobody can be asked for a password
                preexec_fn=_limited,
            )
            try:
                code = running.wait(SECONDS)
            except BaseException as error:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
                running.wait()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise self.unreachable(f"git took more than {SECONDS} seconds") from None
                raise
            if code:
                told.seek(0)
                raise self.unreachable(_words(told.read(100_000), code))
            if said.seek(0, os.SEEK_END) > MOST_SAID:
                raise self.unreachable(f"git {words[0]} said more than {MOST_SAID:,} bytes")
            said.seek(0)
            return said.read()

    def unreachable(self, reason: str, help_text: str = "") -> StepFailed:
        return StepFailed(module_unreachable.found(self.declared.name, self.declared.span, reason, help_text))

    def _missing(self, wanted: str, there: list[str] | tuple[str, ...]) -> StepFailed:
        return StepFailed(module_version_missing.found(self.declared.name, self.declared.span, wanted, there))


_SETTINGS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "credential.interactive=false"),
    *("-c", "fetch.recurseSubmodules=false"),
    *("-c", "gc.auto=0"),
)


def _environment(place: Path) -> dict[str, str]:
    """The caller's, as ssh and credential helpers need it, without what could lead git elsewhere."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith("GIT_") or _KEPT.fullmatch(name)
    }
    return kept | {
        "GIT_CEILING_DIRECTORIES": str(place.parent),
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",  # before any configuration
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def _limited() -> None:
    """In the child: no file may grow without end."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_WRITTEN, LARGEST_WRITTEN))


def _url(origin: Git, root: Path) -> str:
    """The address that git is given: never a plain path, which it would copy from rather than speak to."""
    return f"file://{quote(os.path.normpath(root / origin.url))}" if origin.is_local else origin.url


def _words(told: bytes, code: int) -> str:
    """Git's own words in one line, without credentials that its configuration may have put into an address."""
    if code < 0:
        return f"git was stopped by signal {-code}: what it fetched was too large, or somebody stopped it"
    text = re.sub(r"://[^/@\s]+@", "://***@", told.decode("utf-8", "replace"))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    words = " · ".join(lines)[:_MOST_TOLD].rstrip(".")
    return f'git says "{words}"' if words else f"git failed with exit code {code}"
