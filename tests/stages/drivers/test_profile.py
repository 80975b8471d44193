"""A version of a dataset is profiled, drawn, registered by its content, and compared with another."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from mlc import data, emit
from mlc.cli import main
from mlc.drivers import _private_profile, _profiling, data_profile
from mlc.drivers.registry import datasets, open_registry
from mlc.drivers.statistics.noise import Stream, discrete_laplace
from mlc.drivers.statistics.stability import chance, stability_index
from mlc.ir.profile import DataProfile, DatasetDiff
from stages.drivers.lending import LOANS
from stages.drivers.test_files import column
from stages.html_page import Page

COLUMNS = {
    "id": column("integer", role="id"),
    "car_value": column("integer"),
    "salary_range": column("string"),
    "debt_to_income_ratio": column("number", min=0, max=1),
    "repaid_loan_on_prev_car": column("boolean"),
    "repaid": column("integer", role="label", values=[0, 1]),
}


def halves(rows: int = 4000) -> tuple[pl.DataFrame, pl.DataFrame]:
    loans = pl.read_parquet(LOANS).select(*COLUMNS)
    return loans.head(rows), loans.slice(rows, rows // 2)


SPEC = {
    "name": "loans",
    "description": "",
    "licence": None,
    "columns": COLUMNS,
    "label": "repaid",
    "correlations": True,
}


def test_a_column_is_described_as_it_is() -> None:
    train, test = halves()
    both = pl.concat([train, test])
    found = _profiling.columns(SPEC, train, test)
    value = found["car_value"]
    assert value.rows == 6000
    assert value.mean == pytest.approx(both["car_value"].mean())
    assert value.standard_deviation == pytest.approx(both["car_value"].std())
    assert value.quantiles[50] == pytest.approx(both["car_value"].median(), rel=0.01)
    assert (value.quantiles[0], value.quantiles[100]) == (both["car_value"].min(), both["car_value"].max())
    assert sum(value.histogram) == 6000
    counted = dict(both["salary_range"].value_counts().iter_rows())
    assert {one.value: one.rows for one in found["salary_range"].frequent} == counted
    assert [one.value for one in found["repaid"].frequent] == sorted(
        ("0", "1"), key=lambda one: -both.filter(pl.col("repaid") == int(one)).height
    )
    assert found["id"].frequent == []
    assert found["id"].quantiles == []


def test_correlations_are_those_of_polars() -> None:
    train, _ = halves()
    for pair in _profiling.correlations(SPEC, train):
        assert pair.coefficient == pytest.approx(train.select(pl.corr(pair.first, pair.second)).item())
        assert "id" not in (pair.first, pair.second)


def warnings_of(train: pl.DataFrame, test: pl.DataFrame, **columns: Any) -> list[str]:
    spec = SPEC | {"columns": COLUMNS | columns}
    found = _profiling.columns(spec, train, test)
    pairs = _profiling.correlations(spec, pl.concat([train, test]))
    return list(_profiling.warnings(spec, found, pairs, train, test))


def test_nothing_is_warned_of_in_the_loans() -> None:
    assert warnings_of(*halves()) == []


def test_what_to_beware_of_is_told() -> None:
    more = {
        "same": column("integer"),
        "double": column("integer"),
        "hole": column("number", nullable=True),
        "later": column("number"),
    }
    train, test = (
        part.with_columns(
            same=pl.lit(1),
            double=pl.col("car_value") * 2 + (pl.col("id") % 50),
            hole=pl.when(pl.col("id") % 3 == 0).then(0.5 + pl.col("id")),
            later=pl.col("debt_to_income_ratio") + shift,
        )
        for part, shift in zip(halves(), (0.0, 0.2), strict=True)
    )
    told = " / ".join(warnings_of(train, test, **more))
    for words in (
        "`hole` is missing in 66",
        "`same` has one value only",
        "`later` is distributed otherwise in the rows to test on",
        "`car_value` and `double` say nearly the same (correlation up to 1.000)",
    ):
        assert words in told
    rare = [part.with_columns(repaid=(pl.col("id") % 100 == 0).cast(pl.Int64)) for part in halves()]
    assert any("the label 1" in one for one in warnings_of(*rare))


def test_columns_that_are_alike_are_told_together() -> None:
    train, test = (
        part.with_columns(
            double=pl.col("car_value") * 2 + (pl.col("id") % 50),
            third=pl.col("car_value") * 3 - (pl.col("id") % 70),
        )
        for part in halves()
    )
    told = warnings_of(train, test, double=column("integer"), third=column("integer"))
    assert told == ["`car_value`, `double` and `third` say nearly the same (correlation up to 1.000)"]


@pytest.fixture
def rendered(tmp_path: Path) -> Any:
    """`run(spec)`: the driver with real templates."""
    from functools import partial

    from mlc.ir.operation import Operation, Work

    def run(train: pl.DataFrame, test: pl.DataFrame, **spec: Any) -> Any:
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        paths = {name: folder / f"{name}.bin" for name in ("train", "test", "facts")}
        train.write_parquet(paths["train"])
        test.write_parquet(paths["test"])
        paths["facts"].write_bytes(
            msgspec.json.encode(
                {
                    "rows": {
                        "read": 6002,
                        "quarantined": 2,
                        "prepared": 6000,
                        "train": train.height,
                        "test": test.height,
                    },
                    "preparation": [
                        {
                            "name": "usual",
                            "method": "outliers",
                            "rows_in": 6000,
                            "rows_out": 6000,
                            "values_changed": 4,
                            "learned": {"car_value": {"low": 1.0, "high": 2e6}},
                        }
                    ],
                    "broken_promises": [{"promise": "columns.age.max", "rows": 2}],
                    "split": {"method": "stratified", "by": "repaid", "test_share": 1 / 3},
                }
            )
        )
        backends = emit.load_backends((data.path("templates"),))
        work = Work(
            Operation(
                id="dataset.loans/profile",
                driver="data_profile",
                spec=SPEC | {"differential_privacy": None} | spec,
            ),
            "dev",
            tmp_path,
            folder,
            paths,
            {"train": "a" * 64, "test": "b" * 64},
            {},
            lambda words: None,
            partial(emit.render, backends),
        )
        return data_profile.run(work)

    return run


def test_the_page_says_it_without_a_script_or_a_network(rendered: Any) -> None:
    product = rendered(*halves())
    html = product.outputs["page"].read_text(encoding="utf-8")
    page = Page(html)
    assert page.named("script") == []
    assert page.named("link") == []
    assert "http" not in html.replace("http-equiv", "")
    (policy,) = (one["content"] for one in page.named("meta") if one.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "prefers-color-scheme: dark" in html
    words = " ".join(page.words)
    for name in COLUMNS:
        assert name in words
    for text in (
        "6,000 rows and 6 columns",
        "2 rows broke the contract",
        "car_value: 1 to 2,000,000",
        "columns.age.max",
    ):
        assert text in words
    profile = msgspec.json.decode(product.outputs["profile"].read_bytes(), type=DataProfile)
    assert profile.digest in words
    assert profile.columns["car_value"].mean is not None


def test_values_of_strangers_stay_text_on_the_page(rendered: Any) -> None:
    hostile = "<script>alert(1)</script>\"'&"
    train, test = (
        part.with_columns(
            salary_range=pl.when(pl.col("id") % 2 == 0).then(pl.lit(hostile)).otherwise("salary_range")
        )
        for part in halves()
    )
    page = Page(rendered(train, test, description=hostile).outputs["page"].read_text(encoding="utf-8"))
    assert page.named("script") == []
    assert hostile in " ".join(page.words)


def test_the_same_parts_give_the_same_bytes(rendered: Any) -> None:
    first, second = (rendered(*halves()) for _ in range(2))
    for output in ("profile", "page"):
        assert first.outputs[output].read_bytes() == second.outputs[output].read_bytes()


PRIVACY = {"epsilon": 1.0, "key": "${secret:NOISE}", "rows_per_person": 1}


@pytest.fixture
def noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "NOISE").write_text("canary-of-noise")
    monkeypatch.setenv("MLC_SECRETS", str(folder))


@pytest.mark.usefixtures("noise")
def test_a_private_profile_tells_noisy_counts_only(rendered: Any) -> None:
    train, test = halves()
    product = rendered(train, test, differential_privacy=PRIVACY)
    content = product.outputs["profile"].read_bytes()
    profile = msgspec.json.decode(content, type=DataProfile)
    assert profile.privacy is not None
    assert set(profile.columns) == {"debt_to_income_ratio", "repaid_loan_on_prev_car", "repaid"}
    assert profile.privacy.withheld == ["id", "car_value", "salary_range"]
    both = pl.concat([train, test])
    labels = {one.value: one.rows for one in profile.columns["repaid"].frequent}
    for value in (0, 1):
        exact = both.filter(pl.col("repaid") == value).height
        assert abs(labels[str(value)] - exact) < 60  # of a scale of 3: nearly never more
    ratio = profile.columns["debt_to_income_ratio"]
    counted = [
        both.filter((pl.col("debt_to_income_ratio") * 20).floor() == place).height for place in range(20)
    ]
    assert ratio.histogram != counted
    assert profile.columns["debt_to_income_ratio"].mean == pytest.approx(
        both["debt_to_income_ratio"].mean(), abs=0.03
    )
    for secret in (
        b"aaaaaaaa",
        b"bbbbbbbb",
        b"canary",
        data_profile.content_digest({"train": "a" * 64}).encode(),
    ):
        assert secret not in content
    for fields in ("correlations", "preparation", "broken_promises", "split", "warnings"):
        assert not getattr(profile, fields)
    again = rendered(train, test, differential_privacy=PRIVACY)
    assert again.outputs["profile"].read_bytes() == content
    assert "Every figure here holds noise" in " ".join(Page(product.outputs["page"].read_text()).words)


def test_other_data_get_other_noise() -> None:
    train, test = halves()
    rows = pl.concat([train, test])
    spec = SPEC | {"differential_privacy": PRIVACY}
    first, second = (_private_profile.columns(spec, rows, b"key", digest)[0] for digest in ("a", "b"))
    assert first["debt_to_income_ratio"].histogram != second["debt_to_income_ratio"].histogram


@pytest.mark.parametrize("rate", [Fraction(1, 3), Fraction(1), Fraction(5, 2)])
def test_noise_has_the_distribution_that_it_should(rate: Fraction) -> None:
    """Pearson's χ² of 20,000 draws against the probability of each whole number. The key is fixed, so the draws are."""
    stream, draws = Stream(b"key", str(rate).encode()), 20_000
    found = Counter(discrete_laplace(rate, stream) for _ in range(draws))
    decay = math.exp(-float(rate))
    expected = {n: draws * (1 - decay) / (1 + decay) * decay ** abs(n) for n in range(-40, 41)}
    kept = [n for n, count in expected.items() if count >= 5]
    rest = draws - sum(expected[n] for n in kept)
    chi = sum((found[n] - expected[n]) ** 2 / expected[n] for n in kept)
    chi += (draws - sum(found[n] for n in kept) - rest) ** 2 / max(rest, 1.0)
    freedom = len(kept)
    assert chi < freedom + 4 * math.sqrt(2 * freedom)


