"""CODEOWNERS as GitHub and as GitLab read it: the examples of their documentation."""

from __future__ import annotations

import pytest

from mlc.review.owners import owners_of, parsed, rules_of

GITHUB = b"""
# A comment
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
/build/logs/ @doctocat
docs/* docs@docs.example
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octo-org/octocats
/apps/github @other
/apps/empty
!negated @nobody
[section] @nobody
path\\ with\\ spaces/ @space-owner
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("README", ("@global-owner1", "@global-owner2")),
        ("deep/er/file.js", ("@js-owner",)),
        ("main.go", ("docs@example.com",)),
        ("build/logs/today.txt", ("@octo-org/octocats",)),
        ("a/build/logs/x", ("@octo-org/octocats",)),
        ("docs/start.md", ("@doctocat",)),
        ("docs/build/deep.md", ("@doctocat",)),
        ("apps/x", ("@octocat",)),
        ("my/apps/deep/x", ("@octocat",)),
        ("apps/github", ("@other",)),
        ("apps/github/x", ("@other",)),
        ("apps/empty/x", ()),
        ("scripts/run", ("@doctocat", "@octocat")),
        ("deeply/nested/logs/x", ("@octo-org/octocats",)),
        ("negated", ("@global-owner1", "@global-owner2")),
        ("path with spaces/x", ("@space-owner",)),
    ],
)
def test_reads_it_as_github_does(path: str, owners: tuple[str, ...]) -> None:
    assert owners_of(path, parsed(GITHUB, gitlab=False)) == owners


def test_a_star_stays_in_its_folder_on_github() -> None:
    rules = parsed(b"docs/* @docs\n")
    assert owners_of("docs/a.md", rules) == ("@docs",)
    assert owners_of("docs/build/a.md", rules) == ()
    assert owners_of("other/docs/a.md", rules) == ()


GITLAB = b"""
* @default
[Documentation] @docs-team
docs/
README.md @readme
^[Database][2] @database-team
model/db/
config/db/*.yaml @dba
[DOCUMENTATION]
internal/ @internal
!docs/generated/
"""


@pytest.mark.parametrize(
    ("path", "owners"),
    [
        ("x", ("@default",)),
        ("docs/a.md", ("@default", "@docs-team")),
        ("any/docs/a.md", ("@default", "@docs-team")),
        ("a/README.md", ("@default", "@readme")),
        ("model/db/x", ("@default", "@database-team")),
        ("deep/config/db/a.yaml", ("@default", "@dba")),
        ("internal/x", ("@default", "@internal")),
        ("docs/generated/x", ("@default",)),
    ],
)
def test_reads_it_as_gitlab_does(path: str, owners: tuple[str, ...]) -> None:
    assert owners_of(path, parsed(GITLAB)) == owners


def test_takes_the_file_that_the_platform_takes() -> None:
    files = {"docs/CODEOWNERS": b"* @docs", "CODEOWNERS": b"* @top", ".github/CODEOWNERS": b"* @github"}
    for place, owner in (
        (".github/CODEOWNERS", "@github"),
        ("CODEOWNERS", "@top"),
        ("docs/CODEOWNERS", "@docs"),
    ):
        assert owners_of("x", rules_of(files.get)) == (owner,)
        del files[place]
    assert rules_of(files.get) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"[",
        b"[]",
        b"* [",
        b"\\",
        b"* @",
        b"*" * 5000 + b" @a",
        b"a*" * 300 + b" @a",
        b"\n" * 9,
    ],
)
def test_nothing_in_it_is_a_mistake_of_ours(content: bytes) -> None:
    assert isinstance(owners_of("a" * 200 + "/" + "b" * 200, parsed(content)), tuple)
