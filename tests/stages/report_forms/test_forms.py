"""The forms for machines: whatever a text holds, each form reads back with the same findings and the same texts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acceptance.conftest import PROJECTS
from acceptance.script import environment
from mlc import pipeline, rules
from mlc.ir.diagnostic import Diagnostic, Edit, Fix, Label
from mlc.ir.span import COMMAND_LINE, Span
from mlc.report import concise, github, gitlab, junit, sarif
from mlc.report import json as json_form
from mlc.request import Request

OFFICIAL = Path(__file__).parents[4] / "shared" / "official"
RULES = ("wrong-type", "unknown-key", "ambiguous-scalar")
HOSTILE = (
    "",
    "\0\x01\x1f\x7f\x85",
    "\ufffe\uffff",
    "\ud800",
    "]]>",
    "<!--&amp;-->",
    "a\r\nb\tc",
    "::error::%0A",
    "ü:ö",
)


def naughty() -> list[str]:
    path = OFFICIAL / "naughty_strings.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    strings: list[str] = json.loads(path.read_text(encoding="utf-8"))
    return [*strings, *HOSTILE]


def sarif_schema() -> dict[str, Any]:
    path = OFFICIAL / "sarif-2.1.0.schema.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the official schema is read, not copied")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def finding(
    text: str, number: int = 1, *, file: str = "model/churn.yaml", severity: Any = "error"
) -> Diagnostic:
    """A diagnostic that holds a text wherever it can hold one."""
    span = Span(file, number, 3, number, 9)
    return Diagnostic(
        rule=RULES[number % len(RULES)],
        severity=severity,
        summary="A value has the wrong type.",
        detail=f"Detail {text}.",
        labels=(Label(span, text, primary=True), Label(Span("mlc.yaml", 1, 1, 1, 2), text)),
        help=text,
        fix=Fix(f"Write {text}", (Edit(span, text), Edit(Span("mlc.yaml", 1, 1, 1, 2), text))),
        address=f"model.{text}",
        path=text,
    )


def encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def whole(one: Diagnostic, between: str) -> str:
    return encodable(one.detail + (between + one.help if one.help else ""))


def as_xml_has_it(text: str) -> str:
    """XML 1.0 cannot hold these at all; the form shows their escapes."""
    return re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]",
        lambda found: f"\\x{ord(found[0]):02x}" if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}",
        encodable(text),
    )


def holds_everything(found: tuple[Diagnostic, ...]) -> None:
    issues = json.loads(gitlab.diagnostics(found))
    assert [issue["description"] for issue in issues] == [whole(one, " ") for one in found]
    assert len({issue["fingerprint"] for issue in issues}) == len(found)

    (run,) = json.loads(sarif.diagnostics(found))["runs"]
    assert [result["message"]["text"] for result in run["results"]] == [whole(one, "\n") for one in found]
    for one, result in zip(found, run["results"], strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == one.rule
        assert one.fix is not None
        (own, other) = result["fixes"][0]["artifactChanges"]
        assert own["replacements"][0]["insertedContent"]["text"] == encodable(one.fix.edits[0].text)
        assert other["artifactLocation"]["uri"] == "mlc.yaml"
        assert len(result["relatedLocations"]) == 1

    suites = ElementTree.fromstring(junit.diagnostics(found, {}))
    texts = [failure.text or "" for failure in suites.iter("failure")]
    assert sum(text.count(f"[{rule}] Detail") for text in texts for rule in RULES) == len(found)
    for one in found:
        assert any(as_xml_has_it(one.detail) in text and as_xml_has_it(one.help) in text for text in texts), (
            one
        )


def test_every_naughty_string_reads_back() -> None:
    holds_everything(tuple(finding(text, number) for number, text in enumerate(naughty(), 1)))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=4))
def test_every_text_reads_back(texts: list[str]) -> None:
    holds_everything(tuple(finding(text, number) for number, text in enumerate(texts, 1)))


def test_the_forms_of_one_line_a_finding_keep_one_line() -> None:
    found = tuple(finding(text, number) for number, text in enumerate(naughty(), 1))
    for form in (concise, github):
        text = form.diagnostics(found)
        assert text.count("\n") == len(found), form.__name__
        assert "\r" not in text
        text.encode()


def test_naughty_strings_keep_the_json_form_whole() -> None:
    found = tuple(finding(text, number) for number, text in enumerate(naughty(), 1))
    read = json.loads(json_form.diagnostics(found))["diagnostics"]
    assert [(one["detail"], one.get("help", "")) for one in read] == [
        (encodable(one.detail), encodable(one.help)) for one in found
    ]


@pytest.mark.parametrize(
    "found",
    [
        (),
        (finding("x"),),
        (finding("ä b#?%", 7, file="model/ä b#?%.yaml"), finding("x", 8, file="a:b.yaml", severity="info")),
        (
            Diagnostic(
                "bad-override", "warning", "s.", "d.", (Label(Span(COMMAND_LINE, 2, 1, 2, 4), "t", True),)
            ),
        ),
        (Diagnostic("project-missing", "error", "s.", "d."),),
    ],
    ids=["nothing", "one", "names", "command line", "no place"],
)
def test_sarif_is_what_its_schema_says(found: tuple[Diagnostic, ...]) -> None:
    document = json.loads(sarif.diagnostics(found))
    jsonschema.validators.validator_for(sarif_schema())(sarif_schema()).validate(document)


def test_the_schema_of_sarif_refuses_what_is_wrong() -> None:
    document = json.loads(sarif.diagnostics((finding("x"),)))
    document["runs"][0]["results"][0]["level"] = "mistake"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(sarif_schema())(sarif_schema()).validate(document)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0<"), min_size=1))
def test_an_artifact_is_a_relative_reference_that_leads_to_the_file(name: str) -> None:
    if name in (".", ".."):
        return
    document = json.loads(sarif.diagnostics((finding("x", file=f"model/{name}"), finding("x", 2, file=name))))
    for result, file in zip(document["runs"][0]["results"], (f"model/{name}", name), strict=True):
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert location["uriBaseId"] == "%SRCROOT%"
        assert urlsplit(location["uri"]).scheme == ""
        assert unquote(urljoin("file:///project/", location["uri"])) == f"file:///project/{file}"


def test_a_fix_put_into_the_region_mends_the_file(tmp_path: Path) -> None:
    """The regions of SARIF, read as SARIF says, are the text that was meant."""
    (tmp_path / "mlc.yaml").write_text(
        "mlc: 1\nproject: shop\nenvironments: [dev]\nvars: {'ü😀': 1, a: no}\n"
    )
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "dev.yaml").write_text("description: x\n")
    found = pipeline.validate(Request(tmp_path)).diagnostics
    (result,) = json.loads(sarif.diagnostics(found))["runs"][0]["results"]
    ((change,),) = (fix["artifactChanges"] for fix in result["fixes"])
    (replacement,) = change["replacements"]
    region = replacement["deletedRegion"]
    line = (tmp_path / change["artifactLocation"]["uri"]).read_text().splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "no"
    assert replacement["insertedContent"]["text"] == "false"


def test_fingerprints_stay_when_lines_move() -> None:
    def fingerprints(*found: Diagnostic) -> list[str]:
        return [issue["fingerprint"] for issue in json.loads(gitlab.diagnostics(found))]

    one, moved = finding("x", 1), finding("x", 4)  # the same rule, three lines down
    assert fingerprints(one) == fingerprints(moved)
    assert len(set(fingerprints(one, moved))) == 2
    assert fingerprints(one) != fingerprints(finding("y", 1))
    assert fingerprints(one) != fingerprints(finding("x", 1, file="model/other.yaml"))


def test_junit_has_a_case_for_every_file_that_was_read() -> None:
    warned = finding("careful", 2, file="gate/a.yaml", severity="warning")
    found = (finding("wrong", 1), finding("wronger", 4), warned)
    sources = {"mlc.yaml": "", "model/churn.yaml": "", "gate/a.yaml": "", COMMAND_LINE: ""}
    suites = ElementTree.fromstring(junit.diagnostics(found, sources))
    suite = suites[0]
    assert suite.attrib == {
        "name": "mlc",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "0",
    }
    cases = {case.attrib["name"]: case for case in suite}
    assert set(cases) == {"mlc.yaml", "model/churn.yaml", "gate/a.yaml"}
    assert [child.tag for child in cases["mlc.yaml"]] == []
    assert [child.tag for child in cases["gate/a.yaml"]] == ["system-out"]
    (failure,) = cases["model/churn.yaml"]
    assert failure.attrib["message"] == "2 mistakes, first: A value has the wrong type."
    assert "wronger" in (failure.text or "")


@pytest.mark.parametrize("form", ["gitlab", "sarif", "junit"])
def test_validate_writes_each_form(form: str, tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "mlc.cli.main", "validate", "--format", form, *words]
        place = environment(tmp_path)
        return subprocess.run(
            command, cwd=PROJECTS / "small", env=place, capture_output=True, text=True, check=False
        )

    sound, broken = run(), run("model.churn.train.seed=often", "model.churn.optimize.opset=3")
    assert (sound.returncode, broken.returncode) == (0, 1)
    assert sound.stderr == broken.stderr == ""
    read: Any = ElementTree.fromstring if form == "junit" else json.loads
    read(sound.stdout)
    read(broken.stdout)
    for rule in ("wrong-type", "value-out-of-range"):
        assert rule in broken.stdout
        assert rule not in sound.stdout


def test_every_rule_has_help_that_reads() -> None:
    found = tuple(Diagnostic(name, rules.module(name).RULE.severity, "s.", "d.") for name in rules.names())
    document = json.loads(sarif.diagnostics(found))
    for rule in document["runs"][0]["tool"]["driver"]["rules"]:
        for text in (rule["fullDescription"]["text"], rule["help"]["text"].split("\n")[1]):
            assert re.match(r"[A-Z`\"]|mlc ", text), (rule["id"], text)
            assert text.endswith("."), (rule["id"], text)