def test_one_row_changes_what_may_be_seen_by_epsilon_at_most() -> None:
    """The counts of two tables that differ in a row: no outcome is more than exp(epsilon) times as likely in one."""
    rate, draws = Fraction(1, 2), 40_000
    one, other = Stream(b"one", b""), Stream(b"other", b"")
    first = Counter(10 + discrete_laplace(rate, one) for _ in range(draws))
    second = Counter(11 + discrete_laplace(rate, other) for _ in range(draws))
    for outcome in range(4, 18):
        ratio = first[outcome] / second[outcome]
        luck = math.exp(5 * math.sqrt(1 / first[outcome] + 1 / second[outcome]))  # five standard errors
        assert math.exp(-0.5) / luck < ratio < math.exp(0.5) * luck, outcome


def test_the_stability_index_is_nothing_where_nothing_moved() -> None:
    assert stability_index([10, 20, 30], [10, 20, 30]) == pytest.approx(0)
    assert stability_index([1000, 1000], [1000, 3000]) == pytest.approx(
        (0.75 - 0.5) * math.log(0.75 / 0.5) + (0.25 - 0.5) * math.log(0.25 / 0.5), abs=1e-3
    )
    # χ² of 9 degrees of freedom: the 99 % quantile is 21.666
    assert chance(1000, 1000, 10) == pytest.approx(21.666 * 2 / 1000, rel=2e-3)


