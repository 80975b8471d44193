"""What is read of a repository is what git itself reads of it."""

from __future__ import annotations

import os
import random
import zlib
from pathlib import Path

import pytest

from mlc import git as reading
from mlc.git import Damaged, Missing, Objects, RevisionUnknown, Tree, discover, merge_base
from stages.git.real import commit, git

FORMATS = ("sha1", "sha256")


def made(folder: Path, form: str = "sha1") -> Path:
    folder.mkdir()
    git(folder, "init", "--quiet", f"--object-format={form}")
    return folder


def opened(folder: Path) -> reading.Repository:
    found = discover(folder)
    assert found is not None
    return found


def listed(tree: Tree, folder: str) -> tuple[set[str], set[str]] | None:
    found = tree.listing(folder)
    return None if found is None else (set(found[0]), set(found[1]))


def history(folder: Path, seed: int, length: int = 16) -> list[str]:
    """A history with branches and merges, and files that change a little at a time so that packs hold differences."""
    draw = random.Random(seed)
    lines = [f"line {number} {draw.random()}" for number in range(300)]
    commits: list[str] = []
    for number in range(length):
        if commits and draw.random() < 0.4:
            git(folder, "checkout", "--quiet", "--detach", draw.choice(commits))
        lines[draw.randrange(300)] = f"changed {number} {draw.random()}"
        (folder / "a folder").mkdir(exist_ok=True)
        (folder / "a folder" / f"file {draw.randrange(3)}.yaml").write_text(
            "\n".join(lines), encoding="utf-8"
        )
        if len(commits) > 2 and draw.random() < 0.4:
            other = draw.choice(commits)
            git(
                folder,
                "merge",
                "--quiet",
                "-s",
                "ours",
                "--no-ff",
                "--no-edit",
                other,
                date=1_700_000_000 + number,
            )
        commits.append(commit(folder, f"Change {number}", date=1_700_000_000 + number))
        git(folder, "branch", "--force", f"b{number}", "HEAD")
    return commits


