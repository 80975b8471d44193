"""Words of a text as numbers, in the way that ONNX does the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

WORD = "[a-zA-Z0-9_]+"
"""What a word is. scikit-learn's own pattern converts to ONNX without an error and parts texts otherwise there."""

LOCALE = "C"
"""Where capitals become small letters: the one that every machine has. Of ASCII it does the same as Python."""


def vectoriser(text: Mapping[str, Any], texts: Sequence[str]) -> CountVectorizer:
    """An unfitted vectoriser of one column of text, after the `text` of a feature group. `texts` are the column's in
    the training part, whose words are kept.

    A run of words is kept only with its words: onnxruntime does not find one of a word that it does not know by
    itself. Raises ValueError, in scikit-learn's words, where no word is left.

    `sublinear_tf`, and stop words together with runs of words, are not offered: they convert to ONNX without an
    error and weigh otherwise there (`tests/stages/drivers/test_texts.py`).
    """
    common = {
        "token_pattern": WORD,
        "lowercase": text["lowercase"],
        "ngram_range": (1, text["ngrams"]),
        "dtype": np.float32,
    }
    kept = {"max_features": text["max_words"], "min_df": text["min_rows"]}
    known = CountVectorizer(**common, **kept).fit(texts).vocabulary_
    words = sorted(term for term in known if all(word in known for word in term.split(" ")))
    if text["weigh"] == "tfidf":
        return TfidfVectorizer(**common, vocabulary=words)
    return CountVectorizer(**common, vocabulary=words, binary=text["weigh"] == "presence")


def options(vectorisers: Iterable[Any]) -> dict[int, dict[str, str]]:
    """What skl2onnx is to know of those among fitted transformers that learn words."""
    return {id(made): {"locale": LOCALE} for made in vectorisers if isinstance(made, CountVectorizer)}
