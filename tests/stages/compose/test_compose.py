"""Composition: provenance, mistakes and where they are shown, and names that are refused."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mlc.compose.hydra import Composed, compose_config
from mlc.compose.overrides import Override, apply_override, parse_override
from mlc.compose.source import Source
from mlc.ir.diagnostic import Diagnostic
from mlc.ir.node import plain
from mlc.ir.span import COMMAND_LINE
from mlc.load.reader import read


def composed(files: dict[str, str], *overrides: str, name: str = "c", closed: bool = True) -> Composed:
    return compose_config(Source(read, files=files, closed=closed), name, overrides)


def only(result: Composed) -> Diagnostic:
    assert result.node is None
    assert len(result.diagnostics) == 1, result.diagnostics
    return result.diagnostics[0]


def place(found: Diagnostic) -> str:
    assert found.primary is not None
    span = found.primary.span
    return f"{span.file}:{span.line}:{span.column}-{span.end_line}:{span.end_column}"


def test_every_value_knows_its_layers() -> None:
    result = composed(
        {
            "model/churn.yaml": "defaults: [_base, _self_]\nx: 1\n",
            "model/_base.yaml": "x: 0\ny: 2\n",
        },
        "model.x=5",
        name="model/churn",
    )
    assert result.node is not None
    assert plain(result.node) == {"model": {"x": 5, "y": 2}}
    assert [(layer.name, layer.package) for layer in result.layers] == [
        ("model/_base", "model"),
        ("model/churn", "model"),
    ]
    chain = []
    node = result.node.at(("model", "x"))
    while node is not None:
        chain.append((node.value, node.span.file, node.span.line, node.span.column))
        node = node.overwrote
    assert chain == [(5, COMMAND_LINE, 1, 9), (1, "model/churn.yaml", 2, 4), (0, "model/_base.yaml", 1, 4)]


def test_a_file_is_parsed_once() -> None:
    calls: list[str] = []

    def parse(data: bytes, file: str):  # type: ignore[no-untyped-def]
        calls.append(file)
        return read(data, file)

    source = Source(
        parse, files={"c.yaml": "defaults: [d]\n", "e.yaml": "defaults: [d]\n", "d.yaml": "x: 1\n"}
    )
    compose_config(source, "c")
    compose_config(source, "e")
    compose_config(source, "c")
    assert calls == ["c.yaml", "d.yaml", "e.yaml"]
    assert source.texts["d.yaml"] == "x: 1\n"


@pytest.mark.parametrize(
    ("files", "rule", "where", "says"),
    [
        ({"c.yaml": "defaults:\n  - clowd: a\n", "cloud/a.yaml": ""}, "missing-layer", "c.yaml:2:5-2:13", "cloud"),
        ({"c.yaml": "defaults:\n  - g: azrue\n", "g/azure.yaml": ""}, "missing-layer", "c.yaml:2:5-2:13", '"azure"'),
        ({"c.yaml": "defaults:\n  - _bsae\n", "_base.yaml": ""}, "missing-layer", "c.yaml:2:5-2:10", '"_base"'),
        ({"c.yaml": "defaults:\n- g: ???\n", "g/a.yaml": ""}, "missing-layer", "c.yaml:2:3-2:9", "`g=a`"),
        ({"c.yaml": "defaults: {g: a}\n"}, "bad-defaults-list", "c.yaml:1:11-1:17", "list"),
        ({"c.yaml": "defaults: [1]\n"}, "bad-defaults-list", "c.yaml:1:12-1:13", "number"),
        ({"c.yaml": "defaults: [_self_, _self_]\n"}, "bad-defaults-list", "c.yaml:1:20-1:26", "twice"),
        ({"c.yaml": "defaults: [{a: b, c: d}]\n"}, "bad-defaults-list", "c.yaml:1:12-1:24", "several"),
        ({"c.yaml": "defaults: [_self_@x]\n"}, "bad-defaults-list", "c.yaml:1:12-1:20", "package"),
        ({"c.yaml": "defaults: [g: _self_]\n"}, "bad-defaults-list", "c.yaml:1:12-1:21", "`- _self_`"),
        ({"c.yaml": "defaults: [g: 3]\n"}, "bad-defaults-list", "c.yaml:1:15-1:16", "number"),
        (
            {"c.yaml": "defaults: [override g: b, g: a]\n", "g/a.yaml": "", "g/b.yaml": ""},
            "bad-defaults-list", "c.yaml:1:12-1:25", "end of the list",
        ),
        (
            {"c.yaml": "defaults: [g: a, /g: b]\n", "g/a.yaml": "", "g/b.yaml": ""},
            "bad-defaults-list", "c.yaml:1:12-1:16", "chosen twice",
        ),
        ({"c.yaml": "defaults: [d]\n", "d.yaml": "defaults: [c]\n"},
         "defaults-cycle", "d.yaml:1:12-1:13", "`c` → `d` → `c`"),
        ({"c.yaml": "defaults: [c]\n"}, "defaults-cycle", "c.yaml:1:12-1:13", "`c` → `c`"),
        ({"c.yaml": "defaults: [override g: a]\n", "g/a.yaml": ""},
         "override-unused", "c.yaml:1:12-1:25", "nothing to override"),
        ({"c.yaml": "defaults: [../x]\n"}, "unsafe-config-name", "c.yaml:1:12-1:16", "leads out"),
        ({"c.yaml": "defaults: [//etc/passwd]\n"}, "unsafe-config-name", "c.yaml:1:12-1:24", "absolute"),
        ({"c.yaml": "defaults: [file:///etc/passwd]\n"}, "unsafe-config-name", "c.yaml:1:12-1:30", "project's folder"),
        ({"c.yaml": "defaults: [pkg://os]\n"}, "unsafe-config-name", "c.yaml:1:12-1:20", "project's folder"),
        ({"c.yaml": "defaults: [g: ../../x]\n"}, "unsafe-config-name", "c.yaml:1:12-1:22", "leads out"),
        ({"c.yaml": "hydra: {searchpath: ['file:///etc']}\n"}, "unsafe-config-name", "c.yaml:1:1-1:6", "Hydra"),
        ({"c.yaml": "defaults: [override hydra/launcher: joblib]\n"},
         "unsafe-config-name", "c.yaml:1:12-1:43", "Hydra"),
        ({"c.yaml": "defaults: [d@hydra]\n", "d.yaml": "run: 1\n"}, "unsafe-config-name", "d.yaml:1:1-1:7", "Hydra"),
        ({"c.yaml": "# @package hydra.run\nx: 1\n"}, "unsafe-config-name", "c.yaml:1:1-1:1", "Hydra"),
        ({"c.yaml": "a: ${b\n"}, "bad-interpolation", "c.yaml:1:7-1:8", "`}` is missing"),
        ({"c.yaml": "just text\n"}, "cannot-merge", "c.yaml:1:1-1:10", "map"),
        ({"c.yaml": "- 1\n"}, "cannot-merge", "c.yaml:1:1-1:4", "map"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_at_the_entry_at_fault(
    files: dict[str, str], rule: str, where: str, says: str
) -> None:
    found = only(composed(files))
    assert (found.rule, place(found)) == (rule, where)
    assert says in found.detail + found.help


def test_mistakes_in_several_files_come_together() -> None:
    result = composed({"c.yaml": "defaults: [d, e, nope]\n", "d.yaml": "a: 1\na: 2\n", "e.yaml": "b: [\n"})
    assert sorted(found.rule for found in result.diagnostics) == [
        "duplicate-key",
        "missing-layer",
        "yaml-syntax",
    ]


def test_warnings_do_not_stop_composition() -> None:
    result = composed({"c.yaml": "a: yes\n"})
    assert [found.rule for found in result.diagnostics] == ["ambiguous-scalar"]
    assert result.node is not None


def test_hydras_own_settings_are_dropped_when_a_hydra_folder_is_composed() -> None:
    files = {
        "c.yaml": "defaults:\n  - _self_\n  - override hydra/job_logging: disabled\nhydra: {run: {dir: x}}\na: 1\n",
    }
    result = composed(files, "hydra.run.dir=y", closed=False)
    assert result.node is not None, result.diagnostics
    assert plain(result.node) == {"a": 1}


def test_hydras_settings_on_the_command_line_are_refused_in_a_project() -> None:
    for override in ("hydra.searchpath=[file:///etc]", "+hydra/launcher=x", "hydra={}"):
        assert only(composed({"c.yaml": "a: 1\n"}, override)).rule == "unsafe-config-name"


def test_a_folder_is_read_and_a_link_out_of_it_is_not(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "g").mkdir(parents=True)
    (tmp_path / "secret.yaml").write_text("password: 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.yaml").write_text("password: 1\n")
    (root / "g" / "leak.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "far").symlink_to(tmp_path / "outside")
    (root / "g" / "a.yaml").write_text("x: 1\n")
    (root / "g" / "b.yaml").symlink_to(root / "g" / "a.yaml")
    (root / "ok.yaml").write_text("defaults: [g: b]\n")
    (root / "c.yaml").write_text("defaults: [g: leak]\n")
    (root / "d.yaml").write_text("defaults: [far: x]\n")
    source = Source(read, root)
    good = compose_config(source, "ok")
    assert good.node is not None
    assert plain(good.node) == {"g": {"x": 1}}
    for name in ("c", "d"):
        found = only(compose_config(source, name))
        assert found.rule == "unsafe-config-name"
        assert "symbolic link" in found.detail
    assert "password" not in "".join(source.texts.values())
    assert source.options("g") == ("a", "b", "leak")
    assert source.has_group("g")
    assert not source.has_group("far")
    assert not source.has_group("../outside")


def test_a_pipe_is_no_file_and_a_huge_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "c.yaml").write_text("defaults: [pipe]\n")
    (tmp_path / "big.yaml").write_bytes(b"a" * 5_000_000)
    source = Source(read, tmp_path)
    assert only(compose_config(source, "c")).rule == "missing-layer"
    assert only(compose_config(source, "big")).rule == "too-large"


def test_a_file_that_cannot_be_read_is_a_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.yaml").write_text("a: 1\n")

    def denied(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    found = only(compose_config(Source(read, tmp_path), "c"))
    assert found.rule == "missing-layer"
    assert "Permission denied" in found.detail


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "a//b", "", "~/x", "a\0b", "."])
def test_an_unsafe_primary_name_is_refused(name: str) -> None:
    result = composed({"c.yaml": ""}, name=name)
    assert result.node is None
    assert result.diagnostics


@pytest.mark.parametrize(
    "files",
    [
        {f"a{i}.yaml": f"defaults: [a{i + 1}, a{i + 1}]\n" for i in range(50)}
        | {"a50.yaml": "x: 1\n", "c.yaml": "defaults: [a0]\n"},
        {f"a{i}.yaml": f"defaults: [a{i + 1}]\n" for i in range(2000)}
        | {"a2000.yaml": "", "c.yaml": "defaults: [a0]\n"},
        {"c.yaml": "defaults: [" + ", ".join(["a"] * 20_000) + "]\n", "a.yaml": "x: 1\n"},
        {"c.yaml": "defaults: [" + ", ".join(f"g@p{i}: a" for i in range(6_000)) + "]\n", "g/a.yaml": "x: 1\n"},
    ],
)  # fmt: skip
def test_defaults_lists_that_grow_without_end_are_refused(files: dict[str, str]) -> None:
    before = time.process_time()
    result = composed(files)
    assert time.process_time() - before < 2.0
    assert {found.rule for found in result.diagnostics} == {"too-large"}


@pytest.mark.parametrize(
    ("override", "rule", "where", "says"),
    [
        ("modle=1", "bad-override", "1:1-1:6", 'Did you mean "model"? To add it, write `+modle=1`.'),
        ("model.trian=1", "bad-override", "1:1-1:12", '"train"'),
        ("+model.x=1", "bad-override", "1:2-1:9", "`++model.x=1`"),
        ("~model.nope", "bad-override", "1:2-1:12", "no value"),
        ("~model.x=2", "bad-override", "1:2-1:9", "`1`"),
        ("model=[1]", "bad-override", "1:1-1:6", "cannot be merged"),
        ("model.list.7=1", "bad-override", "1:1-1:13", "no item `7`"),
        ("model.x=1,2", "bad-override", "1:1-1:12", "sweep"),
        ("model.x=choice(1,2)", "bad-override", "1:1-1:20", "sweep"),
        ("model.x=range(1,9)", "bad-override", "1:1-1:19", "sweep"),
        ("model.x=shuffle([1,2,3])", "bad-override", None, "shuffle"),
        ("model.x=[", "bad-override", "1:10-1:11", "grammar"),
        ("model", "bad-override", "1:1-1:6", "`model=value`"),
        ("model.x=${a", "bad-override", None, "grammar"),
        ("model.x='${a'", "bad-interpolation", None, "`}` is missing"),
        ("model@x=1", "bad-override", "1:1-1:8", "no group"),
        ("g=zzz", "missing-layer", "1:1-1:6", "`g/zzz.yaml`"),
        ("g=1", "bad-override", "1:1-1:2", "group"),
        ("++g=a", "bad-override", "1:3-1:4", "`+g=a`"),
        ("g@p=a", "override-unused", "1:1-1:6", "`g`"),
        ("~g=b", "override-unused", "1:1-1:5", "nothing to remove"),
        ("model.x=" + "[" * 2000, "bad-override", None, "nested"),
        ("model.x=" + "9" * 20_000, "bad-override", None, "longer"),
        ("model.x=\u202e", "bad-override", None, "invisible"),
        ("model.x={1: 2}", "bad-override", None, "not text"),
    ],
)
def test_a_wrong_override_says_why(override: str, rule: str, where: str | None, says: str) -> None:
    files = {"c.yaml": "defaults: [g: a]\nmodel: {x: 1, train: {}, list: [1]}\n", "g/a.yaml": "y: 1\n"}
    found = only(composed(files, override))
    assert found.rule == rule
    assert says in found.detail + found.help
    assert found.primary is not None
    assert found.primary.span.file == COMMAND_LINE
    if where is not None:
        assert place(found) == f"{COMMAND_LINE}:{where}"


def test_a_wrong_override_says_which() -> None:
    found = only(composed({"c.yaml": "a: 1\n"}, "a=2", "b=3"))
    assert place(found) == f"{COMMAND_LINE}:2:1-2:2"


def test_a_known_field_may_be_set_though_no_layer_has_it() -> None:
    source = Source(read, files={"model/churn.yaml": "train: null\nname: x\n"})

    def is_known(path: tuple[str, ...]) -> bool:
        return path[:2] == ("model", "train") and path[-1] != "nope"

    for text, value in (
        ("model.train.params.max_iter=500", {"params": {"max_iter": 500}}),
        ("model.train={params:{a:1}}", {"params": {"a": 1}}),
    ):
        result = compose_config(source, "model/churn", [text], is_known=is_known)
        assert result.node is not None, result.diagnostics
        assert plain(result.node)["model"] == {"train": value, "name": "x"}
    refused = compose_config(source, "model/churn", ["model.train.nope=1"], is_known=is_known)
    assert only(refused).rule == "bad-override"


def test_applying_an_override_changes_no_input() -> None:
    root = read("a: {b: [1, {c: 2}]}\n", "f.yaml").node
    assert root is not None
    before = plain(root)
    for text in ("a.b.1.c=3", "~a.b.1.c", "+a.d.e=1", "++a={b:[]}", "a.b=[]"):
        override = parse_override(text, 1)
        assert isinstance(override, Override)
        changed = apply_override(root, override, lambda path: False)
        assert not isinstance(changed, Diagnostic), text
        assert plain(changed) != before
        assert plain(root) == before


def test_hydra_is_not_imported_without_an_override() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from mlc.compose.hydra import compose_config\n"
        "from mlc.compose.source import Source\n"
        "from mlc.load.reader import read\n"
        "files = {'c.yaml': 'defaults: [d]\\na: ${b}\\n', 'd.yaml': 'b: 1\\n'}\n"
        "result = compose_config(Source(read, files=files), 'c')\n"
        "assert result.node is not None\n"
        "print([name for name in ('hydra', 'omegaconf', 'antlr4', 'difflib') if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == "[]"
