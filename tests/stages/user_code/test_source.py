"""What belongs to a module, and what its digest covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlc.kinds._code import is_code, modules_of
from mlc.store.source import copy_source, source_digest, source_files


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("from module import inner")
    (folder / "inner" / "__init__.py").write_text("")
    (folder / "words.txt").write_text("one two")
    return folder


def test_byte_code_hidden_files_and_links_are_no_part_of_it(module: Path) -> None:
    before = source_digest(module)
    (module / "__pycache__").mkdir()
    (module / "__pycache__" / "inner.pyc").write_bytes(b"x")
    (module / ".hidden").write_text("x")
    (module / "link.py").symlink_to("/etc/passwd")
    assert source_files(module) == ("__init__.py", "inner/__init__.py", "words.txt")
    assert source_digest(module) == before


@pytest.mark.parametrize("name", ["__init__.py", "inner/__init__.py", "words.txt", "new.py"])
def test_any_other_change_is_another_digest(module: Path, name: str) -> None:
    before = source_digest(module)
    (module / name).write_text("something else")
    assert source_digest(module) != before


def test_a_file_that_is_only_moved_is_another_digest(module: Path) -> None:
    before = source_digest(module)
    (module / "words.txt").rename(module / "inner" / "words.txt")
    assert source_digest(module) != before


def test_what_is_copied_is_what_the_digest_covers(module: Path, tmp_path: Path) -> None:
    (module / "link.py").symlink_to("/etc/passwd")
    copy_source(module, tmp_path / "copy")
    assert source_digest(tmp_path / "copy") == source_digest(module)
    assert not (tmp_path / "copy" / "link.py").exists()


def test_there_is_nothing_to_copy_where_nothing_stands(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        copy_source(tmp_path / "nothing", tmp_path / "copy")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("code.scoring.Score", True),
        ("code.scoring.train", True),
        ("code.scoring", False),
        ("code.scoring.inner.Score", False),
        ("code.Scoring.Score", False),
        ("code..Score", False),
        ("code.scoring.Score()", False),
        ("sklearn.linear_model.LogisticRegression", False),
    ],
)
def test_what_names_a_member_of_a_module(name: str, expected: bool) -> None:
    assert is_code(name) is expected


def test_a_module_brings_all_that_it_imports_also_in_a_circle() -> None:
    declared: dict[str, dict[str, Any]] = {
        "a": {"path": None, "imports": ["b"]},
        "b": {"path": "other/b", "imports": ["a", "c"]},
        "c": {"path": "code/c.py", "imports": []},
        "d": {"path": None, "imports": []},
    }
    assert modules_of("code.a.Score", declared) == {"a": "code/a.py", "b": "other/b", "c": "code/c.py"}
    assert modules_of("code.d.Score", declared) == {"d": "code/d.py"}
