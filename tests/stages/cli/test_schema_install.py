"""The settings that `mlc schema install` writes, and all in them that it leaves alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlc import data, kinds
from mlc.cli import _jsonc
from mlc.cli.main import run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "lending").mkdir()
    shutil.copy(data.path("examples", "lending", "mlc.yaml"), tmp_path / "lending")
    return tmp_path / "lending"


def settings(folder: Path) -> Path:
    return folder / ".vscode" / "settings.json"


def mapped(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = _jsonc.parse(settings(folder).read_text(encoding="utf-8")).bare[
        "yaml.schemas"
    ]
    return found


def test_maps_every_kind_to_a_schema_that_is_there(project: Path) -> None:
    assert run(["-C", str(project), "schema", "install"]) == 0
    found = mapped(project)
    assert {files[0] for files in found.values()} == {
        "/mlc.yaml",
        "/env/*.yaml",
        "/**/*.mlctest.yaml",
        "/**/backend.yaml",
        *(f"/{kind}/*.yaml" for kind in kinds.names()),
    }
    for path in found:
        installed = json.loads((project / path).read_bytes())
        assert installed == json.loads(data.path("schemas", "editor", Path(path).name).read_bytes())


def test_changes_nothing_a_second_time(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["-C", str(project), "schema", "install"])
    files = {path: path.read_bytes() for path in (project / ".vscode").rglob("*.json")}
    assert capsys.readouterr().out.startswith("Wrote ")
    assert run(["-C", str(project), "schema", "install"]) == 0
    assert capsys.readouterr().out.startswith("Nothing to change ")
    assert {path: path.read_bytes() for path in (project / ".vscode").rglob("*.json")} == files


def test_keeps_what_is_there(project: Path) -> None:
    before = (
        '\ufeff// of the team\r\n{\r\n\t/* wide */ "editor.rulers": [110,], // é\r\n'
        '\t"yaml.schemas": {\r\n\t\t"https://example.org/a.json": "/a/*.yaml", // theirs\r\n'
        '\t\t"./.vscode/mlc-schemas/model.json": ["/models/*.yaml"] // and mine\r\n\t},\r\n'
        '\t"files.eol": "\\n",\r\n}\r\n// the end\r\n'
    )
    settings(project).parent.mkdir()
    settings(project).write_bytes(before.encode())
    assert run(["-C", str(project), "schema", "install"]) == 0
    after = settings(project).read_bytes().decode()
    for kept in (
        "\ufeff// of the team\r\n",
        '/* wide */ "editor.rulers": [110,], // é',
        "// theirs",
        "// and mine",
    ):
        assert kept in after
    assert after.endswith('\t"files.eol": "\\n",\r\n}\r\n// the end\r\n')
    assert "\n" not in after.replace("\r\n", "")
    found = _jsonc.parse(after.removeprefix("\ufeff")).bare
    assert found["editor.rulers"] == [110]
    assert found["yaml.schemas"]["https://example.org/a.json"] == "/a/*.yaml"
    assert found["yaml.schemas"]["./.vscode/mlc-schemas/model.json"] == ["/models/*.yaml", "/model/*.yaml"]


@pytest.mark.parametrize(
    "text", ["{ a", "[]", '{"yaml.schemas": 3}', '{"a": 1} x', '{"a" 1}', "\x80", "[" * 9999]
)
def test_leaves_alone_what_it_cannot_read_and_says_what_to_add(
    text: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings(project).parent.mkdir()
    content = text.encode("latin-1")
    settings(project).write_bytes(content)
    assert run(["-C", str(project), "schema", "install"]) == 1
    assert settings(project).read_bytes() == content
    said = capsys.readouterr().err
    assert "left as it is" in said
    assert '"./.vscode/mlc-schemas/model.json"' in said
    assert (project / ".vscode" / "mlc-schemas" / "model.json").is_file()


def test_serves_a_project_within_the_folder_that_the_editor_opens(project: Path) -> None:
    assert run(["-C", str(project), "schema", "install", "--workspace", ".."]) == 0
    found = mapped(project.parent)
    assert found["./lending/.vscode/mlc-schemas/model.json"] == ["/lending/model/*.yaml"]
    assert all((project.parent / path).is_file() for path in found)
    assert not settings(project).exists()


def test_refuses_a_folder_that_does_not_hold_the_project(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-C", str(project), "schema", "install", "--workspace", "model"]) == 1
    assert "does not hold the project" in capsys.readouterr().err
    assert not (project / ".vscode").exists()


def test_prints_the_setting_for_another_editor(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", str(project), "schema", "install", "--editor", "other"]) == 0
    printed = json.loads(capsys.readouterr().out)["yaml.schemas"]
    assert all((project / path).is_file() for path in printed)
    assert not settings(project).exists()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
comments = st.sampled_from(["", " ", "\n", " // said\n", "/* a { */", "\n\n  // x, y\n\t"])


@st.composite
def commented(draw: Any, value: Any) -> str:
    """A value as JSON with comments and trailing commas."""

    def gap() -> str:
        return str(draw(comments))

    def text_of(inner: Any) -> str:
        return str(draw(commented(inner)))

    if isinstance(value, dict | list):
        entries = (
            [f"{json.dumps(key)}{gap()}:{gap()}{text_of(one)}" for key, one in value.items()]
            if isinstance(value, dict)
            else [text_of(one) for one in value]
        )
        comma = "," if entries and draw(st.booleans()) else ""
        brackets = "{}" if isinstance(value, dict) else "[]"
        return brackets[0] + gap() + f"{gap()},{gap()}".join(entries) + gap() + comma + gap() + brackets[1]
    return json.dumps(value)


@given(st.data(), st.dictionaries(st.text(max_size=4), values, max_size=4), st.booleans())
def test_changes_no_other_setting(choose: Any, settings: dict[str, Any], mapped: bool) -> None:
    settings.pop("yaml.schemas", None)
    theirs = {**settings, "a": ["0"]} if mapped else {}
    theirs.pop("b", None)
    if mapped:
        settings = {**settings, "yaml.schemas": theirs}
    text = choose.draw(comments) + choose.draw(commented(settings)) + choose.draw(comments)
    assert _jsonc.parse(text).bare == settings
    wanted = {"a": ["1"], "b": ["2", "3"]}
    after = _jsonc.parse(_jsonc.with_lists(text, "yaml.schemas", wanted)).bare
    found = after.pop("yaml.schemas")
    assert after == {key: value for key, value in settings.items() if key != "yaml.schemas"}
    assert {key: value for key, value in found.items() if key not in wanted} == {
        key: value for key, value in theirs.items() if key not in wanted
    }
    assert found["b"] == ["2", "3"]
    assert found["a"] == (["0", "1"] if mapped else ["1"])
