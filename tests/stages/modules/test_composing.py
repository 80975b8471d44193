"""Layers of modules among those of a project: where they stand, what they may lead to, what is said of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlc import inquiry, load, pipeline, trial
from mlc.cli import main
from mlc.compose.source import Source
from mlc.ir.diagnostic import has_errors
from mlc.ir.module import is_of_module
from mlc.ir.node import plain
from mlc.modules import update
from mlc.request import Request
from rules.project import FILES
from stages.modules.places import USING, declared, diagnostics, lock, project, rules_of, value, write


def locked(root: Path, layers: dict[str, str], more: dict[str, str] | None = None) -> Path:
    """A project with a module of these layers."""
    shutil.rmtree(root, ignore_errors=True)
    write(root / "layers", layers)
    made = project(root / "project", "source: ../layers", more)
    update(made, declared(made), ())
    return made


def test_values_stand_where_those_of_a_layer_of_the_project_would(tmp_path: Path) -> None:
    root = locked(
        tmp_path,
        {
            "model/_tabular.yaml": "defaults: [_base, train: careful, deep/_note@card, _self_]\ntrain: {seed: 5}\n",
            "model/_base.yaml": "description: From the base.\ntrain: {seed: 1}\n",
            "model/train/careful.yaml": "params: {max_iter: 900}\n",
            "model/deep/_note.yaml": "limits: Few.\n",
        },
    )
    assert value(root, "model", "churn", "train", "seed") == 5
    assert value(root, "model", "churn", "train", "params", "max_iter") == 900
    assert value(root, "model", "churn", "description") == "From the base."
    assert value(root, "model", "churn", "card", "limits") == "Few."


def test_a_package_that_is_written_counts(tmp_path: Path) -> None:
    layers = {
        "model/_tabular.yaml": "defaults: [_tuned@train, _here@card, _self_]\n",
        "model/_tuned.yaml": "defaults: [_more, _self_]\nseed: 5\n",
        "model/_more.yaml": "params: {max_iter: 900}\n",
        "model/_here.yaml": "limits: Few.\n",
    }
    root = locked(tmp_path, layers)
    assert value(root, "model", "churn", "train", "seed") == 5
    assert (
        value(root, "model", "churn", "train", "params", "max_iter") == 900
    )  # within the layer at its package
    assert value(root, "model", "churn", "card", "limits") == "Few."
    root = locked(tmp_path, {"model/_tabular.yaml": "# @package model.train\nseed: 7\n"})
    assert value(root, "model", "churn", "train", "seed") == 7


def test_a_header_cannot_leave_the_resource(tmp_path: Path) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "# @package gate\nx: 7\n"})
    assert "layer-outside-resource" in rules_of(root)


def test_names_in_a_module_lead_to_its_own_files_only(tmp_path: Path) -> None:
    """Neither a relative name nor one from the root reaches the project's layers."""
    more = {"model/_own.yaml": "train: {seed: 1}\n"}
    for name in ("_own", "/model/_own"):
        root = locked(tmp_path, {"model/_tabular.yaml": f"defaults: [{name}, _self_]\n"}, more)
        (one,) = diagnostics(root)
        assert one.rule == "missing-layer"
        assert (
            one.detail == "The module acme has no file `model/_own.yaml` in the version that mlc.lock holds."
        )
        assert one.primary is not None
        assert is_of_module(one.primary.span.file)
    root = locked(
        tmp_path,
        {"model/_tabular.yaml": "defaults: [/model/_base]\n", "model/_base.yaml": "train: {seed: 4}\n"},
        more,
    )
    assert (
        value(root, "model", "churn", "model", "train", "seed") == 4
    )  # as Hydra places a name from the root
    for name in ("../../gate/quality", "../_own", "//model/_own"):
        root = locked(tmp_path, {"model/_tabular.yaml": f"defaults: ['{name}', _self_]\n"}, more)
        assert rules_of(root) == ["unsafe-config-name"], name


def test_an_environment_and_its_presets(tmp_path: Path) -> None:
    root = locked(
        tmp_path,
        {
            "env/_cloud.yaml": "vars: {region: north}\npresets: {deployment: {port: 8085}}\n",
            "model/_tabular.yaml": "description: In ${vars.region}.\n",
        },
        {"env/dev.yaml": "defaults: [acme/_cloud, _self_]\n"},
    )
    assert value(root, "model", "churn", "description") == "In north."
    assert value(root, "deployment", "local", "port") == 8085


