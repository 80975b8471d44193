"""Each migration does what its example says; a chain keeps comments, is done once, and says the same or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc import migrations, pipeline
from mlc.edit.tree import comments
from mlc.ir import language
from mlc.ir.diagnostic import Edit
from mlc.kinds._schemas import read
from mlc.migrating import Migrated, migrate
from mlc.migrations import Files, Migration, all_migrations, chain, renamed, replaced
from mlc.request import Request


def lay(root: Path, files: Mapping[str, str]) -> dict[str, str]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return dict(files)


def test_the_version_is_the_one_that_the_schema_of_the_project_takes() -> None:
    (project,) = (one for name, one in read("project")["$defs"].items() if name == "Project")
    assert project["properties"]["mlc"]["enum"] == [language.VERSION]


def test_every_version_leads_to_this_one() -> None:
    for one in all_migrations():
        way = chain(one.before, language.VERSION, all_migrations())
        assert way is not None
        assert [(step.before, step.after) for step in way][-1][1] == language.VERSION
    assert chain(language.VERSION, language.VERSION, all_migrations()) == ()


@pytest.mark.parametrize("one", all_migrations(), ids=lambda one: f"{one.before}_to_{one.after}")
def test_does_what_its_example_says(one: Migration, tmp_path: Path) -> None:
    module = __import__(f"mlc.migrations.from_{one.before}_to_{one.after}", fromlist=["MIGRATION"])
    assert module.__doc__
    texts = lay(tmp_path, module.BEFORE)
    found = migrate(tmp_path, texts)
    assert {**texts, **found.texts} == module.AFTER
    assert not found.diagnostics


# ── a language that has changed more than ours ──────────────────────────────────────────────────────


def _rounds(files: Files) -> Iterable[Edit]:
    """`train.rounds` was called `train.params`, and the task had a shorter name."""
    yield from renamed((part.at("train", "params") for part in files.of("model")), "settings")
    yield from replaced(
        (part.at("task") for part in files.of("model")), {"binary_classification": "two_classes"}
    )


def _as_two(kind: str, value: Any) -> Any:
    if kind != "model":
        return value
    task = {"binary_classification": "two_classes"}.get(value.get("task"), value.get("task"))
    told = {key: task if key == "task" else one for key, one in value.items()}
    if "train" in told:
        told["train"] = {"settings" if key == "params" else key: one for key, one in told["train"].items()}
    return told


def _groups(files: Files) -> Iterable[Edit]:
    return renamed((part.at("groups") for part in files.of("features")), "columns_by_group")


def _as_three(kind: str, value: Any) -> Any:
    if kind != "features":
        return value
    return {"columns_by_group" if key == "groups" else key: one for key, one in value.items()}


TO_TWO = Migration(before=1, after=2, edits=_rounds, meaning=_as_two)
TO_THREE = Migration(before=2, after=3, edits=_groups, meaning=_as_three)
FORGETFUL = Migration(before=1, after=2, edits=_rounds)  # does not say what it means

SHOP = {
    "mlc.yaml": """\
# the shop
mlc: 1      # see the manual
project: shop
environments: [dev, prod]
presets: {model: {train: {params: {C: 1.0}}}}   # for all of them
""",
    "env/dev.yaml": "{}\n",
    "env/prod.yaml": """\
patch:
  model:
    churn: {train: {params: {C: 0.5}}}  # less in production
""",
    "model/_base.yaml": "train:\n  estimator: sklearn.linear_model.LogisticRegression\n  # none\n  params: {}\n",
    "model/churn.yaml": """\
