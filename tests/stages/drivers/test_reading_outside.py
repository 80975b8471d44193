"""What lies outside the project is read once for each version that its source names, and no secret is kept."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mlc.cli import main

SECRET = "canary-0123456789-canary"
PERSON = "person-canary-"
FILES = {
    "mlc.yaml": "mlc: 1\nproject: shop\nowner: growth\nenvironments: [dev, prod]\n"
    "inputs: {rows: {type: string, default: first}}\n",
    "env/dev.yaml": "description: Here.\n",
    "env/prod.yaml": "description: There.\n",
    "dataset/people.yaml": "source:\n  type: object_store\n  url: file://LAKE/*.parquet\n  version: ${input:rows}\n"
    "columns:\n"
    "  person: {type: string, role: id, unique: true}\n"
    "  age: {type: number, min: 0}\n"
    "  left: {type: integer, role: label, values: [0, 1]}\n"
    "privacy:\n"
    "  drop: [phone]\n"
    "  pseudonymise: {columns: [person], key: '${secret:PSEUDONYMS}'}\n"
    "split: {method: random, test: 0.3}\n"
    "profile: {}\n",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root, lake, secrets = (tmp_path / name for name in ("shop", "lake", "secrets"))
    lake.mkdir()
    secrets.mkdir()
    (secrets / "PSEUDONYMS").write_text(SECRET)
    monkeypatch.setenv("MLC_SECRETS", str(secrets))
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text.replace("LAKE", str(lake)))
    pour(lake, 200)
    return root


def pour(lake: Path, rows: int) -> None:
    pl.DataFrame(
        {
            "person": [f"{PERSON}{n}" for n in range(rows)],
            "age": [float(20 + n % 50) for n in range(rows)],
            "left": [n % 2 for n in range(rows)],
            "phone": ["555-canary"] * rows,
        }
    ).write_parquet(lake / "people.parquet")


def run(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main.run(["-C", str(root), *arguments])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_rows_are_read_once_for_each_version(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(shop, capsys, "plan")
    assert code == 0
    assert "read, ingest, profile, register" in told
    assert run(shop, capsys, "apply", "--yes")[0] == 0
    pour(shop.parent / "lake", 300)
    code, told = run(shop, capsys, "plan", "--detailed-exitcode")
    assert code == 0, told  # planning does not look outside: the version is the same
    code, told = run(shop, capsys, "apply", "--yes", "--env", "prod")
    assert code == 0
    assert (
        "dataset.people/read                  reused an earlier result · 200 rows" in told
    )  # the same version
    code, told = run(shop, capsys, "plan", "--detailed-exitcode", "--input", "rows=second")
    assert code == 2
    assert 'source.version "first" → "second"' in told or "source.version first → second" in told
    code, told = run(shop, capsys, "apply", "--yes", "--input", "rows=second")
    assert code == 0
    assert "300 rows: " in told
    # another version of the same rows: nothing after it runs
    code, told = run(shop, capsys, "apply", "--yes", "--input", "rows=third")
    assert code == 0
    assert "dataset.people/ingest                came out the same" in told


def test_no_secret_and_no_person_is_kept(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = "".join(
        run(shop, capsys, *command)[1] for command in (["plan", "-v"], ["apply", "--yes"], ["plan"])
    )
    saved = shop / "plan.json"
    said += run(shop, capsys, "plan", "--input", "rows=later", "--out", str(saved))[1]
    kept = [path for path in shop.rglob("*") if path.is_file()]
    assert len(kept) > 10
    tables = [path for path in kept if path.read_bytes()[:4] == b"PAR1"]
    assert len(tables) >= 4
    words = [said.encode(), *(path.read_bytes() for path in kept)]
    words += [repr(pl.read_parquet(path).rows()).encode() for path in tables]
    for secret in (SECRET, PERSON, "555-canary"):
        assert not [text for text in words if secret.encode() in text], secret


def test_a_source_that_is_not_there_is_told_at_its_line(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.parent / "lake" / "people.parquet").unlink()
    code, told = run(shop, capsys, "apply", "--yes")
    assert code == 1
    assert "error[source-unreachable]" in told
    assert "dataset/people.yaml:2:3" in told


def test_quarantined_rows_are_published_where_that_is_asked_for(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shop / "dataset" / "people.yaml"
    text = path.read_text().replace("age: {type: number, min: 0}", "age: {type: number, min: 21}")
    path.write_text(text + "checks: {max_quarantined: 0.1, publish_quarantine: true}\n")
    code, told = run(shop, capsys, "apply", "--yes")
    assert code == 0, told
    assert "4 quarantined" in told
    published = pl.read_parquet(shop / "generated/dev/datasets/people/quarantine.parquet")
    assert published["mlc_row"].to_list() == [1, 51, 101, 151]
    assert set(published["mlc_reasons"]) == {"age is below 21"}
    assert not any(PERSON in one for one in published["person"])


def test_a_secret_that_is_missing_is_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.parent / "secrets" / "PSEUDONYMS").unlink()
    code, told = run(shop, capsys, "apply", "--yes")
    assert code == 1
    assert "secret-missing" in told
