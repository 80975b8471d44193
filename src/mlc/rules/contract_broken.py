"""contract-broken: rows do not keep the dataset's contract.

Why it matters: a model learns whatever it is given. A negative age or an unknown category that slips in is
learned as if it were true, and is found in production at the earliest.
How to mend it: mend the rows in the source; or widen the promise in `columns` where the rows are right and
the promise is not; or raise `checks.max_quarantined`, so that the step goes on without the rows.
"""

from __future__ import annotations

from mlc.ir.diagnostic import Diagnostic, Rule

RULE = Rule.of(__name__, "error", "The data do not keep their contract.")


def found(detail: str, *, address: str, path: str) -> Diagnostic:
    """`detail` names the promise, how many rows break it, and the first of them; `path` is the promise."""
    return RULE.at(
        None,
        detail,
        help=(
            f"Mend the rows in the source, or change `{path}` if the rows are right. To go on without them, "
            "raise `checks.max_quarantined`."
        ),
        address=address,
        path=path,
    )


def too_few(rows: int, wanted: int, *, address: str) -> Diagnostic:
    """Fewer rows than `checks.min_rows` keep the contract."""
    return RULE.at(
        None,
        f"{rows:,} rows keep the contract, and `checks.min_rows` asks for at least {wanted:,}.",
        help="Look whether the source is complete, or lower `checks.min_rows`.",
        address=address,
        path="checks.min_rows",
    )


def too_many(rows: int, most: int, *, address: str) -> Diagnostic:
    """More rows than `checks.max_rows` keep the contract."""
    return RULE.at(
        None,
        f"{rows:,} rows keep the contract, and `checks.max_rows` allows at most {most:,}.",
        help="Look whether rows stand in the source more than once, or raise `checks.max_rows`.",
        address=address,
        path="checks.max_rows",
    )


def stale(column: str, newest: str, allowed: str, *, address: str) -> Diagnostic:
    """The newest row is older than `checks.freshness` allows."""
    return RULE.at(
        None,
        f"The newest `{column}` is {newest} (UTC), which is longer ago than the {allowed} that "
        "`checks.freshness` allows.",
        help="Look why no newer rows have come, or raise `checks.freshness.max_age`.",
        address=address,
        path="checks.freshness.max_age",
    )