def agrees(folder: Path, where: Path | None = None) -> int:
    """Every object that git lists reads the same here; gives their number."""
    repository = opened(where or folder)
    listed = git(folder, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    for line in listed:
        name, kind, size = line.split()
        found, content = repository.objects.read(name)
        assert (found, len(content)) == (kind, int(size))
        assert repository.objects.size(name) == int(size)
    return len(listed)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_reads_every_object_as_git_does(tmp_path: Path, form: str, packed: bool) -> None:
    folder = made(tmp_path / "repository", form)
    history(folder, 1)
    if packed:
        git(folder, "repack", "-adfq", "--depth=30")
        git(folder, "pack-refs", "--all")
        verified = git(folder, "verify-pack", "-v", *map(str, folder.rglob("pack-*.idx")))
        assert "chain length = 3" in verified, "the pack holds differences of differences"
    assert agrees(folder) > 50


@pytest.mark.parametrize("version", [1, 2])
def test_reads_both_versions_of_an_index(tmp_path: Path, version: int) -> None:
    folder = made(tmp_path / "repository")
    history(folder, 2, length=8)
    git(folder, "-c", f"pack.indexVersion={version}", "repack", "-adfq")
    assert agrees(folder) > 20


def test_reads_large_offsets_of_an_index(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    history(folder, 3, length=8)
    git(folder, "repack", "-adfq")
    (pack,) = folder.rglob("pack-*.pack")
    pack.with_suffix(".idx").unlink()
    git(folder, "index-pack", "--index-version=2,0x40", str(pack))  # offsets above 64 bytes are large ones
    assert agrees(folder) > 20


def test_reads_differences_from_objects_of_other_packs(tmp_path: Path) -> None:
    """A thin pack is completed when it is fetched; one with differences by id is not rewritten."""
    folder = made(tmp_path / "repository")
    history(folder, 4, length=10)
    git(folder, "-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq")
    assert agrees(folder) > 20


@pytest.mark.parametrize("form", FORMATS)
def test_reads_linked_working_trees_and_borrowed_objects(tmp_path: Path, form: str) -> None:
    folder = made(tmp_path / "repository", form)
    commits = history(folder, 5, length=6)
    git(folder, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), commits[2])
    assert opened(tmp_path / "linked").revision("HEAD").commit == commits[2]
    assert opened(tmp_path / "linked").revision("b4").commit == commits[4]
    git(tmp_path, "clone", "--quiet", "--shared", str(folder), "borrowing")
    assert agrees(folder, tmp_path / "borrowing") > 15
    assert opened(tmp_path / "borrowing").revision("origin/b3").commit == commits[3]


def test_knows_the_names_that_git_knows(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    commits = history(folder, 6, length=10)
    git(folder, "tag", "light", commits[1])
    git(folder, "tag", "--annotate", "--message", "A tag", "v1.0", commits[3])
    git(folder, "tag", "--annotate", "--message", "A tag of a tag", "v1", "v1.0")
    git(folder, "update-ref", "refs/heads/a/b", commits[5])
    merge = git(folder, "rev-list", "--merges", "--all", "-1")
    names = [
        "HEAD",
        "@",
        "light",
        "v1",
        "v1.0",
        "tags/v1",
        "refs/heads/b3",
        "heads/b3",
        "a/b",
        "b9~3",
        "b9^",
        "v1^{commit}",
    ]
    names += [commits[4], commits[4][:9], f"{merge}^2", f"{merge}^1~1", "v1.0~1", "b9^0", "@~2", "HEAD^{}"]
    for packed in (False, True):
        if packed:
            git(folder, "pack-refs", "--all")
            git(folder, "repack", "-adq")
        for name in names:
            assert opened(folder).revision(name).commit == git(folder, "rev-parse", f"{name}^{{commit}}"), (
                name
            )


STRANGE = (
    "mian",
    "HEAD~900",
    "0" * 40,
    "b0^7",
    "",
    "../../../etc/passwd",
    "HEAD:file",
    "HEAD@{1}",
    "-x",
    "a b",
)


@pytest.mark.parametrize("name", [*STRANGE, "b1.lock", "/b1"])
def test_says_which_name_stands_for_nothing(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path / "repository")
    history(folder, 7, length=2)
    with pytest.raises(RevisionUnknown):
        opened(folder).revision(name)


def test_refuses_a_tag_of_a_file(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    history(folder, 7, length=2)
    git(
        folder,
        "tag",
        "content",
        git(folder, "hash-object", "-w", "a folder/file 0.yaml", "--stdin", stdin=b"x").split()[0],
    )
    with pytest.raises(RevisionUnknown, match="is a blob"):
        opened(folder).revision("content")


@pytest.mark.parametrize("seed", range(4))
def test_finds_where_histories_part(tmp_path: Path, seed: int) -> None:
    folder = made(tmp_path / "repository")
    commits = history(folder, 10 + seed)
    repository = opened(folder)
    draw = random.Random(seed)
    for _ in range(25):
        one, other = draw.choice(commits), draw.choice(commits)
        wanted = git(folder, "merge-base", "--all", one, other).splitlines()
        found = merge_base(repository, repository.revision(one), repository.revision(other))
        assert found.commit in wanted


def test_a_shallow_clone_tells_that_it_is_one(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    for number in range(4):
        (folder / "file").write_text(str(number))
        commit(folder, date=1_700_000_000 + number)
    git(folder, "branch", "--quiet", "old", "HEAD~3")
    git(tmp_path, "clone", "--quiet", "--depth=2", f"file://{folder}", "shallow")
    shallow = opened(tmp_path / "shallow")
    assert shallow.is_shallow
    assert shallow.revision("HEAD~1").commit == git(folder, "rev-parse", "HEAD~1")
    with pytest.raises(RevisionUnknown) as caught:
        shallow.revision("HEAD~2")
    assert caught.value.shallow
    git(tmp_path / "shallow", "fetch", "--quiet", "--depth=1", "origin", "old:old")
    with pytest.raises(RevisionUnknown) as caught:
        merge_base(shallow, shallow.revision("HEAD"), opened(tmp_path / "shallow").revision("old"))
    assert caught.value.shallow


def test_a_partial_clone_lacks_what_was_not_fetched(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    git(folder, "config", "uploadpack.allowFilter", "true")
    (folder / "file").write_text("content")
    commit(folder)
    git(tmp_path, "clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{folder}", "partial")
    repository = opened(tmp_path / "partial")
    tree = Tree(repository.objects, repository.commit(repository.revision("HEAD").commit).tree)
    assert listed(tree, "") == ({"file"}, set())
    with pytest.raises(Missing):
        tree.read("file")


def test_lists_a_folder_and_follows_links_within_it(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    project = folder / "teams" / "lending"
    for name in ("model/a b.yaml", "model/ümlaut.yaml", "data/rows.csv"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    (folder / "outside.yaml").write_text("secret")
    (project / "model" / "linked.yaml").symlink_to("../model/a b.yaml")
    (project / "model" / "chain.yaml").symlink_to("linked.yaml")
    (project / "model" / "out.yaml").symlink_to("../../../outside.yaml")
    (project / "model" / "absolute.yaml").symlink_to("/etc/passwd")
    (project / "model" / "circle.yaml").symlink_to("circle.yaml")
    (project / "gate").symlink_to("model")
    repository = opened(folder)
    commit(folder)
    tree = Tree(repository.objects, repository.commit(repository.revision("HEAD").commit).tree).within(
        "teams/lending"
    )
    assert listed(tree, "") == (set(), {"model", "data", "gate"})
    names = {
        "a b.yaml",
        "ümlaut.yaml",
        "linked.yaml",
        "chain.yaml",
        "out.yaml",
        "absolute.yaml",
    }
    assert listed(tree, "model") == (names, set())
    assert listed(tree, "gate") == listed(tree, "model")
    assert tree.read("gate/chain.yaml") == b"model/a b.yaml"
    assert [tree.leads_out(f"model/{name}") for name in ("out.yaml", "absolute.yaml", "chain.yaml")] == [
        True,
        True,
        False,
    ]
    for name in (
        "out.yaml",
        "absolute.yaml",
        "circle.yaml",
        "none.yaml",
        "../../outside.yaml",
        "a b.yaml/deeper",
    ):
        with pytest.raises(FileNotFoundError):
            tree.read(f"model/{name}")
    assert listed(Tree(repository.objects, None), "") is None
    assert listed(tree.within("nowhere"), "") is None


def test_a_submodule_is_named(tmp_path: Path) -> None:
    shared = made(tmp_path / "shared")
    (shared / "layer.yaml").write_text("a: 1")
    commit(shared)
    folder = made(tmp_path / "repository")
    git(folder, "submodule", "--quiet", "add", str(shared), "model/shared")
    repository = opened(folder)
    commit(folder)
    tree = Tree(repository.objects, repository.commit(repository.revision("HEAD").commit).tree)
    assert tree.submodules(("model", "nowhere")) == ("model/shared",)
    assert listed(tree, "model") == (set(), set())
    found = tree.entry("model/shared/layer.yaml")
    assert found is not None
    assert (found.kind, found.id) == ("submodule", git(shared, "rev-parse", "HEAD"))


def test_gives_contents_the_ids_that_git_gives(tmp_path: Path) -> None:
    for form, digits in zip(FORMATS, (40, 64), strict=True):
        folder = made(tmp_path / form, form)
        for content in (b"", b"a: 1\r\n", bytes(range(256)) * 50):
            wanted = git(folder, "hash-object", "--no-filters", "--stdin", stdin=content)
            assert reading.blob_id(content, digits) == wanted


def test_damage_is_told_and_never_believed(tmp_path: Path) -> None:
    folder = made(tmp_path / "repository")
    (folder / "file").write_text("content")
    commit(folder)
    blob = git(folder, "rev-parse", "HEAD:file")
    path = folder / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    for damage in (
        b"",
        b"no zlib",
        zlib.compress(b"blob 7\0CONTENT"),
        zlib.compress(b"blob 99\0content"),
        zlib.compress(b"blob x"),
    ):
        path.write_bytes(damage)
        with pytest.raises(Damaged):
            opened(folder).objects.read(blob)
    path.write_bytes(zlib.compress(b"blob 70000000\0" + b"a" * 70_000_000))
    with pytest.raises(Damaged, match="are not read"):
        opened(folder).objects.read(blob)


@pytest.mark.parametrize("seed", range(3))
def test_any_damage_to_a_pack_is_told(tmp_path: Path, seed: int) -> None:
    folder = made(tmp_path / "repository")
    history(folder, 20, length=5)
    git(folder, "repack", "-adfq")
    names = [
        line.split()[0]
        for line in git(folder, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    ]
    (pack,) = folder.rglob("pack-*.pack")
    (index,) = folder.rglob("pack-*.idx")
    draw = random.Random(seed)
    told = 0
    for path in (pack, index):
        whole = path.read_bytes()
        path.chmod(0o600)
        for _ in range(12):
            broken = bytearray(whole)
            for _ in range(3):
                broken[draw.randrange(len(broken))] ^= 1 << draw.randrange(8)
            if draw.random() < 0.2:
                del broken[draw.randrange(len(broken)) :]
            path.write_bytes(broken)
            objects = Objects(folder / ".git" / "objects", 40)
            for name in names:
                try:
                    objects.read(name)
                except (Damaged, Missing):
                    told += 1
        path.write_bytes(whole)
    assert told > 10


def test_a_folder_outside_any_repository(tmp_path: Path) -> None:
    if any((folder / ".git").exists() for folder in tmp_path.parents):
        pytest.fail("the temporary folder lies in a repository")
    assert discover(tmp_path) is None
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all")
    with pytest.raises(Damaged):
        discover(tmp_path)


def test_reads_no_configuration_and_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "repository")
    history(folder, 8, length=3)
    (folder / ".git" / "config").write_text("this is no configuration [[[")
    monkeypatch.setattr(os, "environ", {})
    assert opened(folder).revision("HEAD~1").name == "HEAD~1"
