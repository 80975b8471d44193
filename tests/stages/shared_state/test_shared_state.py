"""States on this machine and in a SQLite file by URL; `tests/platforms` has the servers."""

from __future__ import annotations

import pickle
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path

import pytest

from mlc import states
from mlc.ir.operation import StepFailed
from mlc.ir.state import EMPTY
from mlc.store.databases import shown
from mlc.store.records import StateUnreadable
from mlc.store.secrets import Secret, read_secret
from mlc.store.shared import Place, leased, read_shared
from stages.shared_state.conformance import (
    Backend,
    Conformance,
    SharedConformance,
    local,
    place,
    somebody,
)

CANARY = "".join(("hunter2", "canary"))  # a traceback quotes this file


class TestOnThisMachine(Conformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return local(tmp_path / "state")


class TestSqliteByUrl(SharedConformance):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/states/all.db"

    @pytest.fixture
    def password(self) -> None:
        return None


def test_reading_makes_no_file(tmp_path: Path) -> None:
    assert read_shared(Place(f"sqlite:///{tmp_path}/states.db"), somebody()) == EMPTY
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_private_from_its_first_moment(tmp_path: Path) -> None:
    with leased(Place(f"sqlite:///{tmp_path}/states/all.db"), somebody()):
        assert (tmp_path / "states/all.db").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "states").stat().st_mode & 0o777 == 0o700


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    where, owner = Place(f"sqlite:///{tmp_path}/states.db"), somebody()
    with leased(where, owner) as (store, _):
        store.put_resource("model.a", {})
    with closing(sqlite3.connect(tmp_path / "states.db")) as connection, connection:
        connection.execute("UPDATE mlc_version SET number = 99")
    before = (tmp_path / "states.db").read_bytes()
    with pytest.raises(StateUnreadable, match="written by a newer mlc"):
        read_shared(where, owner)
    with pytest.raises(StateUnreadable, match="written by a newer mlc"), leased(where, owner):
        pass
    assert (tmp_path / "states.db").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+nothing://host/db", "cannot be used"),
        ("postgresql://127.0.0.1:1/db", "does not answer as it should"),
        ("mysql://127.0.0.1:1/db", "does not answer as it should"),
        ("postgresql://127.0.0.1:port/db", "cannot be used"),
        ("sqlite:////proc/states.db", ""),
    ],
)
def test_a_database_that_is_not_there_is_told(url: str, words: str) -> None:
    """Rule state-unreachable."""
    with pytest.raises((StepFailed, OSError)) as failed, leased(place(url, CANARY), somebody()):
        pass
    assert words in str(failed.value)
    assert CANARY not in "".join(traceback.format_exception(failed.value))


def test_noise_is_told(tmp_path: Path) -> None:
    (tmp_path / "states.db").write_bytes(b"no database " * 500)
    with pytest.raises(StepFailed, match="file is not a database"):
        read_shared(Place(f"sqlite:///{tmp_path}/states.db"), somebody())


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlc.store.databases.find_spec", lambda _: None)
    with pytest.raises(StepFailed) as failed, leased(place("postgresql://host/db", None), somebody()):
        pass
    assert failed.value.diagnostics[0].help == "pip install 'mlc[postgresql]'"


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    assert shown("postgresql://mlc:pw@host:5432/db?sslkey=x") == "postgresql://mlc@host:5432/db"
    assert shown("sqlite:////mnt/states.db") == "sqlite:////mnt/states.db"


class TestSecret:
    """Rule secret-missing, and that nobody sees a value."""

    def test_shows_as_stars(self) -> None:
        secret = Secret("canary")
        shown = (
            str(secret),
            repr(secret),
            f"{secret}",
            f"{secret!r:>9}",
            f"{[secret]}",
            f"{Place('sqlite:///a', secret)}",
        )
        assert not [text for text in shown if "canary" in text or "***" not in text]
        with pytest.raises(TypeError):
            pickle.dumps(secret)
        assert secret.hidden_in("FATAL: canary is wrong") == "FATAL: *** is wrong"

    def test_is_read_from_a_file_of_its_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLC_SECRETS", str(tmp_path))
        (tmp_path / "DB").write_bytes(b"pass word\r\n")
        assert read_secret("${secret:DB}").reveal() == "pass word"

    @pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"x" * 70_000])
    def test_one_without_a_value_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
    ) -> None:
        monkeypatch.setenv("MLC_SECRETS", str(tmp_path))
        if content is not None:
            (tmp_path / "DB").write_bytes(content)
        with pytest.raises(StepFailed) as failed:
            read_secret("${secret:DB}")
        (found,) = failed.value.diagnostics
        assert found.rule == "secret-missing"
        assert str(tmp_path / "DB") in found.detail

    def test_never_leaves_the_folder(self) -> None:
        for reference in ("${secret:../x}", "${secret:}", "plain", "${secret:a/b}"):
            with pytest.raises(ValueError, match="not a reference"):
                read_secret(reference)


def test_settings_are_those_of_mlc_yaml(tmp_path: Path) -> None:
    text = "mlc: 1\nproject: shop\nenvironments: [dev]\n"
    (tmp_path / "mlc.yaml").write_text(text)
    assert states.settings(tmp_path).database is None
    assert states.settings(tmp_path).results == tmp_path / ".mlc"
    state = "state: {type: database, url: 'sqlite:///s.db', lease: 5m, results: /mnt/results}\n"
    (tmp_path / "mlc.yaml").write_text(text + state)
    found = states.settings(tmp_path)
    assert found.results == Path("/mnt/results")
    assert found.database is not None
    assert states._place(tmp_path, found.database) == Place(f"sqlite:///{tmp_path}/s.db", None, 300.0)
    for mistake in ("type: databse", "type: database", "type: database, url: 'mongodb://x/y'"):
        (tmp_path / "mlc.yaml").write_text(f"{text}state: {{{mistake}}}\n")
        with pytest.raises(StepFailed):
            states.settings(tmp_path)
