"""What else `mlc diff` is asked for: names of revisions, forms, exit codes, and repositories that are not simple."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlc.cli.main import run
from reviews import repository
from stages.git.real import commit, git

Said = tuple[int, str, str]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return repository.made(tmp_path / "repository")


@pytest.fixture
def diff(shop: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs `mlc diff` in the project; gives its exit code, its answer and what it said about the run."""

    def called(*words: str, top: Path = shop, folder: Path = repository.FOLDER) -> Said:
        code = run(["-C", str(top / folder), "diff", *words])
        return code, *capsys.readouterr()

    return called


def edit(shop: Path, file: str, old: str, new: str) -> None:
    path = shop / repository.FOLDER / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def document(said: Said) -> dict[str, Any]:
    assert said[2] == ""
    found: dict[str, Any] = json.loads(said[1])
    return found


def test_without_a_head_it_looks_at_the_working_tree(shop: Path, diff: Callable[..., Said]) -> None:
    assert diff()[:2] == diff("HEAD")[:2]
    assert diff("main", "--detailed-exitcode")[0] == 0
    edit(shop, "model/_tabular.yaml", "max_iter: 100", "max_iter: 150")
    index = (shop / ".git" / "index").read_bytes()
    code, out, _ = diff("--detailed-exitcode")
    assert code == 2
    assert "train.params.max_iter 100 → 150" in out
    assert "working tree" in out
    assert diff()[0] == 0
    assert (shop / ".git" / "index").read_bytes() == index


def test_two_revisions_are_named_in_the_ways_of_git(shop: Path, diff: Callable[..., Said]) -> None:
    git(shop, "checkout", "--quiet", "-b", "topic")
    edit(shop, "model/_tabular.yaml", "seed: 7", "seed: 8")
    commit(shop)
    git(shop, "checkout", "--quiet", "main")
    edit(shop, "gate/quality.yaml", "max: 0.2", "max: 0.3")
    commit(shop)
    both = [document(diff(*words, "--format", "json")) for words in (("main", "topic"), ("main..topic",))]
    assert both[0] == both[1]
    assert {one["address"] for one in both[0]["guards"]} == {"gate.quality"}
    parted = document(diff("main...topic", "--format", "json"))
    assert parted["guards"] == []
    assert {one["address"] for one in parted["resources"] if one["action"] == "changed"} == {
        "model.churn",
        "model.upsell",
        "model.winback",
    }
    assert parted["base"]["commit"] == git(shop, "merge-base", "main", "topic")


def test_one_environment_on_its_own(shop: Path, diff: Callable[..., Said]) -> None:
    edit(shop, "env/prod.yaml", "replicas: 3", "replicas: 4")
    assert "nothing differs" in diff("--env", "dev")[1]
    assert document(diff("--env", "prod", "--format", "json"))["environments"] == ["prod"]
    code, _, err = diff("--env", "stagin")
    assert code == 1
    assert "unknown-environment" in err


def test_a_mistake_of_the_head_is_an_error_and_is_compared_all_the_same(
    shop: Path, diff: Callable[..., Said]
) -> None:
    edit(shop, "model/churn.yaml", "_self_]", "_self_]\nfeatures: profil")
    code, out, _ = diff("--detailed-exitcode")
    assert code == 1
    assert "features profile → profil" in out
    assert "error[unresolved-reference]" in out
    edit(shop, "model/churn.yaml", "features: profil", "policies: []\ngates: []")
    edit(shop, "policy/care.yaml", "rules:", "rules:\n  gates-declared: {severity: error}")
    edit(shop, "model/churn.yaml", "policies: []\n", "")
    assert diff()[0] == 3


def test_a_base_that_does_not_compile_is_told_and_compared(shop: Path, diff: Callable[..., Said]) -> None:
    edit(shop, "model/_tabular.yaml", "features: profile", "features: profil")
    commit(shop)
    edit(shop, "model/_tabular.yaml", "features: profil", "features: profile")
    code, out, _ = diff("HEAD", "--detailed-exitcode")
    assert code == 2
    assert "The base (HEAD) has 1 mistake" in out
    assert "features profil → profile" in out
    assert "fixed: model/_tabular.yaml:4: " in out
    found = document(diff("HEAD", "--format", "json"))
    assert (found["complete"], len(found["fixed_diagnostics"]), found["new_diagnostics"]) == ([], 1, [])


