"""What a lock file says, and where what is wrong with it stands."""

from __future__ import annotations

import pytest

from mlc.ir.requirements_lock import LENGTHS, MOST_CHARACTERS, Lock, normal, parse, same_version

A, B, C = ("sha256:" + digit * 64 for digit in "abc")
WHEEL = "[[packages.wheels]]\nname = 'a-1.whl'\nhashes = {sha256 = '" + "a" * 64 + "'}\n"
HEAD = "lock-version = '1.0'\ncreated-by = 'pip'\n"


def lock(text: str) -> Lock:
    return parse("requirements.lock", text)


def test_what_pip_compile_writes() -> None:
    found = lock(
        "# made by pip-compile\n"
        "--require-hashes\n"
        "\n"
        "Typing_Extensions==4.15.0 ; python_version < '3.13' \\\n"
        f"    --hash={A} \\\n"
        f"    --hash={B}\n"
        "    # via\n"
        "    #   mlc\n"
        f"uvicorn[standard]==0.54.0 --hash={C}  # the server\n"
    )
    assert found.faults == ()
    first, second = found.packages
    assert (first.name, first.key, first.version) == ("Typing_Extensions", "typing-extensions", "4.15.0")
    assert (first.marker, first.hashes) == ("python_version < '3.13'", (A, B))
    assert (first.span.line, first.span.column) == (4, 1)
    assert (second.name, second.marker, second.hashes, second.span.line) == ("uvicorn", "", (C,), 9)


def test_comments_between_the_lines_of_a_package_do_not_end_it() -> None:
    assert [one.name for one in lock(f"a==1 \\\n  --hash={A} \\\n  # why\n  --hash={B}\n").packages] == ["a"]


def test_what_pylock_says() -> None:
    text = (
        HEAD
        + f"[[packages]]\nname = 'a'\nversion = '1'\nmarker = \"os_name == 'posix'\"\n{WHEEL}"
        + "[[packages]]\nname = 'b'\nversion = '2'\n[packages.sdist]\nhashes = {sha512 = '"
        + "d" * 128
        + "'}\n"
    )
    found = parse("pylock.toml", text)
    assert found.faults == ()
    assert [(one.name, one.version, one.marker) for one in found.packages] == [
        ("a", "1", "os_name == 'posix'"),
        ("b", "2", ""),
    ]
    assert found.packages[0].hashes == (A,)
    assert [one.span.line for one in found.packages] == [3, 10]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a>=1\n", 1, "a is not pinned to one exact version"),
        (f"\na==1.* --hash={A}\n", 2, "a is not pinned to one exact version"),
        (f"a==${{V}} --hash={A}\n", 1, "a is not pinned to one exact version"),
        ("a==1\n", 1, "a has no --hash"),
        (f"a==1 --hash=md5:{'a' * 32}\n", 1, "is no hash that pip takes"),
        (f"a==1 --hash={A[:-1]}\n", 1, "is no hash that pip takes"),
        (f"a==1 --hash={A.upper()}\n", 1, "is no hash that pip takes"),
        (f"a==1 --hash={A} --global-option=x\n", 1, "is no hash that pip takes"),
        ("--index-url https://user:pass@index.example/simple\n", 1, "--index-url is an option of pip"),
        ("-e .\n", 1, "-e is an option of pip"),
        ("-r other.txt\n", 1, "-r is an option of pip"),
        (f"a @ https://files.example/a.whl --hash={A}\n", 1, "is no package of an index"),
        (f"./a.whl --hash={A}\n", 1, "is no package of an index"),
        (f"a==1 ; python_version < '3'\\\n --hash={A}; $(id)\n", 1, "is no hash"),
        (f"a==1 ; `id` --hash={A}\n", 1, "is no marker"),
        (f"a==1 --hash={A}\nA==2 --hash={B}\n", 2, "A stands twice, at 1 and at 2"),
        ("", 1, "locks no package"),
        ("# nothing\n", 1, "locks no package"),
    ],
)
def test_a_mistake_in_requirements_is_found_where_it_stands(text: str, line: int, said: str) -> None:
    (found,) = lock(text).faults
    assert said in found.detail
    assert found.span.line == line
    assert found.detail.endswith(".")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (HEAD + "[[packages]\n", 3, "is no TOML"),
        ("a = " + "[" * 100_000, 1, "is no TOML"),
        ("[[packages]]\nname='a'\n", 1, "does not say lock-version"),
        (HEAD + "[[packages]]\nversion = '1'\n", 3, "says no name"),
        (HEAD + "[[packages]]\nname = 'a'\n" + WHEEL, 3, "not pinned"),
        (HEAD + "[[packages]]\nname = 'a'\nversion = '1'\n", 3, "has no --hash"),
        (HEAD + "[[packages]]\nname = 'a'\n[packages.vcs]\ntype = 'git'\n", 3, "comes from a vcs"),
        (HEAD + "[[packages]]\nname = 'a'\n[packages.directory]\npath = '.'\n", 3, "comes from a directory"),
        (HEAD + "packages = 3\n", 1, "locks no package"),
    ],
)
def test_a_mistake_in_pylock_is_found_where_it_stands(text: str, line: int, said: str) -> None:
    found = parse("pylock.toml", text).faults
    assert said in found[0].detail
    assert found[0].span.line == line


def test_two_lines_of_a_package_that_markers_keep_apart_are_right() -> None:
    text = f"a==1 ; os_name == 'nt' --hash={A}\na==2 ; os_name == 'posix' --hash={B}\n"
    assert lock(text).faults == ()


def test_what_is_too_large_is_not_read() -> None:
    assert "characters" in lock("#" * (MOST_CHARACTERS + 1)).faults[0].detail


def test_names_and_versions_are_compared_as_indexes_do() -> None:
    assert normal("Typing_.-Extensions") == "typing-extensions"
    assert same_version("2.1", "2.1.0")
    assert same_version("1.0RC1", "1.0rc1")
    assert same_version("1.0+CPU", "1+cpu")
    assert not same_version("1.10", "1.1")
    assert not same_version("1.0rc1", "1.0")
    assert not same_version("2.0", "20")
    assert set(LENGTHS) == {"sha256", "sha384", "sha512"}