defaults: [_base, _self_]
task: "binary_classification"  # in quotes
dataset: people
features: basic
""",
    "features/basic.yaml": "groups:   # all\n  numbers: {columns: [age]}\n",
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\ncolumns: {age: {type: number}}\n",
}


def through(root: Path, files: Mapping[str, str], *known: Migration) -> Migrated:
    return migrate(root, lay(root, files), known=known, latest=known[-1].after)


def test_a_chain_reaches_presets_patches_and_layers_and_keeps_comments(tmp_path: Path) -> None:
    found = through(tmp_path, SHOP, TO_TWO, TO_THREE)
    assert not found.diagnostics
    assert [(step.before, step.after, len(step.edits)) for step in found.steps] == [(1, 2, 5), (2, 3, 2)]
    assert found.texts["mlc.yaml"] == SHOP["mlc.yaml"].replace("mlc: 1 ", "mlc: 3 ").replace(
        "params", "settings"
    )
    assert found.texts["env/prod.yaml"] == SHOP["env/prod.yaml"].replace("params", "settings")
    assert found.texts["model/churn.yaml"] == SHOP["model/churn.yaml"].replace(
        '"binary_classification"', "two_classes"
    )
    assert found.texts["features/basic.yaml"] == SHOP["features/basic.yaml"].replace(
        "groups", "columns_by_group"
    )
    assert "dataset/people.yaml" not in found.texts


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    first = through(tmp_path, SHOP, TO_TWO, TO_THREE)
    again = through(tmp_path, {**SHOP, **first.texts}, TO_TWO, TO_THREE)
    assert (again.steps, dict(again.texts), again.diagnostics) == ((), {}, ())


def test_nothing_is_written_where_it_would_say_something_else(tmp_path: Path) -> None:
    found = through(tmp_path, SHOP, FORGETFUL)
    assert [one.rule for one in found.diagnostics][:1] == ["migration-refused"]
    assert "model.churn" in found.diagnostics[0].detail


def test_an_interpolation_that_no_edit_reaches_is_told(tmp_path: Path) -> None:
    files = {
        **SHOP,
        "dataset/people.yaml": SHOP["dataset/people.yaml"] + "description: C ${model.churn.train.params.C}\n",
    }
    found = through(tmp_path, files, TO_TWO)
    assert [one.rule for one in found.diagnostics][-1] == "migration-refused"
    assert "could no longer be composed" in found.diagnostics[-1].detail


@pytest.mark.parametrize(
    ("version", "rule", "words"),
    [
        ("9", "language-version", "which mlc 0.9.0 and newer read"),
        ("-1", "language-version", "there never was a version -1"),
        ("'1'", "migration-refused", "does not say in which version"),
    ],
)
def test_a_version_that_there_is_not(version: str, rule: str, words: str, tmp_path: Path) -> None:
    texts = lay(tmp_path, {"mlc.yaml": f"mlc: {version}\nproject: shop\nenvironments: [dev]\n"})
    (found,) = migrate(tmp_path, texts).diagnostics
    assert found.rule == rule
    assert words in found.detail


@pytest.mark.parametrize(("version", "words"), [(0, "mlc migrate"), (2, "Install mlc 0.2.0 or newer")])
def test_another_version_is_the_only_thing_that_validating_tells(
    version: int, words: str, tmp_path: Path
) -> None:
    lay(
        tmp_path,
        {**SHOP, "mlc.yaml": SHOP["mlc.yaml"].replace("mlc: 1", f"mlc: {version}") + "nonsense: 1\n"},
    )
    (found,) = pipeline.validate(Request(tmp_path)).diagnostics
    assert found.rule == "language-version"
    assert words in found.help


def test_a_namespace_that_kubernetes_never_took_is_left_to_people(tmp_path: Path) -> None:
    target = "type: kserve\nnamespace: my_team  # ours\nstorage: s3://models\nserving_runtime: triton\n"
    project = "mlc: 0\nproject: shop\nenvironments: [dev]\n"
    texts = lay(tmp_path, {"mlc.yaml": project, "env/dev.yaml": "{}\n", "target/cluster.yaml": target})
    found = migrate(tmp_path, texts)
    assert [one.rule for one in found.diagnostics] == ["migration-by-hand"]
    assert list(found.texts) == ["mlc.yaml"]


# ── whatever stands around ──────────────────────────────────────────────────────────────────────────

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
COMMENT = WORDS.map(lambda word: f"  # {word}")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    marks=st.lists(COMMENT, min_size=6, max_size=6),
    values=st.dictionaries(
        st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.integers() | st.booleans(), max_size=4
    ),
    flow=st.booleans(),
)
def test_comments_survive_and_the_second_time_is_none(
    marks: list[str], values: dict[str, int | bool], flow: bool, tmp_path: Path
) -> None:
    def written(value: int | bool) -> str:
        return str(value).lower()

    entries = [f"{key}: {written(value)}" for key, value in values.items()]
    body = (
        "{" + ", ".join(entries) + "}"
        if flow or not entries
        else "\n" + "\n".join(f"    {one}" for one in entries)
    )
    files = {
        **SHOP,
        "mlc.yaml": f"mlc: 1{marks[0]}\nproject: shop{marks[1]}\nenvironments: [dev]\n",
        "model/churn.yaml": f"{marks[2].strip()}\ntask: binary_classification{marks[3]}\n"
        "dataset: people\nfeatures: basic\n"
        f"train:{marks[4]}\n  estimator: sklearn.linear_model.LogisticRegression\n  params: "
        f"{body}\n{marks[5].strip()}\n",
    }
    found = through(tmp_path, files, TO_TWO, TO_THREE)
    assert not found.diagnostics, found.diagnostics
    for file, text in found.texts.items():
        assert comments(text) == comments(files[file])
        assert text.count("\n") == files[file].count("\n")
    again = through(tmp_path, {**files, **found.texts}, TO_TWO, TO_THREE)
    assert not again.texts


def test_a_migration_is_a_file(tmp_path: Path) -> None:
    folder = Path(migrations.__file__).parent
    assert {one.stem for one in folder.glob("*.py")} == {
        "__init__",
        *(f"from_{one.before}_to_{one.after}" for one in all_migrations()),
    }