def test_a_base_without_the_project_makes_everything_new(shop: Path, diff: Callable[..., Said]) -> None:
    git(shop, "checkout", "--quiet", "--orphan", "empty")
    git(shop, "rm", "--quiet", "--cached", "-r", ".")
    git(shop, "commit", "--quiet", "--allow-empty", "--message", "Nothing")
    code, out, _ = diff("empty", "main")
    assert code == 0
    assert "The project is not in the base (empty)." in out
    assert "added" in out.splitlines()[-1]
    code, out, _ = diff("main", "empty")
    assert "The project is not in the head (empty)." in out
    assert "removed" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "rule", "said"),
    [
        (["mian"], "revision-unknown", 'No branch, tag or commit is called "mian" here.'),
        (["HEAD~5"], "revision-unknown", "no such parent"),
        (["main", "HEAD@{1}"], "revision-unknown", "more than the commits"),
        (["main...nowhere"], "revision-unknown", '"nowhere"'),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_an_unknown_revision_is_told_with_the_mend(
    words: list[str], rule: str, said: str, form: str, diff: Callable[..., Said]
) -> None:
    code, out, err = diff(*words, "--format", form)
    assert code == 1
    assert "Traceback" not in err
    if form == "json":
        assert json.loads(out)["diagnostics"][0]["rule"] == rule
    else:
        assert out == ""
        assert f"error[{rule}]" in err
        assert said in " ".join(err.split())


def test_a_shallow_clone_is_told_how_to_get_more(
    shop: Path, tmp_path: Path, diff: Callable[..., Said]
) -> None:
    edit(shop, "model/_tabular.yaml", "seed: 7", "seed: 8")
    commit(shop)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{shop}", "shallow")
    code, _, err = diff("HEAD~1", top=tmp_path / "shallow")
    assert code == 1
    assert "git fetch --deepen" in err
    git(tmp_path / "shallow", "fetch", "--quiet", "--deepen=1")
    assert diff("HEAD~1", top=tmp_path / "shallow", folder=repository.FOLDER)[0] == 0


def test_outside_a_repository_there_is_nothing_to_compare_with(
    shop: Path, tmp_path: Path, diff: Callable[..., Said]
) -> None:
    shutil.copytree(shop / repository.FOLDER, tmp_path / "alone")
    code, _, err = diff(top=tmp_path / "alone", folder=Path())
    assert code == 1
    assert "error[revision-unreadable]" in err
    assert "git init" in err


def test_a_linked_working_tree_and_a_packed_repository(
    shop: Path, tmp_path: Path, diff: Callable[..., Said]
) -> None:
    git(shop, "worktree", "add", "--quiet", "-b", "topic", str(tmp_path / "linked"))
    git(shop, "repack", "-adq")
    git(shop, "pack-refs", "--all")
    edit(tmp_path / "linked", "model/_tabular.yaml", "seed: 7", "seed: 8")
    assert "train.seed 7 → 8" in diff("main", top=tmp_path / "linked")[1]


def test_line_ends_and_large_files_of_git_are_no_change(shop: Path, diff: Callable[..., Said]) -> None:
    project = shop / repository.FOLDER
    for file in [*project.rglob("*.yaml"), project / "data" / "customers.csv"]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert "nothing differs" in diff()[1]
    git(shop, "checkout", "--quiet", ".")
    content = b"id,age\n" * 1000
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    data = project / "data" / "customers.csv"
    data.write_text(pointer)
    commit(shop)
    data.write_bytes(content)
    assert "nothing differs" in diff()[1]
    data.write_bytes(content + b"x")
    assert (
        "~ data data/customers.csv  its data changed: 7.0 kB → 7.0 kB, read by dataset.customers" in diff()[1]
    )
    data.unlink()
    assert "- data data/customers.csv  its data are gone" in diff()[1]


def test_layers_in_a_submodule_are_told_to_be_unread(
    shop: Path, tmp_path: Path, diff: Callable[..., Said]
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    git(shared, "init", "--quiet")
    (shared / "base.yaml").write_text("train: {seed: 9}\n")
    commit(shared)
    git(shop, "submodule", "--quiet", "add", str(shared), str(repository.FOLDER / "model" / "shared"))
    commit(shop)
    assert "model/shared is another repository (a submodule)" in diff("HEAD~1", "HEAD")[1]


def test_a_project_with_spaces_in_its_path_at_the_top_of_a_repository(
    tmp_path: Path, diff: Callable[..., Said]
) -> None:
    top = tmp_path / "a b ü"
    shutil.copytree(repository.HERE / "project", top)
    git(top, "init", "--quiet")
    commit(top)
    path = top / "model" / "_tabular.yaml"
    path.write_text(path.read_text().replace("seed: 7", "seed: 8"))
    code, out, _ = diff(top=top, folder=Path())
    assert code == 0
    assert "train.seed 7 → 8" in out


def test_the_attachment_holds_the_whole(shop: Path, tmp_path: Path, diff: Callable[..., Said]) -> None:
    edit(shop, "model/_tabular.yaml", "seed: 7", "seed: 8")
    file = tmp_path / "review.md"
    code, out, _ = diff("--format", "markdown", "--attachment", str(file))
    assert code == 0
    whole = file.read_text(encoding="utf-8")
    assert whole.startswith("<!-- mlc review: ml/shop -->\n### mlc: ")
    assert out.startswith("<!-- mlc review: ml/shop -->\n### mlc: ")


@pytest.mark.parametrize(
    "words", [["a..b", "c"], ["--links", "https://x"], ["--attachment", "x", "--format", "json"]]
)
def test_words_that_do_not_go_together(words: list[str], diff: Callable[..., Said]) -> None:
    code, out, err = diff(*words)
    assert (code, out) == (1, "")
    assert err.startswith("mlc diff: ")


def test_inputs_are_given_to_the_side_that_declares_them(shop: Path, diff: Callable[..., Said]) -> None:
    edit(shop, "mlc.yaml", "presets:", "inputs: {seed: {type: integer}}\npresets:")
    edit(shop, "model/_tabular.yaml", "seed: 7", "seed: ${input:seed}")
    code, out, _ = diff("--input", "seed=9")
    assert code == 0
    assert "train.seed 7 → 9  model/_tabular.yaml:10:9" in out
    assert diff("--input", "sead=9")[0] == 1


@pytest.mark.parametrize(
    ("file", "note"),
    [
        ("mlc.yaml", "mlc.yaml could not be composed, so the resources of dev and prod are not compared."),
        ("env/prod.yaml", "env/prod.yaml could not be composed, so the resources of prod are not compared."),
        ("model/churn.yaml", "model.churn could not be composed on one side, and could not be compared."),
    ],
)
def test_what_cannot_be_read_is_no_change(
    file: str, note: str, shop: Path, diff: Callable[..., Said]
) -> None:
    """A file with a mistake of syntax removes nothing: what it holds is not known."""
    (shop / repository.FOLDER / file).write_text("{{{", encoding="utf-8")
    code, out, _ = diff()
    assert code == 1
    assert note in out
    assert "error[non-string-key]" in out
    found = document(diff("--format", "json"))
    assert (found["resources"], found["guards"], found["gone_environments"]) == ([], [], [])
    commit(shop)
    found = document(diff("HEAD~1", "HEAD", "--format", "json"))
    assert (found["resources"], found["guards"], found["gone_environments"]) == ([], [], [])


CAUSES = [
    # an interpolated variable, in a layer of the environment
    ("env/_cloud.yaml", "northeurope", "eastus", "env/_cloud.yaml:2:16", "head"),
    # a value that falls back to a lower layer: the line that is no longer there
    ("env/_cloud.yaml", "vars: {region: northeurope}\n", "", "main:env/_cloud.yaml:2", "base"),
    ("env/prod.yaml", "replicas: 3, ", "", "main:env/prod.yaml:4", "base"),
    # a layer that is built on no longer: the defaults list
    ("model/churn.yaml", "[_tabular, _self_]", "[_other, _self_]", "model/churn.yaml:1", "head"),
    # a list that grows by a line
    ("model/winback.yaml", "tags:\n  - a\n", "tags:\n  - a\n  - b\n", "model/winback.yaml:6:1", "head"),
    # a resource that leaves an environment
    (
        "deployment/churn_online.yaml",
        "port: 8080",
        "port: 8080\nenvironments: [dev]",
        "deployment/churn_online.yaml:4",
        "",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "place", "side"), CAUSES)
def test_the_edited_line_is_the_cause(
    file: str, old: str, new: str, place: str, side: str, shop: Path, diff: Callable[..., Said]
) -> None:
    project = shop / repository.FOLDER
    with (project / "deployment" / "churn_online.yaml").open("a") as online:
        online.write("description: ${vars.terms}\n")
    with (project / "model" / "winback.yaml").open("a") as winback:
        winback.write("tags:\n  - a\n")
    shutil.copy(project / "model" / "_tabular.yaml", project / "model" / "_other.yaml")
    edit(shop, "model/_other.yaml", "seed: 7", "seed: 8")
    commit(shop)
    edit(shop, file, old, new)
    found = document(diff("main", "--format", "json"))
    causes = [
        (
            cause["side"],
            f"{'main:' * (cause['side'] == 'base')}{cause['file']}:{cause['line']}:{cause['column']}",
        )
        for one in found["resources"]
        for cause in (one.get("cause"), *(change["cause"] for change in one["changes"]))
        if cause is not None
    ]
    assert causes
    assert all(text.startswith(place) and side in (where, "") for where, text in causes), causes


def test_an_environment_that_goes_loosens_nothing(shop: Path, diff: Callable[..., Said]) -> None:
    edit(shop, "mlc.yaml", "environments: [dev, prod]", "environments: [dev]")
    (shop / repository.FOLDER / "env" / "prod.yaml").unlink()
    edit(shop, "deployment/churn_scores.yaml", "environments: [prod]", "environments: [dev]")
    found = document(diff("--format", "json"))
    assert (found["gone_environments"], found["guards"]) == (["prod"], [])


def test_a_gate_that_goes_with_its_uses_is_loosened(shop: Path, diff: Callable[..., Said]) -> None:
    (shop / repository.FOLDER / "gate" / "quality.yaml").unlink()
    edit(shop, "model/_tabular.yaml", "gates: [quality]\n", "")
    out = diff("--env", "dev")[1]
    assert "! gate.quality                  loosened           is removed  HEAD:gate/quality.yaml:1" in out
    assert (
        '! 3 models                      loosened           gates ["quality"] → []  HEAD:model/_tabular.yaml:11'
        in out
    )