PROJECT = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev]\n",
    "env/dev.yaml": "description: Here.\n",
    "dataset/people.yaml": "source: {type: file, path: people.csv, format: csv}\n"
    "columns:\n"
    "  person: {type: integer, role: id}\n"
    "  age: {type: number}\n"
    "  plan: {type: string}\n"
    "  left: {type: integer, role: label, values: [0, 1]}\n"
    "profile: {}\n",
}


def shop(root: Path, rows: int, older: float = 0.0, plan: str = "plus") -> None:
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    pl.DataFrame(
        {
            "person": range(rows),
            "age": [20 + older + n % 60 for n in range(rows)],
            "plan": ["basic" if n % 3 else plan for n in range(rows)],
            "left": [n // 2 % 2 for n in range(rows)],
        }
    ).write_csv(root / "people.csv")


def test_versions_are_registered_by_content_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop(tmp_path, 3000)
    folder = ["-C", str(tmp_path)]
    assert main.run([*folder, "apply", "--yes"]) == 0
    assert main.run([*folder, "registry", "diff", "dataset.people"]) == 1
    assert "has one version only" in capsys.readouterr().err
    shop(tmp_path, 3300, older=25, plan="pro")
    assert main.run([*folder, "apply", "--yes"]) == 0
    capsys.readouterr()
    assert main.run([*folder, "registry", "diff", "dataset.people"]) == 0
    told = capsys.readouterr().out
    assert "dataset.people: version 1 → 2" in told
    assert "rows read           3,000 → 3,300 (+10.0%)" in told
    assert "age                      moved strongly" in told
    assert "new: pro, gone: plus" in told
    assert (
        main.run([*folder, "registry", "diff", "dataset.people:2", "dataset.people:1", "--format", "json"])
        == 0
    )
    found = msgspec.json.decode(capsys.readouterr().out, type=DatasetDiff)
    assert (found.before, found.now, found.same) == (2, 1, False)
    assert {one.column: one.moved for one in found.columns} == {
        "person": False,
        "age": True,
        "plan": True,
        "left": False,
    }
    shop(tmp_path, 3000)  # the first content again is the first version again
    assert main.run([*folder, "apply", "--yes"]) == 0
    held = datasets.versions(open_registry(tmp_path, msgspec.to_builtins(_registry())), "people")
    assert [one.entry.number for one in held] == [1, 2]
    assert main.run([*folder, "plan", "--detailed-exitcode"]) == 0
    capsys.readouterr()
    assert main.run([*folder, "registry", "list"]) == 0
    assert capsys.readouterr().out == f"{'dataset.people':<30} v2    \n"
    assert main.run([*folder, "registry", "list", "--format", "json"]) == 0
    listed = msgspec.json.decode(capsys.readouterr().out)
    assert (listed["models"], [one["entry"]["number"] for one in listed["datasets"]]) == ([], [2])
    assert main.run([*folder, "registry", "verify"]) == 0


def _registry() -> Any:
    from mlc.kinds.registry import DEFAULT

    return DEFAULT


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ([], "none was named"),
        (["people"], "people was named"),
        (["dataset.people", "dataset.others"], "dataset.people and dataset.others was named"),
        (["dataset.people:7"], "It knows 0 datasets"),
    ],
)
def test_what_cannot_be_compared_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], named: list[str], words: str
) -> None:
    shop(tmp_path, 10)
    assert main.run(["-C", str(tmp_path), "registry", "diff", *named]) == 1
    told = capsys.readouterr().err
    assert "unknown-version" in told
    assert words in told


def test_a_version_that_was_removed_from_the_registry_is_made_again(tmp_path: Path) -> None:
    shop(tmp_path, 300)
    folder = ["-C", str(tmp_path)]
    assert main.run([*folder, "apply", "--yes"]) == 0
    for path in (tmp_path / ".mlc" / "registry").glob("registry.db*"):
        path.unlink()
    assert main.run([*folder, "plan", "--detailed-exitcode"]) == 2
    assert main.run([*folder, "apply", "--yes"]) == 0
    assert main.run([*folder, "plan", "--detailed-exitcode"]) == 0
