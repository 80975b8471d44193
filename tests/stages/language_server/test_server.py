"""`mlc lsp` over standard input and output, in a copy of examples/lending."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from acceptance.script import environment
from language_client import LanguageClient
from mlc import data, kinds, pipeline
from mlc.request import Request

MODEL = "model/default_risk.yaml"
LENDING = data.path("examples", "lending")


def client_of(project: Path, encodings: tuple[str, ...] = ("utf-16",)) -> LanguageClient:
    command = [sys.executable, "-m", "mlc.cli.main", "lsp", "--stdio"]
    return LanguageClient(command, project, environment=environment(project), encodings=encodings)


def copied(folder: Path) -> Path:
    made = shutil.ignore_patterns(".mlc", "generated", ".github")
    return Path(shutil.copytree(LENDING, folder / "lending", ignore=made))


def _configuration_files(root: Path) -> list[str]:
    return [
        f"{path.parent.name}/{path.name}"
        for kind in ("env", *kinds.names())
        for path in root.glob(f"{kind}/*.yaml")
    ]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageClient]:
    with client_of(copied(tmp_path_factory.mktemp("editor"))) as client:
        for file in ("mlc.yaml", *_configuration_files(client.root)):
            client.open(file)
        yield client
        assert client.shown == []


@pytest.fixture
def editor(shared: LanguageClient) -> Iterator[LanguageClient]:
    """Every file as on disk, before and after."""
    yield shared
    for file, version in list(shared.versions.items()):
        if version > 1:
            shared.change(file, text(shared, file))
            shared.versions[file] = 1
    shared.hover(MODEL, 0, 0)  # once it is answered, all that was sent before has been taken in


def text(editor: LanguageClient, file: str) -> str:
    return (editor.root / file).read_text(encoding="utf-8")


def place(content: str, wanted: str, within: int = 0) -> tuple[int, int]:
    """Line and character of a piece of a text, in the protocol's count."""
    offset = content.index(wanted) + within
    before = content[:offset].split("\n")
    return len(before) - 1, len(before[-1].encode("utf-16-le")) // 2


def rules(found: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in found]


def show(editor: LanguageClient, file: str, content: str) -> list[dict[str, Any]]:
    editor.change(file, content)
    return editor.found(file)


def complete(editor: LanguageClient, file: str, content: str) -> set[str]:
    """The completions where `|` stands."""
    editor.change(file, content.replace("|", "", 1))
    return set(editor.labels(file, *place(content, "|")))


def applied(content: str, edits: list[dict[str, Any]]) -> str:
    """Edits of a text without surrogate pairs, so that code units are characters."""
    lines = content.split("\n")

    def offset(position: dict[str, int]) -> int:
        return sum(len(line) + 1 for line in lines[: position["line"]]) + position["character"]

    ordered = sorted(edits, key=lambda edit: -offset(edit["range"]["start"]))
    for edit in ordered:
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        content = content[:start] + edit["newText"] + content[end:]
    return content


# diagnostics


def test_has_nothing_to_say_about_the_example(editor: LanguageClient) -> None:
    for file in editor.versions:
        assert editor.found(file) == [], file


def test_tells_every_mistake_of_every_file_at_once(editor: LanguageClient) -> None:
    editor.change("target/here.yaml", "type: lokal\n")
    content = text(editor, MODEL).replace("loans", "laons").replace("[quality,", "[qualty,") + "foo: 1\n"
    editor.change(MODEL, content)
    found = editor.found(MODEL, lambda found: len(found) == 3)
    assert sorted(rules(found)) == ["unknown-key", "unresolved-reference", "unresolved-reference"]
    (elsewhere,) = editor.found("target/here.yaml", bool)
    assert elsewhere["code"] == "value-not-allowed"
    assert elsewhere["severity"] == 1
    assert 'Did you mean "local"?' in elsewhere["message"]