def test_the_project_file_cannot_build_on_a_module(tmp_path: Path) -> None:
    root = locked(
        tmp_path, {"env/_cloud.yaml": "vars: {region: north}\n", "model/_tabular.yaml": "tags: [a]\n"}
    )
    text = (root / "mlc.yaml").read_text()
    (root / "mlc.yaml").write_text("defaults: [env/acme/_cloud, _self_]\n" + text)
    assert "missing-layer" in rules_of(root)


def test_files_of_a_module_are_layers_and_no_resources(tmp_path: Path) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "tags: [a]\n", "model/other.yaml": "tags: [b]\n"})
    composed = pipeline.compose(Request(root))
    assert [str(address) for address in composed.layers.resources if address.kind == "model"] == [
        "model.churn"
    ]
    (root / "model" / "churn.yaml").write_text(USING.replace("acme/_tabular", "acme/other"))
    assert value(root, "model", "churn", "tags", 0) == "b"


def test_a_module_that_cannot_be_used_is_told_once(tmp_path: Path) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "tags: [a]\n"}, {"model/other.yaml": USING})
    shutil.rmtree(root / ".mlc")
    assert rules_of(root) == ["module-not-installed"]
    (root / "mlc.lock").unlink()
    assert rules_of(root) == ["module-not-locked"]


def test_what_is_added_to_an_installed_module_has_no_effect(tmp_path: Path) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "tags: [a]\n"})
    (folder,) = (root / ".mlc" / "modules").glob("acme-*/model")
    (folder / "_added.yaml").write_text("tags: [b]\n")
    (root / "model" / "churn.yaml").write_text(USING.replace("_tabular", "_added"))
    assert rules_of(root) == ["missing-layer"]


def test_a_mistake_in_a_module_is_told_there_and_offers_no_edit(tmp_path: Path) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "train: {sede: 5}\n"})
    (one,) = diagnostics(root)
    assert (one.rule, one.fix) == ("unknown-key", None)
    assert one.primary is not None
    assert is_of_module(one.primary.span.file)
    assert one.primary.span.file in pipeline.validate(Request(root)).composed.sources
    (root / "model" / "churn.yaml").write_text("train: {sede: 5}\n")
    assert all(one.fix is not None for one in diagnostics(root) if one.rule == "unknown-key")


def test_what_a_module_has_and_the_project_overrides_is_not_unused(tmp_path: Path) -> None:
    layers = {
        "model/_tabular.yaml": "tags: [a]\ndescription: Lost.\n",
        "model/_nobody.yaml": "tags: [b]\n",
        "env/_cloud.yaml": "vars: {nobody: 1}\npresets: {gate: {description: x}}\n",
    }
    more = {
        "model/churn.yaml": USING + "description: Wins.\n",
        "env/dev.yaml": "defaults: [acme/_cloud, _self_]\n",
    }
    root = locked(tmp_path, layers, more)
    composed, found = inquiry.unused(Request(root))
    assert not has_errors(composed.diagnostics)
    assert found == ()


def test_a_case_of_mlc_test_sees_modules_and_covers_their_layers(tmp_path: Path) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "train: {seed: 5}\n"})
    one, two = (
        "{expect: {values: {model.churn.train.seed: 5}}}",
        "{files: {gate/g.yaml: 'metrics: {roc_auc: {min: 0.7}}'}, expect: {values: {model.churn.train.seed: 5}}}",
    )
    write(root, {"tests/it.mlctest.yaml": f"cases: {{one: {one}, two: {two}}}\n"})
    result = trial.run(root, coverage=True).result
    assert result is not None
    assert [case.failures for case in result.cases] == [(), ()]
    assert result.coverage is not None
    layers = {layer.name: layer.cases for layer in result.coverage.layers}
    folder = lock(root).modules["acme"].digest[:12]
    assert layers == {f".mlc/modules/acme-{folder}/model/_tabular.yaml": 2, "env/dev.yaml": 2}


def test_a_case_may_take_the_modules_away(tmp_path: Path) -> None:
    """Files laid over the project decide which modules there are."""
    root = locked(tmp_path, {"model/_tabular.yaml": "train: {seed: 5}\n"})
    opened = pipeline.open_project(root)
    without = pipeline.with_files(opened, {"mlc.yaml": FILES["mlc.yaml"]})
    found = pipeline.validate(Request(root), without).diagnostics
    assert [one.rule for one in found] == ["missing-layer"]
    changed = pipeline.with_files(opened, {"model/churn.yaml": USING + "tags: [x]\n"})
    assert pipeline.validate(Request(root), changed).diagnostics == ()
    assert pipeline.validate(Request(root), opened).diagnostics == ()


