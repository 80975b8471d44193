"""Every rule says what it finds, why that matters and how to mend it; and finds it in its own example."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from mlc import pipeline, rules
from mlc.cli import main
from mlc.ir.diagnostic import Diagnostic, Rule, has_errors
from mlc.report import concise, github, json, text
from mlc.request import Request
from rules.project import FILES, lay

TESTS = Path(__file__).parents[1]

# Rules that no file can break by itself: a command line, a run, or the machine does. Each is held by a test of
# whoever finds it, which names the rule.
NOT_BY_FILES = {
    "address-in-use",
    "alias-moved",
    "anonymity-broken",
    "azure-refused",
    "azure-unreachable",
    "bad-search",
    "bad-test",
    "bad-input",
    "bad-override",
    "bad-plan-file",
    "bad-selection",
    "bundle-refused",
    "column-missing",
    "consent-missing",
    "content-damaged",
    "content-missing",
    "contract-broken",
    "copy-differs",
    "data-unreadable",
    "disk-full",
    "evaluation-impossible",
    "export-failed",
    "feeding-failed",
    "foreign-file",
    "formatting-failed",
    "gate-refused",
    "module-differs",
    "module-refused",
    "module-unreachable",
    "module-version-missing",
    "import-assumed",
    "import-left-out",
    "import-refused",
    "import-unreadable",
    "migration-by-hand",
    "migration-refused",
    "no-tests",
    "kubeflow-refused",
    "leakage-found",
    "lease-lost",
    "no-such-drift",
    "no-variant-fits",
    "not-deployed",
    "not-in-state",
    "not-reproduced",
    "not-writable",
    "not-an-artifact",
    "nothing-to-explain",
    "onnx-refused",
    "package-missing",
    "parity-broken",
    "plan-stale",
    "prevent-destroy",
    "project-missing",
    "promotion-log-broken",
    "pseudonym-key-short",
    "registry-unreachable",
    "registry-unreadable",
    "rename-refused",
    "reuse-unfit",
    "revision-unknown",
    "revision-unreadable",
    "several-environments",
    "source-unreachable",
    "split-impossible",
    "state-change-refused",
    "state-locked",
    "secret-missing",
    "state-unreadable",
    "state-unreachable",
    "step-broke",
    "step-killed",
    "selection-impossible",
    "tracking-unreachable",
    "training-failed",
    "try-refused",
    "tuning-failed",
    "unknown-module",
    "unknown-version",
    "version-kept",
    "user-code-failed",
    "unlock-refused",
}

# Rules that another command than `mlc validate` looks for.
UNUSED = tuple(name for name in rules.names() if name.startswith("unused-"))


def validated(root: Path) -> pipeline.Validated:
    return pipeline.validate(Request(root))


def of_rule(found: tuple[Diagnostic, ...], name: str) -> list[Diagnostic]:
    return [one for one in found if one.rule == name]


def test_the_project_that_examples_are_laid_over_is_right(tmp_path: Path) -> None:
    assert validated(lay(tmp_path)).diagnostics == ()


@pytest.mark.parametrize("name", rules.names())
def test_says_what_it_is(name: str) -> None:
    module = rules.module(name)
    assert isinstance(module.RULE, Rule)
    assert module.RULE.name == name
    assert module.RULE.summary.endswith(".")
    title, _, body = (module.__doc__ or "").partition("\n\n")
    assert re.fullmatch(rf"{name}: [^\n]+\.", title), title
    assert re.match(r"Why it matters: .+\nHow to mend it: .+\.\n?$", body, re.DOTALL), body


@pytest.mark.parametrize("name", sorted(set(rules.names()) - NOT_BY_FILES - set(UNUSED)))
def test_finds_its_bad_example_and_not_its_good_one(name: str, tmp_path: Path) -> None:
    module = rules.module(name)
    bad = validated(lay(tmp_path / "bad", module.BAD))
    found = of_rule(bad.diagnostics, name)
    assert found, f"only {sorted({one.rule for one in bad.diagnostics})}"
    for one in found:
        assert one.primary is not None
        assert one.primary.span.file in {*FILES, *module.BAD}
        assert one.summary == module.RULE.summary
        assert one.detail.endswith((".", "`")), one.detail
    assert has_errors(tuple(found)) == (module.RULE.severity == "error")
    for form in (concise.diagnostics, github.diagnostics, json.diagnostics):
        assert name in form(bad.diagnostics)
    assert name in text.diagnostics(bad.diagnostics, bad.composed.sources)

    good = validated(lay(tmp_path / "good", module.GOOD))
    assert good.diagnostics == ()


@pytest.mark.parametrize("name", UNUSED)
def test_what_is_not_used_is_found_where_it_is_asked_for(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = rules.module(name)
    for title, files, expected in (("bad", module.BAD, True), ("good", module.GOOD, False)):
        root = lay(tmp_path / title, files)
        assert validated(root).diagnostics == ()
        assert main.run(["-C", str(root), "explain", "--unused", "--format", "json"]) == 0
        found = msgspec.json.decode(capsys.readouterr().out)["diagnostics"]
        found = [one for one in found if one["rule"] == name]
        assert bool(found) == expected
        assert all(label["file"] in {*FILES, *files} for one in found for label in one["labels"])


@pytest.mark.parametrize("name", sorted(NOT_BY_FILES))
def test_what_no_file_can_break_is_broken_in_another_test(name: str) -> None:
    module = rules.module(name)
    assert not getattr(module, "BAD", {})
    spelled = (name, name.replace("-", "_"))
    texts = (
        path.read_text(encoding="utf-8")
        for pattern in ("**/test_*.py", "**/conformance.py", "acceptance/cases/*/expected")
        for path in sorted(TESTS.glob(pattern))
        if path != Path(__file__)
    )
    assert any(word in text for text in texts for word in spelled)


def test_the_list_names_rules_that_exist() -> None:
    assert set(rules.names()) >= NOT_BY_FILES
