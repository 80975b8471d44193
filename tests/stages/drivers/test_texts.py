"""Words as numbers: ONNX says the same of them, whatever is chosen; what is not offered is still wrong there."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from mlc.drivers import _convert, _onnx, _pipeline, _skops, _texts
from mlc.drivers._columns import model_input

COLUMNS: dict[str, dict[str, Any]] = {
    "title": {"type": "string", "values": [], "nullable": True},
    "medium": {"type": "string", "values": [], "nullable": False},
    "size": {"type": "number", "values": [], "nullable": False},
}
TEXT = {"weigh": "tfidf", "ngrams": 1, "max_words": 50, "min_rows": 1, "lowercase": True}
MEDIA = (
    "Oil paint on canvas",
    "Etching on paper",
    "Video, 3 screens",
    "photograph(s), on PAPER",
    "oil and wax",
)
NOTHING = ("", "...", "été", "O'Neil's don't_do", "unseen words only")


def table(rows: int, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    titles = [
        " ".join(random.choice(["The", "sea", "no", "title", "Sea-piece", "II"], 3)) for _ in range(rows)
    ]
    media = random.choice(MEDIA, rows).tolist()
    both = [*titles[: rows - len(NOTHING)], *NOTHING]
    return pl.DataFrame({"title": both, "medium": media, "size": random.normal(size=rows)})


def groups(**text: Any) -> dict[str, Any]:
    plain = {"impute": "none", "scale": "none", "encode": "none"}
    return {
        "words": plain | {"columns": ["title", "medium"], "text": TEXT | text},
        "sizes": plain | {"columns": ["size"]},
    }


def differs(made: dict[str, Any], folder: Path) -> float:
    """The largest difference of a probability in ONNX: of all rows at once, and of each without a word alone."""
    train, test = model_input(table(300, 0), COLUMNS), table(60, 1)
    model = _pipeline.pipeline(made, COLUMNS, train, LogisticRegression(), 0)
    model.fit(train, (train["medium"].str.contains("paper|PAPER")).to_numpy().astype(int))
    model = _skops.load_model(_skops.save_model(model, folder / "model.skops"))
    path = folder / "model.onnx"
    path.write_bytes(_convert.to_onnx(model, COLUMNS, 21))
    session = _onnx.open_session(path)
    expected = model.predict_proba(model_input(test, COLUMNS))
    parts = [test, *(test[row : row + 1] for row in range(60 - len(NOTHING), 60))]
    wanted = [expected, *(expected[row : row + 1] for row in range(60 - len(NOTHING), 60))]
    return max(
        float(np.abs(_onnx.score(session, part, COLUMNS).probabilities - one).max())
        for part, one in zip(parts, wanted, strict=True)
    )


@pytest.mark.parametrize(
    "text",
    [
        {},
        {"weigh": "count"},
        {"weigh": "presence"},
        {"ngrams": 2},
        {"ngrams": 3, "weigh": "count"},
        {"max_words": 5},
        {"min_rows": 20},
        {"lowercase": False},
    ],
    ids=str,
)
def test_onnx_says_the_same_of_words(tmp_path: Path, text: dict[str, Any]) -> None:
    assert differs(groups(**text), tmp_path) < 1e-6


@pytest.mark.parametrize(
    "settings",
    [
        {"sublinear_tf": True},
        {"stop_words": ["on", "the"], "ngram_range": (1, 2)},
        {"token_pattern": r"(?u)\b\w\w+\b"},
        {"ngram_range": (1, 2), "max_features": 50},
    ],
    ids=str,
)
def test_what_is_not_offered_is_wrong_there(
    tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"token_pattern": _texts.WORD, "dtype": np.float32} | settings
    monkeypatch.setattr(_texts, "vectoriser", lambda *_: TfidfVectorizer(**wrong))
    media = tuple(f"{one} on {one} the a" for one in MEDIA)
    monkeypatch.setattr("stages.drivers.test_texts.MEDIA", media)
    assert differs(groups(), tmp_path) > 1e-4


def test_a_model_of_words_holds_no_address_of_memory(tmp_path: Path) -> None:
    """The id of the stop words lies elsewhere in another process: what is kept is nobody's."""
    train, test = model_input(table(300, 0), COLUMNS), model_input(table(60, 1), COLUMNS)
    model = _pipeline.pipeline(groups(), COLUMNS, train, LogisticRegression(), 0)
    model.fit(train, (train["medium"].str.contains("paper|PAPER")).to_numpy().astype(int))
    path = _skops.save_model(model, tmp_path / "model.skops")
    with zipfile.ZipFile(path) as archive:
        schema = archive.read("schema.json").decode()
    kept = re.findall(r'"_stop_words_id":\{[^{}]*\}', schema)
    assert kept
    assert all('"content":"0"' in one for one in kept)
    again = _skops.load_model(path)
    assert np.array_equal(again.predict_proba(test), model.predict_proba(test))