def test_an_unsaved_file_counts_for_the_others(editor: LanguageClient) -> None:
    """The features use a column that the editor's dataset has no more."""
    content = text(editor, "dataset/loans.yaml")
    editor.change("dataset/loans.yaml", content.replace("debt_to_income_ratio:", "debt_to_income:"))
    assert "unknown-column" in rules(editor.found("features/loan_risk.yaml", bool))
    editor.diagnostics.clear()
    editor.change("dataset/loans.yaml", content)
    assert editor.found("features/loan_risk.yaml") == []


def test_the_place_is_in_utf_16(editor: LanguageClient) -> None:
    content = text(editor, MODEL).replace("description: Will", "description: 😀 貸出 Will")
    content = content.replace("gates: [quality]", "tags: ['😀', 貸]\ngates: [quality]")
    line, character = place(content, "[_tabular")
    content = content.replace("train:\n  params: {", "train:\n  params: {'😀貸': 1, ")
    (found,) = show(editor, MODEL, content)
    line, character = place(content, "'😀貸'")
    assert found["range"] == {
        "start": {"line": line, "character": character},
        "end": {"line": line, "character": character + 5},
    }


def test_the_place_is_in_what_the_editor_counts(tmp_path: Path) -> None:
    with client_of(copied(tmp_path), ("utf-32", "utf-16")) as editor:
        assert editor.capabilities["positionEncoding"] == "utf-32"
        content = text(editor, MODEL).replace("train:\n  params: {", "train:\n  params: {'😀貸': 1, ")
        editor.open(MODEL, content)
        (found,) = editor.found(MODEL, bool)
        assert found["range"]["end"]["character"] - found["range"]["start"]["character"] == 4


def test_tells_what_is_no_yaml(editor: LanguageClient) -> None:
    assert rules(show(editor, MODEL, "train: {params: [\n")) == ["yaml-syntax"]


def test_points_at_what_else_belongs_to_it(editor: LanguageClient) -> None:
    (found,) = show(editor, MODEL, text(editor, MODEL) + "gates: [quality]\n")
    assert found["code"] == "duplicate-key"
    (related,) = found["relatedInformation"]
    assert related["location"]["range"]["start"]["line"] == place(text(editor, MODEL), "gates:")[0]


# completion


@pytest.mark.parametrize(
    ("content", "wanted", "unwanted"),
    [
        ("dataset: |\n", {"loans"}, {"quality"}),
        ("dataset: lo|\n", {"loans"}, set()),
        ("gates: [|]\n", {"quality"}, {"loans"}),
        ("gates:\n  - |\n", {"quality"}, set()),
        ("defaults: [|]\n", {"_tabular", "_self_"}, {"default_risk"}),
        ("task: |\n", {"binary_classification"}, set()),
        ("enabled: |\n", {"true", "false"}, set()),
        ("environments: [|]\n", {"dev", "prod"}, set()),
        ("task: binary_classification\n|\n", {"dataset", "train", "card"}, {"task", "seed"}),
        ("train:\n  |\n", {"estimator", "seed", "params"}, {"dataset"}),
        ("card: {|}\n", {"limits", "licence"}, set()),
        ("train:\n  estimator: |\n", {"sklearn.linear_model.LogisticRegression"}, {"lbfgs"}),
        (
            "train:\n  estimator: sklearn.linear_model.LogisticRegression\n  params: {C: 1.0, |}\n",
            {"solver", "max_iter"},
            {"C", "max_leaf_nodes"},
        ),
        ("defaults: [_tabular, _self_]\ntrain:\n  params:\n    |\n", {"max_leaf_nodes"}, {"C"}),
        (
            "train:\n  estimator: sklearn.linear_model.LogisticRegression\n  params:\n    solver: |\n",
            {"lbfgs", "saga"},
            set(),
        ),
        ("description: in ${vars.|}\n", {"region", "images"}, {"env"}),
        ("description: in ${|\n", {"vars", "env", "dataset"}, set()),
        ("# dataset: |\n", set(), {"loans"}),
    ],
)
def test_completes_in_a_model(
    editor: LanguageClient, content: str, wanted: set[str], unwanted: set[str]
) -> None:
    found = complete(editor, MODEL, content)
    assert wanted <= found
    assert not unwanted & found


