"""Says what a version of a dataset looks like: as figures, and as a page."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec

from mlc.ir.operation import Product, Work

VERSION = 1
PACKAGES = ("polars",)
EFFECT = False
CORES = 2
MEMORY = 300
MEMORY_PER_BYTE = 30.0
LOADS = ("polars", "mlc.drivers._profile_page", "mlc.drivers._profiling", "mlc.drivers._private_profile")


def run(work: Work) -> Product:
    """Outputs `profile` (JSON, `ir.profile.DataProfile`) and `page` (HTML). Raises StepFailed (secret-missing)."""
    import polars as pl

    from mlc.drivers import _profile_page
    from mlc.drivers._canonical import canonical

    spec = work.spec
    parts = {part: pl.read_parquet(work.inputs[part]) for part in _parts(work)}
    rows = pl.concat(parts.values())
    work.tell(f"looking at {rows.height:,} rows")
    found = _private(work, rows) if spec["differential_privacy"] else _open(work, parts, rows)
    paths = {"profile": work.folder / "profile.json", "page": work.folder / "profile.html"}
    paths["profile"].write_bytes(canonical(found))
    page = _profile_page.page(found, spec)
    paths["page"].write_bytes(work.render("dataset_profile", "profile.html.j2", page))
    summary = {"columns": len(found.columns), "warnings": found.warnings}
    return Product(paths, summary)


def _parts(work: Work) -> tuple[str, ...]:
    """The parts that there are."""
    return tuple(part for part in ("train", "validation", "test") if part in work.inputs)


def _open(work: Work, frames: dict[str, Any], rows: Any) -> Any:
    from mlc.drivers import _profiling
    from mlc.ir.profile import DataProfile

    spec = work.spec
    facts = msgspec.json.decode(work.inputs["facts"].read_bytes())
    parts = {part: work.digests[part] for part in _parts(work)}
    # the validation is of what would be trained on, and is described with it
    train, test = rows.head(rows.height - frames["test"].height), frames["test"]
    columns = _profiling.columns(spec, train, test)
    pairs = _profiling.correlations(spec, rows) if spec["correlations"] else []
    warnings = list(_profiling.warnings(spec, columns, pairs, train, test))
    pairs.sort(key=lambda pair: (-abs(pair.coefficient), pair.first, pair.second))
    return DataProfile(
        dataset=spec["name"],
        digest=content_digest(parts),
        parts=parts,
        rows=facts["rows"],
        columns=columns,
        label=spec["label"],
        correlations=pairs,
        warnings=warnings,
        preparation=facts["preparation"],
        broken_promises=facts["broken_promises"],
        split=facts["split"],
    )


def _private(work: Work, rows: Any) -> Any:
    """What does not come out of the noisy counts is not told: no part's digest either, which would confirm a guess
    of all rows."""
    from mlc.drivers import _private_profile
    from mlc.ir.profile import DataProfile, PrivacyBudget
    from mlc.store.secrets import read_secret

    spec, asked = work.spec, work.spec["differential_privacy"]
    content = content_digest({part: work.digests[part] for part in _parts(work)})
    key = read_secret(asked["key"]).reveal().encode()
    columns, withheld = _private_profile.columns(spec, rows, key, content)
    counts = sorted(one.rows for one in columns.values())
    return DataProfile(
        dataset=spec["name"],
        digest=hmac.digest(key, content.encode(), "sha256").hex(),
        parts={},
        rows={"all": counts[len(counts) // 2]} if counts else {},
        columns=columns,
        label=spec["label"],
        privacy=PrivacyBudget(
            asked["epsilon"], asked["rows_per_person"], _private_profile.MECHANISM, withheld
        ),
    )


def content_digest(parts: dict[str, str]) -> str:
    """The digest of a dataset's content: of the digests of its parts."""
    text = "".join(f"{name} {digest.removeprefix('sha256:')}\n" for name, digest in sorted(parts.items()))
    return hashlib.sha256(text.encode()).hexdigest()
