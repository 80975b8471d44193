"""The YAML files of a project, and writing several of them as one."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from mlc import kinds


def config_files(root: Path) -> tuple[str, ...]:
    """The files that describe the project, below its folder: mlc.yaml, the environments, every kind's."""
    found = ["mlc.yaml"] if (root / "mlc.yaml").is_file() else []
    for folder in ("env", *kinds.names()):
        found += yaml_files(root, root / folder)
    return tuple(found)


def yaml_files(root: Path, folder: Path) -> list[str]:
    """Every YAML file below a folder, by its path below `root`, sorted. What is hidden is left out, and so is
    what a link leads to outside the project."""
    real = os.path.realpath(root) + os.sep
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if not name.endswith(".yaml") or name.startswith(".") or not path.is_file():
                continue
            if os.path.realpath(path).startswith(real):
                found.append(path.relative_to(root).as_posix())
    return found


def contents(root: Path) -> dict[str, bytes]:
    """Every YAML file of the project's folder: what its layers may be made of."""
    return {file: (root / file).read_bytes() for file in yaml_files(root, root)}


def decoded(content: bytes) -> str | None:
    """The text of a file with its line ends as they are, or None where it is not UTF-8."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def diff(before: str, after: str, file: str, new_file: str | None = None) -> Iterator[str]:
    """The lines of a unified diff."""
    new_file = new_file or file
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{file}", f"b/{new_file}"
    )
    for line in lines:
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def write(root: Path, changes: Mapping[str, str | None]) -> None:
    """Write texts in the place of files, None for a file that goes: all of them, or none as far as a file
    system allows. Everything is on the disk before the first takes its place.

    Raises OSError; what had taken its place by then is put back.
    """
    from mlc.store import files

    paths = {file: (root / file).resolve() for file in changes}
    before = {file: path.read_bytes() if path.exists() else None for file, path in paths.items()}
    modes = {file: _mode(path, paths, changes) for file, path in paths.items()}
    done: list[str] = []
    try:
        with ExitStack() as staged:
            keeping = []
            for file, text in changes.items():
                if text is None:
                    continue
                files.make_folder(paths[file].parent)
                stream, keep = staged.enter_context(files.staging(paths[file].parent))
                stream.write(text.encode("utf-8"))
                stream.flush()
                keeping.append((file, keep))
            for file, keep in keeping:
                done.append(file)
                keep(paths[file], modes[file])
        for file, text in changes.items():
            if text is None:
                done.append(file)
                paths[file].unlink()
                files.sync_folder(paths[file].parent)
    except OSError:
        _put_back(paths, before, modes, done)
        raise


def _put_back(
    paths: Mapping[str, Path], before: Mapping[str, bytes | None], modes: Mapping[str, int], done: list[str]
) -> None:
    from mlc.store import files

    for file in reversed(done):
        content = before[file]
        if content is None:
            paths[file].unlink(missing_ok=True)
        elif not paths[file].exists() or paths[file].read_bytes() != content:
            files.write_atomically(paths[file], content, modes[file])


def _mode(path: Path, paths: Mapping[str, Path], changes: Mapping[str, str | None]) -> int:
    """The permissions of a file as they were; of a new one those of the file that goes for it."""
    gone = [paths[file] for file, text in changes.items() if text is None]
    like = path if path.exists() else next((one for one in gone if one.exists()), None)
    return 0o644 if like is None else like.stat().st_mode & 0o777