FEATURES = "features/loan_risk.yaml"
GROUP = "groups:\n  a:\n    columns: [car_value]\n    transforms:\n      one:"


@pytest.mark.parametrize(
    ("file", "content", "wanted"),
    [
        ("target/here.yaml", "type: |\n", {"local", "docker", "kserve", "mlserver"}),
        ("target/here.yaml", "type: docker\n|\n", {"repository"}),
        ("gate/quality.yaml", "metrics:\n  |\n", {"roc_auc", "latency_p99"}),
        ("gate/quality.yaml", "metrics:\n  roc_auc: {|}\n", {"min", "bound"}),
        ("env/prod.yaml", "patch:\n  model:\n    |\n", {"default_risk"}),
        (
            "env/prod.yaml",
            "patch:\n  model:\n    default_risk:\n      train: {params: {|}}\n",
            {"max_leaf_nodes"},
        ),
        ("env/prod.yaml", "presets:\n  deployment:\n    |\n", {"replicas", "target"}),
        ("env/prod.yaml", "presets:\n  deployment: {target: |}\n", {"cluster", "here"}),
        ("mlc.yaml", "mlc: 1\nproject: lending\nregistry: |\nenvironments: [dev, prod]\n", {"main"}),
        ("dataset/loans.yaml", "split: {method: |}\n", {"random", "stratified"}),
        (
            FEATURES,
            f"{GROUP}\n        estimator: |\n",
            {"sklearn.decomposition.PCA", "sklearn.impute.SimpleImputer"},
        ),
        (
            FEATURES,
            f"{GROUP} {{estimator: sklearn.decomposition.PCA, params: {{|}}}}\n",
            {"n_components", "whiten"},
        ),
        (FEATURES, f"{GROUP} {{params: {{|}}}}\n", {"n_components", "degree"}),
        (
            FEATURES,
            f"{GROUP}\n        estimator: sklearn.decomposition.PCA\n        params:\n          svd_solver: |\n",
            {"full", "arpack"},
        ),
    ],
)
def test_completes_elsewhere(editor: LanguageClient, file: str, content: str, wanted: set[str]) -> None:
    assert wanted <= complete(editor, file, content)


# definition


@pytest.mark.parametrize(
    ("file", "at", "target"),
    [
        (MODEL, "loans", "dataset/loans.yaml"),
        (MODEL, "loan_risk", "features/loan_risk.yaml"),
        (MODEL, "quality", "gate/quality.yaml"),
        (MODEL, "_tabular", "model/_tabular.yaml"),
        ("model/_tabular.yaml", "production", "policy/production.yaml"),
        ("env/prod.yaml", "_cloud", "env/_cloud.yaml"),
        ("env/prod.yaml", "default_risk", MODEL),
        ("deployment/risk_cluster.yaml", "prod", "env/prod.yaml"),
        ("mlc.yaml", "main", "registry/main.yaml"),
    ],
)
def test_goes_to_what_is_named(editor: LanguageClient, file: str, at: str, target: str) -> None:
    (found,) = editor.at("definition", file, *place(text(editor, file), at, 1))
    assert found["uri"] == editor.uri(target)


def test_goes_to_what_an_interpolation_reads_in_every_environment(editor: LanguageClient) -> None:
    content = text(editor, MODEL).replace("Will this", "In 😀 ${vars.region}, ${.dataset}: will this")
    content = content.replace("description: ", 'description: "').replace("repaid?", 'repaid?"')
    assert show(editor, MODEL, content) == []
    found = editor.at("definition", MODEL, *place(content, "vars.region", 6))
    assert {one["uri"] for one in found} == {editor.uri("mlc.yaml"), editor.uri("env/prod.yaml")}
    (own,) = editor.at("definition", MODEL, *place(content, ".dataset}", 3))
    assert own["uri"] == editor.uri(MODEL)
    assert own["range"]["start"]["line"] == place(content, "\ndataset:", 1)[0]