def test_renaming_stops_where_a_module_names_the_resource(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = {"gate/quality.yaml": "metrics: {roc_auc: {min: 0.7}}\n"}
    root = locked(tmp_path, {"model/_tabular.yaml": "gates: [quality]\n"}, more)
    assert main.run(["-C", str(root), "rename", "gate.quality", "good"]) == 1
    assert "a module is not changed by those who use it" in " ".join(capsys.readouterr().err.split())
    assert main.run(["-C", str(root), "rename", "model.churn", "leaving"]) == 0
    assert rules_of(root) == []


def test_formatting_leaves_modules_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = locked(tmp_path, {"model/_tabular.yaml": "train:   {seed:    5}\n"})
    main.run(["-C", str(root), "fmt"])
    main.run(["-C", str(root), "fmt", ".mlc"])
    assert "was left as it is" in capsys.readouterr().err
    assert rules_of(root) == []


# ── a module is its files ───────────────────────────────────────────────────────────────────────────

NAMES = ("_a", "_b", "_c", "sub/_d", "sub/_e")
VALUES = st.dictionaries(
    st.sampled_from(["tags", "seed", "x", "card", "train"]),
    st.recursive(st.integers(0, 9), lambda inner: st.dictionaries(st.sampled_from("pqr"), inner, max_size=3)),
    max_size=4,
)


@st.composite
def layer_files(draw: st.DrawFn) -> dict[str, str]:
    """Layers that build on one another, each only on those after it."""
    files = {}
    for index, name in enumerate(NAMES):
        folder = name.rpartition("/")[0]
        after = [other for other in NAMES[index + 1 :] if not folder or other.startswith(f"{folder}/")]
        below = [other.removeprefix(f"{folder}/") if folder else other for other in after]
        entries: list[Any] = []
        for other in draw(st.lists(st.sampled_from(below), unique=True, max_size=2)) if below else []:
            package = draw(st.sampled_from(["", "", "@train", "@card.p", "@_here_", "@_global_.model.q"]))
            inner, _, base = other.rpartition("/")
            if inner and draw(st.booleans()):
                entries.append({f"{inner}{package}": base})
            else:
                entries.append(other + package)
        entries.insert(draw(st.integers(0, len(entries))), "_self_")
        header = draw(st.sampled_from(["", "", "", "# @package model\n", "# @package model.w\n"]))
        content = {"defaults": entries, **draw(VALUES)}
        files[f"model/{name}.yaml"] = header + yaml.safe_dump(content, sort_keys=False)
    return files


@given(layers=layer_files(), entry=st.sampled_from(["{}_a", "{}_b@train", "{}sub/_d"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_composing_with_a_module_is_composing_with_its_files(layers: dict[str, str], entry: str) -> None:
    """A module's layers give what the same files in the project's own folder give, and where each value is from."""
    from hashlib import sha256

    from mlc.compose.hydra import compose_config
    from mlc.ir.module import Module

    digests = {path: sha256(text.encode()).hexdigest() for path, text in layers.items()}
    with_module = Source(
        load.read,
        files={
            "model/m.yaml": f"defaults: ['{entry.format('acme/')}', _self_]\n",
            **{f".mlc/modules/acme-1/{path}": text for path, text in layers.items()},
        },
    )
    with_module.mount([Module("acme", ".mlc/modules/acme-1", digests)], ["model"])
    copied = Source(
        load.read, files={"model/m.yaml": f"defaults: ['{entry.format('')}', _self_]\n", **layers}
    )
    ours, theirs = (compose_config(source, "model/m") for source in (with_module, copied))
    assert [one.rule for one in ours.diagnostics] == [one.rule for one in theirs.diagnostics]
    assert (ours.node is None) == (theirs.node is None)
    if ours.node is not None and theirs.node is not None:
        assert plain(ours.node) == plain(theirs.node)
        places = [
            [
                (path, node.span.file.removeprefix(".mlc/modules/acme-1/"), node.span.line, node.span.column)
                for path, node in root.walk()
            ]
            for root in (ours.node, theirs.node)
        ]
        assert places[0] == places[1]
