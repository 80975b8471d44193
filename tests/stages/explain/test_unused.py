"""What is said to be unused may be changed and nothing changes; what is not may not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.conftest import PROJECTS
from mlc import inquiry, load, pipeline, rules
from mlc.cli import main
from mlc.compose.source import Source
from mlc.compose.unused import unused
from mlc.ir.diagnostic import Diagnostic, has_errors
from mlc.ir.node import plain
from mlc.request import Request
from rules.project import lay

Files = dict[str, Any]
NAMES = [name for name in rules.names() if name.startswith("unused-")]

# ── random projects ─────────────────────────────────────────────────────────────────────────────────────


def values() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "port": st.integers(1, 5),
            "description": st.sampled_from(["a", "b", "${vars.x}", "in ${vars.y}"]),
            "resources": st.fixed_dictionaries({}, optional={"cpu": st.sampled_from(["1", "2"])}),
            "tags": st.lists(st.sampled_from(["t", "${vars.x}"]), max_size=2),
        },
    )


def variables() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "x": st.sampled_from(["1", "2"]),
            "y": st.sampled_from(["a", "${vars.x}"]),
            "z": st.just("0"),
        },
    )


@st.composite
def projects(draw: st.DrawFn) -> Files:
    """Two environments, one of which extends a layer; deployments that build on a layer, some not everywhere."""
    first = {"x": "0", "y": "0", **draw(variables())}  # everything that is read is there
    files: Files = {
        "mlc.yaml": {
            **{"mlc": 1, "project": "p", "environments": ["dev", "prod"], "vars": first},
            "presets": {"deployment": draw(values())},
        },
        "env/_layer.yaml": {"vars": draw(variables()), "presets": {"deployment": draw(values())}},
        "env/dev.yaml": {
            "presets": {"deployment": draw(values())},
            "patch": {"deployment": {"a": draw(values())}},
        },
        "env/prod.yaml": {"vars": draw(variables()), "patch": {"deployment": {"b": draw(values())}}},
        "deployment/_layer.yaml": draw(values()),
    }
    if draw(st.booleans()):
        files["env/prod.yaml"]["defaults"] = ["_layer", "_self_"]
    for name in ("a", "b"):
        spec = {"model": "m", **draw(values())}
        if draw(st.booleans()):
            spec["defaults"] = ["_layer", "_self_"]
        if draw(st.booleans()):
            spec["environments"] = draw(st.lists(st.sampled_from(["dev", "prod"]), max_size=2, unique=True))
        files[f"deployment/{name}.yaml"] = spec
    return files


def composed(files: Files) -> tuple[Source, pipeline.Composed]:
    source = Source(load.read, files={name: yaml.safe_dump(content) for name, content in files.items()})
    done = pipeline.compose(Request(Path("/nowhere"), ("all",)), source)
    assert not has_errors(done.diagnostics), done.diagnostics
    return source, done


def found_in(files: Files) -> tuple[Diagnostic, ...]:
    source, done = composed(files)
    return unused(source, done.layers, done.documents, pipeline.LANGUAGE.kinds)


def meaning(files: Files) -> Any:
    """The resources of every environment."""
    return {name: plain(document.root) for name, document in composed(files)[1].documents.items()}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, (*path, key))
    elif not isinstance(value, dict):
        yield path


def changed(files: Files, file: str, path: tuple[str, ...]) -> Files:
    """The project with another value at a path."""
    made = copy.deepcopy(files)
    at = made[file]
    for key in path[:-1]:
        at = at[key]
    old = at[path[-1]]
    at[path[-1]] = 99 if isinstance(old, int) else ["other"] if isinstance(old, list) else "other"
    return made


def is_told(found: tuple[Diagnostic, ...], file: str, path: tuple[str, ...]) -> bool:
    """Whether a finding covers a value: itself, a map around it, its variable, its whole file."""
    for one in found:
        if one.rule == "unused-resource":
            if f"{one.address.replace('.', '/')}.yaml" == file:
                return True
        elif one.rule == "unused-variable":
            if ".".join(path[:2]) == one.path:
                return True
        elif one.rule == "unused-preset":
            continue  # its values reach nothing, which makes no difference here
        elif one.primary is not None and one.primary.span.file == file:
            covered = tuple(one.path.split(".")) if one.path else ()
            if path[: len(covered)] == covered:
                return True
    return False


@settings(max_examples=50, deadline=None, derandomize=True)
@given(projects())
def test_a_value_is_unused_exactly_when_changing_it_changes_nothing(files: Files) -> None:
    found = found_in(files)
    before = meaning(files)
    empty_presets = any(one.rule == "unused-preset" for one in found)
    for file, content in files.items():
        for path in leaves(content):
            if path[0] in ("mlc", "project", "environments", "defaults"):
                continue
            if empty_presets and path[0] == "presets":
                continue
            same = meaning(changed(files, file, path)) == before
            told = is_told(found, file, path)
            # a variable of which one value is read in one environment and another wins in the other is let be
            assert same == told or (same and path[0] == "vars"), (file, path, [one.detail for one in found])


# ── the rules' own examples ─────────────────────────────────────────────────────────────────────────────


def test_the_rules_are_there() -> None:
    assert len(NAMES) == 7


@pytest.mark.parametrize("name", NAMES)
def test_finds_its_bad_example_and_not_its_good_one(name: str, tmp_path: Path) -> None:
    module = rules.module(name)
    _, bad = inquiry.unused(Request(lay(tmp_path / "bad", module.BAD)))
    assert [one.rule for one in bad] == [name]
    (one,) = bad
    assert one.severity == module.RULE.severity != "error"
    assert one.primary is not None
    assert one.primary.span.file in module.BAD
    assert one.detail.endswith(".")
    good = lay(tmp_path / "good", module.GOOD)
    assert inquiry.unused(Request(good))[1] == ()
    assert pipeline.validate(Request(good)).diagnostics == ()


def laid(root: Path, **files: str) -> tuple[Diagnostic, ...]:
    done, found = inquiry.unused(
        Request(lay(root, {name.replace("__", "/") + ".yaml": text for name, text in files.items()}))
    )
    assert not has_errors(done.diagnostics), done.diagnostics
    return found


def test_what_is_looked_through_or_made_up_is_not_called_unused(tmp_path: Path) -> None:
    found = laid(
        tmp_path,
        env__dev="vars:\n  sizes: {cpu: '2'}\n  west: w\n  which: west\n"
        "presets: {deployment: {resources: '${vars.sizes}'}}\n",
        deployment__local="model: churn\ntarget: here\nresources: {memory: 1Gi}\ndescription: ${vars.${vars.which}}\n",
    )
    assert found == ()


def test_a_variable_that_only_an_unread_one_reads_is_unread(tmp_path: Path) -> None:
    found = laid(
        tmp_path,
        env__dev="vars: {a: '${vars.b}', b: 1, c: 2}\npatch: {target: {here: {description: '${vars.c}'}}}\n",
    )
    assert [(one.rule, one.path) for one in found] == [
        ("unused-variable", "vars.a"),
        ("unused-variable", "vars.b"),
    ]


def test_a_placeholder_waits_to_be_replaced(tmp_path: Path) -> None:
    model = "dataset: people\nfeatures: basic\ntrain: {estimator: sklearn.linear_model.LogisticRegression}\n"
    found = laid(
        tmp_path,
        model___base="task: ???\nmissing_on_purpose: {}\n".replace("missing_on_purpose: {}\n", "card: {}\n"),
        model__churn=f"defaults: [_base, _self_]\ntask: binary_classification\n{model}",
    )
    assert found == ()


def test_a_file_in_env_that_is_no_environment_and_one_in_a_folder_of_layers(tmp_path: Path) -> None:
    found = laid(tmp_path, env__staging="description: x\n", model__shared__fast="train: {seed: 1}\n")
    assert [(one.rule, str(one.primary and one.primary.span.file)) for one in found] == [
        ("unused-layer", "env/staging.yaml"),
        ("unused-layer", "model/shared/fast.yaml"),
    ]
    assert "none of the environments" in found[0].detail


def test_a_patch_of_what_is_not_in_its_environment(tmp_path: Path) -> None:
    found = laid(
        tmp_path,
        mlc="mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\n",
        env__prod="patch: {deployment: {local: {port: 0}}}\n",
        deployment__local="model: churn\ntarget: here\nenvironments: [dev]\n",
    )
    (one,) = found
    assert (one.rule, one.detail) == (
        "unused-value",
        "What `env/prod.yaml` says reaches no resource in any environment.",
    )


def test_the_command_says_it_in_every_form_and_exits_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = lay(tmp_path, {"model/_fast.yaml": "train: {seed: 1}\n", "env/dev.yaml": "vars: {a: 1}\n"})
    for form in ("text", "concise", "json", "github", "gitlab", "sarif", "junit"):
        assert main.run(["-C", str(root), "explain", "--unused", "--format", form]) == 0
        said = capsys.readouterr()
        assert "model/_fast.yaml" in said.out
        assert "vars.a" in said.out
        assert said.err == ""
        if form in ("json", "gitlab", "sarif"):
            json.loads(said.out)
    assert main.run(["-C", str(lay(tmp_path / "clean")), "explain", "--unused"]) == 0
    assert capsys.readouterr().out == "Everything that is written is used in some environment.\n"


@pytest.mark.parametrize(
    "words",
    [["--unused", "model.churn"], ["--unused", "--env", "dev"], [], ["model.churn", "--format", "sarif"]],
)
def test_words_that_do_not_go_together(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["-C", str(PROJECTS / "small"), "explain", *words]) == 1
    assert capsys.readouterr().err.startswith("mlc explain: ")


def test_mistakes_are_told_instead(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = lay(tmp_path, {"env/dev.yaml": "patch: {model: {chrun: {description: x}}}\n"})
    assert main.run(["-C", str(root), "explain", "--unused"]) == 1
    assert "patch-matches-nothing" in capsys.readouterr().err


def test_what_leaves_a_resource_out_is_no_preset_in_vain() -> None:
    """A preset or a patch of `enabled` has its effect by the resource not being there."""
    files: Files = {
        "mlc.yaml": {"mlc": 1, "project": "p", "environments": ["dev", "prod"]},
        "env/dev.yaml": {"presets": {"deployment": {"enabled": False}}},
        "env/prod.yaml": {"patch": {"deployment": {"a": {"enabled": False}}}},
        "deployment/a.yaml": {"model": "m"},
        "deployment/b.yaml": {"model": "m"},
    }
    assert [one.rule for one in found_in(files)] == ["unused-resource"]