# hover


def test_hover_tells_the_chain_in_every_environment(editor: LanguageClient) -> None:
    said = editor.hover("model/default_risk.yaml", *place(text(editor, MODEL), "learning_rate", 2))
    assert "Parameter of HistGradientBoostingClassifier" in said
    assert "A change costs: **retrain**" in said
    assert "**dev, prod** `0.08` — [model/default_risk.yaml:6:27]" in said
    assert "over `0.1` — [model/_tabular.yaml:6:20]" in said
    patch = editor.hover("env/prod.yaml", *place(text(editor, "env/prod.yaml"), "max_iter", 2))
    assert "**dev** `100` — [model/_tabular.yaml:7:15]" in patch
    assert "**prod** `200` — [env/prod.yaml:9:34]" in patch


def test_hover_tells_what_a_field_is_also_in_a_layer(editor: LanguageClient) -> None:
    said = editor.hover("model/_tabular.yaml", *place(text(editor, "model/_tabular.yaml"), "seed", 1))
    assert "Seed of everything random. Default: `0`. A change costs: **retrain**." in said
    mlc = editor.hover("mlc.yaml", *place(text(editor, "mlc.yaml"), "region", 1))
    assert '**prod** `"northeurope"` — [env/prod.yaml' in mlc


def test_hover_tells_what_a_parameter_of_a_transform_is(editor: LanguageClient) -> None:
    content = f"{GROUP} {{estimator: sklearn.decomposition.PCA, params: {{whiten: true}}}}\n"
    show(editor, FEATURES, content)
    said = editor.hover(FEATURES, *place(content, "whiten", 2))
    assert "Parameter of PCA: true or false. Default: `false`. A change costs: **retrain**." in said


def test_hover_follows_an_interpolation(editor: LanguageClient) -> None:
    content = text(editor, MODEL).replace("Will this loan", "${vars.region} loan")
    show(editor, MODEL, content)
    said = editor.hover(MODEL, *place(content, "vars.region", 2))
    assert said.startswith("`vars.region`")
    assert "northeurope" in said


# quick fixes


def fixes(editor: LanguageClient, file: str, line: int, character: int) -> list[dict[str, Any]]:
    at = {"line": line, "character": character}
    found: list[dict[str, Any]] = editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": editor.uri(file)},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": []},
        },
    )
    return found


def test_a_quick_fix_mends_the_mistake(editor: LanguageClient) -> None:
    content = text(editor, MODEL).replace("dataset: loans", "dataset: laons")
    show(editor, MODEL, content)
    (fix,) = fixes(editor, MODEL, *place(content, "laons"))
    assert fix["title"].startswith('Write "loans"')
    assert fix["kind"] == "quickfix"
    mended = applied(content, fix["edit"]["changes"][editor.uri(MODEL)])
    assert mended == text(editor, MODEL)
    assert fixes(editor, MODEL, 0, 0) == []
    assert show(editor, MODEL, mended) == []


# rename


def rename(editor: LanguageClient, file: str, at: str, new: str) -> list[dict[str, Any]]:
    answer = editor.at("rename", file, *place(text(editor, file), at, 1), newName=new)
    found: list[dict[str, Any]] = answer["documentChanges"]
    return found


def carried_out(root: Path, changes: list[dict[str, Any]]) -> None:
    """What an editor does with a workspace edit, in order."""

    def path(uri: str) -> Path:
        return Path(url2pathname(urlsplit(uri).path))

    for change in changes:
        if change.get("kind") == "rename":
            path(change["oldUri"]).rename(path(change["newUri"]))
        else:
            file = path(change["textDocument"]["uri"])
            file.write_text(applied(file.read_text(encoding="utf-8"), change["edits"]), encoding="utf-8")


