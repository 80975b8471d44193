"""A search for parameters: the same with the same seed, on any number of cores, and killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from mlc.drivers import _journal, _search, candidate, tuned_candidate, tuning
from mlc.drivers._journal import Entry
from mlc.ir.choice import Chosen, Scores, Trial
from mlc.ir.operation import StepFailed, Work
from stages.drivers import lending
from stages.selection import steps

DEPTH = {"parameter": "max_depth", "int": [1, 12], "whole": True}
LEAF = {"parameter": "min_samples_leaf", "log": [1, 200], "whole": True}
CHOSEN = Chosen("tree", steps.TREE, {"max_depth": 2}, 0)


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return lending.parts(tmp_path, 1500)["train"]


def asked(folder: Path, train: Path, *, cores: int = 1, key: str = "", **changes: Any) -> Work:
    chosen = folder / "chosen-input.json"
    chosen.write_bytes(msgspec.json.encode(CHOSEN))
    spec = {**steps.learned(), "name": "loan", "tune": {"tree": steps.tune(DEPTH, LEAF, **changes)}}
    return steps.work(folder, "tuning", spec, cores=cores, key=key, train=train, chosen=chosen)


def outputs(work: Work) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in tuning.run(work).outputs.items()}


def trials(work: Work) -> list[Trial]:
    found = json.loads(tuning.run(work).outputs["trials"].read_bytes())
    return msgspec.convert(found["search"]["trials"], list[Trial])


def test_the_best_trial_is_what_is_trained(tmp_path: Path, train: Path) -> None:
    made = outputs(asked(tmp_path, train))
    search, chosen = json.loads(made["trials"])["search"], json.loads(made["chosen"])
    values = [trial.get("value", 0.0) for trial in search["trials"]]
    assert len(values) == 8
    assert values[search["best"]] == max(values) > values[0]
    assert chosen["params"] == {"max_depth": 2} | search["trials"][search["best"]]["params"]
    assert search["stopped"] == "trials"


def test_the_first_trial_is_the_candidate_as_written(tmp_path: Path, train: Path) -> None:
    first = trials(asked(tmp_path, train))[0]
    assert (first.number, first.params, first.state) == (0, {}, "complete")


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_cores(tmp_path: Path, train: Path) -> None:
    one = outputs(asked(tmp_path, train))
    assert outputs(asked(tmp_path, train)) == one
    assert outputs(asked(tmp_path, train, cores=2)) == one
    assert outputs(asked(tmp_path, train, seed=1)) != one


def test_what_is_tried_lies_in_the_space_and_is_typed(tmp_path: Path, train: Path) -> None:
    rate = {"parameter": "ccp_alpha", "float": [0.0, 0.01]}
    kind = {"parameter": "criterion", "choice": ["gini", "entropy"]}
    chosen = asked(tmp_path, train)
    chosen.spec["tune"]["tree"]["space"] += [rate, kind]
    for trial in trials(chosen)[1:]:
        assert type(trial.params["max_depth"]) is int
        assert 1 <= trial.params["max_depth"] <= 12
        assert type(trial.params["min_samples_leaf"]) is int
        assert 0 <= trial.params["ccp_alpha"] <= 0.01
        assert trial.params["criterion"] in ("gini", "entropy")


def test_a_trial_that_is_worse_than_the_median_is_given_up(tmp_path: Path, train: Path) -> None:
    made = trials(asked(tmp_path, train, trials=16))
    pruned = [trial for trial in made if trial.state == "pruned"]
    assert pruned
    assert all(len(trial.scores) < 3 and trial.value is None for trial in pruned)
    assert all(trial.state != "pruned" for trial in trials(asked(tmp_path, train, trials=16, prune="none")))


def test_a_trial_that_the_library_refuses_is_failed_and_the_others_go_on(tmp_path: Path, train: Path) -> None:
    work = asked(tmp_path, train)
    work.spec["tune"]["tree"]["space"] = [{"parameter": "max_features", "choice": [0.5, "nonsense"]}]
    made = trials(work)
    failed = [trial for trial in made if trial.state == "failed"]
    assert failed
    assert "max_features" in failed[0].reason
    assert any(trial.state == "complete" for trial in made[1:])


def test_where_every_trial_fails_the_step_says_why(tmp_path: Path, train: Path) -> None:
    work = asked(tmp_path, train)
    chosen = Chosen("tree", steps.TREE, {"criterion": "nonsense"}, 0)
    work.inputs["chosen"].write_bytes(msgspec.json.encode(chosen))
    with pytest.raises(StepFailed) as stopped:
        tuning.run(work)
    (diagnostic,) = stopped.value.diagnostics
    assert (diagnostic.rule, diagnostic.path) == ("tuning-failed", "tune.space.tree")
    assert "criterion" in diagnostic.detail


def test_the_time_ends_a_search_and_is_told(tmp_path: Path, train: Path) -> None:
    search = json.loads(outputs(asked(tmp_path, train, timeout=0.0, trials=100))["trials"])["search"]
    assert len(search["trials"]) == 4  # the batch that had begun
    assert search["stopped"] == "timeout"


def test_a_candidate_without_a_space_stays_as_it_is(tmp_path: Path, train: Path) -> None:
    work = asked(tmp_path, train)
    work.spec["tune"].clear()
    made = tuning.run(work)
    assert made.outputs["chosen"].read_bytes() == msgspec.json.encode(CHOSEN, order="sorted")
    assert made.summary == {"candidate": "tree", "trials": 0}


def interrupted(folder: Path, key: str, *numbers: int) -> None:
    """A step that writes trials down, and does not come to its end."""
    with suppress(KeyboardInterrupt), _journal.journal(folder, "dev", "model.loan/tune", key) as known:
        for number in numbers:
            known.add(Entry("tree", 1.0, Trial(number, {}, "complete", [0.5], 0.5)))
        raise KeyboardInterrupt


def test_a_journal_of_another_key_counts_for_nothing(tmp_path: Path) -> None:
    interrupted(tmp_path, "first", 0)
    with (
        suppress(KeyboardInterrupt),
        _journal.journal(tmp_path, "dev", "model.loan/tune", "first") as known,
    ):
        assert len(known.of("tree")) == 1
        assert known.of("other") == []
        raise KeyboardInterrupt
    with _journal.journal(tmp_path, "dev", "model.loan/tune", "second") as known:
        assert known.of("tree") == []


def test_a_line_that_was_being_written_is_forgotten(tmp_path: Path) -> None:
    interrupted(tmp_path, "key", 0, 1)
    (path,) = tmp_path.rglob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-9])
    with _journal.journal(tmp_path, "dev", "model.loan/tune", "key") as known:
        assert [entry.trial.number for entry in known.of("tree")] == [0]


def test_a_step_that_is_done_leaves_no_journal_and_two_share_none(tmp_path: Path) -> None:
    with _journal.journal(tmp_path, "dev", "model.loan/tune", "key") as known:
        known.add(Entry("tree", 1.0, Trial(0, {}, "complete", [0.5], 0.5)))
        with _journal.journal(tmp_path, "dev", "model.loan/tune", "key") as other:
            assert other.of("tree") == []
    assert not list(tmp_path.rglob("*.jsonl"))


def test_the_medians_are_of_trials_that_came_through() -> None:
    done = [Trial(number, {}, "complete", [score, score], score) for number, score in enumerate((1, 2, 3, 4))]
    done.append(Trial(4, {}, "pruned", [100.0]))
    assert _search._medians(done, 2) == [2.5]
    assert _search._medians(done[:3], 2) == []


@pytest.mark.parametrize("cores", [1, 2])
def test_a_search_that_is_killed_goes_on_without_repeating_a_trial(
    tmp_path: Path, train: Path, cores: int
) -> None:
    """A real SIGKILL of a real process, twice; the result is that of a search which nobody disturbed."""
    work = asked(tmp_path, train, cores=cores, key="key", trials=16, prune="none")
    wanted = outputs(asked(tmp_path, train, trials=16, prune="none"))
    saved = tmp_path / "work.json"
    saved.write_bytes(
        msgspec.json.encode(
            {
                "spec": work.spec,
                "inputs": {name: str(path) for name, path in work.inputs.items()},
                "folder": str(tmp_path),
                "cores": cores,
            }
        )
    )
    journal = tmp_path / ".mlc" / "trials" / "dev" / "model.loan.tune.jsonl"
    seen: list[bytes] = []
    for least in (3, 7):
        process = subprocess.Popen([sys.executable, "-c", _ALONE, str(saved)], env=_environment())
        while process.poll() is None and len(_lines(journal)) <= least:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was over before it could be killed"
        assert _lines(journal)[: len(seen)] == seen, "what was finished stays"
        seen = _lines(journal)
    told: list[str] = []
    assert outputs(structs.replace(work, tell=told.append)) == wanted
    assert len(seen) - 1 + len(told) == 16, "no trial twice"
    assert not journal.exists()


def test_the_processes_of_trials_die_with_the_step(tmp_path: Path, train: Path) -> None:
    work = asked(tmp_path, train, cores=2, key="key", trials=5000, prune="none")
    saved = tmp_path / "work.json"
    inputs = {name: str(path) for name, path in work.inputs.items()}
    saved.write_bytes(
        msgspec.json.encode({"spec": work.spec, "inputs": inputs, "folder": str(tmp_path), "cores": 2})
    )
    process = subprocess.Popen([sys.executable, "-c", _ALONE, str(saved)], env=_environment())
    journal = tmp_path / ".mlc" / "trials" / "dev" / "model.loan.tune.jsonl"
    try:
        while process.poll() is None and len(_lines(journal)) < 3:
            time.sleep(0.01)
        listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    finally:
        process.kill()
        process.wait()
    children = [int(child) for child in listed.split()]
    assert len(children) >= 2  # and one that looks after what they share, where they are not forked
    deadline = time.monotonic() + 10
    while any(_runs(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(child) for child in children)


def test_nested_scores_are_of_parameters_that_have_not_seen_the_rows(tmp_path: Path, train: Path) -> None:
    """In each fold the search has its own best, found within the rows that are learned from."""
    spec = {
        **steps.learned(),
        "candidate": steps.candidate("tree", steps.TREE),
        "folds": steps.folds("select"),
        "tune": steps.tune(DEPTH, LEAF, trials=4),
    }
    made = tuned_candidate.run(steps.work(tmp_path, "tuned_candidate", spec, train=train))
    found = msgspec.json.decode(made.outputs["scores"].read_bytes(), type=Scores)
    assert len(found.searches) == len(found.folds) == 3
    inner = [search.trials[search.best].value or 0.0 for search in found.searches]
    outer = [score or 0.0 for score in found.metrics["roc_auc"]]
    assert inner != outer
    assert made.summary["fits"] == 3 + 12


def test_a_candidate_is_scored_by_every_metric_on_every_fold(tmp_path: Path, train: Path) -> None:
    spec = {
        **steps.learned(),
        "candidate": steps.candidate("boosted", steps.BOOSTED, max_iter=10),
        "folds": steps.folds("select"),
    }
    made = candidate.run(steps.work(tmp_path, "candidate", spec, train=train))
    found = msgspec.json.decode(made.outputs["scores"].read_bytes(), type=Scores)
    assert all(len(scores) == 3 and None not in scores for scores in found.metrics.values())
    assert min(score or 0.0 for score in found.metrics["roc_auc"]) > 0.85
    again = candidate.run(steps.work(tmp_path, "candidate", spec, train=train))
    assert again.outputs["scores"].read_bytes() == made.outputs["scores"].read_bytes()


def test_a_candidate_that_cannot_be_fitted_is_named(tmp_path: Path, train: Path) -> None:
    spec = {
        **steps.learned(),
        "candidate": steps.candidate("tree", steps.TREE, criterion="nonsense"),
        "folds": steps.folds("select"),
    }
    with pytest.raises(StepFailed) as stopped:
        candidate.run(steps.work(tmp_path, "candidate", spec, train=train))
    (diagnostic,) = stopped.value.diagnostics
    assert (diagnostic.rule, diagnostic.path) == ("selection-impossible", "candidates.tree")


_ALONE = """
import json, sys
from pathlib import Path
from mlc.drivers import tuning
from stages.selection import steps
asked = json.loads(Path(sys.argv[1]).read_bytes())
inputs = {name: Path(path) for name, path in asked["inputs"].items()}
tuning.run(steps.work(Path(asked["folder"]), "tuning", asked["spec"], cores=asked["cores"], key="key", **inputs))
"""


def _environment() -> dict[str, str]:
    tests = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": str(tests), "OMP_NUM_THREADS": "1"}


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.is_file() else []


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
