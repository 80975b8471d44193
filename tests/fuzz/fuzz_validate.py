"""Any bytes in the place of a project's files: `python tests/fuzz/fuzz_validate.py [libFuzzer options]`.

Guided by coverage (atheris), without end unless told so: -max_total_time=SECONDS. `make fuzz` runs it. What breaks
is written to a file `crash-…`, which this program takes as an argument to run that case again.

The first byte says which file the others stand for; a zero byte pair starts the next file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["mlc"]):
    from fuzz.examining import FILES, examine, seeds


def one(data: bytes) -> None:
    """One case. Raises where the compiler does not keep its word."""
    files: dict[str, bytes] = {}
    for part in data.split(b"\0\0")[:4]:
        if part:
            files[FILES[part[0] % len(FILES)]] = part[1:]
    examine(files)


def main() -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for index, (name, content) in enumerate(seeds(every=20)):
            start = bytes([FILES.index(name)]) if name in FILES else b"\0"
            Path(corpus, f"{index:04}").write_bytes(start + content)
        given = [word for word in sys.argv[1:] if not word.startswith("-")]
        options = [word for word in sys.argv[1:] if word.startswith("-")]
        atheris.Setup([sys.argv[0], "-timeout=10", "-rss_limit_mb=1024", *options, *(given or [corpus])], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