def test_prepares_a_rename_of_a_resource_only(editor: LanguageClient) -> None:
    content = text(editor, MODEL)
    prepared = editor.at("prepareRename", MODEL, *place(content, "loans", 1))
    assert prepared["placeholder"] == "loans"
    assert editor.at("prepareRename", MODEL, *place(content, "Will", 1)) is None
    assert editor.at("prepareRename", MODEL, *place(content, "dataset", 1)) is None


def test_renames_a_resource_across_files(tmp_path: Path) -> None:
    project = copied(tmp_path)
    (project / "model" / "second.yaml").write_text(
        "defaults: [default_risk, _self_]\n"
        "description: 'like ${model.default_risk.dataset} ${model.default_risk.task}'\n"
    )
    with client_of(project) as editor:
        changes = rename(editor, "deployment/risk_online.yaml", "default_risk", "loan_default")
    assert changes[-1]["kind"] == "rename"
    carried_out(project, changes)
    assert not (project / MODEL).exists()
    validated = pipeline.validate(Request(project, ("all",)))
    assert [one.detail for one in validated.diagnostics] == []
    texts = {
        str(file.relative_to(project)): file.read_text(encoding="utf-8") for file in project.rglob("*.yaml")
    }
    left = {file for file, content in texts.items() if "default_risk" in content}
    assert left == {"mlc.yaml"}
    assert "moved:\n  model.default_risk: model.loan_default\n" in texts["mlc.yaml"]
    assert texts["model/second.yaml"].startswith("defaults: [loan_default, _self_]\n")
    assert "${model.loan_default.dataset} ${model.loan_default.task}" in texts["model/second.yaml"]
    assert "    loan_default:\n" in texts["env/prod.yaml"]


@pytest.mark.parametrize(
    "moved", ["moved: {dataset.a: dataset.b}\n", "moved: {}\n", "moved:\n  dataset.a: dataset.b\n"]
)
def test_adds_to_moved_as_it_is_written(tmp_path: Path, moved: str) -> None:
    project = copied(tmp_path)
    with (project / "mlc.yaml").open("a", encoding="utf-8") as file:
        file.write(moved)
    with client_of(project) as editor:
        carried_out(project, rename(editor, MODEL, "loan_risk", "risk"))
    composed = pipeline.compose(Request(project)).layers.project.get("moved")
    assert composed is not None
    assert composed.value["features.loan_risk"].value == "features.risk"
    assert len(composed.value) == (1 if "{}" in moved else 2)


def test_refuses_a_rename_that_cannot_be(editor: LanguageClient) -> None:
    for new, reason in (("Loans!", "cannot name a resource"), ("loans", "called loans already")):
        with pytest.raises(RuntimeError, match=reason):
            rename(editor, MODEL, "loans", new)
    with pytest.raises(RuntimeError, match="Nothing that can be renamed"):
        rename(editor, MODEL, "Will", "anything")


# files come and go


def test_sees_what_changes_on_disk(tmp_path: Path) -> None:
    project = copied(tmp_path)
    with client_of(project) as editor:
        editor.open(MODEL)
        assert editor.found(MODEL) == []
        (project / "gate" / "quality.yaml").rename(project / "gate" / "good.yaml")
        uris = [editor.uri(f"gate/{name}.yaml") for name in ("quality", "good")]
        changes = [{"uri": uri, "type": kind} for uri, kind in zip(uris, (3, 1), strict=True)]
        editor.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        assert rules(editor.found(MODEL, bool)) == ["unresolved-reference"]
        editor.open("gate/quality.yaml", text(editor, "gate/good.yaml"))  # not saved yet
        assert editor.found(MODEL, lambda found: not found) == []


def test_says_nothing_about_files_of_no_project(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("a: 1\n")
    with client_of(tmp_path) as editor:
        editor.open("other.yaml")
        assert editor.labels("other.yaml", 0, 0) == {}
        assert editor.hover("other.yaml", 0, 0) == ""
        assert editor.at("definition", "other.yaml", 0, 0) == []
        assert editor.diagnostics == {}
