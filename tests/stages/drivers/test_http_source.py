"""Rows over HTTP, from a real server on this machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stages.drivers.test_files import people
from stages.drivers.test_sources import KEY, failure, read, rows, secrets, store

__all__ = ["secrets"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; `/secret/…` to those who have the key, `/gone/…` with an error of its own."""

    def do_GET(self) -> None:
        if self.path.startswith("/secret/") and self.headers.get("Authorization") != f"Bearer {KEY}":
            self.send_error(401)
        elif self.path.startswith("/gone/"):
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    for place in ("data", "secret"):
        (folder / place).mkdir()
        for number in range(2):
            people().slice(number * 20, 20).write_parquet(folder / place / f"part-{number}.parquet")
    people().write_csv(folder / "data" / "people.csv")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_is_read_over_http(site: str, tmp_path: Path) -> None:
    found = rows(read("object_store_read", tmp_path, store(f"{site}/data/people.csv", format="csv")))
    assert_frame_equal(found, people().select(pl.all().cast(pl.String)))  # the contract reads what it means


def test_files_of_a_listing_are_taken_in_the_order_of_their_names(site: str, tmp_path: Path) -> None:
    found = rows(read("object_store_read", tmp_path, store(f"{site}/data/part-*.parquet")))
    assert_frame_equal(found, people())


def test_a_key_goes_in_a_header_and_nowhere_else(site: str, tmp_path: Path) -> None:
    url = f"{site}/secret/part-0.parquet"
    # a reference stands for a whole value, so that the secret holds the scheme too
    (tmp_path / "secrets" / "HEADER").write_text(f"Bearer {KEY}")
    options = {"client_kwargs": {"headers": {"Authorization": "${secret:HEADER}"}}}
    assert rows(read("object_store_read", tmp_path, store(url, options=options))).height == 20
    told = failure("object_store_read", tmp_path, store(url))
    assert told.rule == "source-unreachable"
    assert "401" in told.detail


@pytest.mark.parametrize("path", ["data/nothing.parquet", "gone/people.parquet", "nowhere/*.parquet"])
def test_what_is_not_there_is_told_without_the_query(site: str, tmp_path: Path, path: str) -> None:
    told = failure("object_store_read", tmp_path, store(f"{site}/{path}?signature={KEY}"))
    assert told.rule == "source-unreachable"
    assert f"{site}/{path}" in told.detail


def test_a_server_that_does_not_answer_may_be_asked_again(tmp_path: Path) -> None:
    with pytest.raises(Exception) as failed:  # noqa: PT011
        read("object_store_read", tmp_path, store("http://127.0.0.1:1/people.parquet"))
    assert getattr(failed.value, "passing", False) is True


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("gs://lake/a.parquet", "gcsfs", "gcs"), ("abfs://lake/a.parquet", "adlfs", "azure")],
)
def test_a_package_that_is_not_there_is_told_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, package: str, extra: str
) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    known = sys.modules["fsspec.registry"]._registry
    for scheme in ("gs", "gcs", "abfs", "abfss", "az"):
        monkeypatch.delitem(known, scheme, raising=False)
    told = failure("object_store_read", tmp_path, store(url))
    assert f"needs the package {package}" in told.detail
    assert f"pip install 'mlc[{extra}]'" in (told.help or "")
