"""Plans for machines: as their published schemas say, and the same numbers as for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec import structs

from mlc import data
from mlc.ir.plan import Made, Plan
from mlc.report import json as forms
from mlc.report import plan_entries, plan_files
from rules.project import lay
from stages.plan.test_narrowed import OTHER
from stages.plan.test_plan import MORE
from stages.plan.world import Place

VARIABLES = {
    "env/dev.yaml": "vars: {who: one}\n",
    "target/here.yaml": "type: local\ndescription: For ${vars.who}.\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(lay(tmp_path_factory.mktemp("json"), MORE, OTHER, VARIABLES))
    found.apply()
    (found.root / "env/dev.yaml").write_text("vars: {who: another}\n", encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def plans(place: Place) -> list[Plan]:
    words = ("~deployment.other", "+model.churn.train.params.max_iter=50", "~model.churn.gates")
    whole = place.plan(*words)
    return [whole, place.selected("model.churn", "target.here", *words), place.selected("kind:features")]


def valid(document: str, name: str) -> Any:
    schema = json.loads(data.path("schemas", f"{name}.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    decoded = json.loads(document)
    validator.validate(decoded)
    broken = {**decoded, "plans": [{**decoded["plans"][0], "steps": "none"}]}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)
    return decoded


def test_a_plan_is_as_its_schema_says(plans: list[Plan]) -> None:
    shown = valid(forms.plans(plans), "plan")["plans"]
    assert [one.get("narrowing") is None for one in shown] == [True, False, False]
    assert "due_to" in {key for step in shown[0]["steps"] for key in step}
    changes = {change["path"]: change for step in shown[0]["steps"] for change in step["changes"]}
    assert [read["key"] for read in changes["description"]["reads"]] == ["vars.who"]
    assert changes["gates"]["origin"] == "default"
    assert changes["train.params.max_iter"]["added"] is True
    # what earlier versions had is there in every step and every change
    old = {"id", "address", "action", "change_class", "because", "depends_on", "changes"}
    assert all(old <= set(step) for step in shown[0]["steps"])
    assert all(
        {"path", "before", "after", "change_class", "cause"} <= set(change) for change in changes.values()
    )


def test_it_counts_as_the_text_does(plans: list[Plan]) -> None:
    for plan, shown in zip(plans, json.loads(forms.plans(plans))["plans"], strict=True):
        counts = plan_entries.counts(
            plan.unchanged, plan_entries.entries(plan.steps), plan_files.files(plan.steps)
        )
        assert shown["counts"] == {
            "add": counts.add,
            "change": counts.change,
            "destroy": counts.destroy,
            "rename": counts.rename,
            "costs": counts.costs,
        }
        assert shown["unchanged"] == counts.unchanged


def test_a_saved_plan_is_as_its_schema_says(plans: list[Plan], tmp_path: Path) -> None:
    saved = structs.replace(plans[0], made=Made("0", "1", {"mlc.yaml": "2"}))
    shown = valid(forms.saved_plan(saved, ["it is old"], []), "show")
    assert (shown["stale"], shown["edited"], shown["files"]) == (["it is old"], [], ["mlc.yaml"])
    assert shown["plans"] == json.loads(forms.plans(plans[:1]))["plans"]
    assert valid(forms.saved_plan(saved, None, None), "show")["stale"] is None
