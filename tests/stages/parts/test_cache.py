"""What parts gave is taken from the cache only while it is what they would give: after any edit, of anything.

After each step of a random edit, the plan with the cache says what the whole says, and the parts that it was made from
hold the artifacts that the whole has.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from mlc import states
from mlc.cli._answers import files_of_program
from mlc.ir.operation import Outcome
from mlc.ir.state import AppliedArtifact, State
from mlc.parts import planning
from mlc.parts.planning import Planned
from mlc.parts.project import Unsure
from mlc.report import plan_text
from mlc.report.terminal import Paint
from mlc.request import Request
from mlc.store.answers import Watch
from stages.parts import sameness

SIZE = 6
MODELS = 3


def settle() -> None:
    """Until what was changed last is older than a tick of the kernel's clock."""
    time.sleep(0.05)


def cached(root: Path) -> Planned | None:
    """The plan with what the cache holds; None where the whole has to be compiled."""
    watch = Watch(root)
    try:
        return planning.plan(
            Request(root, sameness.ALL), SIZE, watch, processes=1, modules=files_of_program()
        )
    except Unsure:
        return None
    finally:
        watch.stop()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "project"
    root.mkdir()
    sameness.generated(root, MODELS)
    shutil.rmtree(root / "data")
    return root


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(template, root)
    settle()
    cached(root)
    return root


def check(root: Path) -> Planned | None:
    """The plan with the cache has to be that of the whole, artifacts included."""
    settle()
    found = cached(root)
    expected = sameness.whole(root)
    if found is None:
        return None
    assert expected is not None, "a mistake went unnoticed"
    assert plan_text.shown(found.shown, Paint(False)) == expected.text
    assert found.diagnostics == expected.diagnostics
    for index, shown in enumerate(found.shown):
        for part in found.parts:
            owners = set(part.addresses)
            mine = sorted(
                f"{path} {hashlib.sha256(content).hexdigest()}\n"
                for path, content in expected.artifacts[shown.environment].items()
                if expected.owners[shown.environment][path] in owners
            )
            written = "".join(mine)
            assert part.environments[index].artifacts == hashlib.sha256(written.encode()).hexdigest()
    return found


def test_nothing_changed_and_all_is_taken(project: Path) -> None:
    again = check(project)
    assert again is not None
    assert again.taken == len(again.parts) > 2


def test_one_file_changed_and_the_rest_is_taken(project: Path) -> None:
    file = project / "deployment" / "model_00001_seldon.yaml"
    file.write_text(f"{file.read_text()}description: Other.\n")
    again = check(project)
    assert again is not None
    assert again.taken == len(again.parts) - 1


def test_a_new_file_and_one_gone(project: Path) -> None:
    (project / "deployment" / "more.yaml").write_text("model: model_00002\ntarget: seldon\n")
    again = check(project)
    assert again is not None
    assert again.taken == len(again.parts) - 1
    (project / "deployment" / "more.yaml").unlink()
    again = check(project)
    assert again is not None
    assert again.taken == len(again.parts)


def test_a_shared_layer_changes_all_that_build_on_it(project: Path) -> None:
    layer = project / "model" / "_served.yaml"
    layer.write_text(layer.read_text().replace("opset: 21", "opset: 20"))
    check(project)
    assert cached(project) is not None


def test_an_artifact_that_appears_on_the_disk(project: Path) -> None:
    file = project / "generated" / "dev" / "mlserver" / "model_00001_seldon" / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text("{}\n")
    assert check(project) is not None
    file.write_text("[]\n")
    assert check(project) is not None
    file.unlink()
    assert check(project) is not None


def test_the_first_state_of_an_environment_where_another_has_one(project: Path) -> None:
    """SQLite makes files beside a database that it only reads, so that the folder cannot be looked at."""
    expected = sameness.whole(project)
    assert expected is not None
    for environment in ("dev", "prod"):
        spec = expected.steps[environment]["gate.quality"][-1].spec
        assert spec is not None
        change(project, environment, partial(_with_gate, spec))
        assert check(project) is not None


