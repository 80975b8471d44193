"""What is forgotten or replaced as soon as rows are read, and how many of them have to be alike."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import polars as pl

from mlc.ir.operation import StepFailed
from mlc.rules import anonymity_broken, pseudonym_key_short
from mlc.store.secrets import Secret, read_secret

SHORTEST_KEY = 16  # characters
_HEX = 32  # digits: 128 bits, so that no two of 10¹² values are likely to share one


def border(spec: Mapping[str, Any], found: pl.DataFrame, address: str) -> pl.DataFrame:
    """Rows without the columns that nothing may use, and with pseudonyms in the place of values.

    Raises StepFailed: secret-missing, pseudonym-key-short.
    """
    privacy = spec.get("privacy", {})
    frame = found.drop(privacy.get("drop", ()), strict=False)
    asked = privacy.get("pseudonymise")
    if asked is None:
        return frame
    key = read_secret(asked["key"])
    if len(key.reveal()) < SHORTEST_KEY:
        raise StepFailed(pseudonym_key_short.found(SHORTEST_KEY, address=address))
    return frame.with_columns(
        pseudonyms(frame[name], key) for name in asked["columns"] if name in frame.columns
    )


def pseudonyms(column: pl.Series, key: Secret) -> pl.Series:
    """Each value as a pseudonym: HMAC (RFC 2104) of its text with SHA-256, the first 128 bits in hex. A missing value
    stays missing."""
    texts = column.cast(pl.String)
    distinct = texts.drop_nulls().unique()
    secret = key.reveal().encode()
    made = [hmac.digest(secret, text.encode(), "sha256").hex()[:_HEX] for text in distinct]
    return texts.replace_strict(
        distinct, pl.Series(made, dtype=pl.String), default=None, return_dtype=pl.String
    )


def anonymous(
    spec: Mapping[str, Any], rows: pl.DataFrame, address: str
) -> tuple[pl.DataFrame, dict[str, Any], list[str]]:
    """The rows, without those of rare combinations where they are to be left out; what was found; and warnings.

    Raises StepFailed (anonymity-broken).
    """
    asked = spec["k_anonymity"]
    sizes = rows.select(pl.len().over(asked["columns"]).alias("size"))["size"]
    rare = int((sizes < asked["k"]).sum())
    told = {
        "columns": asked["columns"],
        "k": asked["k"],
        "smallest": int(sizes.min() or 0),  # type: ignore[arg-type]
        "combinations": rows.select(pl.struct(asked["columns"]).n_unique()).item(),
        "rows_of_rarer": rare,
    }
    if not rare:
        return rows, told, []
    share = rare / rows.height
    words = anonymity_broken.words(asked["columns"], asked["k"], rare, share)
    if asked["otherwise"] == "warning":
        return rows, told, [words]
    if asked["otherwise"] == "suppress" and share <= asked["max_suppressed"]:
        return rows.filter(sizes >= asked["k"]), told | {"suppressed": rare}, []
    most = asked["max_suppressed"] if asked["otherwise"] == "suppress" else None
    raise StepFailed(anonymity_broken.found(words, most, address=address))