def test_a_damaged_cache_and_one_that_came_with_a_checkout(project: Path) -> None:
    (pieces,) = (project / ".mlc" / "cache").glob("*.pieces")
    content = bytearray(pieces.read_bytes())
    content[len(content) // 2] ^= 1
    pieces.write_bytes(bytes(content))
    again = check(project)
    assert again is not None
    assert again.taken == 0
    copy = project.with_name("copy")
    shutil.copytree(project, copy, copy_function=shutil.copy2)
    again = check(copy)
    assert again is not None
    assert again.taken == 0


Edit = Callable[[Path, random.Random], None]


def _some(root: Path, pattern: str, chance: random.Random) -> Path | None:
    found = sorted(root.glob(pattern))
    return chance.choice(found) if found else None


def edit_value(root: Path, chance: random.Random) -> None:
    file = _some(root, "model/model_*.yaml", chance)
    if file is not None:
        file.write_text(
            file.read_text().replace("tol: ", f"warm_start: false\n    tol: {chance.random():.3f}0", 1)
        )


def edit_description(root: Path, chance: random.Random) -> None:
    file = _some(root, chance.choice(["deployment/*.yaml", "dataset/*.yaml", "gate/*.yaml"]), chance)
    if file is not None and "description:" not in file.read_text():
        file.write_text(f"{file.read_text()}description: Number {chance.random()}.\n")


def edit_layer(root: Path, chance: random.Random) -> None:
    layer = root / "model" / "_wide.yaml"
    layer.write_text(
        "defaults: [_tabular, _self_]\n"
        f"train: {{params: {{max_leaf_nodes: {chance.randrange(4, 40)}, early_stopping: false}}}}\n"
    )


def edit_variables(root: Path, chance: random.Random) -> None:
    environment = root / "env" / "staging.yaml"
    environment.write_text(f"description: As prod.\nvars: {{region: r{chance.randrange(9)}}}\n")


def edit_project(root: Path, chance: random.Random) -> None:
    file = root / "mlc.yaml"
    file.write_text(file.read_text().replace("owner: ", f"owner: o{chance.randrange(9)}", 1))


def patch(root: Path, chance: random.Random) -> None:
    file = _some(root, "model/model_*.yaml", chance)
    if file is not None:
        (root / "env" / "dev.yaml").write_text(
            f"patch: {{model: {{{file.stem}: {{description: Patched {chance.random()}.}}}}}}\n"
        )


def delete(root: Path, chance: random.Random) -> None:
    file = _some(root, "deployment/*.yaml", chance)
    if file is not None:
        file.unlink()


def add(root: Path, chance: random.Random) -> None:
    file = _some(root, "deployment/*.yaml", chance)
    if file is not None:
        shutil.copy(file, file.with_name(f"extra{chance.randrange(5)}.yaml"))


def rename(root: Path, chance: random.Random) -> None:
    file = _some(root, "deployment/*.yaml", chance)
    if file is not None:
        file.rename(file.with_name(f"renamed{chance.randrange(9)}.yaml"))


def touch(root: Path, chance: random.Random) -> None:
    file = _some(root, "*/*.yaml", chance)
    if file is not None:
        file.touch()


def break_and_mend(root: Path, chance: random.Random) -> None:
    file = _some(root, "*/*.yaml", chance)
    if file is not None:
        before = file.read_text()
        file.write_text(f"{before}no_such_field: 1\n")
        check(root)
        file.write_text(before)


def change_data(root: Path, chance: random.Random) -> None:
    file = root / "data" / "data_0000.parquet"
    file.parent.mkdir(exist_ok=True)
    file.write_text(str(chance.random()))


def write_artifacts(root: Path, chance: random.Random) -> None:
    """As applying would, some of them and without what runs; some are edited by hand."""
    expected = sameness.whole(root)
    if expected is None:
        return
    environment = chance.choice(sorted(expected.artifacts))
    written: dict[str, AppliedArtifact] = {}
    for path, content in expected.artifacts[environment].items():
        if chance.random() < 0.5:
            digest = hashlib.sha256(content).hexdigest()
            written[path] = AppliedArtifact(digest, "mlserver", expected.owners[environment][path])
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if chance.random() < 0.8 else b"edited\n")
    change(root, environment, lambda state: structs.replace(state, artifacts={**state.artifacts, **written}))


def record(root: Path, chance: random.Random) -> None:
    """As applying would: what is described is recorded, some of it as done."""
    expected = sameness.whole(root)
    if expected is None:
        return
    environment = chance.choice(sorted(expected.steps))
    specs: dict[str, dict[str, Any]] = {}
    done: dict[str, Outcome] = {}
    for steps in expected.steps[environment].values():
        for step in steps:
            if step.spec is not None and chance.random() < 0.7:
                specs[step.address] = step.spec
            elif step.action == "run" and step.operation is not None and chance.random() < 0.3:
                done[step.id] = Outcome("other", step.operation.driver, {"spec": ""}, {})

    def recorded(state: State) -> State:
        return structs.replace(
            state, resources={**state.resources, **specs}, operations={**state.operations, **done}
        )

    change(root, environment, recorded)


def forget(root: Path, chance: random.Random) -> None:
    def less(state: State) -> State:
        kept = {name: spec for name, spec in state.resources.items() if chance.random() < 0.7}
        return structs.replace(state, resources=kept)

    change(root, "prod", less)


def _with_gate(spec: dict[str, Any], state: State) -> State:
    return structs.replace(state, resources={"gate.quality": spec})


def change(root: Path, environment: str, edit: Callable[[State], State]) -> None:
    with states.held(root, environment) as held:
        held.store.replace(edit(held.store.read()))


def delete_artifact(root: Path, chance: random.Random) -> None:
    file = _some(root, "generated/*/*/*/*", chance)
    if file is not None:
        file.unlink()


def delete_cache(root: Path, chance: random.Random) -> None:
    shutil.rmtree(root / ".mlc" / "cache", ignore_errors=True)


EDITS: tuple[Edit, ...] = (
    edit_value,
    edit_description,
    edit_layer,
    edit_variables,
    edit_project,
    patch,
    delete,
    add,
    rename,
    touch,
    break_and_mend,
    change_data,
    write_artifacts,
    record,
    forget,
    delete_artifact,
    delete_cache,
)


@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    edits=st.lists(st.sampled_from(EDITS), min_size=4, max_size=10),
    seed=st.integers(min_value=0, max_value=2**32),
)
def test_after_any_edit_the_cache_says_what_the_whole_says(
    template: Path, tmp_path: Path, edits: list[Edit], seed: int
) -> None:
    chance = random.Random(seed)
    root = tmp_path / f"{seed}-{len(edits)}-{time.monotonic_ns()}"
    shutil.copytree(template, root)
    settle()
    cached(root)
    for edit in edits:
        settle()
        edit(root, chance)
        check(root)
